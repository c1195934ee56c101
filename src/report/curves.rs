//! Plot of accuracy and loss by epoch (the book's listing 5.10): dots for training, a line for
//! validation.

use super::chart::{Quantity, side_by_side};
use crate::history::Epoch;
use anyhow::{Context, Result};
use std::path::Path;

/// Width and height of a chart in plots, in pixels.
pub(super) const SIZE: (u32, u32) = (640, 434);

/// Draws `history` to a PNG and an SVG.
///
/// # Errors
/// If `history` is empty or a file cannot be written.
pub fn write_both(png: &Path, svg: &Path, history: &[Epoch]) -> Result<()> {
    history.first().context("expected at least one epoch to draw, found none")?;
    let charts = Quantity::BOTH.map(|quantity| {
        let title = format!("Training and validation {}", quantity.name());
        quantity.chart(title, quantity.of_run(history))
    });
    side_by_side(&charts, SIZE).write_both(png, svg)
}
