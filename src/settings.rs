//! Settings: their names, help, types and ranges, read from the structs that declare them.
//!
//! A setting is a field of a settings struct and is declared only there, by its name, type, doc
//! comment (the help) and `#[schemars(…)]` attributes (range, unit, value name). schemars derives a
//! JSON schema from the struct; the program's flags and the range checks are derived from that
//! schema.
//!
//! Attributes in addition to JSON Schema's: `x-value-name` (such as `DEGREES`), `x-unit` (such as
//! `degrees`), `x-separator` (between the numbers of a pair), and `x-group`, a heading for this and
//! the following fields. A run may be resumed with another value of a setting with `x-resume`, whose
//! value stands for all of them in a checkpoint. A struct's `title` is the heading of its fields.

use crate::error::{ensure_or, fault};
use anyhow::{Context, Result};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

/// A setting that users may change.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The keys that lead to it in the JSON of the settings, such as `optimizer`, `learning_rate`.
    pub path: Vec<String>,
    /// The heading it is listed under.
    pub group: Option<String>,
    /// Its description.
    pub help: String,
    /// The placeholder for its value in help texts.
    pub value_name: Option<String>,
    /// Its named values with their descriptions; empty if values are not named.
    pub choices: Vec<(String, String)>,
    /// The separator between the numbers of a pair.
    pub separator: String,
    /// Whether it is a boolean.
    pub is_switch: bool,
    /// Whether it can be `none`.
    pub is_optional: bool,
    /// If a run can be resumed with another value, since it changes the weights by rounding at most:
    /// the value that stands for all in a checkpoint.
    pub on_resume: Option<Value>,
    is_number: bool,
    range: Range,
}

/// The valid values of a number.
#[derive(Debug, Clone, PartialEq, Default)]
struct Range {
    minimum: Option<f64>,
    maximum: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    unit: Option<String>,
}

impl Setting {
    /// The name, which is the last key of the path.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// Parses a value from user input to JSON. For an optional setting, `none` is null.
    ///
    /// # Errors
    /// If the setting is a number or a boolean and `text` is not.
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

    /// Checks that `value`, if it is a number, is in range.
    ///
    /// # Errors
    /// If it is not; the error names the setting and its range.
    pub fn check(&self, value: &Value) -> Result<()> {
        let Some(number) = value.as_f64() else { return Ok(()) };
        let Range { minimum, maximum, above, below, unit } = &self.range;
        let is_inside = minimum.is_none_or(|minimum| number >= minimum)
            && maximum.is_none_or(|maximum| number <= maximum)
            && above.is_none_or(|above| number > above)
            && below.is_none_or(|below| number < below);
        let low = match (minimum, above) {
            (Some(low), _) if maximum.is_some() => Some(format!("of {low}")),
            (Some(low), _) => Some(format!("of {low} or more")),
            (None, above) => above.map(|above| format!("above {above}")),
        };
        let high = match (maximum, below) {
            (Some(high), _) if minimum.is_some() => Some(format!("to {high}")),
            (Some(high), _) => Some(format!("of at most {high}")),
            (None, below) => below.map(|below| format!("below {below}")),
        };
        let bounds: Vec<String> = low.into_iter().chain(high).collect();
        let is_closed = minimum.is_some() && maximum.is_some();
        let range = bounds.join(if is_closed { " " } else { " and " });
        let unit = unit.as_ref().map_or(String::new(), |unit| format!(" ({unit})"));
        ensure_or!(Setting, is_inside, "expected `{}` {range}{unit}, found {value}", self.name());
        Ok(())
    }

    /// Its value in the settings `json`, or `None` if absent.
    pub fn value_in<'a>(&self, json: &'a Value) -> Option<&'a Value> {
        self.path.iter().try_fold(json, |json, key| json.get(key))
    }

    /// Changes its value in the settings `json`; returns `false` if absent.
    pub fn set_in(&self, json: &mut Value, value: Value) -> bool {
        let slot = self.path.iter().try_fold(json, |json, key| json.get_mut(key));
        slot.map(|slot| *slot = value).is_some()
    }
}

/// All settings declared by `T` and its nested structs, in order of declaration.
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

/// Checks every number in `settings` against the range declared by its field.
///
/// # Errors
/// If one is out of range; the error names the first such setting and its range.
pub fn check<T: JsonSchema + Serialize>(settings: &T) -> Result<()> {
    let json = serde_json::to_value(settings).context("cannot serialize the settings to JSON")?;
    all::<T>().iter().try_for_each(|setting| {
        setting.value_in(&json).map_or(Ok(()), |value| setting.check(value))
    })
}

/// Reads settings, or what contains them, from JSON. serde refuses no unknown keys beside flattened
/// structs.
///
/// # Errors
/// If a key is missing or unknown, or a value is of another type.
pub fn read<T: DeserializeOwned + Serialize>(json: Value) -> Result<T> {
    let found: T = serde_json::from_value(json.clone())?;
    match unknown_key(&json, &serde_json::to_value(&found)?) {
        Some(key) => fault!(Setting, "expected known fields only, found {key}; try removing it"),
        None => Ok(found),
    }
}

/// The path of the first key in `given` that is not in `known`, such as `optimizer.momentum`.
fn unknown_key(given: &Value, known: &Value) -> Option<String> {
    let (Value::Object(given), Value::Object(known)) = (given, known) else { return None };
    given.iter().find_map(|(key, value)| match known.get(key) {
        None => Some(key.clone()),
        Some(inside) => unknown_key(value, inside).map(|rest| format!("{key}.{rest}")),
    })
}

/// Appends the settings in an object's schema to `found`. `group` is the current heading.
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
            // An enum of structs, whose variant names are keys in the JSON.
            for variant in structs {
                collect(variant, path, group.as_deref(), found);
            }
        } else {
            found.push(setting(field, path.clone(), group.clone()));
        }
        path.pop();
    }
}

/// The objects in the array at `key` of `schema`.
fn objects<'a>(schema: &'a Map<String, Value>, key: &str) -> Vec<&'a Map<String, Value>> {
    let list = schema.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_object).collect()
}

/// The setting described by a field's schema.
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
        help: field.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        value_name: text("x-value-name"),
        separator: text("x-separator").unwrap_or_else(|| ",".to_owned()),
        is_switch: has_type("boolean"),
        is_optional: has_type("null") || objects(field, "anyOf").into_iter().any(is_null),
        on_resume: field.get("x-resume").cloned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema, Serialize)]
    struct Bounded {
        #[schemars(range(min = 1, max = 9))]
        closed: i64,
        #[schemars(range(min = 1))]
        low: i64,
        #[schemars(range(max = 9))]
        high: i64,
        #[schemars(extend("exclusiveMinimum" = 0), extend("exclusiveMaximum" = 1))]
        open: f64,
        #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
        half: f64,
    }

    #[test]
    fn errors_name_both_bounds() {
        let texts: Vec<String> = all::<Bounded>()
            .iter()
            .zip([10.into(), 0.into(), 10.into(), 1.0.into(), 1.0.into()])
            .map(|(setting, value): (_, Value)| setting.check(&value).unwrap_err().to_string())
            .collect();
        let expected = [
            "expected `closed` of 1 to 9, found 10",
            "expected `low` of 1 or more, found 0",
            "expected `high` of at most 9, found 10",
            "expected `open` above 0 and below 1, found 1.0",
            "expected `half` of 0 or more and below 1, found 1.0",
        ];
        assert_eq!(texts, expected);
    }
}
