//! Logins of administrators: made in a browser, kept on this machine, renewed when they are used.
//!
//! `mintedge login` makes one and `mintedge logout` ends it; whatever needs the admin API takes its access token from here if no
//! secret is in the environment.

mod browser;
mod device;
mod flow;
mod keyring;
mod loopback;
mod place;
mod renew;

pub(crate) use device::sign_in_elsewhere;
pub(crate) use flow::{How, sign_in};
pub(crate) use place::Place;
pub(crate) use renew::{access_token, renewed};
