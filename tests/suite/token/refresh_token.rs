//! `/token` with the `refresh_token` grant: families, retries, narrowing.

use serde_json::{Value, json};

use crate::suite::browser::{Browser, PASSWORD, parameters};
use crate::suite::harness::{Fixture, TestClient};
use crate::suite::login::{Login, claims, text, web_client};
use crate::suite::token::token_exchange::{LEDGER, ORDERS};

pub fn a_refresh_token_rotates_and_a_retry_gets_the_same_successor(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let first = text(&tokens, "refresh_token").to_owned();
    assert!(first.starts_with("mer_"));
    let once = login.refresh(&first, "").expect(200).json();
    let again = login.refresh(&first, "").expect(200).json();
    assert_eq!(once["refresh_token"], again["refresh_token"]);
    assert_ne!(once["access_token"], again["access_token"]);
    assert_ne!(once["refresh_token"], tokens["refresh_token"]);
    let (before, after) = (claims(text(&tokens, "id_token")), claims(text(&once, "id_token")));
    for name in ["iss", "sub", "aud", "auth_time", "sid", "acr"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    login.userinfo(text(&once, "access_token")).expect(200);
}

pub fn an_old_refresh_token_ends_the_family(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[]);
    let first = text(&tokens, "refresh_token").to_owned();
    let second = login.refresh(&first, "").expect(200).json();
    let third = login.refresh(text(&second, "refresh_token"), "").expect(200).json();
    login.refresh(&first, "").expect_error(400, "invalid_grant");
    login.refresh(text(&third, "refresh_token"), "").expect_error(400, "invalid_grant");
    login.userinfo(text(&third, "access_token")).expect_error(401, "invalid_token");
}

pub fn a_guess_or_another_client_harms_nothing(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = text(&login.tokens(&[]), "refresh_token").to_owned();
    let other = web_client(f, &json!({}));
    login
        .token(&other, &format!("grant_type=refresh_token&refresh_token={token}"))
        .expect_error(400, "invalid_grant");
    let flipped = format!("{}{}", &token[..token.len() - 9], "AAAAAAAAA");
    for guess in [flipped.as_str(), "mer_", "nonsense", "mer_AAAA000000"] {
        login.refresh(guess, "").expect_error(400, "invalid_grant");
    }
    let wrong = TestClient { id: login.client.id.clone(), secret: "mes_x".to_owned() };
    login
        .token(&wrong, &format!("grant_type=refresh_token&refresh_token={token}"))
        .expect_error(401, "invalid_client");
    login.refresh(&token, "").expect(200);
}

pub fn scope_is_narrowed_for_one_access_token_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let first = text(&login.tokens(&[]), "refresh_token").to_owned();
    login.refresh(&first, "&scope=openid+orders:write").expect_error(400, "invalid_scope");
    login.refresh(&first, "&resource=https://ledger.example").expect_error(400, "invalid_target");
    let narrow = login.refresh(&first, "&scope=openid").expect(200).json();
    assert_eq!(narrow["scope"], "openid");
    // A retry that asks for something else is another request.
    login.refresh(&first, "&scope=openid+email").expect_error(400, "invalid_grant");
    let wide = login.refresh(text(&narrow, "refresh_token"), "").expect(200).json();
    assert_eq!(wide["scope"], "openid profile email orders:read");
}

pub fn two_devices_are_independent(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let here = text(&login.tokens(&[]), "refresh_token").to_owned();
    let elsewhere = Browser::new(f);
    let page = elsewhere.authorize(&login.request(&[])).expect(200);
    let answer = elsewhere.log_in(&page, &login.email, PASSWORD).expect(303);
    let there = login.redeem(&parameters(&answer)["code"]).expect(200).json();
    let next = login.refresh(&here, "").expect(200).json();
    login.refresh(text(&next, "refresh_token"), "").expect(200);
    login.refresh(&here, "").expect_error(400, "invalid_grant");
    login.refresh(text(&there, "refresh_token"), "").expect(200);
}

pub fn a_resource_is_chosen_among_the_granted_ones(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let tokens = login.tokens(&[("scope", "openid orders:read ledger:read")]);
    let token = text(&tokens, "refresh_token").to_owned();
    let one = login.refresh(&token, "&resource=https://ledger.example").expect(200).json();
    let access = claims(text(&one, "access_token"));
    assert_eq!(access["scope"], "openid ledger:read");
    assert_eq!(access["aud"], json!(["https://ledger.example", f.target.issuer()]));
}

pub fn a_client_without_the_grant_gets_no_refresh_token(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "grant_types": ["authorization_code"] }));
    assert!(login.tokens(&[]).get("refresh_token").is_none());
}

/// A refresh token for two APIs.
fn for_two(login: &Login<'_>) -> String {
    let tokens = login.tokens(&[("scope", "openid offline_access orders:read ledger:read")]);
    text(&tokens, "refresh_token").to_owned()
}

pub fn a_narrowed_token_is_for_the_apis_of_its_scopes_only(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let issuer = f.target.issuer();
    let cases: [(&str, &str, Value); 5] = [
        ("&scope=orders:read", "orders:read", json!(ORDERS)),
        ("&scope=ledger:read+openid", "ledger:read openid", json!([LEDGER, issuer])),
        ("&scope=openid", "openid", json!(issuer)),
        ("&resource=https://orders.example&scope=orders:read+ledger:read", "orders:read", json!(ORDERS)),
        ("", "openid offline_access orders:read ledger:read", json!([ORDERS, LEDGER, issuer])),
    ];
    for (asked, scope, audience) in cases {
        let answer = login.refresh(&for_two(&login), asked).expect(200).json();
        let access = claims(text(&answer, "access_token"));
        assert_eq!((&answer["scope"], &access["scope"]), (&json!(scope), &json!(scope)), "{asked}");
        assert_eq!(access["aud"], audience, "{asked}");
    }
}

pub fn what_comes_to_no_scope_costs_no_refresh_token(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    for asked in [
        "&resource=https://orders.example&scope=ledger:read",
        "&resource=https://orders.example&scope=openid",
        "&resource=https://orders.example&resource=https://ledger.example&scope=orders:read",
    ] {
        let token = for_two(&login);
        login.refresh(&token, asked).expect_error(400, "invalid_scope");
        // Another request with the same token would be refused, had it been used up.
        let next = login.refresh(&token, "&scope=orders:read").expect(200).json();
        assert_eq!(next["scope"], "orders:read", "{asked}");
    }
}
