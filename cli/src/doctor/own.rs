//! `mintedge doctor`: an own deployment, from outside and through the admin API.

use mintedge::protocol::admin::{ConfigView, KeysView};
use mintedge::protocol::codec::uri::Uri;
use mintedge::protocol::keys::schedule::KeyState;
use mintedge::protocol::model::time::Timestamp;
use serde_json::Value;

use super::fetch::{Fetcher, text};
use super::keys::count;
use super::report::{Report, quoted};
use super::{keys, place, rule, server, token};
use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::remote::{Access, Session, server_without_file};
use crate::time::{now, read_http_date};

/// Clocks that differ by more seconds than this make tokens look expired, or not yet valid.
const MOST_SKEW: u64 = 60;
/// From here on it is worth a look.
const NOTABLE_SKEW: u64 = 5;

pub(super) fn run(globals: &Globals) -> Result<Answer, Failure> {
    let deployment = server_without_file(globals)?;
    let issuer = deployment.issuer().as_str().to_owned();
    let mut report = Report::default();
    let address = deployment.elsewhere().unwrap_or(&issuer).to_owned();
    let fetcher = Fetcher::new(&address, globals.ca_certificate.as_deref())?;
    check_issuer(&mut report, &issuer);
    if address != issuer {
        report.skip(format!("what clients see at {issuer}: the server is asked at {address}"));
        check_admin_api(&mut report, Session::open(deployment, Access::Read), None);
        return Ok(report.answer(&issuer));
    }
    let metadata = server::check(&mut report, &fetcher, &issuer);
    check_clock(&mut report, &fetcher, &issuer);
    let published = metadata.as_ref().map(|metadata| keys::check(&mut report, &fetcher, metadata));
    if let Some(metadata) = &metadata {
        check_login(&mut report, &fetcher, metadata);
        token::check(&mut report, &fetcher, metadata, &issuer);
    }
    check_admin_api(&mut report, Session::open(deployment, Access::Read), published.as_deref());
    Ok(report.answer(&issuer))
}

fn check_issuer(report: &mut Report, issuer: &str) {
    report.step("issuer");
    let is_local = Uri::split(issuer).is_some_and(|uri| uri.is_loopback());
    let said = format!("{issuer} is on this machine only: cookies and metadata are those of a trial");
    if report.advise(!is_local, rule::ISSUER_URL, said) {
        report.ok(format!("{issuer}, with a certificate that this machine trusts"));
    }
}

/// The server's clock against this machine's: whoever is wrong, tokens fail.
fn check_clock(report: &mut Report, fetcher: &Fetcher, issuer: &str) {
    report.step("clock");
    let places = place::server_metadata(issuer);
    let reply = places.first().and_then(|place| fetcher.get(place).ok());
    let date = reply.as_ref().and_then(|reply| reply.header("date")).and_then(read_http_date);
    let Some(Timestamp(theirs)) = date else {
        return report.skip("the server doesn't say what time it is");
    };
    let skew = now().0.abs_diff(theirs);
    let said = format!("the server's clock and this machine's differ by {skew} s");
    if skew > MOST_SKEW {
        report.fail(rule::CLOCK, said);
    } else if report.advise(skew <= NOTABLE_SKEW, rule::CLOCK, said) {
        report.ok("the server's clock and this machine's agree");
    }
}

/// The login page is what every person meets.
fn check_login(report: &mut Report, fetcher: &Fetcher, metadata: &Value) {
    report.step("pages");
    let Some(issuer) = text(metadata, "issuer") else { return };
    let reply = fetcher.get(&format!("{issuer}/login"));
    let served = reply.is_ok_and(|reply| reply.status == 200 && reply.media_type() == "text/html");
    if report.demand(served, rule::AUTHORIZE, "the login page isn't served") {
        report.ok("the login page is served");
    }
}

fn check_admin_api(report: &mut Report, session: Result<Session, Failure>, published: Option<&[String]>) {
    report.step("admin API");
    let session = match session {
        Ok(session) => session,
        Err(failure) => {
            let said =
                format!("keys, configuration and storage weren't looked at: {}", failure.description());
            return report.warn(rule::ADMIN_API, said);
        }
    };
    report.ok(format!("open to {}", session.credential()));
    match session.get::<ConfigView>("config") {
        Ok(view) => report.ok(format!("the configuration in force is version {}", view.version)),
        Err(failure) => {
            report.fail(rule::CONFIGURATION, format!("no configuration: {}", failure.description()));
        }
    }
    match session.get::<KeysView>("keys") {
        Ok(view) => {
            judge_keys(report, &view);
            if let Some(published) = published {
                judge_published(report, &view, published);
            }
        }
        Err(failure) => report.fail(rule::KEYS_IN_FORCE, format!("no keys: {}", failure.description())),
    }
    // Nobody has this login: it is the way to the directory's object that is tried.
    match session.find::<Value>("users/nobody%40mintedge-doctor.invalid") {
        Ok(_) => report.ok("the directory of people answers"),
        Err(failure) => {
            report.fail(rule::PEOPLE, format!("the directory of people: {}", failure.description()));
        }
    }
}

fn judge_keys(report: &mut Report, view: &KeysView) {
    let active = view.keys.iter().filter(|key| key.state == KeyState::Active).count();
    if report.demand(active > 0, rule::KEYS_IN_FORCE, "no signing key is active: nothing can be issued") {
        report.ok(format!("{} in force", count(active, "signing key")));
    }
    if view.kek.id.is_none() {
        let said = "there is no KEK: keys lie in the clear in the object's storage, and edges that start ask it for them";
        report.warn(rule::KEYS_WRAPPED, said);
    } else if view.kek.others > 0 {
        let said = format!("{} not wrapped by the KEK yet: keep KEK_PREVIOUS", count(view.kek.others, "key"));
        report.warn(rule::KEYS_WRAPPED, said);
    } else {
        report.ok("the KEK wraps every key");
    }
}

/// What edges publish comes from KV, what the admin API shows from the object.
fn judge_published(report: &mut Report, view: &KeysView, published: &[String]) {
    let known = view.keys.iter().filter(|key| matches!(key.state, KeyState::Active | KeyState::Retiring));
    let missing: Vec<&str> =
        known.map(|key| key.kid.as_str()).filter(|kid| published.iter().all(|other| other != kid)).collect();
    let said = format!(
        "edges don't publish {}: KV is behind the object, for a minute after a change at most",
        quoted(&missing.join(" "))
    );
    if report.advise(missing.is_empty(), rule::KEYS_PUBLISHED, said) {
        report.ok("what edges read in KV and what the object says of keys agree");
    }
}
