//! Heat maps in color over the pictures they are of.

use crate::nn::grad_cam::HeatMap;
use crate::pictures::picture::{Area, Picture};
use crate::pictures::resize::{Interpolation, Resizer};
use crate::pictures::target::Target;

/// Share of the map's color in the overlay; the rest is the picture's.
const OPACITY: f32 = 0.5;

/// Matplotlib's inferno from 0 to 1, in equal steps: its lightness rises evenly, also with red-green
/// color blindness. By Nathaniel Smith and Stéfan van der Walt, in the public domain (CC0).
#[rustfmt::skip]
const INFERNO: [[u8; 3]; 33] = [
    [0, 0, 4], [4, 3, 18], [11, 7, 36], [21, 11, 55], [33, 12, 74], [47, 10, 91], [61, 9, 101],
    [74, 12, 107], [86, 16, 110], [99, 21, 110], [112, 25, 110], [125, 30, 109], [137, 34, 106],
    [150, 39, 102], [163, 44, 97], [175, 49, 91], [187, 54, 84], [198, 61, 77], [209, 69, 69],
    [218, 79, 60], [227, 89, 50], [235, 101, 41], [241, 114, 30], [246, 127, 20], [249, 140, 10],
    [251, 155, 6], [252, 170, 15], [251, 186, 31], [249, 201, 50], [245, 217, 73], [242, 232, 101],
    [243, 245, 134], [252, 255, 164],
];

/// `heat` in the colors of inferno, from black for 0 through red to pale yellow for 1, half transparent
/// over the whole of `picture`, which may have any size and be gray: RGB of the same size. The map is
/// resized bilinearly.
pub fn overlay(picture: &Picture, heat: &HeatMap) -> Picture {
    blend(picture, heat, Area::of(picture), [0.0, 0.0, 1.0, 1.0])
}

/// As [`overlay`], for a picture that has another size or aspect ratio than `target`, to which it was
/// resized for the network: the map is put where its part of the picture is, and what `resize` crop cut
/// off stays as it is.
pub fn overlay_original(picture: &Picture, heat: &HeatMap, target: Target) -> Picture {
    let (high, wide) = (target.height as f32, target.width as f32);
    let (of_picture, seen) = target.resize.placement(picture, (target.height, target.width));
    let part = [seen.left / wide, seen.top / high, seen.right / wide, seen.bottom / high];
    blend(picture, heat, of_picture, part)
}

/// Puts a part of `heat`, with its left, upper, right and lower edge as shares of its sides, over `area`
/// of `picture`.
fn blend(picture: &Picture, heat: &HeatMap, area: Area, part: [f32; 4]) -> Picture {
    let Picture { width, height, channels, .. } = *picture;
    let rounded = |value: &f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let map = Picture {
        width: heat.width,
        height: heat.height,
        channels: 1,
        pixels: heat.values.iter().map(rounded).collect(),
    };
    let (wide, high) = (map.width as f32, map.height as f32);
    let [left, top, right, bottom] = part;
    let part = Area {
        left: left * wide,
        top: top * high,
        right: (right * wide).min(wide),
        bottom: (bottom * high).min(high),
    };
    // Whole pixels, at least one.
    let range = |from: f32, to: f32, most: usize| {
        let from = (from.round() as usize).min(most.saturating_sub(1));
        from..(to.round() as usize).clamp(from + 1, most.max(from + 1))
    };
    let (columns, rows) =
        (range(area.left, area.right, width), range(area.top, area.bottom, height));
    let mut heats = vec![0; columns.len() * rows.len()];
    let size = (rows.len(), columns.len());
    Resizer::default().resize(&map, part, size, Interpolation::Bilinear, &mut heats);

    let mut pixels: Vec<u8> = (picture.pixels.chunks_exact(channels))
        .flat_map(|pixel| [0, 1, 2].map(|channel: usize| pixel[channel.min(channels - 1)]))
        .collect();
    let lines = pixels.chunks_exact_mut(3 * width).skip(rows.start);
    for (line, heats) in lines.zip(heats.chunks_exact(columns.len())) {
        let line = line[3 * columns.start..].as_chunks_mut::<3>().0;
        for (pixel, &heat) in line.iter_mut().zip(heats) {
            let color = color(f32::from(heat) / 255.0);
            for (value, color) in pixel.iter_mut().zip(color) {
                *value = (OPACITY * color + (1.0 - OPACITY) * f32::from(*value)).round() as u8;
            }
        }
    }
    Picture { width, height, channels: 3, pixels }
}

