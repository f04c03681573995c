//! Renders every variant of every page into `target/pages` and checks what holds for all of them.
//!
//! The browser tests in `tests/browser` serve that folder; its files open without a server, too.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "pages/markup.rs"]
mod markup;
#[path = "pages/variants.rs"]
mod variants;

use std::fs;
use std::path::Path;

use mintedge::protocol::config::theme::Theme;
use mintedge::protocol::http::Response;
use mintedge::protocol::pages::{FormPostPage, SUBMIT_SCRIPT, SignedOutPage, stylesheet};
use serde_json::json;

use markup::Markup;
use variants::{Variant, all, themes};

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.header(name).unwrap_or_default()
}

fn policy(response: &Response) -> Vec<&str> {
    header(response, "content-security-policy").split("; ").collect()
}

#[test]
fn every_page_is_written_for_the_browser_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    let _ = fs::remove_dir_all(&root);
    for (folder, theme) in themes() {
        let assets = root.join(folder).join("assets");
        fs::create_dir_all(&assets).expect("a folder");
        fs::write(assets.join("style.css"), stylesheet(&theme)).expect("written");
        fs::write(assets.join("submit.js"), SUBMIT_SCRIPT).expect("written");
    }
    let mut index = Vec::new();
    for Variant { folder, name, response, submit, focus } in all() {
        let file = format!("{folder}/{name}.html");
        let html = response.body.replace(&format!("=\"/{folder}/assets/"), "=\"assets/");
        fs::write(root.join(&file), html).expect("written");
        let headers: serde_json::Map<_, _> =
            response.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        index.push(json!({
            "file": file, "status": response.status, "headers": headers, "submit": submit, "focus": focus,
        }));
    }
    let index = serde_json::to_string_pretty(&index).expect("JSON");
    fs::write(root.join("pages.json"), index).expect("written");
}

#[test]
fn every_page_brings_its_security_headers() {
    for Variant { name, response, .. } in all() {
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8", "{name}");
        assert_eq!(header(&response, "cache-control"), "no-store", "{name}");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{name}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{name}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{name}");
        assert!(header(&response, "permissions-policy").contains("camera=()"), "{name}");
        let policy = policy(&response);
        for directive in [
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self' https:",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(&directive), "{name} has no {directive}");
        }
        assert!(!policy.concat().contains("unsafe"), "{name}");
        let mut names: Vec<_> = response.headers.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), response.headers.len(), "{name} repeats a header");
    }
}

#[test]
fn a_page_may_do_only_what_it_is_for() {
    let cases = [
        ("login", "form-action 'self'"),
        ("login_loopback", "form-action 'self'"),
        ("login_app", "form-action 'self' com.example.app:"),
        ("login_plain", "form-action 'self'"),
        ("error", "form-action 'none'"),
        ("signed_out", "form-action 'none'"),
        ("leaving", "form-action 'none'"),
        ("form_post_refused", "form-action 'none'"),
    ];
    for (wanted, form_action) in cases {
        let variants = all();
        let found = variants.iter().find(|variant| variant.name == wanted).expect(wanted);
        assert!(policy(&found.response).contains(&form_action), "{wanted}: {:?}", policy(&found.response));
    }
    for Variant { name, response, .. } in all() {
        // What a client takes may lead on from there wherever the client likes.
        let names_forms = policy(&response).iter().any(|directive| directive.starts_with("form-action"));
        assert_eq!(names_forms, !["form_post", "form_post_app"].contains(&name), "{name}");
        let runs_script = policy(&response).contains(&"script-src 'self'");
        assert_eq!(runs_script, ["form_post", "form_post_app"].contains(&name), "{name}");
        let frames = policy(&response).iter().any(|directive| directive.starts_with("frame-src"));
        assert_eq!(frames, name == "signed_out_frames", "{name}");
        let isolated = response.header("cross-origin-opener-policy").is_some();
        assert_eq!(
            isolated,
            name.starts_with("account") || name.starts_with("device"),
            "{name}: a popup would lose its opener"
        );
    }
}

