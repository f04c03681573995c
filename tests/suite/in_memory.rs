//! The memory adapter as a target.

use std::sync::MutexGuard;

use mintedge::memory::{Memory, World};
use mintedge::protocol::Server;
use mintedge::protocol::http::{
    ADMIN_BODY_LIMIT, BODY_LIMIT, Body, Headers, Method, Request, SensitiveHeader,
};
use mintedge::protocol::model::secret::Secret;

use super::harness::{Req, Resp, Target};

pub const ISSUER: &str = "https://id.example.com/tenant";
pub const ADMIN_SECRET: &str = "an admin secret that is long enough to be accepted";

/// One isolate in a world of its own.
pub struct InMemory {
    pub world: World,
    pub server: Server<Memory>,
}

pub fn target() -> InMemory {
    target_at(ISSUER)
}

pub fn target_at(issuer: &str) -> InMemory {
    let world = World::new(issuer).expect("an issuer");
    let server = world.isolate(Some(&Secret::received(ADMIN_SECRET)));
    InMemory { world, server }
}

impl InMemory {
    /// The path of the issuer.
    fn base(&self) -> &str {
        let rest = self.world.issuer().split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |start| &rest[start..])
    }
}

impl Target for InMemory {
    fn send(&self, request: &Req) -> Resp {
        let header = |name: &str| {
            let found = request.headers.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone())
        };
        let headers = Headers {
            authorization: header("authorization").map(SensitiveHeader::new),
            content_type: header("content-type"),
            origin: header("origin"),
            if_none_match: header("if-none-match"),
            if_match: header("if-match"),
            accept: header("accept"),
            cookie: header("cookie").map(SensitiveHeader::new),
            client_ip: header("cf-connecting-ip"),
            user_agent: header("user-agent"),
            country: header("cf-ipcountry"),
            request_id: header("cf-ray"),
        };
        let limit = if request.path.contains("/admin/") { ADMIN_BODY_LIMIT } else { BODY_LIMIT };
        let body =
            if request.body.len() > limit { Body::TooLarge } else { Body::Bytes(request.body.clone()) };
        let well_known = "/.well-known/oauth-authorization-server";
        let base = self.base();
        let path = match request.path.strip_prefix(well_known) {
            Some(rest) => format!("{well_known}{base}{rest}"),
            // The metadata of resources is at the root of their hosts.
            None if request.path.starts_with("/.well-known/oauth-protected-resource") => request.path.clone(),
            None => format!("{base}{}", request.path),
        };
        let request = Request::new(Method::parse(request.method), &path, headers, body);
        let response = pollster::block_on(self.server.handle(&request));
        let headers = response.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_string()));
        Resp { status: response.status, headers: headers.collect(), body: response.body }
    }

    fn issuer(&self) -> String {
        self.world.issuer().to_owned()
    }

    fn admin_secret(&self) -> String {
        ADMIN_SECRET.to_owned()
    }

    fn settle(&self) {
        self.world.publish().expect("published");
        self.world.advance(26);
    }

    fn configuration_lock(&self) -> Option<MutexGuard<'static, ()>> {
        None
    }
}
