//! `mintedge whoami`: as whom the command calls the server, and what it may do there.

use std::fmt::Write as _;

use mintedge::protocol::admin::WhoView;

use super::login::in_words;
use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use crate::remote::{Access, Session, server_without_file};
use crate::style::bold;

pub(super) fn run(globals: &Globals) -> Result<Answer, Failure> {
    let session = Session::open(server_without_file(globals)?, Access::Look)?;
    let who: WhoView = session.get("whoami")?;
    let mut text = format!("{}\n", bold(who.login.as_deref().unwrap_or(&who.sub)));
    for (label, value) in [
        ("server", session.issuer().as_str().to_owned()),
        ("sub", who.sub.clone()),
        ("client", who.client_id.clone()),
        ("scopes", in_words(&who.scopes)),
        ("by", session.credential().to_owned()),
    ] {
        let _ = writeln!(text, "  {label:7} {value}");
    }
    Ok(Answer::new(text, &who))
}
