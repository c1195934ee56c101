//! Warnings about pictures that may look other than meant once they are decoded.

use crate::dataset::config::DataConfig;
use crate::dataset::{duplicates, near_copies, thumbnails};
use crate::pictures::pixels::Pixels;
use crate::pictures::traits::Traits;
use crate::run::events::Events;
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::text::numbers::{listed, with_thousands};
use anyhow::Result;
use tch::{Kind, Tensor};

/// Number of pairs of pictures up to which to look for duplicates, which takes less than a second.
pub(crate) const MAX_PAIRS: usize = 20_000_000;

/// Mean correlation of a class's thumbnails from which its pictures are nearly all alike.
const ALIKE: f64 = 0.995;

/// Pictures of a class from which that is worth a warning.
const SEVERAL: usize = 10;

/// How many pictures look other than meant, and for what reason.
#[derive(Debug, Clone, Copy, Default)]
pub struct Appearance {
    pictures: usize,
    flat: usize,
    transparent: usize,
    narrow: usize,
    is_scaled: bool,
}

impl Appearance {
    /// Of decoded pictures.
    pub fn of(pixels: &[&Pixels]) -> Self {
        let mut appearance = Self::default();
        pixels.iter().for_each(|pixels| appearance.add(pixels));
        appearance
    }

    /// Adds more pictures, decoded with the same settings.
    pub fn add(&mut self, pixels: &Pixels) {
        let count =
            |is: fn(&Traits) -> bool| pixels.traits.iter().filter(|traits| is(traits)).count();
        self.pictures += pixels.samples.len();
        self.flat += count(|traits| traits.is_flat);
        self.transparent += count(|traits| traits.is_transparent);
        self.narrow += count(Traits::is_narrow);
        self.is_scaled = pixels.target.depth.is_some();
    }

    /// Warns if there is anything to say: once, with what to try. The settings of a trained run cannot be
    /// changed.
    pub fn warn(&self, is_trained: bool, events: &mut dyn Events) {
        let causes = [
            (self.flat, "nearly a single color after decoding", None),
            (
                self.transparent,
                "transparent in parts, which is dropped",
                Some("`background` white"),
            ),
            (
                if self.is_scaled { 0 } else { self.narrow },
                "of 16 bits, less than a quarter of which is used, and only the high byte is kept",
                Some("`depth` auto"),
            ),
        ];
        let found = || causes.iter().filter(|(count, ..)| *count > 0);
        let of = format!(" of {} pictures", with_thousands(self.pictures as i64));
        let texts = found().zip([of.as_str(), "", ""]).map(|((count, what, _), of)| {
            let are = if *count == 1 { "is" } else { "are" };
            format!("{}{of} {are} {what}", with_thousands(*count as i64))
        });
        let remedies: Vec<&str> = found().filter_map(|&(.., remedy)| remedy).collect();
        let remedy = match (remedies.join(" and "), is_trained) {
            (remedies, _) if remedies.is_empty() => "see petite preview".to_owned(),
            (remedies, false) => format!("try {remedies}, and see petite preview"),
            (remedies, true) => format!("try a run that is trained with {remedies}"),
        };
        let texts = texts.collect::<Vec<_>>().join("; ");
        if !texts.is_empty() {
            events.warning(&Warning::Odd(&format!("{texts}; {remedy}")));
        }
    }
}

