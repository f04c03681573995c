//! Every operation of the API. `admin::allowed` and `admin::operate` are what serves them; a test of the suite holds both
//! against this.

use schemars::{Schema, SchemaGenerator};

use super::schemas::{ClientDeclaration, any_object, of};
use crate::protocol::admin::client_documents::DecideRequest;
use crate::protocol::admin::clients::{Page as ClientPage, RevokeRequest, SecretRequest, WithSecret};
use crate::protocol::admin::keys::{KeysView, Retire, Rotate};
use crate::protocol::admin::users::{ChangedUser, NewUser, UserPage};
use crate::protocol::admin::{
    AppliedView, ClientView, ConfigView, OverviewView, ResourcesView, UserView, UserWithLink, WaitingView,
    WhoView,
};
use crate::protocol::config::Config;

type Describe = fn(&mut SchemaGenerator) -> Schema;

/// The body that an operation's request carries.
#[derive(Clone, Copy)]
pub(super) struct Body {
    pub(super) is_required: bool,
    pub(super) schema: Describe,
}

/// The response to an operation that succeeded.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) schema: Option<Describe>,
}

/// A parameter in the path, the query or a header.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: &'static str,
    pub(super) description: &'static str,
}

/// One operation: a method and a path, with all that its description says.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) answer: Answer,
    pub(super) body: Option<Body>,
    /// Whether the answer's `ETag` is the configuration's version.
    pub(super) has_version: bool,
    /// Query parameters: name and meaning of each.
    query: &'static [(&'static str, &'static str)],
    refusals: &'static [u16],
}

impl Operation {
    const fn new(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        let answer = Answer { status: 204, description: "Done", schema: None };
        Self { method, path, id, summary, answer, body: None, has_version: false, query: &[], refusals: &[] }
    }

    const fn answers(mut self, status: u16, description: &'static str, schema: Describe) -> Self {
        self.answer = Answer { status, description, schema: Some(schema) };
        self
    }

    const fn takes(mut self, schema: Describe) -> Self {
        self.body = Some(Body { is_required: true, schema });
        self
    }

    const fn may_take(mut self, schema: Describe) -> Self {
        self.body = Some(Body { is_required: false, schema });
        self
    }

    const fn asked_with(mut self, query: &'static [(&'static str, &'static str)]) -> Self {
        self.query = query;
        self
    }

    const fn refuses(mut self, refusals: &'static [u16]) -> Self {
        self.refusals = refusals;
        self
    }

    const fn with_version(mut self) -> Self {
        self.has_version = true;
        self
    }

    /// Whether the operation may be refused with `status`.
    pub(super) fn may_answer(&self, status: u16) -> bool {
        match status {
            401 | 403 | 503 => true,
            400 => self.body.is_some() || !self.query.is_empty(),
            413 => self.body.is_some(),
            404 => self.path.contains('{'),
            other => self.refusals.contains(&other),
        }
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = Parameter> {
        let named = self.path.split(['{', '}']).skip(1).step_by(2);
        let path = named.map(|name| Parameter {
            name,
            place: "path",
            description: if name == "user" { "The `sub` or the login identifier" } else { "" },
        });
        let query =
            self.query.iter().map(|(name, description)| Parameter { name, place: "query", description });
        let version = (self.id == "applyConfig").then_some(Parameter {
            name: "If-Match",
            place: "header",
            description: "The version that was planned against, such as \"3\"",
        });
        path.chain(query).chain(version)
    }
}

const fn get(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("get", path, id, summary)
}

const fn put(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("put", path, id, summary)
}

const fn post(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("post", path, id, summary)
}

const fn patch(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("patch", path, id, summary)
}

const fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("delete", path, id, summary)
}

const CONFIG: &str = "/config";
const CLIENTS: &str = "/clients";
const CLIENT: &str = "/clients/{client_id}";
const USERS: &str = "/users";
const USER: &str = "/users/{user}";
const SESSIONS: &str = "/users/{user}/sessions";

