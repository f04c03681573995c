//! The pages people see, rendered on the server: sign-in, consent, account and what lies between.
//!
//! Pure functions: a struct holds what a page shows, `render` makes the [`Response`](crate::protocol::http::Response) with
//! every header it needs. They work without JavaScript, without inline styles and under a Content Security Policy
//! that allows nothing else. [`form_post`](FormPostPage) alone runs a script, which submits its form.
//!
//! Visible inputs have `id` = `name`; submit buttons are all called `action` and have `id` = their value. Forms that
//! repeat per row (account page) have no ids, but for inputs, which are named `name-ROW` for their labels. Left to the endpoints: sealing `flow`, checking `csrf`, and serving
//! [`stylesheet`] and [`SUBMIT_SCRIPT`] at `{base}/assets/style.css` and `{base}/assets/submit.js`.

mod account;
mod color;
mod consent;
mod device;
mod error;
mod form;
mod form_post;
mod html;
mod identity;
mod layout;
mod leaving;
mod login;
mod logout;
mod policy;
mod requests;
mod select_account;
mod sign_up;
mod style;
mod uri;

pub use account::{AccountNotice, AccountPage, AppRow, SessionRow};
pub use consent::{ConsentGroup, ConsentPage, ConsentScope};
pub use device::{DeviceCodePage, DeviceDonePage, DevicePage, DeviceProblem, Whereabouts};
pub use error::{ErrorPage, Trouble};
pub use form::FormTarget;
pub use form_post::{FormPostPage, SUBMIT_SCRIPT};
pub use identity::ClientFace;
pub use leaving::LeavingPage;
pub use login::{LoginPage, LoginProblem};
pub use logout::{LogoutPage, PasswordSetPage, SignedOutPage};
pub use requests::{AllowedRow, RequestRow};
pub use select_account::SelectAccountPage;
pub use sign_up::{SignUpKind, SignUpPage, SignUpProblem};
pub use style::{stylesheet, stylesheet_version};
