//! Weights and pictures that need no file: the same numbers as in the script,
//! `scripts/reference/bases_reference.py`.

use petite::batches::batch::to_images;
use petite::nn::{base::Base, zoo::Model};
use petite::weights::{self, Named};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// `spread` of the script.
pub fn spread(count: usize, salt: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|k| {
            let h = (k + salt * 7919).wrapping_mul(2_654_435_761) & 0xFFFF_FFFF;
            let h = ((h ^ (h >> 15)).wrapping_mul(2_246_822_519)) & 0xFFFF_FFFF;
            ((h ^ (h >> 13)) as f64 / 2f64.powi(32)) as f32
        })
        .collect()
}

/// `drawn` of the script.
fn tensor(name: &str, shape: &[i64]) -> Tensor {
    let salt = name
        .bytes()
        .fold(2_166_136_261u32, |salt, byte| (salt ^ u32::from(byte)).wrapping_mul(16_777_619));
    let count: i64 = shape.iter().product();
    let numbers = Tensor::from_slice(&spread(count as usize, u64::from(salt))).view(shape);
    match shape {
        [_, inner @ ..] if inner.len() == 3 => {
            let limit = (6.0 / inner.iter().product::<i64>() as f64).sqrt();
            (numbers * 2.0 - 1.0) * limit
        }
        _ if name.ends_with("running_var") || name.ends_with(".weight") => numbers + 0.5,
        _ => (numbers * 2.0 - 1.0) * 0.1,
    }
}

/// The base with the script's weights.
pub fn base(kind: Model, alpha: f64) -> Base {
    let mut base =
        Base::random(kind, kind.base_architecture(alpha).unwrap(), Device::Cpu, 1).unwrap();
    let weights = weights_of(&base);
    base.stack.assign(&weights, Path::new("drawn")).unwrap();
    base
}

/// The script's weights for a base.
pub fn weights_of(base: &Base) -> Named {
    let tensors = base.stack.tensors().into_iter();
    tensors.map(|(name, to)| (name.clone(), tensor(&name, &to.size()))).collect()
}

/// `pictures` of the script, as images.
pub fn images(height: usize, width: usize, count: usize) -> Tensor {
    to_images(&pixels(height, width, count)).unwrap()
}

/// `pictures` of the script, `[N, H, W, 3]` u8.
pub fn pixels(height: usize, width: usize, count: usize) -> Tensor {
    let noise = spread(count * height * width * 3, 99);
    let pixels: Vec<u8> = noise
        .iter()
        .enumerate()
        .map(|(index, noise)| {
            let (c, x) = (index % 3, index / 3 % width);
            let (y, n) = (index / 3 / width % height, index / 3 / width / height);
            ((x * (n + 1) + y * (c + 1) * (2 - n % 2)) % 192) as u8 + (noise * 64.0) as u8
        })
        .collect();
    let shape = [count as i64, height as i64, width as i64, 3];
    Tensor::from_slice(&pixels).view(shape)
}

/// What the script stored.
pub struct Golden(Named);

impl Golden {
    pub fn read(name: &str) -> Self {
        Self(weights::load(&golden(&format!("{name}.safetensors"))).unwrap().0)
    }

    pub fn get(&self, name: &str) -> Vec<f32> {
        let found = self.0.iter().find(|(known, _)| known == name);
        let (_, tensor) = found.unwrap_or_else(|| panic!("no {name} in the golden file"));
        Vec::try_from(tensor).unwrap()
    }

    /// The largest difference from `sample(found)` of the script, as a share of the largest value;
    /// at most 1e-4.
    pub fn check(&self, name: &str, found: &Tensor) -> f64 {
        let expected = self.get(name);
        let flat = found.contiguous().view(-1).to_kind(Kind::Float);
        let count = flat.numel();
        let samples = expected.len() - 1;
        let values = Vec::<f32>::try_from(&flat).unwrap();
        let mut found: Vec<f32> =
            (0..samples).map(|i| values[i * ((count / samples) | 1) % count]).collect();
        let square = flat.to_kind(Kind::Double).square().mean(Kind::Double).double_value(&[]);
        found.push(square.sqrt() as f32);
        relative(name, &found, &expected)
    }
}

/// The largest difference as a share of the largest value; at most 1e-4.
pub fn relative(name: &str, found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let pairs = found.iter().zip(expected);
    let apart = pairs.map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
    let relative = apart / f64::from(largest);
    assert!(relative <= 1e-4, "{name}: {relative:e}");
    relative
}

pub fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bases").join(file)
}

/// `[N, C, H, W]` → `[N, H, W, C]`, the script's order.
pub fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 2, 3, 1])
}
