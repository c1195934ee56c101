//! `.pth`: after a first byte of 0 a whole file, after another the pickle of one.

#![no_main]

mod weights;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match bytes {
    [] => {}
    [0, file @ ..] => weights::read(file, None),
    [_, pickle @ ..] => {
        let files = [("a/data.pkl", pickle), ("a/data/0", &[1; 16]), ("a/data/1", &[0; 64])];
        weights::read(&weights::archive(&files), None);
    }
});
