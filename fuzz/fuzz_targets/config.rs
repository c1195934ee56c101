//! `config.json`: settings that are accepted are in range, and read back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use petite::run::folder::parse_record;
use std::path::Path;

fuzz_target!(|text: &str| {
    let Ok(record) = parse_record(text, Path::new("config.json")) else { return };
    record.train.check().unwrap();
    let written = serde_json::to_string(&record).unwrap();
    assert_eq!(parse_record(&written, Path::new("config.json")).unwrap(), record);
});
