//! Settings: what the types that declare them say of each.
//!
//! A setting is a field of a settings struct. Its name, its type, its doc comment (the help) and its
//! `#[schemars(…)]` attributes (the range, the unit, the name of its value) are the one place where it
//! is written down: the JSON schema that schemars makes of the struct has all of it, and the flags of
//! the program, `config.json` and the checks of ranges are read from there.
//!
//! Attributes beside JSON Schema's own: `x-value-name` (`DEGREES`), `x-unit` (`degrees`), and `x-group`,
//! a heading that holds for the fields after it as well, and `x-separator`, which stands between the
//! numbers of a pair. A struct's `title` is the heading of its own.

use crate::error::{ensure_or, fault};
use anyhow::{Context, Result};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Number, Value};

/// A setting that a person may choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The keys that lead to it in the settings' JSON, such as `optimizer`, `learning_rate`.
    pub path: Vec<String>,
    /// The heading it belongs under.
    pub group: Option<String>,
    /// What it means.
    pub help: String,
    /// What stands for its value in help texts.
    pub value_name: Option<String>,
    /// The values it can take, where they are named, each with what it means.
    pub choices: Vec<(String, String)>,
    /// What stands between the numbers of a pair.
    pub separator: String,
    /// Whether it is `true` or `false`.
    pub is_switch: bool,
    /// Whether it can be `none`.
    pub is_optional: bool,
    is_number: bool,
    range: Range,
}

/// The values that a number may have.
#[derive(Debug, Clone, PartialEq, Default)]
struct Range {
    minimum: Option<f64>,
    maximum: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    unit: Option<String>,
}

impl Setting {
    /// The name: the last key of its path.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The JSON of a value that a person has typed: `none` is null where that is possible.
    ///
    /// # Errors
    /// If a number, or `true` or `false`, is expected and `text` is something else.
    pub fn parse(&self, text: &str) -> Result<Value> {
        if self.is_optional && text == "none" {
            return Ok(Value::Null);
        }
        if self.is_switch {
            return match text {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => fault!(Setting, "expected true or false, found {text}"),
            };
        }
        if !self.is_number {
            return Ok(Value::String(text.to_owned()));
        }
        let number = match (text.parse::<u64>(), text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _, _) => Some(Number::from(number)),
            (_, Ok(number), _) => Some(Number::from(number)),
            (_, _, Ok(number)) => Number::from_f64(number),
            _ => None,
        };
        match number {
            Some(number) => Ok(Value::Number(number)),
            None => fault!(Setting, "expected a number, found {text}"),
        }
    }

    /// Checks that `value`, if it is a number, is in the setting's range.
    ///
    /// # Errors
    /// If it is not: the setting and its range.
    pub fn check(&self, value: &Value) -> Result<()> {
        let Some(number) = value.as_f64() else { return Ok(()) };
        let Range { minimum, maximum, above, below, unit } = &self.range;
        let is_inside = minimum.is_none_or(|minimum| number >= minimum)
            && maximum.is_none_or(|maximum| number <= maximum)
            && above.is_none_or(|above| number > above)
            && below.is_none_or(|below| number < below);
        let range = match (minimum, maximum, above, below) {
            (Some(low), Some(high), _, _) => format!("of {low} to {high}"),
            (Some(low), _, _, Some(high)) => format!("of {low} or more and below {high}"),
            (Some(low), ..) => format!("of {low} or more"),
            (_, _, Some(low), _) => format!("above {low}"),
            _ => "of another value".to_owned(),
        };
        let unit = unit.as_ref().map_or(String::new(), |unit| format!(" ({unit})"));
        ensure_or!(Setting, is_inside, "expected `{}` {range}{unit}, found {value}", self.name());
        Ok(())
    }

    /// Its value in the settings `json`; `None` if these have no such setting.
    pub fn value_in<'a>(&self, json: &'a Value) -> Option<&'a Value> {
        self.path.iter().try_fold(json, |json, key| json.get(key))
    }

    /// Changes its value in the settings `json`; `false` if these have no such setting.
    pub fn set_in(&self, json: &mut Value, value: Value) -> bool {
        let slot = self.path.iter().try_fold(json, |json, key| json.get_mut(key));
        slot.map(|slot| *slot = value).is_some()
    }
}

