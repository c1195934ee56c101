//! Drawings: a few kinds of shapes, and the files of them.

use super::bitmap::Bitmap;
use super::colors::{BLACK, Color};
use super::svg;
use crate::files::atomic_file;
use anyhow::Result;
use std::path::Path;

/// What the drawings of this crate have near their start, by which an output is known from other files:
/// the chunk of a PNG that names the program, and a comment in an SVG.
pub const PNG_MARK: &[u8] = b"tEXtSoftware\0petite";
/// As [`PNG_MARK`].
pub const SVG_MARK: &str = "\n<!-- petite -->";

/// How far below the middle of a line of text its baseline is, as a share of its size.
pub(crate) const BASELINE: f32 = 0.36;

/// Pixels to the right and down. Integers are between pixels.
pub(crate) type Point = (f32, f32);

/// What a drawing consists of. Sizes are in pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// A line through points, with round ends.
    Line { points: Vec<Point>, color: Color, width: f32 },
    /// A filled circle.
    Dot { center: Point, radius: f32, color: Color },
    /// A circle, drawn with a line of one pixel.
    Ring { center: Point, radius: f32, color: Color },
    /// A filled rectangle.
    Box { corner: Point, size: Point, color: Color },
    /// A line of text.
    Text(Text),
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    /// The text.
    pub(crate) text: String,
    /// A point of its baseline, which part of the text is there says `anchor`.
    pub(crate) at: Point,
    /// Size of its font, in pixels per em.
    pub(crate) size: f32,
    /// Which part of it is at `at`.
    pub(crate) anchor: Anchor,
    /// Whether it is read upwards instead of to the right.
    pub(crate) is_upright: bool,
    /// Its color.
    pub(crate) color: Color,
}

/// A part of a line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Where it starts.
    Start,
    /// Its middle.
    Middle,
    /// Where it ends.
    End,
}

impl Text {
    /// Black text from left to right.
    pub(crate) fn new(text: impl Into<String>, at: Point, size: f32, anchor: Anchor) -> Self {
        Self { text: text.into(), at, size, anchor, is_upright: false, color: BLACK }
    }
}

/// Shapes on white, the first below the others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawing {
    /// Width and height, in pixels.
    pub(crate) size: (u32, u32),
    /// What is drawn.
    pub(crate) shapes: Vec<Shape>,
}

impl Drawing {
    /// Writes a PNG.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn write_png(&self, path: &Path) -> Result<()> {
        let mut bitmap = Bitmap::white(self.size);
        self.shapes.iter().for_each(|shape| bitmap.draw(shape));
        atomic_file::write_bytes(path, &bitmap.png()?)
    }

    /// Writes a PNG and an SVG.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn write_both(&self, png: &Path, svg: &Path) -> Result<()> {
        self.write_png(png)?;
        let (width, height) = self.size;
        let attributes = format!(
            "xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\""
        );
        let start = format!("{SVG_MARK}\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        let text = svg::element(&attributes, &start, &self.shapes);
        atomic_file::write_bytes(svg, text.as_bytes())
    }
}
