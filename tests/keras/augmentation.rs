//! Pictures transformed, and transforms drawn, as by the three versions of `ImageDataGenerator`.

use crate::golden::{self, Tensors};
use petite::augment::augmentation::Augmentation;
use petite::augment::brightness::{Brightness, BrightnessRange};
use petite::augment::channel_shift::ChannelShift;
use petite::augment::fill::{Fill, FillMode};
use petite::augment::flip::Mirrored;
use petite::augment::rotation::Rotation;
use petite::augment::shift::Offset;
use petite::augment::zoom::Steps;
use petite::augment::{AugmentConfig, Draws};
use petite::keras::{InterpolationOrder, KerasProfile};
use std::collections::HashMap;
use tch::{Kind, Tensor};

#[derive(serde::Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    picture: String,
    profile: KerasProfile,
    expected: String,
    theta: f64,
    tx: f64,
    ty: f64,
    shear: f64,
    zx: f64,
    zy: f64,
    flip_horizontal: bool,
    flip_vertical: bool,
    channel_shift: Option<[f64; 3]>,
    brightness: Option<f64>,
    fill_mode: FillMode,
    cval: f64,
}

impl Case {
    fn draws(&self) -> Draws {
        let mut channel_shift = self.channel_shift.unwrap_or_default();
        if !self.profile.conventions().shift_per_channel {
            channel_shift = [channel_shift[0]; 3];
        }
        let nothing = Augmentation::new(AugmentConfig::default(), self.profile, 1).unwrap();
        let mut draws = nothing.draw(0, (1, 1));
        draws.rotation = self.theta;
        draws.shift = Offset { rows: self.tx, columns: self.ty };
        draws.shear = self.shear;
        draws.zoom = Steps { rows: self.zx, columns: self.zy };
        draws.flip =
            Mirrored { horizontally: self.flip_horizontal, vertically: self.flip_vertical };
        draws.channel_shift = channel_shift;
        draws.brightness = self.brightness.unwrap_or(1.0);
        draws
    }

    fn config(&self) -> AugmentConfig {
        AugmentConfig {
            rotation: Rotation { rotation_range: 40.0 },
            fill: Fill { fill_mode: self.fill_mode, cval: self.cval },
            brightness: brightness(self.brightness.is_some()),
            channel_shift: ChannelShift {
                channel_shift_range: if self.channel_shift.is_some() { 100.0 } else { 0.0 },
            },
            ..AugmentConfig::default()
        }
    }
}

fn brightness(is_on: bool) -> Brightness {
    Brightness { brightness_range: is_on.then_some(BrightnessRange { low: 0.5, high: 1.5 }) }
}

#[test]
fn pictures_are_transformed_as_in_keras() {
    let tensors = Tensors::read("augmentation.safetensors");
    let Cases { cases } = golden::json("augmentation.json");
    assert!(cases.len() > 120, "{}", cases.len());
    let mut largest: HashMap<String, f64> = HashMap::new();
    for case in &cases {
        let picture = tensors.get(&case.picture).unsqueeze(0);
        let augmentation = Augmentation::new(case.config(), case.profile, 1).unwrap();
        let found = augmentation.apply(&picture, &[case.draws()]).unwrap().squeeze_dim(0);
        let expected = tensors.get(&case.expected).to_kind(Kind::Float);
        let difference = (&found - &expected).abs().max().double_value(&[]);
        // Nearest is the same pixel or another; interpolated values are sums in another order,
        // cut to whole levels by brightness.
        let bound = match (case.profile.conventions().interpolation_order, case.brightness) {
            (InterpolationOrder::Nearest, _) if case.channel_shift.is_none() => 0.0,
            (_, None) => 1e-3 * 255.0,
            (_, Some(_)) => 1.0,
        };
        assert!(difference <= bound, "{}: {difference}", case.expected);
        let kind = format!("{:?} {:?}", case.profile, case.fill_mode);
        let entry = largest.entry(kind).or_default();
        *entry = entry.max(difference);
    }
    println!("largest differences in levels: {largest:?}");
}

