//! Every setting of a client as an option. The options are made from the configuration's schema, so that what `[[client]]`
//! learns can be said on the command line too.

use std::sync::OnceLock;

use clap::builder::{PossibleValuesParser, TypedValueParser as _, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Map, Value, json};

use crate::duration;
use crate::file::{choices, config_schema, members_of, resolve};

/// Options that have a shorter name than their member.
const NAMES: [(&str, &str); 8] = [
    ("client_name", "name"),
    ("grant_types", "grant"),
    ("scopes", "scope"),
    ("token_endpoint_auth_method", "auth-method"),
    ("allowed_origins", "origin"),
    ("access_token_ttl", "ttl"),
    ("claims", "claim"),
    ("serves", "serves"),
];

/// One member of `[[client]]`, or of a table in it.
#[derive(Debug)]
struct Setting {
    /// The name of its option.
    option: String,
    /// The same, spelled like the member.
    alias: String,
    /// `idle` in `refresh` is `refresh.idle`.
    path: String,
    form: Form,
    help: String,
}

/// What its value looks like.
#[derive(Debug)]
enum Form {
    Flag,
    Seconds,
    Number,
    /// Text; one of these, if there are any.
    Text(Vec<&'static str>),
    /// The same, repeatable.
    List(Vec<&'static str>),
    /// `NAME=VALUE`, repeatable.
    Members,
    Json,
}

/// What a client is to be, as far as options say it.
#[derive(Debug, Clone, Default)]
pub(super) struct Declaration(Map<String, Value>);

impl Declaration {
    /// Whether no option was given.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts what was said in the place of what is there.
    pub(super) fn write_to(&self, client: &mut Map<String, Value>) {
        for (name, value) in &self.0 {
            match (value, settings().iter().any(|setting| setting.path == *name)) {
                // A table: what isn't named stays.
                (Value::Object(said), false) => {
                    let table = client.entry(name.clone()).or_insert_with(|| json!({}));
                    table.as_object_mut().into_iter().for_each(|table| table.extend(said.clone()));
                }
                _ => {
                    client.insert(name.clone(), value.clone());
                }
            }
        }
    }
}

/// Takes the member at `path` out of a client.
pub(super) fn unset(client: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        Some((table, member)) => {
            let table = client.get_mut(table).and_then(Value::as_object_mut);
            table.and_then(|table| table.remove(member));
        }
        None => {
            client.remove(path);
        }
    }
}

/// What can be taken out.
pub(super) fn paths() -> PossibleValuesParser {
    PossibleValuesParser::new(settings().iter().map(|setting| setting.path.as_str()))
}

fn settings() -> &'static [Setting] {
    static SETTINGS: OnceLock<Vec<Setting>> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        // The id has a place of its own, and a file of keys is the configuration file's way to say `jwks`.
        let members = members_of("client").into_iter().flatten();
        let members = members.filter(|(name, _)| !["client_id", "jwks_file"].contains(&name.as_str()));
        members.flat_map(|(name, schema)| settings_of(name, schema)).collect()
    })
}

/// A member, or each member of a table.
fn settings_of(name: &'static str, schema: &'static Value) -> Vec<Setting> {
    let table = resolve(config_schema(), schema).get("properties").and_then(Value::as_object);
    match table {
        Some(members) => {
            members.iter().map(|(member, schema)| Setting::new(Some(name), member, schema)).collect()
        }
        None => vec![Setting::new(None, name, schema)],
    }
}