/// The settings that the fields of `T`, and of the structs in it, declare, in their order.
pub fn all<T: JsonSchema>() -> Vec<Setting> {
    let generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = generator.into_generator().into_root_schema_for::<T>();
    let mut found = Vec::new();
    if let Some(schema) = schema.as_object() {
        collect(schema, &mut Vec::new(), None, &mut found);
    }
    found
}

/// Checks that every number in `settings` is in the range that its field declares.
///
/// # Errors
/// Names the first setting that is not, and its range.
pub fn check<T: JsonSchema + Serialize>(settings: &T) -> Result<()> {
    let json = serde_json::to_value(settings).context("cannot turn the settings into JSON")?;
    all::<T>().iter().try_for_each(|setting| {
        setting.value_in(&json).map_or(Ok(()), |value| setting.check(value))
    })
}

/// The path of a key in `given` that `known` lacks, as `optimizer.momentum`.
pub fn unknown_key(given: &Value, known: &Value) -> Option<String> {
    let (Value::Object(given), Value::Object(known)) = (given, known) else { return None };
    given.iter().find_map(|(key, value)| match known.get(key) {
        None => Some(key.clone()),
        Some(inside) => unknown_key(value, inside).map(|rest| format!("{key}.{rest}")),
    })
}

/// Adds the settings below an object's schema. `group` is the heading so far.
fn collect(
    schema: &Map<String, Value>,
    path: &mut Vec<String>,
    group: Option<&str>,
    found: &mut Vec<Setting>,
) {
    let text = |schema: &Map<String, Value>, key: &str| {
        schema.get(key).and_then(Value::as_str).map(str::to_owned)
    };
    let mut group = text(schema, "title").filter(|_| !path.is_empty()).or(group.map(str::to_owned));
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let Some(field) = field.as_object() else { continue };
        group = text(field, "x-group").or(group);
        path.push(name.clone());
        let variants = objects(field, "oneOf").into_iter().chain(objects(field, "anyOf"));
        let structs: Vec<_> = variants.filter(|v| v.contains_key("properties")).collect();
        if field.contains_key("properties") {
            collect(field, path, group.as_deref(), found);
        } else if !structs.is_empty() {
            // An enum of structs: its variants' names are keys.
            for variant in structs {
                collect(variant, path, group.as_deref(), found);
            }
        } else {
            found.push(setting(field, path.clone(), group.clone()));
        }
        path.pop();
    }
}

/// The objects in the list that `schema` has under `key`.
fn objects<'a>(schema: &'a Map<String, Value>, key: &str) -> Vec<&'a Map<String, Value>> {
    let list = schema.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_object).collect()
}

/// The setting that a field's schema describes.
fn setting(field: &Map<String, Value>, path: Vec<String>, group: Option<String>) -> Setting {
    // An optional enum is `anyOf` the enum and null.
    let inner = objects(field, "anyOf").into_iter().next().unwrap_or(field);
    let text = |key: &str| {
        let found = field.get(key).or_else(|| inner.get(key));
        found.and_then(Value::as_str).map(str::to_owned)
    };
    let number = |key: &str| field.get(key).or_else(|| inner.get(key)).and_then(Value::as_f64);
    let has_type = |name: &str| match inner.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    };
    let mut choices: Vec<(String, String)> = Vec::new();
    for choice in objects(inner, "oneOf") {
        let help = choice.get("description").and_then(Value::as_str).unwrap_or_default();
        let names = choice.get("enum").and_then(Value::as_array).into_iter().flatten();
        for name in choice.get("const").into_iter().chain(names).filter_map(Value::as_str) {
            choices.push((name.to_owned(), help.to_owned()));
        }
    }
    let names = inner.get("enum").and_then(Value::as_array).into_iter().flatten();
    choices.extend(names.filter_map(Value::as_str).map(|name| (name.to_owned(), String::new())));
    let is_null = |schema: &Map<String, Value>| schema.get("type").is_some_and(|t| t == "null");
    Setting {
        path,
        group,
        // The field's own description goes before its type's.
        help: field.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        value_name: text("x-value-name"),
        separator: text("x-separator").unwrap_or_else(|| ",".to_owned()),
        is_switch: has_type("boolean"),
        is_optional: has_type("null") || objects(field, "anyOf").into_iter().any(is_null),
        is_number: (has_type("integer") || has_type("number")) && !has_type("string"),
        choices,
        range: Range {
            minimum: number("minimum"),
            maximum: number("maximum"),
            above: number("exclusiveMinimum"),
            below: number("exclusiveMaximum"),
            unit: text("x-unit"),
        },
    }
}