pub(super) const OPERATIONS: &[Operation] = &[
    get("/whoami", "whoAmI", "Who calls, and what they may do").answers(
        200,
        "The token's subject and its scopes",
        of::<WhoView>,
    ),
    get("/resources", "listResources", "What each resource says of itself (RFC 9728)").answers(
        200,
        "All resources, with their metadata",
        of::<ResourcesView>,
    ),
    get(CONFIG, "readConfig", "The configuration in force")
        .answers(200, "Document and version", of::<ConfigView>)
        .with_version(),
    put(CONFIG, "applyConfig", "Put a whole configuration into force, all of it or nothing")
        .takes(of::<Config>)
        .answers(200, "What changed; secrets are shown this once", of::<AppliedView>)
        .with_version()
        .refuses(&[412, 422, 428]),
    get(CLIENTS, "listClients", "Clients, ordered by id")
        .asked_with(&[("after", "The `next` of the page before"), ("limit", "Most clients to return")])
        .answers(200, "A page; `next` is the `after` of the next one", of::<ClientPage>),
    post(CLIENTS, "createClient", "Register a client; without client_id it gets a generated one")
        .takes(of::<ClientDeclaration>)
        .answers(201, "The client and its first secret, shown this once", of::<WithSecret>)
        .refuses(&[409, 422]),
    get(CLIENT, "showClient", "One client").answers(200, "The client", of::<ClientView>),
    put(
        CLIENT,
        "updateClient",
        "Change a client that was registered through this API; what is absent becomes unset",
    )
    .takes(of::<ClientDeclaration>)
    .answers(200, "The client, with a secret if it needs one and had none", of::<WithSecret>)
    .refuses(&[409, 422]),
    delete(CLIENT, "deleteClient", "Delete a client"),
    post("/clients/{client_id}/enable", "enableClient", "Let a client authenticate again").answers(
        200,
        "The client",
        of::<ClientView>,
    ),
    post("/clients/{client_id}/disable", "disableClient", "Stop a client; every edge follows within 60 s")
        .answers(200, "The client", of::<ClientView>),
    post(
        "/clients/{client_id}/revoke",
        "revokeClientEverywhere",
        "End everything a client was given so far: grants, consents, codes, tokens",
    )
    .answers(200, "The client", of::<ClientView>),
    get("/client-documents", "listWaitingClients", "Clients with a metadata document that wait for an administrator")
        .answers(200, "The clients", of::<WaitingView>),
    post("/client-documents", "decideClientDocument", "Admit a client with a metadata document, or refuse it")
        .takes(of::<DecideRequest>)
        .answers(200, "What is decided about the client", of::<ClientView>)
        .refuses(&[409]),
    post("/revoke-clients", "revokeAllClients", "End everything that any client was given so far")
        .takes(of::<RevokeRequest>)
        .answers(200, "It has ended", any_object),
    post("/clients/{client_id}/secrets", "addSecret", "Another secret; at most five are live")
        .may_take(of::<SecretRequest>)
        .answers(201, "The client and the secret, shown this once", of::<WithSecret>)
        .refuses(&[409]),
    delete("/clients/{client_id}/secrets/{secret_id}", "removeSecret", "End one secret at once"),
    get(
        USERS,
        "listUsers",
        "Users. With `order` a page in order, which asks 256 objects; without it in no particular order and by fewer, and a page may be short although there is more",
    )
        .asked_with(&[
            ("order", "`login`: ordered by login identifier"),
            ("search", "With `order`: only those whose login identifier begins like this"),
            ("after", "The `next` of the page before, which was asked for in the same way"),
            ("limit", "Most users to return"),
        ])
        .answers(200, "A page; `next` is the `after` of the next one", of::<UserPage>),
    post(USERS, "createUser", "Make an account, with a password, with an invitation, or with neither")
        .takes(of::<NewUser>)
        .answers(201, "The account, and the link of an invitation", of::<UserWithLink>)
        .refuses(&[409, 422]),
    get(USER, "showUser", "One user").answers(200, "The account", of::<UserView>),
    patch(
        USER,
        "changeUser",
        "Change a user; what is absent stays. A new password, and switching off, end all sessions and grants",
    )
    .may_take(of::<ChangedUser>)
    .answers(200, "The account", of::<UserView>)
    .refuses(&[409, 422]),
    delete(
        USER,
        "deleteUser",
        "Delete an account and everything with it; the login identifier is free afterward, the `sub` is never given again",
    ),
    post("/users/{user}/enable", "enableUser", "Let a user log in again").answers(
        200,
        "The account",
        of::<UserView>,
    ),
    post("/users/{user}/disable", "disableUser", "Keep a user from logging in; all sessions and grants end")
        .answers(200, "The account", of::<UserView>),
    post(
        "/users/{user}/reset",
        "resetUser",
        "Make a link that sets a new password, once within a day; an earlier link ends",
    )
    .answers(200, "The account and the link, shown this once", of::<UserWithLink>)
    .refuses(&[409]),
    get("/users/{user}/export", "exportUser", "Everything stored of a user, without hashes and seeds")
        .answers(200, "Every row by its key", any_object),
    get(SESSIONS, "listSessions", "Where a user is logged in, and who has access for them").answers(
        200,
        "Sessions, grants and consents",
        of::<OverviewView>,
    ),
    delete(SESSIONS, "endSessions", "Sign a user out everywhere; all grants end"),
    delete("/users/{user}/sessions/{sid}", "endSession", "End one session and what is bound to it"),
    delete("/users/{user}/grants/{grant_id}", "revokeGrant", "End one grant"),
    delete(
        "/users/{user}/clients/{client_id}",
        "revokeClient",
        "End everything a client has of a user, consent included",
    ),
    get("/keys", "listKeys", "All keys, without anything secret").answers(200, "The keys", of::<KeysView>),
    post("/keys/rotate", "rotateKeys", "Bring the next key forward")
        .may_take(of::<Rotate>)
        .answers(200, "The keys", of::<KeysView>),
    post(
        "/keys/{kid}/retire",
        "retireKey",
        "Emergency: take a key out at once; tokens signed with it stop verifying, or what a generation of the root secret \
         made stops working",
    )
    .may_take(of::<Retire>)
    .answers(200, "The keys", of::<KeysView>),
];