#[test]
fn frames_are_allowed_per_origin() {
    let frames =
        ["https://a.example/out?sid=1", "https://b.example:8443/out", "https://a.example/other", "x:y"];
    let frames = frames.map(str::to_owned);
    let page = SignedOutPage {
        base: "",
        theme: &Theme::default(),
        frames: &frames,
        continue_uri: None,
        by_link: false,
    };
    let response = page.render();
    assert!(policy(&response).contains(&"frame-src https://a.example https://b.example:8443"));
    assert_eq!(response.body.matches("<iframe hidden").count(), 3);
}

#[test]
fn every_page_has_the_structure_of_a_document() {
    for Variant { folder, name, response, .. } in all() {
        let markup = Markup::read(&response.body);
        assert!(response.body.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
        for tag in ["html", "head", "title", "body", "main", "h1"] {
            assert_eq!(markup.count(tag), 1, "{folder}/{name} {tag}");
        }
        markup.assert_balanced(name);
        markup.assert_ids_unique(name);
        markup.assert_inputs_labelled(name);
        markup.assert_references_resolve(name);
        for element in &markup.elements {
            let inline = element.attributes.iter().any(|(key, _)| key == "style" || key.starts_with("on"));
            assert!(!inline, "{name} has an inline style or script");
        }
        let scripts = markup.elements.iter().filter(|element| element.tag == "script");
        assert!(scripts.clone().all(|script| script.attribute("src").is_some()), "{name}");
    }
}

#[test]
fn every_form_carries_the_flow_and_the_token() {
    for Variant { name, response, .. } in
        all().iter().filter(|variant| !variant.name.starts_with("form_post"))
    {
        let forms: Vec<_> = response.body.split("<form").skip(1).collect();
        for form in forms {
            let form = form.split("</form>").next().unwrap_or_default();
            assert!(form.starts_with(" method=\"post\" action=\"/"), "{name}");
            assert!(form.contains("name=\"flow\" value=\"sealed-flow\""), "{name}");
            assert!(form.contains("name=\"csrf\" value=\"csrf-token\""), "{name}");
            assert!(form.contains("type=\"submit\" name=\"action\""), "{name}");
        }
    }
}

#[test]
fn what_others_wrote_stays_text() {
    let variants = all();
    let hostile: Vec<_> = variants.iter().filter(|variant| variant.folder == "hostile").collect();
    assert!(hostile.len() > 8);
    for Variant { name, response, .. } in hostile {
        let markup = Markup::read(&response.body);
        let script = name.starts_with("form_post") && !name.ends_with("refused");
        assert_eq!(markup.count("script"), usize::from(script), "{name}");
        assert!(!response.body.contains("<b>"), "{name}");
        for element in &markup.elements {
            for key in ["href", "src", "action"] {
                let value = element.attribute(key).unwrap_or("/");
                assert!(value.starts_with('/') || value.starts_with("https://"), "{name} {key} {value}");
            }
        }
    }
}

#[test]
fn parameters_arrive_in_order_and_unchanged() {
    let parameters = [("state", "a\"b<c>&amp;\r\n"), ("code", "x"), ("iss", "https://id.example")];
    let action = "https://a.example/cb?x=1&y=2";
    let response = FormPostPage { base: "/tenant", action, parameters: &parameters }.render();
    let expected = concat!(
        "<input type=\"hidden\" name=\"state\" value=\"a&quot;b&lt;c&gt;&amp;amp;&#13;\n\">\n",
        "<input type=\"hidden\" name=\"code\" value=\"x\">\n",
        "<input type=\"hidden\" name=\"iss\" value=\"https://id.example\">\n",
    );
    assert!(response.body.contains(expected), "{}", response.body);
    assert!(response.body.contains("action=\"https://a.example/cb?x=1&amp;y=2\""));
    assert!(response.body.contains("src=\"/tenant/assets/submit.js\""));
}
