//! The canvas of all curves: drawings as both PNG and SVG, and panels over the epochs.

use super::bitmap::Bitmap;
use super::colors::FAINT_GRAY;
use crate::files::atomic_file;
use anyhow::{Result, anyhow};
use crc::{CRC_32_ISO_HDLC, Crc, Table};
use image::{ColorType, ImageFormat, write_buffer_with_format};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::io::Cursor;
use std::path::Path;
use std::sync::Once;

/// What the drawings of this crate have near their start, by which an output is known from other files:
/// the chunk of a PNG that names the program, and a comment in an SVG.
pub const PNG_MARK: &[u8] = b"tEXtSoftware\0petite";
/// As [`PNG_MARK`].
pub const SVG_MARK: &str = "\n<!-- petite -->";
/// Length of a PNG's signature and first chunk, IHDR.
const PNG_START: usize = 33;

/// Why a drawing on the backend `B` failed.
pub type DrawError<B> = DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>;
/// A panel for series: epochs on the x-axis, a quantity on the y-axis.
pub type Chart<'a, B> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A drawing that is independent of the file format.
pub trait Drawing {
    /// Width and height, in pixels.
    const SIZE: (u32, u32);

    /// Draws on a white `area` of size `SIZE`.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<(), DrawError<B>>;
}

/// Writes `drawing` to both files.
///
/// # Errors
/// If a file cannot be written.
pub fn write_both<D: Drawing>(png: &Path, svg: &Path, drawing: &D) -> Result<()> {
    write_png(png, D::SIZE, |area| present(area, drawing))?;
    let mut text = String::new();
    present(&SVGBackend::with_string(&mut text, D::SIZE).into_drawing_area(), drawing)?;
    text.insert_str(text.find('>').map_or(0, |end| end + 1), SVG_MARK);
    atomic_file::write_bytes(svg, text.as_bytes())
}

/// Draws on a bitmap of `size` (width, height), in pixels, and writes it to `path` as PNG.
///
/// # Errors
/// If `draw` fails or the file cannot be written.
pub fn write_png(
    path: &Path,
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<Bitmap<'_>, Shift>) -> Result<()>,
) -> Result<()> {
    let png = png(size, draw)?;
    atomic_file::write_bytes(path, &png)
}

/// Draws on a bitmap of `size` (width, height), in pixels; returns the bytes of a PNG.
///
/// # Errors
/// If `draw` fails.
pub fn png(
    size: (u32, u32),
    draw: impl FnOnce(&DrawingArea<Bitmap<'_>, Shift>) -> Result<()>,
) -> Result<Vec<u8>> {
    let mut pixels = vec![0; (size.0 * size.1 * 3) as usize];
    draw(&Bitmap::new(&mut pixels, size).into_drawing_area())?;
    let (mut png, format) = (Cursor::new(Vec::new()), ImageFormat::Png);
    write_buffer_with_format(&mut png, &pixels, size.0, size.1, ColorType::Rgb8, format)?;
    let mut png = png.into_inner();
    png.splice(PNG_START..PNG_START, mark());
    Ok(png)
}

/// The chunk of [`PNG_MARK`]: length, name and text, and the CRC-32 of the last two.
fn mark() -> Vec<u8> {
    let length = (PNG_MARK.len() - 4) as u32;
    let sum = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC).checksum(PNG_MARK);
    [&length.to_be_bytes(), PNG_MARK, &sum.to_be_bytes()].concat()
}

/// Registers the built-in font. It also measures the text of SVGs, so they are the same on every
/// machine.
pub fn use_own_font() {
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        let _ = register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
    });
}

fn present<B: DrawingBackend>(area: &DrawingArea<B, Shift>, drawing: &impl Drawing) -> Result<()> {
    use_own_font();
    let failed = |error: DrawError<B>| anyhow!("cannot draw: {error}");
    area.fill(&WHITE).map_err(failed)?;
    drawing.draw(area).map_err(failed)?;
    area.present().map_err(failed)
}

/// What a panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Its axis spans the values.
    Accuracy,
    /// Its axis starts at 0.
    Loss,
}

impl Quantity {
    fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "Training and validation accuracy",
            Self::Loss => "Training and validation loss",
        }
    }
}

/// Draws the axes of a panel for the epochs 1 to `last_epoch` and the range of `values`, ignoring
/// those that are not finite.
pub fn panel<'a, B: DrawingBackend>(
    area: &'a DrawingArea<B, Shift>,
    quantity: Quantity,
    last_epoch: i64,
    values: impl Iterator<Item = f64>,
) -> Result<Chart<'a, B>, DrawError<B>> {
    let (lowest, highest) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let margin = ((highest - lowest) * 0.06).max(0.01);
    let y_range = match (lowest.is_finite(), quantity) {
        (false, _) => 0.0..1.0,
        (true, Quantity::Loss) => 0.0..highest + margin,
        (true, Quantity::Accuracy) => (lowest - margin).max(0.0)..(highest + margin).min(1.005),
    };
    let mut chart = ChartBuilder::on(area)
        .caption(quantity.title(), ("sans-serif", 22))
        .margin(16)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..last_epoch as f64 + 1.0, y_range)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(FAINT_GRAY)
        .x_desc("Epochs")
        .x_labels(12)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.2}"))
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    Ok(chart)
}
