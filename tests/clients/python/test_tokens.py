"""Authlib gets tokens, joserfc verifies them against /jwks: each authentication method, each algorithm."""

import base64
import json

import pytest
import requests
from conftest import ALGORITHMS, TIMEOUT
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidClaimError, JoseError
from joserfc.jwk import KeySet, RSAKey

METHODS = ["client_secret_basic", "client_secret_post"]


def key_set(server):
    return KeySet.import_key_set(requests.get(server.metadata["jwks_uri"], timeout=TIMEOUT).json())


def verify(server, token, alg, audience=None, issuer=None):
    """Verifies like a resource server that follows RFC 9068 §4."""
    verified = jwt.decode(token, key_set(server), algorithms=[alg])
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer or server.issuer},
        aud={"essential": True, "value": audience or server.resources[alg]["identifier"]},
        exp={"essential": True},
        sub={"essential": True},
        client_id={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
    )
    claims.validate(verified.claims)
    if verified.header.get("typ") != "at+jwt":
        raise InvalidClaimError("typ")
    return verified


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("method", METHODS)
def test_a_token_for_a_resource_named_by_resource_verifies(server, method, alg):
    client = server.register(token_endpoint_auth_method=method)
    resource = server.resources[alg]
    token = server.fetch_token(server.session(client, method), resource=resource["identifier"])
    assert token["token_type"] == "Bearer"
    assert token["scope"].split() == resource["scopes"]
    assert not {"refresh_token", "id_token"} & set(token)
    verified = verify(server, token["access_token"], alg)
    assert verified.header["alg"] == alg
    assert (verified.claims["sub"], verified.claims["client_id"]) == (client.id, client.id)
    assert verified.claims["exp"] - verified.claims["iat"] == token["expires_in"]


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("method", METHODS)
def test_a_token_for_a_resource_named_by_scope_verifies(server, method, alg):
    client = server.register(token_endpoint_auth_method=method)
    scope = server.resources[alg]["scopes"][0]
    token = server.fetch_token(server.session(client, method), scope=scope)
    assert token["scope"] == scope
    assert verify(server, token["access_token"], alg).claims["scope"] == scope


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_token_that_was_tampered_with_is_refused(server, alg):
    token = server.fetch_token(
        server.session(server.register()), resource=server.resources[alg]["identifier"]
    )["access_token"]
    verify(server, token, alg)
    head, body, signature = token.split(".")
    forgeries = {
        "a claim": (head, changed(body, sub="someone-else"), signature),
        "one bit of the signature": (head, body, flipped(signature)),
        "no signature": (head, body, ""),
        "alg none": (changed(head, alg="none"), body, ""),
        "alg HS256": (changed(head, alg="HS256"), body, signature),
        "another kid": (changed(head, kid="unknown"), body, signature),
    }
    for what, parts in forgeries.items():
        with pytest.raises((JoseError, ValueError)):
            verify(server, ".".join(parts), alg)
            pytest.fail(f"accepted with a change of {what}")


def test_a_token_is_refused_by_another_resource_and_under_another_issuers_name(server):
    client = server.session(server.register())
    token = server.fetch_token(client, resource=server.resources["ES256"]["identifier"])["access_token"]
    with pytest.raises(InvalidClaimError):
        verify(server, token, "ES256", audience=server.resources["EdDSA"]["identifier"])
    with pytest.raises(InvalidClaimError):
        verify(server, token, "ES256", issuer="https://other.example")


def test_a_token_signed_with_one_rsa_key_does_not_verify_with_the_other(server):
    client = server.session(server.register())
    token = server.fetch_token(client, resource=server.resources["RS256"]["identifier"])["access_token"]
    kid = verify(server, token, "RS256").header["kid"]
    others = [key for key in key_set(server) if key.key_type == "RSA" and key.kid != kid]
    assert others
    for other in others:
        with pytest.raises(JoseError):
            jwt.decode(token, other, algorithms=["RS256"])
        bare = RSAKey.import_key({name: other.as_dict()[name] for name in ("kty", "n", "e")})
        with pytest.raises(BadSignatureError):
            jwt.decode(token, bare, algorithms=["RS256"])


def test_the_tokens_of_an_emergency_retired_key_are_refused(server, eventually):
    client = server.session(server.register())
    resource = server.resources["PS256"]["identifier"]
    old = server.fetch_token(client, resource=resource)["access_token"]
    kid = verify(server, old, "PS256").header["kid"]
    server.admin("POST", f"keys/{kid}/retire")

    def a_token_of_another_key():
        fresh = server.fetch_token(client, resource=resource)["access_token"]
        assert verify(server, fresh, "PS256").header["kid"] != kid

    eventually(a_token_of_another_key)
    with pytest.raises((JoseError, ValueError)):
        verify(server, old, "PS256")


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def changed(part, **members):
    return encoded(json.dumps({**json.loads(decoded(part)), **members}).encode())


def flipped(part):
    data = bytearray(decoded(part))
    data[len(data) // 2] ^= 1
    return encoded(bytes(data))
