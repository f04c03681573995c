//! What types can't say about `[[administrator]]`: whose account it can be, and which scopes there are.
//!
//! `validate` calls it. Whether the account exists is not asked: the command looks it up, and one that is gone gives nobody anything.

use std::collections::BTreeSet;

use super::{Check, MAX_TEXT, Problem};
use crate::protocol::config::{AdministratorConfig, Config};
use crate::protocol::model::client::USER_SUBJECT_PREFIX;
use crate::protocol::model::scope::{ADMIN_SCOPES, ADMIN_WRITE};
use crate::protocol::model::user_id::UserId;

/// The most administrators that a configuration may have.
const MAX_ADMINISTRATORS: usize = 100;

impl Check {
    pub(super) fn administrators(&mut self, administrators: &[AdministratorConfig]) {
        if administrators.len() > MAX_ADMINISTRATORS {
            self.say("administrator", format!("at most {MAX_ADMINISTRATORS} administrators"));
        }
        let (mut names, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for (index, administrator) in administrators.iter().enumerate() {
            let at = format!("administrator[{index}]");
            self.administrator(administrator, &at);
            let account = administrator.account();
            if !names.insert(administrator.user.to_lowercase())
                || account.is_some_and(|account| !accounts.insert(account))
            {
                let message =
                    format!("`{}` is there twice; one entry has all the scopes", administrator.user);
                self.say(format!("{at}.user"), message);
            }
        }
    }

    fn administrator(&mut self, administrator: &AdministratorConfig, at: &str) {
        let AdministratorConfig { user, sub, scopes } = administrator;
        self.text(&format!("{at}.user"), Some(user));
        let is_sub = user.starts_with(USER_SUBJECT_PREFIX);
        if is_sub && UserId::parse(user).is_none() {
            self.say(format!("{at}.user"), format!("`{user}` is no `sub`: `mintedge users show` says them"));
        }
        if let Some(sub) = sub {
            if UserId::parse(sub).is_none() || sub.len() > MAX_TEXT {
                self.say(format!("{at}.sub"), "this is no `sub` of a user, such as `usr_…`");
            } else if is_sub && sub != user {
                self.say(format!("{at}.sub"), "`user` is another `sub`");
            }
        }
        if scopes.is_empty() {
            self.say(format!("{at}.scopes"), "name at least one scope: without any the entry gives nothing");
        }
        for (number, scope) in scopes.iter().enumerate() {
            if !ADMIN_SCOPES.contains(&scope) {
                let message =
                    format!("`{scope}` is no scope of the admin API; these are: {}", ADMIN_SCOPES.join(", "));
                self.say(format!("{at}.scopes[{number}]"), message);
            }
        }
    }
}

/// What keeps administrators from being known at the server: a login identifier alone says nothing that lasts.
pub fn unresolved(administrators: &[AdministratorConfig]) -> Vec<Problem> {
    let entries = administrators.iter().enumerate();
    let unknown = entries.filter(|(_, administrator)| administrator.account().is_none());
    let problem = |(index, administrator): (usize, &AdministratorConfig)| Problem {
        path: format!("administrator[{index}].user"),
        message: format!(
            "`{}` is a login identifier, which can change hands: `sub` has to say whose account it is (`mintedge apply` looks it up)",
            administrator.user
        ),
    };
    unknown.map(problem).collect()
}

/// Whether an account may change everything, so that nobody needs the deployment's admin secret.
pub fn has_full_administrator(config: &Config) -> bool {
    config.administrator.iter().any(|administrator| administrator.scopes.contains(ADMIN_WRITE))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::validate::problems;

    const SUB: &str = "usr_AAAAAAAAAAAAAAAAAAAAAA";

    fn config(administrators: &Value) -> Config {
        serde_json::from_value(json!({ "administrator": administrators })).expect("a configuration")
    }

    fn found(administrators: &Value) -> Vec<String> {
        problems(&config(administrators)).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn an_administrator_has_an_account_and_scopes_that_exist() {
        let scopes = json!(["mintedge:read"]);
        for good in [
            json!({ "user": "ada@example.com", "scopes": scopes }),
            json!({ "user": SUB, "scopes": ADMIN_SCOPES }),
            json!({ "user": SUB, "sub": SUB, "scopes": scopes }),
            json!({ "user": "ada", "sub": SUB, "scopes": scopes }),
        ] {
            assert!(found(&json!([good])).is_empty(), "{good}");
        }
        for (bad, place) in [
            (json!({ "user": "", "scopes": scopes }), "administrator[0].user"),
            (json!({ "user": "usr_x", "scopes": scopes }), "administrator[0].user"),
            (json!({ "user": "ada", "sub": "ada", "scopes": scopes }), "administrator[0].sub"),
            (
                json!({ "user": SUB, "sub": "usr_BBBBBBBBBBBBBBBBBBBBBA", "scopes": scopes }),
                "administrator[0].sub",
            ),
            (json!({ "user": "ada", "scopes": [] }), "administrator[0].scopes"),
            (json!({ "user": "ada", "scopes": ["openid"] }), "administrator[0].scopes[0]"),
            (json!({ "user": "ada", "scopes": ["mintedge:all"] }), "administrator[0].scopes[0]"),
        ] {
            assert_eq!(found(&json!([bad])), [place], "{bad}");
        }
    }

    #[test]
    fn nobody_is_an_administrator_twice() {
        let entry =
            |user: &str, sub: Option<&str>| json!({ "user": user, "sub": sub, "scopes": ["mintedge:read"] });
        assert_eq!(found(&json!([entry("ada", None), entry("ADA", None)])), ["administrator[1].user"]);
        assert_eq!(found(&json!([entry("ada", Some(SUB)), entry(SUB, None)])), ["administrator[1].user"]);
    }

    #[test]
    fn a_login_identifier_alone_is_not_enough_for_the_server() {
        let declared = config(&json!([
            { "user": SUB, "scopes": ["mintedge:read"] },
            { "user": "ada", "scopes": ["mintedge:read"] },
        ]));
        let paths: Vec<String> =
            unresolved(&declared.administrator).into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["administrator[1].user"]);
    }
}
