//! `.npz`: after a first byte of 0 a whole file, after another the array of one.

#![no_main]

mod weights;

use libfuzzer_sys::fuzz_target;
use petite::weights::Format;

fuzz_target!(|bytes: &[u8]| match bytes {
    [] => {}
    [0, file @ ..] => weights::read(file, Some(Format::Npz)),
    [_, array @ ..] => {
        weights::read(&weights::archive(&[("w.npy", array)]), Some(Format::Npz));
    }
});
