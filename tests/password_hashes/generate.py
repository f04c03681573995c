"""Prints hashes.txt: hashes of one password as other products write them.

    pip install passlib==1.7.4 'bcrypt<4.1' django==5.2 argon2-cffi==25.1.0 && python generate.py > hashes.txt

Passlib, bcrypt, argon2-cffi and Django write their own. What ASP.NET Core Identity, Keycloak and Firebase store is put together
from hashlib's functions as their documentation and sources say, with fixed salts. Costs are low, because tests verify all of
them. The last line is the example of github.com/firebase/scrypt.
"""

import base64
import hashlib
import struct
import subprocess

import django
from django.conf import settings

settings.configure()
django.setup()

from argon2 import low_level as argon2
from django.contrib.auth import hashers
from passlib import hash as passlib

PASSWORD = "a password from elsewhere"
SALT = bytes(range(16))


def b64(data):
    return base64.b64encode(data).decode()


def line(scheme, maker, text, password=PASSWORD):
    print("\t".join((scheme, maker, password, text)))


for ident in ("2a", "2b", "2y"):
    line("bcrypt", "bcrypt " + ident, passlib.bcrypt.using(rounds=4, ident=ident).hash(PASSWORD))
for digest in ("sha1", "sha256", "sha512"):
    function = getattr(passlib, f"pbkdf2_{digest}").using(rounds=1000)
    line(f"pbkdf2-{digest}", "Passlib", function.hash(PASSWORD))
line("scrypt", "Passlib", passlib.scrypt.using(rounds=10).hash(PASSWORD))
line("argon2i", "argon2-cffi", argon2.hash_secret(PASSWORD.encode(), SALT, 3, 1024, 2, 32, argon2.Type.I, 19).decode())

for digest, iterations in (("sha512", 2100), ("sha256", 275), ("sha1", 200)):
    value = hashlib.pbkdf2_hmac(digest, PASSWORD.encode(), SALT, iterations, 64)
    line(f"pbkdf2-{digest}", "Keycloak", f"$pbkdf2-{digest}$i={iterations}${b64(SALT)}${b64(value)}")
value = argon2.hash_secret_raw(PASSWORD.encode(), SALT, 5, 7168, 1, 32, argon2.Type.ID, 19)
line("argon2id", "Keycloak", f"$argon2id$v=19$m=7168,t=5,p=1${b64(SALT)}${b64(value)}")


class Scrypt(hashers.ScryptPasswordHasher):
    work_factor = 2**10


class Argon2(hashers.Argon2PasswordHasher):
    memory_cost = 4096


class BCryptSHA256(hashers.BCryptSHA256PasswordHasher):
    rounds = 4


class BCrypt(hashers.BCryptPasswordHasher):
    rounds = 4


TEXT = "saltsaltsalt"
line("pbkdf2-sha256", "Django", hashers.PBKDF2PasswordHasher().encode(PASSWORD, TEXT, iterations=1000))
line("pbkdf2-sha1", "Django", hashers.PBKDF2SHA1PasswordHasher().encode(PASSWORD, TEXT, iterations=1000))
line("argon2id", "Django", Argon2().encode(PASSWORD, TEXT))
line("bcrypt", "Django, over SHA-256", BCryptSHA256().encode(PASSWORD, BCryptSHA256().salt()))
line("bcrypt", "Django", BCrypt().encode(PASSWORD, BCrypt().salt()))
line("scrypt", "Django", Scrypt().encode(PASSWORD, TEXT))

key = hashlib.pbkdf2_hmac("sha1", PASSWORD.encode(), SALT, 1000, 32)
line("aspnet-identity", "ASP.NET Identity 2", "$aspnet-identity$" + b64(b"\0" + SALT + key))
for prf, digest, iterations in ((0, "sha1", 1000), (1, "sha256", 10000), (2, "sha512", 1000)):
    key = hashlib.pbkdf2_hmac(digest, PASSWORD.encode(), SALT, iterations, 32)
    head = b"\1" + struct.pack(">III", prf, iterations, len(SALT))
    line("aspnet-identity", f"ASP.NET Core Identity, {digest}", "$aspnet-identity$" + b64(head + SALT + key))

signer_key, separator, salt = bytes(range(100, 164)), b"\x01\xd1", bytes(range(8))
derived = hashlib.scrypt(PASSWORD.encode(), salt=salt + separator, n=2**10, r=8, p=1, dklen=64)
command = ["openssl", "enc", "-aes-256-ctr", "-K", derived[:32].hex(), "-iv", "00" * 16]
encrypted = subprocess.run(command, input=signer_key, stdout=subprocess.PIPE, check=True).stdout
parts = "$".join(b64(part) for part in (signer_key, separator, salt, encrypted))
line("firebase-scrypt", "Firebase", f"$firebase-scrypt$ln=10,r=8${parts}")
line(
    "firebase-scrypt",
    "Firebase's example",
    "$firebase-scrypt$ln=14,r=8"
    "$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    "$Bw==$42xEC+ixf3L2lw=="
    "$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
    "user1password",
)
