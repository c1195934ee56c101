//! Durations in words.

/// `45 s`, `12 min`, `1 h 05 min`, `2 d 3 h`; rounded to the last unit shown.
pub fn shown(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    let minutes = (seconds / 60.0).round();
    let hours = (seconds / 3600.0).round();
    if seconds.round() < 100.0 {
        format!("{seconds:.0} s")
    } else if minutes < 60.0 {
        format!("{minutes:.0} min")
    } else if minutes < 48.0 * 60.0 {
        format!("{} h {:02} min", (minutes / 60.0).floor(), minutes % 60.0)
    } else {
        format!("{} d {} h", (hours / 24.0).floor(), hours % 24.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_durations_are_shown_in_large_units() {
        for (seconds, text) in [
            (-1.0, "0 s"),
            (0.4, "0 s"),
            (99.4, "99 s"),
            (99.6, "2 min"),
            (754.0, "13 min"),
            (3569.0, "59 min"),
            (3571.0, "1 h 00 min"),
            (7500.0, "2 h 05 min"),
            (86_400.0, "24 h 00 min"),
            (183_600.0, "2 d 3 h"),
        ] {
            assert_eq!(shown(seconds), text, "{seconds}");
        }
    }
}
