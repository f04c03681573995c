//! Every function against the specification's vectors, and against another implementation with generated parameters.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use base64ct::Encoding as _;
use mintedge_passwords::{Digest, Function, Variant, encrypt_signer_key};
use proptest::prelude::*;

/// Computes in steps of `budget` units.
fn run(function: &Function, password: &[u8], length: usize, budget: u32) -> Vec<u8> {
    let mut running = function.start(password, length).expect("a function");
    loop {
        if let Some(result) = running.step(budget) {
            return result;
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    digits.chunks(2).map(byte).collect()
}

fn pbkdf2(digest: Digest, iterations: u32, salt: &[u8]) -> Function {
    Function::Pbkdf2 { digest, iterations, salt: salt.to_vec() }
}

fn scrypt(log_n: u32, r: u32, p: u32, salt: &[u8]) -> Function {
    Function::Scrypt { log_n, r, p, salt: salt.to_vec() }
}

fn argon2(variant: Variant, memory: u32, passes: u32, lanes: u32, salt: &[u8]) -> Function {
    Function::Argon2 { variant, memory, passes, lanes, salt: salt.to_vec() }
}

fn argon2_elsewhere(function: &Function, password: &[u8], length: usize) -> Vec<u8> {
    let Function::Argon2 { variant, memory, passes, lanes, salt } = function else { return Vec::new() };
    let algorithm = match variant {
        Variant::I => argon2::Algorithm::Argon2i,
        Variant::Id => argon2::Algorithm::Argon2id,
    };
    let params = argon2::Params::new(*memory, *passes, *lanes, Some(length)).expect("parameters");
    let mut output = vec![0; length];
    argon2::Argon2::new(algorithm, argon2::Version::V0x13, params)
        .hash_password_into(password, salt, &mut output)
        .expect("a hash");
    output
}

/// RFC 7914 §12, without the one of 1 GiB.
#[test]
fn scrypt_computes_the_vectors_of_its_specification() {
    let cases = [
        (
            "",
            "",
            (4, 1, 1),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
        ),
        (
            "password",
            "NaCl",
            (10, 8, 16),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
        ),
        (
            "pleaseletmein",
            "SodiumChloride",
            (14, 8, 1),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
        ),
    ];
    for (password, salt, (log_n, r, p), expected) in cases {
        let function = scrypt(log_n, r, p, salt.as_bytes());
        assert_eq!(run(&function, password.as_bytes(), 64, 4000), hex(expected), "{password}");
    }
}

/// RFC 6070 §2, without the one of 16 million iterations; and RFC 7914 §11.
#[test]
fn pbkdf2_computes_the_vectors_of_its_specifications() {
    let long = (b"passwordPASSWORDpassword".as_slice(), b"saltSALTsaltSALTsaltSALTsaltSALTsalt".as_slice());
    let cases = [
        (
            Digest::Sha1,
            b"password".as_slice(),
            b"salt".as_slice(),
            1,
            "0c60c80f961f0e71f3a9b524af6012062fe037a6",
        ),
        (Digest::Sha1, b"password", b"salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
        (Digest::Sha1, long.0, long.1, 4096, "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"),
        (Digest::Sha1, b"pass\0word", b"sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"),
        (
            Digest::Sha256,
            b"passwd",
            b"salt",
            1,
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
        ),
        (
            Digest::Sha256,
            b"Password",
            b"NaCl",
            80_000,
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
        ),
    ];
    for (digest, password, salt, iterations, expected) in cases {
        let expected = hex(expected);
        assert_eq!(run(&pbkdf2(digest, iterations, salt), password, expected.len(), 1000), expected);
    }
}

/// The parameters of RFC 9106 §5.3, whose result needs a secret value and associated data; so the tag is the one that the
/// reference implementation's command line prints for the rest.
#[test]
fn argon2_computes_what_the_reference_implementation_prints() {
    let cases = [
        (Variant::Id, 65_536, 2, 1, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
        (Variant::Id, 256, 2, 2, "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
        (Variant::I, 65_536, 2, 1, "c1628832147d9720c5bd1cfd61367078729f6dfb6f8fea9ff98158e0d7816ed0"),
    ];
    for (variant, memory, passes, lanes, expected) in cases {
        let function = argon2(variant, memory, passes, lanes, b"somesalt");
        assert_eq!(run(&function, b"password", 32, 4000), hex(expected), "{function:?}");
    }
}

#[test]
fn parameters_that_the_functions_do_not_have_are_refused() {
    let salt = b"saltsalt";
    let refused = [
        (argon2(Variant::Id, 7, 1, 1, salt), 32),
        (argon2(Variant::Id, 15, 1, 2, salt), 32),
        (argon2(Variant::Id, 8, 0, 1, salt), 32),
        (argon2(Variant::Id, 8, 1, 0, salt), 32),
        (argon2(Variant::Id, 8, 1, u32::MAX, salt), 32),
        (argon2(Variant::Id, 8, 1, 1, b"short"), 32),
        (argon2(Variant::Id, 8, 1, 1, salt), 3),
        (pbkdf2(Digest::Sha1, 0, salt), 20),
        (pbkdf2(Digest::Sha1, 1, salt), 0),
        (scrypt(0, 8, 1, salt), 32),
        (scrypt(32, 8, 1, salt), 32),
        (scrypt(4, 0, 1, salt), 32),
        (scrypt(4, 8, 0, salt), 32),
        (scrypt(4, u32::MAX, 1, salt), 32),
        (Function::Bcrypt { cost: 3, salt: [0; 16] }, 23),
        (Function::Bcrypt { cost: 32, salt: [0; 16] }, 23),
    ];
    for (function, length) in refused {
        assert!(function.start(b"password", length).is_none(), "{function:?}");
    }
}

/// AES-256 in counter mode, NIST SP 800-38A §F.5.5, whose counter starts elsewhere: with the key stream at zero from OpenSSL.
#[test]
fn firebase_encrypts_in_counter_mode() {
    let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let stream = encrypt_signer_key(&key, &[0; 40]).expect("a key");
    let expected = hex("e568f68194cf76d6174d4cc04310a854");
    assert_eq!(stream.len(), 40);
    assert_eq!(stream.get(..16), Some(expected.as_slice()));
    assert_eq!(encrypt_signer_key(&[0; 31], b"key"), None);
}

/// No step does much more than it was told to, and the budget changes nothing about the result.
#[test]
fn a_step_is_a_small_part_of_the_whole() {
    let salt = b"saltsaltsaltsalt";
    let functions = [
        (argon2(Variant::Id, 19_456, 2, 1, salt), 32, 25),
        (pbkdf2(Digest::Sha256, 100_000, salt), 64, 40),
        (scrypt(14, 8, 1, salt), 64, 15),
        (Function::Bcrypt { cost: 10, salt: *salt }, 23, 25),
    ];
    for (function, length, least) in functions {
        let mut running = function.start(b"password", length).expect("a function");
        let steps = (1..=10_000).find(|_| running.step(2000).is_some()).expect("an end");
        assert!(steps >= least, "{steps} steps: {function:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn argon2_computes_what_another_implementation_does(
        id in any::<bool>(),
        lanes in 1_u32..6,
        memory in 0_u32..300,
        passes in 1_u32..5,
        password in proptest::collection::vec(any::<u8>(), 0..80),
        salt in proptest::collection::vec(any::<u8>(), 8..40),
        length in 4_usize..140,
        budget in 0_u32..500,
    ) {
        let variant = if id { Variant::Id } else { Variant::I };
        let function = argon2(variant, 8 * lanes + memory, passes, lanes, &salt);
        prop_assert_eq!(run(&function, &password, length, budget), argon2_elsewhere(&function, &password, length));
    }

    #[test]
    fn pbkdf2_computes_what_another_implementation_does(
        digest in 0..3,
        iterations in 1_u32..200,
        password in proptest::collection::vec(any::<u8>(), 0..200),
        salt in proptest::collection::vec(any::<u8>(), 0..40),
        length in 1_usize..150,
        budget in 0_u32..300,
    ) {
        let mut expected = vec![0; length];
        let digest = match digest {
            0 => {
                pbkdf2::pbkdf2_hmac::<sha1::Sha1>(&password, &salt, iterations, &mut expected);
                Digest::Sha1
            }
            1 => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha256>(&password, &salt, iterations, &mut expected);
                Digest::Sha256
            }
            _ => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha512>(&password, &salt, iterations, &mut expected);
                Digest::Sha512
            }
        };
        prop_assert_eq!(run(&pbkdf2(digest, iterations, &salt), &password, length, budget), expected);
    }

    #[test]
    fn scrypt_computes_what_another_implementation_does(
        log_n in 1_u8..8,
        r in 1_u32..10,
        p in 1_u32..4,
        password in proptest::collection::vec(any::<u8>(), 0..80),
        salt in proptest::collection::vec(any::<u8>(), 0..40),
        length in 10_usize..65,
        budget in 0_u32..300,
    ) {
        let mut expected = vec![0; length];
        let params = scrypt::Params::new(log_n, r, p, length).expect("parameters");
        scrypt::scrypt(&password, &salt, &params, &mut expected).expect("a hash");
        prop_assert_eq!(run(&scrypt(u32::from(log_n), r, p, &salt), &password, length, budget), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bcrypt_computes_what_another_implementation_does(
        cost in 4_u32..6,
        salt in any::<[u8; 16]>(),
        password in proptest::collection::vec(1_u8..=255, 0..100),
        budget in 0_u32..2000,
    ) {
        let hash = bcrypt::hash_with_salt(&password, cost, salt).expect("a hash").to_string();
        let ours = run(&Function::Bcrypt { cost, salt }, &password, 23, budget);
        let alphabet = base64ct::Base64Bcrypt::encode_string(&ours);
        prop_assert!(hash.ends_with(&alphabet), "{} {}", hash, alphabet);
    }
}
