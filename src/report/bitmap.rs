//! A bitmap to draw on. Plotters rounds the place of every letter to whole pixels and drops the space
//! before it, so that words fall apart; here text is set by [`text`].

use super::text;
use plotters::prelude::{BitMapBackend, DrawingBackend};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

/// Height of a line of text, and of its baseline below its upper edge, by the size of the font. The
/// height is plotters' own; capitals are in its middle.
const HEIGHT: f32 = 1.0 / 1.24;
const BASELINE: f32 = 0.716;

/// RGB pixels.
pub struct Bitmap<'a>(BitMapBackend<'a>);

impl<'a> Bitmap<'a> {
    /// Draws on `pixels` of `size` (width, height), three bytes each.
    pub fn new(pixels: &'a mut [u8], size: (u32, u32)) -> Self {
        Self(BitMapBackend::with_buffer(pixels, size))
    }
}

type Failed = DrawingErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>;

impl DrawingBackend for Bitmap<'_> {
    type ErrorType = <BitMapBackend<'static> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.0.get_size()
    }

    fn ensure_prepared(&mut self) -> Result<(), Failed> {
        self.0.ensure_prepared()
    }

    fn present(&mut self) -> Result<(), Failed> {
        self.0.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Result<(), Failed> {
        self.0.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<(), Failed> {
        self.0.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<(), Failed> {
        self.0.draw_rect(upper_left, bottom_right, style, fill)
    }

    fn blit_bitmap(
        &mut self,
        corner: BackendCoord,
        size: (u32, u32),
        pixels: &[u8],
    ) -> Result<(), Failed> {
        self.0.blit_bitmap(corner, size, pixels)
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Result<(), Failed> {
        let (size, color, turn) = (style.size() as f32, style.color(), style.transform());
        let (letters, width) = text::line(text, size);
        let right = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let down = match style.anchor().v_pos {
            VPos::Top => BASELINE,
            VPos::Center => BASELINE - HEIGHT / 2.0,
            VPos::Bottom => BASELINE - HEIGHT,
        };
        let (right, down) = (right.round() as i32, (size * down).round() as i32);
        let (wide, high) = self.get_size();
        for letter in letters {
            let corner = letter.px_bounds().min;
            let mut drawn = Ok(());
            letter.draw(|x, y, coverage| {
                let x = x as i32 + corner.x as i32 + right;
                let y = y as i32 + corner.y as i32 + down;
                let (x, y) = turn.transform(x, y);
                let (x, y) = (at.0 + x, at.1 + y);
                let is_inside = (0..wide as i32).contains(&x) && (0..high as i32).contains(&y);
                let alpha = color.alpha * f64::from(coverage.min(1.0));
                if drawn.is_ok() && is_inside && alpha > 0.0 {
                    drawn = self.draw_pixel((x, y), BackendColor { alpha, ..color });
                }
            });
            drawn?;
        }
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), Failed> {
        let size = style.size() as f32;
        Ok((text::line(text, size).1.ceil() as u32, (size * HEIGHT) as u32))
    }
}
