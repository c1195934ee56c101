//! Damage to the bytes of a file.

use petite::weights::{self, Format, Named};
use std::fmt::Debug;
use std::path::Path;
use tch::{Kind, Tensor};

/// Number of flipped bits to try, one at a time, unless `PETITE_FLIPS` is another.
const FLIPS: u64 = 1000;

/// `whole`, cut at every length.
pub fn cuts(whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..whole.len()).map(|length| &whole[..length])
}

/// Number of flips.
fn count() -> u64 {
    let asked = std::env::var("PETITE_FLIPS").ok().and_then(|number| number.parse().ok());
    asked.unwrap_or(FLIPS)
}

/// `accepted` flips as a share of all.
pub fn share(accepted: u64) -> f64 {
    accepted as f64 / count() as f64
}

/// `whole` with one bit flipped, at places that are the same on every run.
pub fn flips(whole: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let bits = whole.len() * 8;
    (0..count()).map(move |index| {
        // SplitMix64.
        let mut z = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bit = ((z ^ (z >> 31)) % bits as u64) as usize;
        let mut damaged = whole.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        (bit, damaged)
    })
}

/// Reads `whole`, cut and with flipped bits. `read` must fail on every cut, and on every flip fail or
/// give what `whole` gives. Returns the share of the flips that were accepted.
pub fn try_all<T: PartialEq + Debug, E: Debug>(
    whole: &[u8],
    read: impl Fn(&[u8]) -> Result<T, E>,
) -> f64 {
    let expected = read(whole).unwrap();
    for cut in cuts(whole) {
        assert!(read(cut).is_err(), "cut to {} of {}", cut.len(), whole.len());
    }
    let mut accepted = 0;
    for (bit, damaged) in flips(whole) {
        if let Ok(found) = read(&damaged) {
            assert_eq!(found, expected, "bit {bit}");
            accepted += 1;
        }
    }
    share(accepted)
}

/// Name, type, shape and bytes of every tensor.
pub type Contents = Vec<(String, Kind, Vec<i64>, Vec<u8>)>;

pub fn contents(tensors: &Named) -> Contents {
    let bytes = |tensor: &Tensor| {
        let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
        tensor.copy_data_u8(&mut bytes, tensor.numel());
        bytes
    };
    let row = |(name, tensor): &(String, Tensor)| {
        (name.clone(), tensor.kind(), tensor.size(), bytes(tensor))
    };
    tensors.iter().map(row).collect()
}

/// A few small tensors of several types.
pub fn tensors() -> Named {
    let values = Tensor::from_slice(&[0.0f32, 1.0, -2.5, 100.5, f32::MIN_POSITIVE, 3e4]);
    vec![
        ("dense.weight".to_owned(), values.reshape([2, 3])),
        ("dense.bias".to_owned(), values.to_kind(Kind::Half)),
        ("mask".to_owned(), values.ge(1.0)),
        ("steps".to_owned(), Tensor::from(7i64)),
        ("empty".to_owned(), Tensor::zeros([0, 3], (Kind::Float, tch::Device::Cpu))),
    ]
}

/// What the reader makes of a file with these bytes: its tensors, or the error.
pub fn parse(bytes: &[u8], format: Option<Format>) -> Result<Named, String> {
    let parsed = weights::parse(bytes, format, Path::new("hostile.file"));
    let error = |error: anyhow::Error| {
        let text = format!("{error:#}");
        assert!(text.contains("hostile.file"), "{text}");
        text
    };
    parsed.map(|(tensors, _)| tensors).map_err(error)
}

/// The bytes of [`tensors`] in `format`.
pub fn written(extension: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w").with_extension(extension);
    weights::save(&path, &tensors(), Default::default()).unwrap();
    std::fs::read(path).unwrap()
}

/// Asserts that the reader refuses `bytes` for the given reason.
pub fn assert_refused(bytes: &[u8], format: Option<Format>, reason: &str) {
    let error = parse(bytes, format).unwrap_err();
    assert!(error.contains(reason), "{reason}: {}", &error[..error.len().min(2000)]);
}
