//! Decoding and resizing, held against Pillow. The golden files come from
//! `scripts/reference/pillow_reference.py`.

mod damaged;
mod disk_cache;
mod formats;
mod golden;
mod hostile;
mod jpeg;
mod jpegs;
mod kinds;
mod orientation;
mod real;
mod resize;
mod settings;
#[path = "../support/skipped.rs"]
mod skipped;
