//! Paths in messages.

use std::fmt::Write;
use std::path::Path;

/// A path as messages show it, on one line: control characters, also those that change the direction
/// of text, and bytes that are not UTF-8 are escaped as in Rust's strings.
///
/// ```
/// # use petite::shown::shown;
/// # use std::path::Path;
/// assert_eq!(shown(Path::new("cats/a\n.jpg")), r"cats/a\n.jpg");
/// ```
pub fn shown(path: &Path) -> String {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match is_hidden(character) {
                true => text.extend(character.escape_default()),
                false => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn what_would_break_a_line_is_escaped() {
        for (name, expected) in [
            (&b"plain \xC3\xA9 'name'.jpg"[..], "plain é 'name'.jpg"),
            (b"two\nlines\t.jpg", r"two\nlines\t.jpg"),
            (b"\x1B[31mred.jpg", r"\u{1b}[31mred.jpg"),
            (b"not \xFF\xFE UTF-8", r"not \xFF\xFE UTF-8"),
            ("\u{202E}gpj.exe".as_bytes(), r"\u{202e}gpj.exe"),
        ] {
            assert_eq!(shown(Path::new(OsStr::from_bytes(name))), expected);
        }
    }
}
