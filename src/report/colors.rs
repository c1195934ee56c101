//! The colours of all plots. Blue and orange can be told apart by people who see red and green alike.

use plotters::style::RGBColor;

/// Training, or a person's own runs.
pub const BLUE: RGBColor = RGBColor(31, 119, 180);
/// Each of several runs, behind their mean.
pub const PALE_BLUE: RGBColor = RGBColor(132, 182, 218);
/// Validation, or a reference.
pub const ORANGE: RGBColor = RGBColor(214, 96, 20);
/// The runs of a spread.
pub const GRAY: RGBColor = RGBColor(175, 175, 175);
/// The border of a legend.
pub const LIGHT_GRAY: RGBColor = RGBColor(190, 190, 190);
/// Lines of a grid.
pub const FAINT_GRAY: RGBColor = RGBColor(225, 225, 225);
