//! Colors of all charts. Blue and orange can be told apart with red-green color blindness.

/// Red, green and blue.
pub type Color = [u8; 3];

/// Paper, and numbers on dark cells.
pub const WHITE: Color = [255, 255, 255];
/// Text, and the last of many series.
pub const BLACK: Color = [0, 0, 0];
/// Training, or the user's own runs.
pub const BLUE: Color = [31, 119, 180];
/// Validation, or a reference.
pub const ORANGE: Color = [214, 96, 20];
/// Each of several runs, behind their mean.
pub const PALE_BLUE: Color = [132, 182, 218];
/// What is there for comparison.
pub const GRAY: Color = [150, 156, 166];
/// Grid lines.
pub const FAINT_GRAY: Color = [225, 225, 225];

/// Series, in turn.
pub const SERIES: [Color; 10] = [
    BLUE,
    ORANGE,
    [0, 158, 115],
    [160, 85, 155],
    [184, 134, 11],
    [74, 163, 223],
    [192, 57, 43],
    [121, 85, 61],
    [222, 125, 178],
    BLACK,
];

/// The colors that the report shows on a dark page, in place of those of [`SERIES`], and of gray.
const ON_DARK: [&str; 11] = [
    "#5aa9e6", "#f08a4b", "#3ec9a0", "#cf8fca", "#e0b040", "#8fd0ff", "#ef7f72", "#c49a7c",
    "#f3b0d6", "#e7e9ed", "#a0a7b4",
];

/// The color of the series with this index.
pub fn of_series(index: usize) -> Color {
    SERIES[index % SERIES.len()]
}

/// `#1f77b4`
pub fn hex([red, green, blue]: Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Colors of the charts, and those in their place on a dark page.
pub fn on_dark() -> impl Iterator<Item = (String, &'static str)> {
    SERIES.into_iter().chain([GRAY]).map(hex).zip(ON_DARK)
}
