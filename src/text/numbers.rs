//! Formatting of numbers and lists.

use crate::text::shown::shown_name;
use std::fmt::Display;

/// Formats with thousands separators: `3453121` → `3,453,121`.
pub fn with_thousands(number: i64) -> String {
    let digits = number.abs().to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    format!("{}{}", if number < 0 { "-" } else { "" }, groups.join(","))
}

/// Longest list of classes that is not cut short.
pub const LISTED: usize = 10;

/// Number of names in a list that is cut short.
const NAMED: usize = 3;

/// Longest name that is not cut short, in characters.
pub const NAME: usize = 30;

/// The names of classes in a line of text: `cats, dogs`, and more than ten as
/// `1,000 classes: a, b, c, …`. Names are [`cut`].
pub fn listed(classes: &[String]) -> String {
    let joined =
        |names: &[String]| names.iter().map(|name| cut(name)).collect::<Vec<_>>().join(", ");
    match classes.len() {
        0 => "none".to_owned(),
        1..=LISTED => joined(classes),
        count => {
            format!("{} classes: {}, …", with_thousands(count as i64), joined(&classes[..NAMED]))
        }
    }
}

/// How `found` differs from the `expected` classes if [`listed`] may not show it: one of the classes
/// that only one of them has. Begins with a blank; empty for lists that are not cut short.
pub fn difference(expected: &[String], found: &[String]) -> String {
    if expected.len().max(found.len()) <= LISTED {
        return String::new();
    }
    let first = |of: &[String], without: &[String]| {
        of.iter().find(|class| !without.contains(class)).map(|class| cut(class))
    };
    match (first(expected, found), first(found, expected)) {
        (Some(missing), _) => format!(" without {missing}"),
        (None, Some(added)) => format!(" with {added}"),
        (None, None) => " in another order".to_owned(),
    }
}

/// Most items of a list that a message names on lines of their own.
pub const LINES: usize = 10;

/// `items` on indented lines; of many the first ten, and the number of the others.
pub fn lines<T: Display>(items: &[T]) -> String {
    let mut lines: Vec<String> = items.iter().take(LINES).map(|item| format!("  {item}")).collect();
    if items.len() > LINES {
        lines.push(format!("  and {} more", with_thousands((items.len() - LINES) as i64)));
    }
    lines.join("\n")
}

/// `name` on one line, as [`shown_name`] shows it, with `…` in place of its middle if it has more than 30
/// characters: names that differ often differ at their ends.
pub fn cut(name: &str) -> String {
    let name = shown_name(name);
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= NAME {
        return name;
    }
    let (start, end) = letters.split_at(2 * NAME / 3);
    start.iter().chain(&['…']).chain(&end[end.len() + start.len() + 1 - NAME..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_message_are_bounded() {
        assert_eq!(lines(&["a", "b"]), "  a\n  b");
        let many = lines(&(0..20_000).collect::<Vec<_>>());
        assert!(many.ends_with("\n  9\n  and 19,990 more") && many.lines().count() == 11, "{many}");
    }

    #[test]
    fn long_lists_and_names_are_cut() {
        let names = |count: usize| (0..count).map(|i| format!("c{i}")).collect::<Vec<_>>();
        assert_eq!(listed(&[]), "none");
        assert_eq!(listed(&names(2)), "c0, c1");
        assert_eq!(listed(&names(10)), "c0, c1, c2, c3, c4, c5, c6, c7, c8, c9");
        assert_eq!(listed(&names(11)), "11 classes: c0, c1, c2, …");
        assert_eq!(listed(&names(1000)), "1,000 classes: c0, c1, c2, …");
        assert_eq!(difference(&names(3), &names(4)), "");
        assert_eq!(difference(&names(12), &names(11)), " without c11");
        assert_eq!(difference(&names(11), &names(12)), " with c11");
        assert_eq!(cut(&"ä".repeat(30)), "ä".repeat(30));
        let long = format!("{}{}{}", "ä".repeat(20), "b".repeat(30), "ö".repeat(9));
        assert_eq!(cut(&long), format!("{}…{}", "ä".repeat(20), "ö".repeat(9)));
        assert_eq!(cut(&"ä".repeat(31)).chars().count(), 30);
        assert_eq!(cut("two\nlines"), r"two\nlines");
    }
}
