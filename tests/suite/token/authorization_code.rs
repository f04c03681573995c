//! `/token` with the `authorization_code` grant.

use serde_json::json;

use crate::suite::browser::{CHALLENGE, parameters};
use crate::suite::harness::{Fixture, TestClient};
use crate::suite::login::{Login, REDIRECT, claims, text, web_client};

pub fn a_code_works_once_for_its_client_verifier_and_redirect_uri(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let other = web_client(f, &json!({}));
    let code = login.code(&[]);
    let long = "a".repeat(43);
    // None of these uses the code up.
    login.redeem_with(&other, &code, &[]).expect_error(400, "invalid_grant");
    for more in [
        ("code_verifier", ""),
        ("code_verifier", long.as_str()),
        ("code_verifier", CHALLENGE),
        ("redirect_uri", "https://app.example/other"),
        ("redirect_uri", ""),
    ] {
        login.redeem_with(&login.client, &code, &[more]).expect_error(400, "invalid_grant");
    }
    login
        .redeem_with(&login.client, &code, &[("resource", "https://ledger.example")])
        .expect_error(400, "invalid_target");
    let wrong_secret = TestClient { id: login.client.id.clone(), secret: "mes_wrong".to_owned() };
    login.redeem_with(&wrong_secret, &code, &[]).expect_error(401, "invalid_client");
    let flipped = format!("{}{}", &code[..code.len() - 1], if code.ends_with('A') { 'B' } else { 'A' });
    login.redeem(&flipped).expect_error(400, "invalid_grant");
    let tokens = login.redeem(&code).expect(200).json();
    // A double submit is refused and kills nothing.
    login.redeem(&code).expect_error(400, "invalid_grant");
    login.userinfo(text(&tokens, "access_token")).expect(200);
    login.refresh(text(&tokens, "refresh_token"), "").expect(200);
}

pub fn a_public_client_needs_pkce_and_no_secret(f: &Fixture<'_>) {
    let members =
        json!({ "token_endpoint_auth_method": "none", "redirect_uris": [REDIRECT, "http://127.0.0.1/cb"] });
    let login = Login::new(f, &members);
    let sent = login.authorize(&[("code_challenge", ""), ("code_challenge_method", "")]).expect(303);
    assert_eq!(parameters(&sent)["error"], "invalid_request");
    login.redeem(&login.code(&[])).expect(200);
}

pub fn a_confidential_client_may_be_registered_without_pkce(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "pkce_optional": true }));
    let none = [("code_challenge", ""), ("code_challenge_method", ""), ("nonce", "")];
    let code = login.code(&none);
    login.redeem_with(&login.client, &code, &[]).expect_error(400, "invalid_grant"); // a verifier nobody asked for
    let tokens = login.redeem_with(&login.client, &code, &[("code_verifier", "")]).expect(200).json();
    assert!(claims(text(&tokens, "id_token")).get("nonce").is_none());
}
