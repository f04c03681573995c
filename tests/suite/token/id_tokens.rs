//! `/token`: what an ID token says of a person, and what is left to `/userinfo`.

use serde_json::json;

use crate::suite::browser::parameters;
use crate::suite::harness::{Fixture, TestClient};
use crate::suite::login::{Login, claims, text, web_client};

pub fn an_id_token_has_the_claims_of_its_scopes_and_no_others(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let bare = claims(text(&login.tokens(&[("scope", "openid orders:read")]), "id_token"));
    let all = ["name", "email", "email_verified", "updated_at"];
    assert!(all.iter().all(|name| bare.get(name).is_none()), "{bare}");
    let tokens = login.tokens(&[("scope", "openid email offline_access")]);
    let again = login.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
    for tokens in [&tokens, &again] {
        let email = claims(text(tokens, "id_token"));
        assert_eq!((&email["email"], &email["email_verified"]), (&json!(login.email), &json!(false)));
        assert!(email.get("name").is_none(), "{email}");
    }
    let narrowed = login.refresh(text(&again, "refresh_token"), "&scope=openid").expect(200).json();
    assert!(claims(text(&narrowed, "id_token")).get("email").is_none());
}

pub fn a_client_registered_for_minimal_id_tokens_finds_claims_at_userinfo(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({ "id_token_claims": "minimal" }));
    let tokens = login.tokens(&[]);
    let id_token = claims(text(&tokens, "id_token"));
    assert!(id_token.get("name").is_none() && id_token.get("email").is_none(), "{id_token}");
    let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
    assert_eq!((&user["name"], &user["email"]), (&json!("Ada Lovelace"), &json!(login.email)));
    let wanted = [("claims", r#"{"id_token":{"email":null}}"#)];
    assert_eq!(claims(text(&login.tokens(&wanted), "id_token"))["email"], login.email);
}

pub fn requested_claims_go_where_they_were_asked_for(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let wanted = r#"{"id_token":{"email":{"essential":true}},"userinfo":{"name":null}}"#;
    let tokens = login.tokens(&[("scope", "openid"), ("claims", wanted)]);
    assert_eq!(claims(text(&tokens, "id_token"))["email"], login.email);
    let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
    assert_eq!(user["name"], "Ada Lovelace");
    assert!(user.get("email").is_none());
}

pub fn single_claims_are_asked_for_like_scopes(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let client = web_client(f, &json!({ "first_party": false, "scopes": ["openid", "email"] }));
    let ask = |more: &[(&str, &str)]| {
        login.authorize(&[&[("client_id", client.id.as_str()), ("scope", "openid")], more].concat())
    };
    login.browser.submit(&ask(&[]).expect(200), &[("action", "allow")]).expect(303);
    ask(&[]).expect(303);
    // What was not asked for before is asked for now, and what the client may not have is left out.
    let wanted = r#"{"userinfo":{"email":null,"name":null,"nonsense":[[[[1]]]]}}"#;
    let page = ask(&[("claims", wanted)]).expect(200);
    let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
    let tokens = login.redeem_with(&client, &parameters(&answer)["code"], &[]).expect(200).json();
    let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
    assert_eq!(user["email"], login.email);
    assert!(user.get("name").is_none());
}

pub fn pairwise_subjects_differ_by_sector(f: &Fixture<'_>) {
    let pairwise = json!({ "subject_type": "pairwise" });
    let login = Login::new(f, &pairwise);
    let elsewhere =
        web_client(f, &json!({ "subject_type": "pairwise", "sector_identifier": "other.example" }));
    let same = web_client(f, &pairwise);
    let public = web_client(f, &json!({}));
    let seen = |client: &TestClient| {
        let answer = login.authorize(&[("client_id", &client.id)]).expect(303);
        let tokens = login.redeem_with(client, &parameters(&answer)["code"], &[]).expect(200).json();
        let user = login.userinfo(text(&tokens, "access_token")).expect(200).json();
        let id_token = claims(text(&tokens, "id_token"));
        assert_eq!(user["sub"], id_token["sub"]);
        (text(&id_token, "sub").to_owned(), text(&id_token, "sid").to_owned())
    };
    // Neither the person nor the session has a name that two sectors could compare.
    let own = seen(&login.client);
    assert_eq!(own, seen(&same));
    for other in [seen(&elsewhere), seen(&public)] {
        assert_ne!(own.0, other.0);
        assert_ne!(own.1, other.1);
    }
}
