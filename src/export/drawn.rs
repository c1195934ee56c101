//! Small networks with drawn weights, for tests: of every layer and every base.

use super::description::Description;
use super::request::{Export, Format, Output};
use crate::batches::batch::Input;
use crate::keras::KerasProfile;
use crate::machine::Machine;
use crate::machine::precision::Precision;
use crate::nn::network::Network;
use crate::nn::zoo::{Downsample, Model};
use crate::random::{Purpose, generator};
use crate::run::folder::{RunRecord, Versions};
use crate::run::settings::config::{Config, Recipe};
use crate::run::settings::network::{NetworkKind, Scratch};
use crate::run::settings::on_base::{OnBase, PreprocessChoice};
use crate::training::loss::Loss;
use crate::weights::assign;
use rand::Rng;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// A run's settings, and its network.
pub(super) struct Drawn {
    pub record: RunRecord,
    pub network: Network,
}

impl Drawn {
    fn new(classes: usize, train: Config) -> Self {
        let mut network = built(&train, classes);
        tch::no_grad(|| {
            (0..).zip(network.tensors()).for_each(|(index, (name, tensor))| {
                draw(&name, tensor, index);
            });
        });
        // Pixels that are not scaled would make logits so large that f32 rounds them by 1e-5.
        let is_scaled = train.on_base().is_none_or(|on_base| {
            let normalization = on_base.preprocess(train.network.model).unwrap().normalization();
            normalization.deviation.iter().any(|&deviation| deviation != 1.0)
        });
        if !is_scaled {
            let (_, first) = &mut network.tensors()[0];
            tch::no_grad(|| *first /= 64.0);
        }
        network.refresh().unwrap();
        let classes = (0..classes).map(|label| format!("class {label}")).collect();
        let (versions, device) = (Versions::current(), "cpu".to_owned());
        Self { record: RunRecord { versions, device, classes, train }, network }
    }

    /// What identifies it in a failed test.
    fn name(&self) -> String {
        let train = &self.record.train;
        format!("{} {:?}", train.network.model.name(), train.network.kind)
    }

    pub fn description(&self, format: Format, output: Output) -> Description {
        let what = Export { output, ..Export::new("run", format, "file") };
        Description::new(&self.record, &what).unwrap()
    }

    /// A network with the same weights.
    pub fn copy(&self) -> Network {
        let mut network = built(&self.record.train, self.record.classes.len());
        assign(&network.tensors(), &self.network.tensors(), Path::new("drawn")).unwrap();
        network.refresh().unwrap();
        network
    }

    /// Asserts that `run` gives the `output` of the network, for one picture and for seven.
    pub fn assert_same(&self, output: Output, run: impl Fn(Tensor) -> Tensor) {
        for count in [1, 7] {
            let pixels = self.pixels(count);
            let expected = tch::no_grad(|| self.expected(pixels.shallow_clone(), output));
            let found = run(pixels);
            assert_eq!(found.size(), expected.size(), "{}", self.name());
            let difference = (found - &expected).abs().max().double_value(&[]);
            let bound = 1e-5 * expected.abs().max().double_value(&[]).max(1.0);
            assert!(difference <= bound, "{}, {output:?}: {difference}", self.name());
        }
    }

    /// The `output` as the network itself computes it.
    fn expected(&self, pixels: Tensor, output: Output) -> Tensor {
        let logits = self.network.logits(&Input::Pixels(pixels)).unwrap();
        let loss = Loss::for_classes(self.record.classes.len());
        match (output, loss) {
            (Output::Logits, Loss::BinaryCrossentropy) => logits.unsqueeze(1),
            (Output::Logits, Loss::CategoricalCrossentropy) => logits,
            (Output::Probabilities, Loss::BinaryCrossentropy) => {
                let second = loss.probabilities(&logits).unwrap();
                Tensor::stack(&[second.rsub_scalar(1.0), second], 1)
            }
            (Output::Probabilities, _) => loss.probabilities(&logits).unwrap(),
        }
    }

