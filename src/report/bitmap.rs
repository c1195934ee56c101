//! Shapes as pixels. Their edges are smooth: a pixel has as much of a color as the shape covers of it.

use super::colors::Color;
use super::drawing::{Anchor, PNG_MARK, Point, Shape, Text};
use super::text;
use crate::pictures::picture::Picture;
use anyhow::Result;
use crc::{CRC_32_ISO_HDLC, Crc, Table};
use image::{ColorType, ImageFormat, write_buffer_with_format};
use std::io::Cursor;

/// Length of a PNG's signature and first chunk, IHDR.
const PNG_START: usize = 33;

/// RGB pixels.
#[derive(Debug)]
pub struct Bitmap {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Bitmap {
    /// White pixels of `size` (width, height).
    pub fn white(size: (u32, u32)) -> Self {
        let (width, height) = (size.0 as usize, size.1 as usize);
        Self { width, height, pixels: vec![255; 3 * width * height] }
    }

    /// Draws `shape`; what is outside is left out.
    pub fn draw(&mut self, shape: &Shape) {
        match shape {
            Shape::Line { points, color, width } => self.line(points, *color, *width),
            Shape::Dot { center, radius, color } => {
                self.disc(*center, *radius, *color, |from| radius - from)
            }
            Shape::Ring { center, radius, color } => {
                self.disc(*center, *radius, *color, |from| 0.5 - (radius - from).abs())
            }
            Shape::Box { corner: (x, y), size: (width, height), color } => {
                for (x, y) in self.inside((*x, *y), (x + width, y + height)) {
                    self.blend(x, y, *color, 1.0);
                }
            }
            Shape::Text(text) => self.text(text),
        }
    }

    /// Puts `picture`, in RGB, with its upper left corner at `left` and `top`. It must be inside.
    pub fn put(&mut self, picture: &Picture, left: usize, top: usize) {
        for (line, pixels) in picture.pixels.chunks_exact(3 * picture.width).enumerate() {
            let start = 3 * ((top + line) * self.width + left);
            self.pixels[start..start + pixels.len()].copy_from_slice(pixels);
        }
    }