impl Setting {
    fn new(table: Option<&str>, member: &str, schema: &'static Value) -> Self {
        let prefix = |separator: &str| table.map(|table| format!("{table}{separator}")).unwrap_or_default();
        let form = form(schema);
        let known = NAMES.iter().find(|(name, _)| *name == member && table.is_none());
        let option = match (known, &form) {
            (Some((_, short)), _) => (*short).to_owned(),
            (None, Form::List(_)) => member.strip_suffix('s').unwrap_or(member).to_owned(),
            (None, _) => member.to_owned(),
        };
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        Self {
            option: format!("{}{}", prefix("-"), option).replace('_', "-"),
            alias: format!("{}{member}", prefix("-")).replace('_', "-"),
            path: format!("{}{member}", prefix(".")),
            form,
            help: description.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    fn argument(&'static self) -> Arg {
        let argument = Arg::new(self.path.as_str()).long(self.option.as_str()).help(self.help.as_str());
        let argument = if self.alias == self.option { argument } else { argument.alias(self.alias.as_str()) };
        let argument = match &self.form {
            Form::Flag => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
            Form::List(_) | Form::Members => argument.action(ArgAction::Append),
            Form::Seconds | Form::Number | Form::Text(_) | Form::Json => argument,
        };
        argument.value_name(self.form.value_name()).value_parser(self.form.parser())
    }

    /// What was said, if anything.
    fn read(&self, matches: &ArgMatches) -> Option<Value> {
        let mut values = matches.get_many::<Value>(&self.path)?.cloned();
        match self.form {
            Form::List(_) => Some(values.filter(|value| *value != "").collect()),
            Form::Members => {
                let members = values.filter_map(|value| value.as_object().cloned()).flatten();
                Some(Value::Object(members.collect()))
            }
            Form::Flag | Form::Seconds | Form::Number | Form::Text(_) | Form::Json => values.next(),
        }
    }
}

fn form(schema: &'static Value) -> Form {
    let resolved = resolve(config_schema(), schema);
    let kind = |schema: &'static Value| match schema.get("type") {
        Some(Value::Array(types)) => types.first().and_then(Value::as_str),
        Some(only) => only.as_str(),
        None => choices(schema).first().map(|_| "string"),
    };
    match kind(resolved) {
        Some("boolean") => Form::Flag,
        Some("integer") if is_time(schema) => Form::Seconds,
        Some("integer") => Form::Number,
        Some("string") => Form::Text(choices(resolved)),
        Some("object") => Form::Members,
        Some("array") => match resolved.get("items").map(|items| resolve(config_schema(), items)) {
            Some(items) if kind(items) == Some("string") => Form::List(choices(items)),
            _ => Form::Json,
        },
        _ => Form::Json,
    }
}

/// Whether a number is one of seconds; all are, but for those that count something.
fn is_time(schema: &Value) -> bool {
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    !description.starts_with("Most ")
}

impl Form {
    fn value_name(&self) -> &'static str {
        match self {
            Self::Flag => "true|false",
            Self::Seconds => "DURATION",
            Self::Number => "NUMBER",
            Self::Text(_) | Self::List(_) => "VALUE",
            Self::Members => "NAME=VALUE",
            Self::Json => "JSON",
        }
    }

    fn parser(&'static self) -> ValueParser {
        match self {
            Self::Flag => {
                PossibleValuesParser::new(["true", "false"]).map(|text| json!(text == "true")).into()
            }
            Self::Seconds => ValueParser::new(|text: &str| duration::parse(text).map(Value::from)),
            Self::Number => ValueParser::new(|text: &str| text.parse::<u64>().map(Value::from)),
            Self::Text(choices) | Self::List(choices) if choices.is_empty() => {
                ValueParser::new(|text: &str| Ok::<_, String>(Value::from(text)))
            }
            Self::Text(choices) | Self::List(choices) => {
                PossibleValuesParser::new(choices.iter().copied()).map(Value::from).into()
            }
            Self::Members => ValueParser::new(member),
            Self::Json => ValueParser::new(|text: &str| {
                serde_json::from_str::<Value>(text).map_err(|error| format!("this is no JSON: {error}"))
            }),
        }
    }
}

/// `tenant=acme`, `level=3`, `roles=["a","b"]`.
fn member(text: &str) -> Result<Value, String> {
    let (name, value) = text.split_once('=').ok_or("this is NAME=VALUE")?;
    let value: Value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok(json!({ name: value }))
}

impl FromArgMatches for Declaration {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut members = Map::new();
        for setting in settings() {
            let Some(value) = setting.read(matches) else { continue };
            match setting.path.split_once('.') {
                None => {
                    members.insert(setting.path.clone(), value);
                }
                Some((table, member)) => {
                    let table = members.entry(table).or_insert_with(|| json!({}));
                    table.as_object_mut().and_then(|table| table.insert(member.to_owned(), value));
                }
            }
        }
        Ok(Self(members))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Declaration {
    fn augment_args(command: Command) -> Command {
        settings().iter().fold(command, |command, setting| command.arg(setting.argument()))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
