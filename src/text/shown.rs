//! Names and paths in messages.

use std::borrow::Cow;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path as messages show it, on one line: control characters, also those that change the direction
/// of text, and bytes that are not UTF-8 are escaped as in Rust's strings.
///
/// ```
/// # use petite::text::shown::shown;
/// # use std::path::Path;
/// assert_eq!(shown(Path::new("cats/a\n.jpg")), r"cats/a\n.jpg");
/// ```
pub fn shown(path: &Path) -> String {
    shown_bytes(path.as_os_str().as_bytes())
}

/// A name as [`shown`] shows a path.
pub fn shown_name(name: &str) -> String {
    shown_bytes(name.as_bytes())
}

/// Text or other bytes as [`shown`] shows a path.
pub fn shown_bytes(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
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

/// A path as a word of a shell's command line, which can be copied and run: in quotes if it has other
/// than plain characters, and not to be taken for a flag. Other text works too.
///
/// ```
/// # use petite::text::shown::quoted;
/// assert_eq!(quoted("runs/first"), "runs/first");
/// assert_eq!(quoted("my runs/it's"), r"'my runs/it'\''s'");
/// ```
pub fn quoted(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let text = shown(path);
    let text = if text.starts_with('-') { format!("./{text}") } else { text };
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@,".contains(c);
    if path.to_str().is_none_or(|whole| !text.ends_with(whole)) {
        // Something is escaped: words that bash, zsh and ksh read.
        let bytes = path.as_os_str().as_encoded_bytes();
        let escaped: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        return format!("$'{escaped}'");
    }
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// A text of lines as a terminal may be given it: what would do more there than begin a line or move
/// to the next tab stop is escaped, as in JSON, so that JSON stays the same.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let is_harmful = |character: char| is_hidden(character) && !matches!(character, '\n' | '\t');
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::new();
    for character in text.chars() {
        match is_harmful(character) {
            true => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Whether a character is not seen, or does something to those around it.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'
                ..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

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

    #[test]
    fn lines_and_json_stay_what_they_are() {
        assert_eq!(harmless("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(harmless("\x1B[31mred\r\u{9b}"), r"\u001b[31mred\u000d\u009b");
        let json = serde_json::to_string("\u{7f}\u{9b}\x1B\n\u{202E}").unwrap();
        let read: String = serde_json::from_str(&harmless(&json)).unwrap();
        assert_eq!(read, "\u{7f}\u{9b}\x1B\n\u{202E}");
    }

    /// A shell gives back each name.
    #[test]
    fn quoted_words_are_one_argument_of_a_shell() {
        for name in [
            &b"plain/name.jpg"[..],
            b"with blank",
            b"it's \"$HOME\" `x` \\n * ? ~ # & ; | < > ( ) !",
            "bild ä 猫".as_bytes(),
            b"",
            b"two\nlines",
            b"not \xFF UTF-8 'x'",
        ] {
            let line = format!("printf %s {}", quoted(OsStr::from_bytes(name)));
            let said = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
            assert_eq!(said.stdout, name, "{line}");
        }
        assert_eq!(quoted("-x"), "./-x");
    }
}
