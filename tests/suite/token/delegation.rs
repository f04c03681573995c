//! `/token` with the `delegation` grant.

use serde_json::json;

use crate::suite::harness::Fixture;
use crate::suite::jws::claims;
use crate::suite::login::{Login, text};
use crate::suite::token::token_exchange::{LEDGER, api, delegate, send, subject};

pub fn the_delegation_grant_answers_as_identityserver_clients_expect(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let token = subject(&login);
    let one = api(f, &json!({}));
    let answer = delegate(f, &one, &token, &[("scope", "ledger:read")]).expect(200).json();
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer["issued_token_type"].is_null(), "{answer}");
    let got = claims(text(&answer, "access_token"));
    assert_eq!(got["sub"], claims(&token)["sub"]);
    assert_eq!(got["client_id"], one.id);
    assert_eq!(got["aud"], LEDGER);
    assert_eq!(got["scope"], "ledger:read");
    assert_eq!(got["amr"], json!(["delegation"]));
    assert_eq!(got["act"]["sub"], one.id);
    delegate(f, &one, &token, &[("scope", "billing:read")]).expect_error(400, "invalid_scope");
    delegate(f, &one, &token, &[("scope", "orders:write")]).expect_error(400, "invalid_scope");
    delegate(f, &one, "nonsense", &[("scope", "ledger:read")]).expect_error(400, "invalid_grant");
    send(f, &one, &[("grant_type", "delegation")]).expect_error(400, "invalid_request");
}