    /// `[N, H, W, C]` u8.
    fn pixels(&self, count: i64) -> Tensor {
        let Description { height, width, channels, .. } =
            self.description(Format::Onnx, Output::Logits);
        let shape = [count, height as i64, width as i64, channels as i64];
        (uniform(&shape, count as u64) * 256).to_kind(Kind::Uint8)
    }
}

fn built(train: &Config, classes: usize) -> Network {
    let machine = Machine { device: Device::Cpu, precision: Precision::Fp32 };
    train.network(classes, machine).unwrap()
}

/// Values in 0..1, the same in every test: libtorch's generator is that of all tests, and f32 rounds
/// some networks by more than others.
pub(super) fn uniform(size: &[i64], index: u64) -> Tensor {
    let mut random = generator(1, Purpose::Drawing, index);
    let count = size.iter().product::<i64>();
    let values: Vec<f32> =
        (0..count).map(|_| (random.next_u32() >> 8) as f32 / (1 << 24) as f32).collect();
    Tensor::from_slice(&values).reshape(size)
}

/// Values for which no layer gives only zeros, and which differ from what new layers have.
fn draw(name: &str, mut tensor: Tensor, index: u64) {
    let uniform = uniform(&tensor.size(), index);
    let values = match (name.rsplit('.').next(), &tensor.size()[..]) {
        (_, &[_, channels, height, width]) => {
            // He and others, 2015.
            (uniform * 2.0 - 1.0) * (6.0 / (channels * height * width) as f64).sqrt()
        }
        // The sums of residual blocks would grow until f32 rounds logits by 1e-5.
        (Some("weight"), [_]) if name.ends_with(".bn2.weight") => (uniform + 0.5) / 8.0,
        (Some("running_var" | "weight"), [_]) => uniform + 0.5,
        (_, [_]) => uniform - 0.5,
        _ => return,
    };
    tensor.copy_(&values);
}

/// The networks trained from scratch with every downsampling, of two and of three classes.
pub(super) fn from_scratch() -> Vec<Drawn> {
    let made = |model, classes, size: &str, downsample, dropout| {
        let mut config = Config::with(Recipe::Baseline, KerasProfile::default(), model, None);
        config.pictures.image_size = size.parse().unwrap();
        (config.network.dropout, config.network.kind) =
            (dropout, NetworkKind::Scratch(Scratch { downsample }));
        Drawn::new(classes, config)
    };
    let mut all: Vec<Drawn> = Downsample::ALL
        .into_iter()
        .map(|downsample| made(Model::Mnist, 3, "20x23", downsample, Some(0.5)))
        .collect();
    all.push(made(Model::Convnet, 2, "46x51", Downsample::MaxPool, Some(0.5)));
    all
}

/// Every base with a head, frozen or partly trained, of two and of three classes.
pub(super) fn on_bases() -> Vec<Drawn> {
    let made = |model, classes, size: &str, change: fn(&mut OnBase)| {
        let mut config = Config::with(Recipe::FineTune, KerasProfile::default(), model, None);
        config.pictures.image_size = size.parse().unwrap();
        let NetworkKind::OnBase(on_base) = &mut config.network.kind else { panic!("{model:?}") };
        change(on_base);
        Drawn::new(classes, config)
    };
    vec![
        made(Model::Vgg16, 2, "33", |_| ()),
        made(Model::Vgg16, 3, "16x19", |on_base| {
            on_base.preprocess = PreprocessChoice::Published;
            on_base.units = 0;
            on_base.through = Some("block2_conv2".to_owned());
            on_base.unfreeze_from = Some("block2_conv1".to_owned());
        }),
        made(Model::Mobilenet, 2, "45x38", |on_base| on_base.alpha = 0.25),
        made(Model::Squeezenet, 3, "40x49", |_| ()),
        made(Model::Resnet18, 2, "33x40", |_| ()),
        made(Model::Resnet34, 2, "33", |on_base| {
            on_base.through = Some("layer2.1".to_owned());
            on_base.unfreeze_from = None;
        }),
        made(Model::Resnet50, 3, "33", |on_base| {
            on_base.through = Some("layer2.1".to_owned());
            on_base.unfreeze_from = Some("layer2".to_owned());
        }),
    ]
}
