//! `history.csv`: rows that are accepted are in order.

#![no_main]

use libfuzzer_sys::fuzz_target;
use petite::history::parse;

fuzz_target!(|text: &str| {
    let Ok(history) = parse(text, "history.csv") else { return };
    assert!(!history.is_empty());
    for (row, epoch) in history.iter().zip(1..) {
        assert_eq!(row.epoch, epoch);
        assert!((0.0..=1.0).contains(&row.acc) && (0.0..=1.0).contains(&row.val_acc));
    }
});
