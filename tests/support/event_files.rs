//! Reads event files for TensorBoard.

use petite::report::tensorboard::event::Event;
use prost::Message;
use std::path::Path;

/// The values in the files of `folder`: step, tag and, of a scalar, the value. Up to what is cut off.
pub fn values(folder: &Path) -> Vec<(i64, String, Option<f32>)> {
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut values = Vec::new();
    for bytes in files.iter().map(|file| std::fs::read(file).unwrap()) {
        let mut bytes = bytes.as_slice();
        // A length and its checksum, the event and its checksum.
        while let Some((header, rest)) = bytes.split_at_checked(12) {
            let length = u64::from_le_bytes(header[..8].try_into().unwrap()) as usize;
            let Some((event, rest)) = rest.split_at_checked(length + 4) else { break };
            let event = Event::decode(&event[..length]).unwrap();
            for value in event.summary.unwrap_or_default().value {
                let scalar = value.tensor.unwrap().float_val.first().copied();
                values.push((event.step, value.tag, scalar));
            }
            bytes = rest;
        }
    }
    values
}