/// A batch gives each picture its own transform, the one it would get alone.
#[test]
fn a_batch_is_its_pictures() {
    let tensors = Tensors::read("augmentation.safetensors");
    let wide = tensors.get("wide");
    let batch = Tensor::stack(&[&wide, &wide.flip([1]), &wide.flip([0])], 0);
    for profile in [KerasProfile::V2_0_8, KerasProfile::V3] {
        let mut config = AugmentConfig::book();
        config.channel_shift.channel_shift_range = 40.0;
        config.brightness = brightness(true);
        config.flip.vertical_flip = true;
        let augmentation = Augmentation::new(config, profile, 1).unwrap();
        let draws: Vec<Draws> = (0..3).map(|place| augmentation.draw(place, (15, 24))).collect();
        let together = augmentation.apply(&batch, &draws).unwrap();
        for (index, draws) in draws.iter().enumerate() {
            let alone = batch.narrow(0, index as i64, 1);
            let alone = augmentation.apply(&alone, &[*draws]).unwrap();
            assert_eq!(together.narrow(0, index as i64, 1), alone, "{profile:?} {index}");
        }
    }
}

#[derive(serde::Deserialize)]
struct Distribution {
    count: usize,
    names: Vec<String>,
    profiles: HashMap<String, Moments>,
}

#[derive(serde::Deserialize)]
struct Moments {
    low: Vec<f64>,
    high: Vec<f64>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    correlation: Vec<Vec<f64>>,
}

#[test]
fn transforms_are_drawn_as_in_keras() {
    let Distribution { count, names, profiles } = golden::json("draws.json");
    assert_eq!(names, ["theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal"]);
    let (height, width) = (150, 100);
    for (name, profile) in
        [("2.0.8", KerasProfile::V2_0_8), ("2.2", KerasProfile::V2_2), ("3", KerasProfile::V3)]
    {
        let expected = &profiles[name];
        let augmentation = Augmentation::new(AugmentConfig::book(), profile, 1).unwrap();
        let rows: Vec<[f64; 7]> = (0..count as i64)
            .map(|place| {
                let Draws { rotation, shift, shear, zoom, flip, .. } =
                    augmentation.draw(place, (height, width));
                let (tx, ty) = (shift.rows / height as f64, shift.columns / width as f64);
                let flip = f64::from(u8::from(flip.horizontally));
                [rotation, tx, ty, shear, zoom.rows, zoom.columns, flip]
            })
            .collect();
        let n = count as f64;
        let mean = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>() / n;
        let means: Vec<f64> = (0..7).map(mean).collect();
        let covariance = |a: usize, b: usize| {
            rows.iter().map(|row| (row[a] - means[a]) * (row[b] - means[b])).sum::<f64>() / n
        };
        for column in 0..7 {
            let (low, high) = (expected.low[column], expected.high[column]);
            // The ends of 20,000 uniform draws miss the range by a share of about 1/20,000; the two
            // samples' means differ by their standard errors.
            let slack = (high - low) * 1e-3;
            for row in &rows {
                assert!(row[column] > low - slack && row[column] < high + slack, "{name} {column}");
            }
            let deviation = expected.deviation[column];
            let error = (means[column] - expected.mean[column]).abs();
            assert!(error < 5.0 * deviation * (2.0 / n).sqrt(), "{name} {column}: mean {error}");
            let ratio = covariance(column, column).sqrt() / deviation;
            assert!((ratio - 1.0).abs() < 5.0 / n.sqrt(), "{name} {column}: deviation {ratio}");
            for other in 0..column {
                let found = covariance(column, other)
                    / (covariance(column, column) * covariance(other, other)).sqrt();
                let error = (found - expected.correlation[column][other]).abs();
                assert!(error < 5.0 * (2.0 / n).sqrt(), "{name} {column} {other}: {found}");
            }
        }
    }
}