/// The color of `heat`, 0..=1: red, green and blue in 0..=255.
fn color(heat: f32) -> [f32; 3] {
    let position = heat * (INFERNO.len() - 1) as f32;
    let below = (position as usize).min(INFERNO.len() - 2);
    let share = position - below as f32;
    let [low, high] = [INFERNO[below], INFERNO[below + 1]];
    [0, 1, 2]
        .map(|channel| (1.0 - share) * f32::from(low[channel]) + share * f32::from(high[channel]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::aspect::Resize;

    /// `matplotlib.colormaps['inferno'](index, bytes=True)` in Matplotlib 3.10, within 2 of 255.
    #[test]
    fn the_colors_are_those_of_inferno() {
        for (index, expected) in [
            (0, [0, 0, 4]),
            (40, [47, 10, 91]),
            (100, [144, 37, 104]),
            (128, [188, 55, 84]),
            (200, [251, 157, 7]),
            (255, [252, 255, 164]),
        ] {
            for (found, expected) in color(index as f32 / 255.0).into_iter().zip(expected) {
                assert!((found - expected as f32).abs() <= 2.0, "{index} {found} {expected}");
            }
        }
    }

    #[test]
    fn the_hottest_corner_is_the_brightest() {
        let heat = HeatMap { height: 2, width: 2, values: vec![1.0, 0.0, 0.0, 0.0] };
        for channels in [1, 3] {
            let pixels = vec![100; 9 * 12 * channels];
            let shown = overlay(&Picture { width: 12, height: 9, channels, pixels }, &heat);
            assert_eq!((shown.width, shown.height, shown.channels), (12, 9, 3));
            let at = |x: usize, y: usize| &shown.pixels[(12 * y + x) * 3..][..3];
            // Halfway between 100 and the color of 1, and that of 0.
            assert_eq!(at(0, 0), [176, 178, 132]);
            assert_eq!(at(11, 8), [50, 50, 52]);
            let luma =
                |x: usize| at(x, 0).iter().zip([299, 587, 114]).map(|(&v, w)| u32::from(v) * w);
            let brightness: Vec<u32> = (0..12).map(|x| luma(x).sum()).collect();
            assert!(brightness.is_sorted_by(|a, b| a >= b), "{brightness:?}");
        }
    }

    /// A picture twice as wide as high, for a network that sees a square.
    #[test]
    fn the_map_is_where_the_network_saw_the_picture() {
        let picture = Picture { width: 80, height: 40, channels: 3, pixels: vec![100; 9600] };
        let values = [0.0, 0.0, 1.0, 0.0].repeat(4);
        let heat = HeatMap { height: 4, width: 4, values };
        let hottest = |resize| {
            let target = Target { resize, ..Target::rgb(40, 40) };
            let shown = overlay_original(&picture, &heat, target);
            let (line, _) = shown.pixels[20 * 240..][..240].as_chunks::<3>();
            let hot = |pixel: &[u8; 3]| u32::from(pixel[0]) + u32::from(pixel[1]);
            let left = (0..80).max_by_key(|&x| (hot(&line[x]), std::cmp::Reverse(x))).unwrap();
            let right = (0..80).max_by_key(|&x| (hot(&line[x]), x)).unwrap();
            ((left + right) / 2, line[0])
        };
        // In the middle of the third of four columns: of the picture, of its middle half.
        assert_eq!(hottest(Resize::Stretch), (49, [50, 50, 52]));
        assert_eq!(hottest(Resize::Crop), (44, [100, 100, 100]));
        // The bars above and below take half of the map's height, and nothing of its width.
        assert_eq!(hottest(Resize::Pad), (49, [50, 50, 52]));
        let rows = HeatMap { height: 4, width: 1, values: vec![1.0, 0.0, 0.5, 1.0] };
        let target = Target { resize: Resize::Pad, ..Target::rgb(40, 40) };
        let shown = overlay_original(&picture, &rows, target);
        // The middles of the second and the third quarter of the map, 0 and 0.5, in the middles of the
        // picture's halves; between and beside them it is interpolated.
        for (line, expected) in [(10, [50u8, 50, 52]), (30, [144, 78, 92])] {
            let found = &shown.pixels[line * 240..][..3];
            let near = found.iter().zip(expected).all(|(&found, color)| color.abs_diff(found) <= 4);
            assert!(near, "{line}: {found:?}");
        }
    }

    #[test]
    fn heat_that_is_no_number_is_shown_as_none() {
        let gray = Picture { width: 3, height: 3, channels: 1, pixels: vec![0; 9] };
        let heat = |value| HeatMap { height: 1, width: 1, values: vec![value] };
        assert_eq!(overlay(&gray, &heat(f32::NAN)), overlay(&gray, &heat(0.0)));
    }
}
