//! Grad-CAM on every kind of network.

use petite::batches::batch::Input;
use petite::machine::precision::Precision;
use petite::nn::base::Base;
use petite::nn::grad_cam::GradCam;
use petite::nn::head::{self, Pooling};
use petite::nn::layer::Statistics;
use petite::nn::network::Network;
use petite::nn::zoo::{Downsample, Model, Options};
use tch::{Device, Kind, Tensor};

/// Pixels without a pattern.
fn noise(shape: [i64; 4]) -> Tensor {
    let noise = Tensor::arange(shape.iter().product::<i64>(), (Kind::Int64, Device::Cpu));
    (noise * 7919).remainder(251).to_kind(Kind::Uint8).reshape(shape)
}

/// A head on a small base, cut after `through` and trained from `first` on.
fn on_base(
    (model, through): (Model, &str),
    pooling: Pooling,
    first: Option<&str>,
    precision: Precision,
) -> Network {
    let alpha = if model == Model::Mobilenet { 0.25 } else { 1.0 };
    let architecture = model.base_architecture(alpha).unwrap().through(through).unwrap();
    let features = architecture.feature_shape((40, 48)).unwrap();
    let mut base = Base::random(model, architecture, Device::Cpu, 1).unwrap();
    base.stack.compute_in(precision.kind()).unwrap();
    if let Some(first) = first {
        base.stack.unfreeze_from(first).unwrap();
    }
    let head = head::architecture(features, 2, pooling, 8, Some(0.5)).unwrap();
    let network = Network::new(head, Device::Cpu, precision, 1).unwrap();
    network.on_base(base, Statistics::Stored)
}

#[test]
fn the_logits_are_those_of_prediction_and_no_gradient_is_left() {
    let options = |downsample| Options { classes: Some(2), downsample, dropout: Some(0.5) };
    for precision in [Precision::Fp32, Precision::Bf16] {
        let scratch = |model: Model, size, downsample| {
            let architecture = model.architecture(size, &options(downsample)).unwrap();
            Network::new(architecture, Device::Cpu, precision, 1).unwrap()
        };
        let on_base = |model, through, pooling, first: Option<&str>| {
            on_base((model, through), pooling, first, precision)
        };
        let (flatten, average) = (Pooling::Flatten, Pooling::Average);
        // With the height and width of their last convolution's output.
        let networks = [
            (scratch(Model::Convnet, (46, 62), Downsample::MaxPool), (2, 4)),
            (scratch(Model::Convnet, (46, 62), Downsample::AveragePool), (2, 4)),
            (scratch(Model::Convnet, (46, 62), Downsample::Stride), (1, 2)),
            (scratch(Model::Mnist, (28, 28), Downsample::MaxPool), (3, 3)),
            (on_base(Model::Vgg16, "block3_pool", flatten, None), (10, 12)),
            (on_base(Model::Vgg16, "block3_conv3", average, Some("block3")), (10, 12)),
            (on_base(Model::Mobilenet, "conv_pw_13", average, None), (1, 1)),
            (on_base(Model::Mobilenet, "conv_pw_13", flatten, Some("conv_dw_8")), (1, 1)),
            (on_base(Model::Squeezenet, "fire9", average, Some("fire9")), (1, 2)),
            (on_base(Model::Resnet18, "layer2.1", average, Some("layer2")), (5, 6)),
        ];
        for (index, (network, size)) in networks.iter().enumerate() {
            let case = format!("{index} {precision:?}");
            let [height, width, channels] = match network.base() {
                Some(_) => [40, 48, 3],
                None => network.architecture().input_shape,
            };
            let pixels = noise([2, height, width, channels]);
            // Where a caller has turned gradients off, too.
            let cam = tch::no_grad(|| GradCam::new(network, &pixels)).unwrap();
            let maps = tch::no_grad(|| cam.heat_maps(&[0, 1])).unwrap();
            assert_eq!((maps[0].height, maps[0].width), *size, "{case}");
            for map in &maps {
                let highest = map.values.iter().copied().fold(0.0, f32::max);
                assert!(highest == 1.0 || highest == 0.0, "{case} {highest}");
                assert!(map.values.iter().all(|value| (0.0..=1.0).contains(value)), "{case}");
            }
            let expected = tch::no_grad(|| network.logits(&Input::Pixels(pixels))).unwrap();
            assert_eq!(cam.logits().unwrap(), expected, "{case}");
            assert!(!network.leaves().is_empty());
            assert!(network.leaves().iter().all(|leaf| !leaf.grad().defined()), "{case}");
        }
    }
}
