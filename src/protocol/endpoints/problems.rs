//! What the sign-in and sign-up pages say when somebody's attempt was refused: from the error to the page's own message.

use crate::protocol::http::error::{Cause, Code};
use crate::protocol::http::form::Form;
use crate::protocol::login;
use crate::protocol::login::{Flaw, Names, Problem};
use crate::protocol::pages::{LoginProblem, SignUpProblem};
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// Notes why a login failed, and says what the page says.
pub(crate) fn login_problem(context: &RequestContext<'_>, problem: Problem) -> LoginProblem {
    let (problem, code, cause) = match problem {
        Problem::Wrong => (LoginProblem::WrongCredentials, Code::AccessDenied, Cause::PasswordWrong),
        Problem::TooMany => (LoginProblem::TooManyAttempts, Code::AccessDenied, Cause::TooManyAttempts),
        Problem::Busy => (LoginProblem::Busy, Code::TemporarilyUnavailable, Cause::HashingBusy),
    };
    context.note_refusal(code, cause);
    problem
}

/// What is wrong with a new password, if anything.
pub(crate) fn sign_up_problem(platform: &impl Platform, form: &Form, names: &Names) -> Option<SignUpProblem> {
    let value = |name| form.value(name).unwrap_or_default();
    match login::flaw(platform, value("password"), names) {
        Some(Flaw::TooShort) => Some(SignUpProblem::PasswordTooShort),
        Some(Flaw::TooLong) => Some(SignUpProblem::PasswordTooLong),
        None if value("password") != value("password_again") => Some(SignUpProblem::PasswordsDiffer),
        Some(Flaw::Weak) => Some(SignUpProblem::PasswordWeak),
        None => None,
    }
}
