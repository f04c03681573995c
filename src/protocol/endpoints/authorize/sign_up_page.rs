//! The page where somebody makes an account on the way to an application. `next` and `sign_up` show it.

use crate::protocol::endpoints::authorize::interaction::Interaction;
use crate::protocol::endpoints::paths::{LOGIN, SIGN_UP};
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::pages::{SignUpKind, SignUpPage, SignUpProblem};
use crate::protocol::server::ports::Platform;

/// Shows the page, with what was typed and what is wrong with that.
pub(super) async fn sign_up_page<P: Platform>(
    interaction: &Interaction<'_, P>,
    form: Option<&Form>,
    problem: Option<SignUpProblem>,
) -> Result<Response, Failure> {
    if !interaction.snapshot.login.sign_up.is_open() {
        return Err(
            OAuthError::new(Code::AccessDenied, Cause::AccessDenied, "sign-up is not open here").into()
        );
    }
    let value = |name| form.and_then(|form| form.value(name));
    let sealed = interaction.sealed_flow(&interaction.flow.without_create()).await?;
    let sign_in_uri = format!("{}{LOGIN}?flow={sealed}", interaction.server.issuer.path());
    let page = interaction.page(SIGN_UP, |target| {
        SignUpPage {
            base: interaction.server.issuer.path(),
            theme: &interaction.snapshot.branding,
            client: Some(interaction.client_face()),
            target,
            email: value("email").or(interaction.flow.login_hint.as_deref()),
            name: value("name"),
            problem,
            kind: SignUpKind::OpenSignUp,
            sign_in_uri: Some(&sign_in_uri),
        }
        .render()
    });
    let page = page.await?;
    Ok(interaction.browser.remember(interaction.server, page))
}