/// Warns about training and validation pictures that look other than meant, and about those that are in
/// both, of the data set `data`. `equal` has for each picture of both, in order, the index of the first with
/// an equal file; `None` if no near copy is in both. Returns the same of near copies.
///
/// # Errors
/// If libtorch is out of memory, or a stop was requested.
pub fn compare(
    pixels: [&Pixels; 2],
    equal: Option<&[usize]>,
    data: &DataConfig,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Vec<usize>> {
    Appearance::of(&pixels).warn(false, events);
    let groups = equal.unwrap_or_default().to_vec();
    let [train, of] = pixels.map(|pixels| pixels.samples.len());
    if train * of > MAX_PAIRS {
        return Ok(groups);
    }
    let [originals, copies] = pixels;
    let [originals, copies] = [thumbnails::of_pixels(originals)?, thumbnails::of_pixels(copies)?];
    warn_of_alike(pixels[0], &originals, events)?;
    if equal.is_none() {
        return Ok(groups);
    }
    let found = duplicates::find_in(&originals, &copies)?;
    if !found.is_empty() {
        events.warning(&Warning::Duplicates { found: &found, of, data });
    }
    // Where pictures were skipped, others are at these indices.
    if groups.len() != train + of || groups.len().pow(2) > 2 * MAX_PAIRS {
        return Ok(groups);
    }
    let indices: Vec<usize> = (0..groups.len()).collect();
    near_copies::with_near(groups, &indices, &Tensor::f_cat(&[originals, copies], 0)?, stop)
}

/// Warns about classes whose pictures are nearly all alike, by their `thumbnails`.
///
/// # Errors
/// If libtorch is out of memory.
fn warn_of_alike(pixels: &Pixels, thumbnails: &Tensor, events: &mut dyn Events) -> Result<()> {
    let labels: Vec<i64> = pixels.samples.iter().map(|sample| sample.label as i64).collect();
    let labels = Tensor::f_from_slice(&labels)?;
    let mut alike = Vec::new();
    for (label, class) in pixels.classes.iter().enumerate() {
        let rows = labels.f_eq(label as i64)?.f_nonzero()?.f_flatten(0, -1)?;
        if rows.numel() >= SEVERAL {
            // The square of the mean is the mean of all products: of all correlations.
            let mean =
                thumbnails.f_index_select(0, &rows)?.f_mean_dim(0i64, false, Kind::Double)?;
            if mean.f_square()?.f_sum(Kind::Double)?.f_double_value(&[])? >= ALIKE {
                alike.push(class.clone());
            }
        }
    }
    if !alike.is_empty() {
        events.warning(&Warning::Odd(&format!(
            "the pictures of {} are nearly all alike after decoding; see petite preview",
            listed(&alike)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::folder::Sample;
    use crate::pictures::pixels::{Bytes, Target};
    use memmap2::MmapMut;

    const SIDE: usize = 16;

    #[derive(Default)]
    struct Said(Vec<String>);

    impl Events for Said {
        fn warning(&mut self, warning: &Warning<'_>) {
            if let Warning::Odd(text) = warning {
                self.0.push((*text).to_owned());
            }
        }
    }

    #[test]
    fn a_class_of_one_picture_with_noise_is_named() {
        let pattern = |seed: usize, at: usize| ((seed * 7919 + at / 3 * 104_729) >> 3) % 200;
        let picture = |class: usize, number: usize| {
            let value = move |at| match class {
                0 => pattern(1, at) + (at * (number + 3)) % 5,
                _ => pattern(number + 2, at),
            };
            (0..SIDE * SIDE * 3).map(move |at| value(at) as u8)
        };
        let pictures: Vec<u8> =
            (0..2).flat_map(|class| (0..12).flat_map(move |i| picture(class, i))).collect();
        let mut bytes = MmapMut::map_anon(pictures.len()).unwrap();
        bytes.copy_from_slice(&pictures);
        let sample = |label| Sample { path: "picture.jpg".into(), label };
        let pixels = Pixels {
            target: Target::rgb(SIDE, SIDE),
            bytes: Bytes::Memory(bytes),
            samples: [vec![sample(0); 12], vec![sample(1); 12]].concat(),
            traits: Vec::new(),
            classes: vec!["placeholder".to_owned(), "cats".to_owned()],
        };
        let mut said = Said::default();
        compare([&pixels, &pixels], None, &DataConfig::default(), &Stop::default(), &mut said)
            .unwrap();
        let expected =
            "the pictures of placeholder are nearly all alike after decoding; see petite preview";
        assert_eq!(said.0, [expected]);
    }
}
