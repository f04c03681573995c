//! `/token` with the `guest` grant.

use serde_json::json;

use crate::suite::harness::{Fixture, Req};
use crate::suite::token::token_exchange::issued;

pub fn a_guest_gets_a_token_and_a_name_nobody_else_has(f: &Fixture<'_>) {
    let shop = f.client(&json!({
        "grant_types": ["urn:mintedge:grant-type:guest"],
        "token_endpoint_auth_method": "none",
        "scopes": ["orders:read"],
    }));
    let ask = |more: &str| {
        f.send(&Req::token(&format!("grant_type=urn:mintedge:grant-type:guest&client_id={}{more}", shop.id)))
    };
    let (one, two) = (issued(ask("")), issued(ask("&scope=orders:read")));
    assert!(one["sub"].as_str().is_some_and(|sub| sub.starts_with("gst_") && sub.len() > 20), "{one}");
    assert_ne!(one["sub"], two["sub"]);
    assert_eq!(one["client_id"], shop.id);
    ask("&scope=orders:write").expect_error(400, "invalid_scope");
    ask("&scope=openid").expect_error(400, "invalid_scope");
    let other = f.client(&json!({ "token_endpoint_auth_method": "none", "grant_types": [] }));
    f.send(&Req::token(&format!("grant_type=urn:mintedge:grant-type:guest&client_id={}", other.id)))
        .expect_error(400, "unauthorized_client");
}

pub fn nobody_becomes_an_administrator_as_a_guest(f: &Fixture<'_>) {
    let shop = json!({
        "client_id": f.unique("shop"),
        "grant_types": ["urn:mintedge:grant-type:guest"],
        "token_endpoint_auth_method": "none",
        "scopes": ["mintedge:write"],
    });
    f.admin("POST", "clients", Some(&shop)).expect_error(422, "invalid_config");
}
