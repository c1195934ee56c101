//! `.safetensors`

#![no_main]

mod weights;

use libfuzzer_sys::fuzz_target;
use petite::weights::Format;

fuzz_target!(|bytes: &[u8]| weights::read(bytes, Some(Format::Safetensors)));
