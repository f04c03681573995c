//! Makes `openapi.json`, the description that the Worker serves, from the types of the API. Needs the feature `schema`; no
//! edge is built with it.

mod operations;
mod schemas;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use operations::{Body, OPERATIONS, Operation, Parameter};

use super::access::sufficient;
use crate::protocol::http::Method;
use crate::protocol::model::scope::{ADMIN_CLIENTS, ADMIN_KEYS, ADMIN_READ, ADMIN_USERS, ADMIN_WRITE};

const DESCRIPTION: &str = "Clients, configuration, users and signing keys. A resource of the server itself: \
    get a token for the resource {issuer}/admin, as a client with the client_credentials grant or as an administrator who logs in. Of the \
    scopes of an operation one is enough; without mintedge:write nobody changes administrators and clients that administer. HEAD is served wherever GET is; any other method that a \
    path doesn't have is 405 and Allow names the ones it has. A body that names a member twice is refused, and so is one with a \
    member that isn't described. Times are seconds since 1970, lifetimes seconds.";

/// What any operation may answer: status, name among the components, meaning.
const REFUSALS: [(u16, &str, &str); 10] = [
    (400, "Malformed", "A parameter or the body is not as described"),
    (401, "Unauthorized", "No valid access token for the admin API"),
    (403, "Forbidden", "The token lacks the scope"),
    (404, "NotFound", "There is no such thing"),
    (409, "Conflict", "It contradicts what is there; `error` says how"),
    (412, "VersionConflict", "Somebody else applied in between"),
    (413, "TooLarge", "The body is too large"),
    (422, "Invalid", "Not valid; `problems` says where and why"),
    (428, "PreconditionRequired", "If-Match is missing"),
    (503, "Unavailable", "A part of the server is out of reach; try again"),
];

/// The description as the file has it: a line for each operation and each type.
pub fn text() -> String {
    let mut text = String::new();
    lines(&document(), 0, &mut text);
    text + "\n"
}

fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.transforms.push(Box::new(RecursiveTransform(|schema: &mut Schema| {
                // What says nothing is left out: the edge carries every byte.
                if schema.get("default").is_some_and(Value::is_null) {
                    schema.remove("default");
                }
            })));
        })
        .into_generator();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let described = describe(operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.method.to_owned(), described);
        }
    }
    let error = generator.subschema_for::<super::ErrorView>();
    let refusals = REFUSALS.iter().map(|(_, name, description)| {
        let response = json!({ "description": description, "content": content(&error) });
        ((*name).to_owned(), response)
    });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Mintedge admin API", "version": "1", "description": DESCRIPTION },
        "servers": [{ "url": "{issuer}/admin/v1" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "oauth": security_scheme() },
            "responses": refusals.collect::<Map<_, _>>(),
            "schemas": generator.take_definitions(true),
        },
    })
}

fn security_scheme() -> Value {
    let scopes = json!({
        ADMIN_READ: "Read everything",
        ADMIN_WRITE: "Change everything",
        ADMIN_CLIENTS: "Read and change clients",
        ADMIN_USERS: "Read and change users",
        ADMIN_KEYS: "Read, rotate and retire keys",
    });
    json!({ "type": "oauth2", "flows": {
        "clientCredentials": { "tokenUrl": "{issuer}/token", "scopes": scopes },
        "authorizationCode": {
            "authorizationUrl": "{issuer}/authorize",
            "tokenUrl": "{issuer}/token",
            "refreshUrl": "{issuer}/token",
            "scopes": scopes,
        },
    } })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let segments: Vec<&str> = operation.path.split('/').skip(1).collect();
    let method = if operation.method == "get" { Method::Get } else { Method::Other };
    let security: Vec<Value> =
        sufficient(method, &segments).iter().map(|scope| json!({ "oauth": [scope] })).collect();
    let version = json!({ "ETag": { "description": "The version, quoted", "schema": { "type": "string" } } });
    let answer = object([
        ("description", Some(operation.answer.description.into())),
        ("content", operation.answer.schema.map(|schema| content(&schema(generator)))),
        ("headers", operation.has_version.then_some(version)),
    ]);
    let mut responses = Map::from_iter([(operation.answer.status.to_string(), answer)]);
    for (status, name, _) in REFUSALS.iter().filter(|(status, ..)| operation.may_answer(*status)) {
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    let parameters: Vec<Value> = operation.parameters().map(|parameter| parameter_json(&parameter)).collect();
    let body = operation.body.map(|Body { is_required, schema }| {
        json!({ "required": is_required, "content": content(&schema(generator)) })
    });
    object([
        ("operationId", Some(operation.id.into())),
        ("summary", Some(operation.summary.into())),
        ("security", Some(security.into())),
        ("parameters", Some(Value::from(parameters)).filter(|all| *all != json!([]))),
        ("requestBody", body),
        ("responses", Some(responses.into())),
    ])
}

fn content(schema: &Schema) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn parameter_json(parameter: &Parameter) -> Value {
    let schema = match parameter.name {
        "limit" => {
            json!({ "type": "integer", "minimum": 1, "maximum": super::MAX_PAGE, "default": super::MAX_PAGE })
        }
        "order" => json!({ "type": "string", "enum": ["login"] }),
        _ => json!({ "type": "string" }),
    };
    let description = Some(Value::from(parameter.description)).filter(|_| !parameter.description.is_empty());
    object([
        ("name", Some(parameter.name.into())),
        ("in", Some(parameter.place.into())),
        ("description", description),
        ("required", (parameter.place != "query").then(|| true.into())),
        ("schema", Some(schema)),
    ])
}

/// An object with the members that there are.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(members.collect())
}

/// Deepest object that has a line for each member.
const LINES: usize = 2;

fn lines(value: &Value, depth: usize, text: &mut String) {
    let Some(members) = value.as_object().filter(|members| depth <= LINES && !members.is_empty()) else {
        text.push_str(&value.to_string());
        return;
    };
    text.push('{');
    for (index, (name, member)) in members.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        lines(member, depth + 1, text);
    }
    text.push_str("\n}");
}
