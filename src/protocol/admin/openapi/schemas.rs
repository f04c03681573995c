//! JSON schemas of values with a text form of their own, such as ids and scopes, for `openapi.json` and the schema of
//! `mintedge.toml`. Built with the feature `schema` only.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::protocol::config::ClientConfig;
use crate::protocol::model::id::Id;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::user_id::UserId;

macro_rules! text_form {
    ($type:ty, $name:literal, $pattern:literal, $description:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    };
}

text_form!(Id, "Id", "^[A-Za-z0-9_-]{22}$", "16 random bytes in base64url.");
text_form!(UserId, "UserId", "^usr_[A-Za-z0-9_-]{22}$", "The `sub` of a person.");
text_form!(SecretHash, "SecretHash", "^[A-Za-z0-9_-]{43}$", "SHA-256 of a secret in base64url.");

/// The schema of `T`: a reference to its definition.
pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A client in the body of a request: its id is in the path, or may be left to the server.
pub(super) struct ClientDeclaration;

impl JsonSchema for ClientDeclaration {
    fn schema_name() -> Cow<'static, str> {
        "ClientDeclaration".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = ClientConfig::json_schema(generator);
        schema.remove("required");
        schema
    }
}

/// The schema of a JSON object with any members.
pub(super) fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}