    /// The bytes of a PNG that says who made it.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>> {
        let (mut png, size) = (Cursor::new(Vec::new()), (self.width as u32, self.height as u32));
        let (color, format) = (ColorType::Rgb8, ImageFormat::Png);
        write_buffer_with_format(&mut png, &self.pixels, size.0, size.1, color, format)?;
        let mut png = png.into_inner();
        // A chunk has its length, its name and text, and the CRC-32 of the last two.
        let length = (PNG_MARK.len() - 4) as u32;
        let sum = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC).checksum(PNG_MARK);
        let mark = [&length.to_be_bytes(), PNG_MARK, &sum.to_be_bytes()].concat();
        png.splice(PNG_START..PNG_START, mark);
        Ok(png)
    }

    /// The pixels between two corners: column and row.
    fn inside(&self, low: Point, high: Point) -> impl Iterator<Item = (usize, usize)> + use<> {
        let range = |low: f32, high: f32, most: usize| {
            (low.max(0.0) as usize).min(most)..(high.max(0.0).ceil() as usize).min(most)
        };
        let columns = range(low.0, high.0, self.width);
        range(low.1, high.1, self.height).flat_map(move |y| columns.clone().map(move |x| (x, y)))
    }

    fn blend(&mut self, x: usize, y: usize, color: Color, share: f32) {
        let pixel = &mut self.pixels[3 * (y * self.width + x)..][..3];
        for (value, color) in pixel.iter_mut().zip(color) {
            *value = (share * f32::from(color) + (1.0 - share) * f32::from(*value)).round() as u8;
        }
    }

    /// Draws where `depth` of the distance from the center, in pixels, is inside.
    fn disc(&mut self, (x, y): Point, radius: f32, color: Color, depth: impl Fn(f32) -> f32) {
        let reach = radius + 1.0;
        for pixel in self.inside((x - reach, y - reach), (x + reach, y + reach)) {
            let (across, down) = (pixel.0 as f32 + 0.5 - x, pixel.1 as f32 + 0.5 - y);
            let share = (depth(across.hypot(down)) + 0.5).clamp(0.0, 1.0);
            self.blend(pixel.0, pixel.1, color, share);
        }
    }

    fn line(&mut self, points: &[Point], color: Color, width: f32) {
        // Where two of its parts meet, the larger share counts.
        let mut shares = vec![0f32; self.width * self.height];
        let (mut low, mut high) = ((f32::MAX, f32::MAX), (0f32, 0f32));
        for ends in points.windows(2) {
            let [(ax, ay), (bx, by)] = [ends[0], ends[1]];
            let reach = width / 2.0 + 1.0;
            let upper_left = (ax.min(bx) - reach, ay.min(by) - reach);
            let lower_right = (ax.max(bx) + reach, ay.max(by) + reach);
            low = (low.0.min(upper_left.0), low.1.min(upper_left.1));
            high = (high.0.max(lower_right.0), high.1.max(lower_right.1));
            let (across, down) = (bx - ax, by - ay);
            let square = (across * across + down * down).max(f32::MIN_POSITIVE);
            for (x, y) in self.inside(upper_left, lower_right) {
                let (right, below) = (x as f32 + 0.5 - ax, y as f32 + 0.5 - ay);
                // The nearest point of the part, from its start to its end.
                let near = ((right * across + below * down) / square).clamp(0.0, 1.0);
                let distance = (right - near * across).hypot(below - near * down);
                let share = (width / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
                let shares = &mut shares[y * self.width + x];
                *shares = shares.max(share);
            }
        }
        for (x, y) in self.inside(low, high) {
            self.blend(x, y, color, shares[y * self.width + x]);
        }
    }

    fn text(&mut self, Text { text, at, size, anchor, is_upright, color }: &Text) {
        let (letters, width) = text::line(text, *size);
        let before = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        for letter in letters {
            let corner = letter.px_bounds().min;
            letter.draw(|x, y, share| {
                let (x, y) = (corner.x + x as f32 - before.round(), corner.y + y as f32);
                let (x, y) = if *is_upright { (y, -x) } else { (x, y) };
                let (x, y) = (at.0.round() + x, at.1.round() + y);
                for (x, y) in self.inside((x, y), (x + 1.0, y + 1.0)) {
                    self.blend(x, y, *color, share.min(1.0));
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::colors::{BLACK, WHITE};

    /// How dark each pixel of a row is, as shares.
    fn row(bitmap: &Bitmap, y: usize) -> Vec<f32> {
        let pixels = bitmap.pixels.chunks_exact(3 * bitmap.width).nth(y).unwrap().chunks_exact(3);
        pixels.map(|pixel| (255.0 - f32::from(pixel[0])) / 255.0).collect()
    }

    #[test]
    fn shapes_cover_their_area_and_nothing_outside() {
        let drawn = |shape: &Shape| {
            let mut bitmap = Bitmap::white((20, 20));
            bitmap.draw(shape);
            bitmap
        };
        let area = |shape: Shape| -> f32 {
            (0..20).map(|y| row(&drawn(&shape), y).iter().sum::<f32>()).sum()
        };
        let near = |found: f32, expected: f32| assert!((found - expected).abs() < 1.0, "{found}");
        near(area(Shape::Dot { center: (10.0, 9.5), radius: 5.0, color: BLACK }), 78.5);
        near(area(Shape::Ring { center: (10.0, 10.0), radius: 5.0, color: BLACK }), 31.4);
        near(area(Shape::Box { corner: (17.0, 18.0), size: (9.0, 9.0), color: BLACK }), 6.0);
        // A corner in the middle, and one far outside.
        let points = vec![(3.0, 4.0), (13.0, 14.0), (13.0, -400.0)];
        let line = Shape::Line { points, color: BLACK, width: 2.0 };
        near(area(line.clone()), 2.0 * (14.14 + 14.0));
        assert_eq!(row(&drawn(&line), 7)[12..14], [1.0, 1.0]);
        let level = vec![(4.0, 6.5), (12.0, 6.5)];
        let thin = drawn(&Shape::Line { points: level, color: BLACK, width: 1.0 });
        assert_eq!(row(&thin, 6)[4..12], [1.0; 8]);
        assert_eq!((row(&thin, 5), row(&thin, 7)), (vec![0.0; 20], vec![0.0; 20]));
        assert_eq!(area(Shape::Dot { center: (10.0, 10.0), radius: 5.0, color: WHITE }), 0.0);
    }

    #[test]
    fn text_stands_at_its_anchor() {
        let columns = |anchor, is_upright| {
            let mut bitmap = Bitmap::white((60, 60));
            let text = Text::new("HHH", (30.0, 30.0), 10.0, anchor);
            bitmap.draw(&Shape::Text(Text { is_upright, ..text }));
            let dark = |x: usize, y: usize| bitmap.pixels[3 * (60 * y + x)] < 128;
            let pixels = || (0..60).flat_map(|x| (0..60).map(move |y| (x, y)));
            let found: Vec<_> = pixels().filter(|&(x, y)| dark(x, y)).collect();
            let edges = |of: fn(&(usize, usize)) -> usize| {
                (found.iter().map(of).min().unwrap(), found.iter().map(of).max().unwrap())
            };
            (edges(|at| at.0), edges(|at| at.1))
        };
        let ((left, right), (top, bottom)) = columns(Anchor::Start, false);
        assert!((30..33).contains(&left) && right > 45 && top >= 22 && bottom == 29);
        let ((left, right), _) = columns(Anchor::Middle, false);
        assert!(left.abs_diff(60 - right) <= 2, "{left} {right}");
        let ((_, right), _) = columns(Anchor::End, false);
        assert!((27..30).contains(&right), "{right}");
        // Read upwards, it ends at its upper end.
        let ((_, right), (top, bottom)) = columns(Anchor::End, true);
        assert!((30..33).contains(&top) && bottom > 45 && right == 29, "{right} {top} {bottom}");
    }
}
