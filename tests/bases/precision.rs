//! Bases that compute in bf16.

use crate::drawn::{base, images};
use petite::nn::{base::Base, layer::Statistics, run::Pass, zoo::Model};
use std::path::Path;
use tch::{Kind, Tensor};

/// The names of the blocks from which each is trained here; MobileNet's has a depthwise convolution
/// with strides.
const BASES: [(Model, f64, &str); 4] = [
    (Model::Mobilenet, 0.25, "conv_dw_12"),
    (Model::Squeezenet, 1.0, "fire8"),
    (Model::Resnet18, 1.0, "layer4"),
    (Model::Vgg16, 1.0, "block5_conv1"),
];

fn cosine(one: &Tensor, other: &Tensor) -> f64 {
    let [one, other] = [one, other].map(|tensor| tensor.to_kind(Kind::Double).flatten(0, -1));
    let length = |tensor: &Tensor| tensor.norm().double_value(&[]);
    one.dot(&other).double_value(&[]) / (length(&one) * length(&other))
}

/// Features, and the gradients of their mean square by the leaves.
fn features_and_gradients(base: &Base, statistics: Statistics) -> (Tensor, Vec<Tensor>) {
    let features = base.features(&images(64, 64, 4), &mut Pass::train(statistics, &[])).unwrap();
    features.to_kind(Kind::Float).square().mean(Kind::Float).backward();
    (features.detach(), base.stack.leaves().iter().map(Tensor::grad).collect())
}

#[test]
fn bf16_is_close_to_f32() {
    for (kind, alpha, from) in BASES {
        // A batch's own statistics, here of 16 values a channel and less, divide by small deviations.
        for (statistics, least, least_of_gradients) in
            [(Statistics::Stored, 0.999, 0.99), (Statistics::Batch, 0.99, 0.9)]
        {
            let run = |precision: Kind| {
                let mut base = base(kind, alpha);
                base.stack.compute_in(precision).unwrap();
                base.stack.unfreeze_from(from).unwrap();
                assert_eq!(base.stack.leaves().len(), base.stack.trained().len(), "{kind:?}");
                let (features, gradients) = features_and_gradients(&base, statistics);
                assert_eq!(features.kind(), precision);
                (features, gradients, base)
            };
            let (exact, gradients, base) = run(Kind::Float);
            let (short, short_gradients, _) = run(Kind::BFloat16);
            let similarity = cosine(&exact, &short);
            assert!(similarity > least, "{kind:?} {statistics:?} features: {similarity}");
            for (((name, parameter), exact), short) in
                base.stack.trained().iter().zip(&gradients).zip(&short_gradients)
            {
                assert_eq!(short.size(), parameter.size(), "{kind:?} {name}");
                let similarity = cosine(exact, short);
                assert!(
                    similarity > least_of_gradients,
                    "{kind:?} {statistics:?} {name}: {similarity}"
                );
            }
        }
    }
}

/// An optimizer holds the leaves from its first step on: new weights go into them, and frozen blocks'
/// go into what they compute with.
#[test]
fn leaves_stay_the_same_tensors() {
    for (kind, alpha, from) in BASES {
        let mut base = base(kind, alpha);
        base.stack.compute_in(Kind::BFloat16).unwrap();
        base.stack.unfreeze_from(from).unwrap();
        let before = base.stack.leaves();
        let mut other =
            Base::random(kind, base.stack.architecture().clone(), tch::Device::Cpu, 7).unwrap();
        base.stack.assign(&other.stack.tensors(), Path::new("other")).unwrap();
        for ((before, after), (name, parameter)) in
            before.iter().zip(base.stack.leaves()).zip(base.stack.trained())
        {
            assert_eq!(before.data_ptr(), after.data_ptr(), "{kind:?} {name}");
            assert_eq!(after, parameter.to_kind(after.kind()), "{kind:?} {name}");
        }
        other.stack.compute_in(Kind::BFloat16).unwrap();
        let features = |base: &Base| base.features(&images(64, 64, 2), &mut Pass::Infer).unwrap();
        assert!(cosine(&features(&base), &features(&other)) > 0.999, "{kind:?}");
    }
}
