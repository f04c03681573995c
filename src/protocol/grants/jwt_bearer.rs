//! `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523 §2.1): a token of a trusted issuer for one of ours, if a rule permits
//! it. `external` decides; the dispatch in `grants` calls this.
//!
//! An identity assertion authorization grant (ID-JAG, draft-ietf-oauth-identity-assertion-authz-grant) is such a token with a
//! `typ` of its own. A public client may use this grant, because the assertion is its proof and the rule names the client.

use super::external::{Accepts, present};
use super::{Decision, GrantRequest};
use crate::protocol::http::error::{Code, Failure};
use crate::protocol::server::ports::Platform;

/// Decides what `assertion` comes to, with `scope` and `resource` (optional, repeatable, RFC 8707 §2) within what the rule
/// permits. There is never a refresh token (RFC 7521 §4.1).
///
/// # Errors
/// `invalid_grant` for the assertion (RFC 7521 §4.1.1), `invalid_scope`, `invalid_target`.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let assertion = request.form.require("assertion", "assertion is missing")?;
    let resources = request.form.values("resource").collect();
    present(&request, assertion, Accepts { any_of: None, resources, refused_with: Code::InvalidGrant }).await
}
