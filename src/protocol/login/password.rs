//! What passwords may be, and having them hashed: by the user's object, so that a flood of logins doesn't hold up those who get
//! tokens (`docs/decisions/hashing.md`). Logging in, the pages and the admin API call it.

use crate::protocol::http::error::{Cause, Code, Failure, OAuthError, ServerError};
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::{SubjectCommand, SubjectReply};
use crate::protocol::passwords::{Password, PasswordHash};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;

/// The shortest password, in characters.
pub(super) const MIN_PASSWORD: usize = 8;
/// The longest password, in bytes.
pub(super) const MAX_PASSWORD: usize = 256;

/// Has a new password hashed: by the object of `owner`, or of a user who is yet to be made.
///
/// # Errors
/// `temporarily_unavailable` if too many are being hashed.
pub(crate) async fn hash_password<P: Platform>(
    server: &Server<P>,
    owner: Option<UserId>,
    password: &str,
    now: Timestamp,
) -> Result<PasswordHash, Failure> {
    let owner = owner.unwrap_or_else(|| UserId::generate(&server.platform));
    let command = SubjectCommand::Hash { password: Password::new(password) };
    match server.subject(owner, &command, now).await? {
        SubjectReply::Hash(hash) => Ok(hash),
        SubjectReply::Busy => Err(busy().into()),
        _ => Err(ServerError::internal("an object gave another answer than asked for").into()),
    }
}

/// The refusal while too many passwords are being hashed.
pub(crate) const fn busy() -> OAuthError {
    let description = "too many people are signing in at the moment; try again in a few seconds";
    OAuthError::new(Code::TemporarilyUnavailable, Cause::HashingBusy, description)
}
