//! Spellings of names that mean the same.

use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// `name` in Unicode's composed form (NFC). macOS writes é as two characters and others as one: names
/// of one composed form are the same.
///
/// ```
/// # use petite::text::spelling::composed;
/// assert_eq!(composed("caf\u{65}\u{301}"), composed("caf\u{e9}"));
/// ```
pub fn composed(name: &str) -> Cow<'_, str> {
    match is_nfc(name) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(name.nfc().collect()),
    }
}

/// What is left of `name` without case, blanks and characters that are not seen: names that share it
/// are easily taken for each other.
pub fn likeness(name: &str) -> String {
    let is_seen = |character: &char| {
        !character.is_whitespace()
            && !character.is_control()
            && !matches!(character, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
    };
    name.nfkc().filter(is_seen).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_share_their_likeness() {
        for name in ["big cat", "Big Cat", "bigcat ", "big\u{a0}cat", "big\u{200B}cat", "ｂig cat"]
        {
            assert_eq!(likeness(name), "bigcat");
        }
        assert_eq!(likeness("E\u{301}"), "é");
        assert_ne!(likeness("cat_1"), likeness("cat1"));
    }
}
