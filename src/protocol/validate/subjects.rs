//! Subjects of workloads (`subject` of a `[[rule]]`): they are never like anybody else's, whatever the claims of a token say.

use super::MAX_TEXT;
use crate::protocol::config::RuleConfig;
use crate::protocol::model::client::EXTERNAL_SUBJECT_PREFIX;
use crate::protocol::rules::evaluate::{Piece, pieces};

/// What is wrong with a template, if anything.
pub(super) fn problem(template: &str) -> Option<&'static str> {
    let Some(own) = template.strip_prefix(EXTERNAL_SUBJECT_PREFIX) else {
        return Some("a subject starts with `ext:`, so that it is never a person's or a client's");
    };
    let Some(pieces) = pieces(own) else {
        return Some("each brace needs its counterpart and a claim's name in between, as in `ext:ci:{sub}`");
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let text_ok = pieces.iter().all(|piece| match piece {
        Piece::Text(text) => text.bytes().all(plain),
        Piece::Claim(_) => true,
    });
    if !text_ok || template.len() > MAX_TEXT {
        return Some("at most 256 characters of printable ASCII without spaces, quotes and backslashes");
    }
    if pieces.windows(3).any(|part| matches!(part, [Piece::Claim(_), Piece::Text(""), Piece::Claim(_)])) {
        return Some("put something between two claims: else nobody can tell where the first ends");
    }
    match pieces.first() {
        Some(Piece::Text("")) => Some(
            "say something of your own after `ext:`, as in `ext:ci:{sub}`: two issuers may have the same `sub`",
        ),
        _ => None,
    }
}

/// Rules whose tokens could get the same subject as those of an earlier rule of another issuer: the index, and the earlier one's
/// id. Two issuers may call different workloads the same, but here they are not the same.
pub(super) fn alike(rules: &[RuleConfig]) -> Vec<(usize, &str)> {
    let heads: Vec<_> = rules.iter().map(|rule| (rule, subject_head(rule))).collect();
    let mut found = Vec::new();
    for (index, (rule, head)) in heads.iter().enumerate() {
        let mut earlier = heads.iter().take(index).filter(|(other, _)| other.issuer != rule.issuer);
        let other = earlier.find(|(_, earlier)| may_be_alike(head.as_ref(), earlier.as_ref()));
        found.extend(other.map(|(other, _)| (index, other.id.as_str())));
    }
    found
}

/// What each subject of a rule starts with, and whether it goes on with claims; `None` for a rule that gives none.
fn subject_head(rule: &RuleConfig) -> Option<(String, bool)> {
    if rule.authenticates.is_some() {
        return None;
    }
    let Some(template) = &rule.subject else {
        return Some((format!("{EXTERNAL_SUBJECT_PREFIX}{}:", rule.issuer), true));
    };
    let (head, has_claims) =
        template.split_once('{').map_or((template.as_str(), false), |(head, _)| (head, true));
    Some((head.to_owned(), has_claims))
}

/// Whether a claim can make two subjects the same. What is written out twice is meant to be.
fn may_be_alike(one: Option<&(String, bool)>, other: Option<&(String, bool)>) -> bool {
    let (Some((one, one_goes_on)), Some((other, other_goes_on))) = (one, other) else { return false };
    (*one_goes_on && other.starts_with(one)) || (*other_goes_on && one.starts_with(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(issuer: &str, subject: &str) -> RuleConfig {
        let subject = (!subject.is_empty()).then_some(subject);
        let rule = json!({ "id": issuer, "issuer": issuer, "match": { "sub": "x" }, "subject": subject });
        serde_json::from_value(rule).expect("a rule")
    }

    #[test]
    fn two_issuers_never_share_a_subject_by_accident() {
        let cases = [
            ("ext:ci:{sub}", "ext:ci:{sub}", false),
            ("ext:ci:{sub}", "ext:ci:a:{sub}", false),
            ("ext:ci:{sub}", "ext:ci:main", false),
            ("ext:own:{sub}", "", false),
            ("ext:ci:main", "ext:ci:main", true),
            ("ext:ci:{sub}", "ext:cd:{sub}", true),
            ("", "", true),
        ];
        for (github, other, taken) in cases {
            let (one, two) = (rule("github", github), rule("own", other));
            for (rules, id) in [([one.clone(), two.clone()], "github"), ([two, one], "own")] {
                let expected = if taken { vec![] } else { vec![(1, id)] };
                assert_eq!(alike(&rules), expected, "{rules:?}");
            }
        }
        let same_issuer = [rule("github", "ext:ci:{sub}"), rule("github", "ext:ci:{sub}")];
        assert_eq!(alike(&same_issuer), [], "one issuer's workloads may be called alike");
    }
}
