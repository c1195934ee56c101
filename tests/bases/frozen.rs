//! Frozen means frozen.

use crate::drawn::{base, images};
use petite::nn::{architecture::ShapedLayer, base::Base, layer::Statistics, run::Pass, zoo::Model};
use tch::{Device, Kind, Tensor};

/// A step of gradient descent on the mean square of the features.
fn step(base: &Base, statistics: Statistics) {
    let features = base.features(&images(64, 64, 2), &mut Pass::train(statistics, &[])).unwrap();
    features.square().mean(Kind::Float).backward();
    tch::no_grad(|| {
        for (_, parameter) in base.stack.trained() {
            let _ = parameter.shallow_clone().f_sub_(&(parameter.grad() * 0.1)).unwrap();
        }
    });
}

/// Of the same architecture, with other weights.
fn another(base: &Base) -> Base {
    Base::random(base.model, base.stack.architecture().clone(), Device::Cpu, 7).unwrap()
}

fn copies(tensors: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.detach().copy())).collect()
}

/// The index of the layer that holds the tensor named.
fn index_of(base: &Base, name: &str) -> usize {
    let layers = &base.stack.architecture().layers;
    let holds = |layer: &ShapedLayer| layer.tensors().iter().any(|tensor| tensor.name == name);
    layers.iter().position(holds).unwrap()
}

#[test]
fn no_bit_of_a_frozen_layer_changes_and_no_gradient_is_computed() {
    for (kind, alpha, from, statistics) in [
        (Model::Mobilenet, 0.25, "conv_pw_12", Statistics::Stored),
        (Model::Mobilenet, 0.25, "conv_pw_12", Statistics::Batch),
        (Model::Squeezenet, 1.0, "fire9", Statistics::Stored),
        (Model::Resnet18, 1.0, "layer4", Statistics::Batch),
    ] {
        let mut base = base(kind, alpha);
        base.stack.unfreeze_from(from).unwrap();
        let first = base.stack.architecture().index_of(from).unwrap();
        assert_eq!(base.stack.trained_from(), first);
        let before = copies(&base.stack.tensors());
        step(&base, statistics);
        step(&base, statistics);
        let buffers = base.stack.buffers();
        for ((name, before), (_, after)) in before.iter().zip(base.stack.tensors()) {
            let trained = index_of(&base, name) >= first;
            let buffer = buffers.iter().any(|(buffer, _)| buffer == name);
            let changes = trained && (!buffer || statistics == Statistics::Batch);
            assert_eq!(*before != after, changes, "{kind:?} {name}");
            assert_eq!(after.grad().defined(), trained && !buffer, "{kind:?} {name}");
            assert_eq!(after.requires_grad(), trained && !buffer, "{kind:?} {name}");
        }
        // A frozen base's features hang on no weight.
        base.stack.freeze().unwrap();
        let features =
            base.features(&images(64, 64, 2), &mut Pass::train(statistics, &[])).unwrap();
        assert!(!features.requires_grad() && base.stack.trained().is_empty());
    }
}

/// Features of the frozen part, computed once, go on through the part that is trained.
#[test]
fn a_base_can_be_run_in_two_parts() {
    let mut base = base(Model::Vgg16, 1.0);
    base.stack.unfreeze_from("block5").unwrap();
    let images = images(64, 64, 2);
    let (border, last) = (base.stack.trained_from(), base.stack.architecture().layers.len());
    let x = base.preprocess.apply(&images).unwrap();
    let half = base.stack.forward(x, 0..border, &mut Pass::Infer).unwrap();
    assert!(!half.requires_grad());
    let whole = base.stack.forward(half.shallow_clone(), border..last, &mut Pass::Infer).unwrap();
    assert_eq!(whole, base.features(&images, &mut Pass::Infer).unwrap());
    assert!(whole.requires_grad());
    assert!(base.stack.forward(half.shallow_clone(), border..last + 1, &mut Pass::Infer).is_err());
}

/// VGG16's convolutions before a pooling are computed with it in one operation where both are frozen
/// or both trained; layer by layer they are not.
#[test]
fn convolutions_pool_as_they_would_alone() {
    let images = images(64, 64, 2);
    let run = |first: &str, together: bool| {
        let mut base = base(Model::Vgg16, 1.0);
        base.stack.unfreeze_from(first).unwrap();
        let x = base.preprocess.apply(&images).unwrap();
        let last = base.stack.architecture().layers.len();
        let step = if together { last } else { 1 };
        let features = (0..last).step_by(step).fold(x, |x, index| {
            base.stack.forward(x, index..index + step, &mut Pass::Infer).unwrap()
        });
        features.square().mean(Kind::Float).backward();
        let trained = base.stack.trained().into_iter();
        let gradients = trained.map(|(name, tensor)| (name, tensor.grad()));
        (features.detach(), gradients.collect::<Vec<_>>())
    };
    // Among the convolutions, and between one and its pooling.
    for first in ["block4_conv2", "block5_conv3", "block4_pool"] {
        let (one_by_one, together) = (run(first, false), run(first, true));
        assert_eq!(together.0, one_by_one.0, "{first}");
        assert!(!together.1.is_empty(), "{first}");
        for ((name, found), (_, expected)) in together.1.iter().zip(&one_by_one.1) {
            assert_eq!(found, expected, "{first} {name}");
        }
    }
}

/// After weights change under a base, its folded kernels are those of the new weights.
#[test]
fn new_weights_count_at_once() {
    let mut from_drawn = base(Model::Mobilenet, 0.25);
    let other = another(&from_drawn);
    let images = images(64, 64, 2);
    let features = |base: &Base| base.features(&images, &mut Pass::Infer).unwrap();
    assert_ne!(features(&from_drawn), features(&other));
    from_drawn.stack.assign(&other.stack.tensors(), std::path::Path::new("other")).unwrap();
    assert_eq!(features(&from_drawn), features(&other));
}
