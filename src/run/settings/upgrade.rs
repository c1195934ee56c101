//! Upgrading the `config.json` of earlier versions.

use serde_json::{Map, Value, json};

/// Converts the JSON of a run's record to the current format; a current one stays as it is.
///
/// Until 0.1.0, the path of a missing data set was empty, and the settings of a pretrained base
/// were in `transfer`, next to those of a network from scratch.
pub fn upgrade(record: &mut Value) {
    let Some(train) = record.get_mut("train").and_then(Value::as_object_mut) else { return };
    if train.get("data").is_some_and(|data| data == "") {
        train.insert("data".to_owned(), Value::Null);
    }
    if train.contains_key("network") {
        return;
    }
    let downsample = train.remove("downsample");
    let start = train.remove("start").unwrap_or_default();
    let network = match train.remove("transfer") {
        Some(Value::Object(transfer)) => json!({ "on-base": on_base(transfer, start) }),
        _ => json!({ "scratch": { "downsample": downsample } }),
    };
    train.insert("network".to_owned(), network);
}

/// The settings of a base from `transfer`, which also had the base's name and the numbers of its
/// preprocessing.
fn on_base(mut transfer: Map<String, Value>, start: Value) -> Map<String, Value> {
    transfer.remove("base");
    let preprocess = transfer.remove("preprocess").unwrap_or_default();
    let choice = if preprocess == "book" { "book" } else { "published" };
    transfer.insert("preprocess".to_owned(), choice.into());
    let statistics = transfer.remove("statistics").unwrap_or_default();
    transfer.insert("batch_norm".to_owned(), statistics);
    transfer.insert("start".to_owned(), start);
    transfer
}
