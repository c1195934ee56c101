//! Frozen means frozen.

use crate::drawn::{base, images};
use petite::nn::bases::{BaseKind, base::Base, conv::Statistics};
use tch::{Kind, Tensor};

/// A step of gradient descent on the mean square of the features.
fn step(base: &Base, statistics: Statistics) {
    let features = base.features(&images(64, 64, 2), statistics).unwrap();
    features.square().mean(Kind::Float).backward();
    tch::no_grad(|| {
        for (_, parameter) in base.trained() {
            let _ = parameter.shallow_clone().f_sub_(&(parameter.grad() * 0.1)).unwrap();
        }
    });
}

fn copies(tensors: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.detach().copy())).collect()
}

/// Places of the blocks that hold the tensors named.
fn place_of(base: &Base, name: &str) -> usize {
    let holds = |conv: &petite::nn::bases::conv_plan::ConvPlan| {
        conv.tensor_names().iter().any(|known| known == name)
    };
    let blocks = &base.plan().blocks;
    blocks.iter().position(|block| block.convs().into_iter().any(holds)).unwrap()
}

#[test]
fn no_bit_of_a_frozen_block_changes_and_no_gradient_is_computed() {
    for (kind, alpha, from, statistics) in [
        (BaseKind::Mobilenet, 0.25, "conv_pw_12", Statistics::Stored),
        (BaseKind::Mobilenet, 0.25, "conv_pw_12", Statistics::Batch),
        (BaseKind::Squeezenet, 1.0, "fire9", Statistics::Stored),
        (BaseKind::Resnet18, 1.0, "layer4", Statistics::Batch),
    ] {
        let mut base = base(kind, alpha);
        base.unfreeze_from(from).unwrap();
        let place = base.plan().place(from).unwrap();
        assert_eq!(base.trained_from(), place);
        let before = copies(&base.tensors());
        step(&base, statistics);
        step(&base, statistics);
        let buffers: Vec<&String> = base.buffers().iter().map(|(name, _)| name).collect();
        for ((name, before), (_, after)) in before.iter().zip(base.tensors()) {
            let trained = place_of(&base, name) >= place;
            let buffer = buffers.contains(&name);
            let changes = trained && (!buffer || statistics == Statistics::Batch);
            assert_eq!(*before != after, changes, "{kind:?} {name}");
            assert_eq!(after.grad().defined(), trained && !buffer, "{kind:?} {name}");
            assert_eq!(after.requires_grad(), trained && !buffer, "{kind:?} {name}");
        }
        // A frozen base's features hang on no weight.
        base.freeze().unwrap();
        let features = base.features(&images(64, 64, 2), statistics).unwrap();
        assert!(!features.requires_grad() && base.trained().is_empty());
    }
}

/// Features of the frozen part, computed once, go on through the part that is trained.
#[test]
fn a_base_can_be_run_in_two_parts() {
    let mut base = base(BaseKind::Vgg16, 1.0);
    base.unfreeze_from("block5").unwrap();
    let images = images(64, 64, 2);
    let (place, last) = (base.trained_from(), base.plan().blocks.len());
    let x = base.preprocess(&images).unwrap();
    let half = base.forward(&x, 0..place, Statistics::Stored).unwrap();
    assert!(!half.requires_grad());
    let whole = base.forward(&half, place..last, Statistics::Stored).unwrap();
    assert_eq!(whole, base.features(&images, Statistics::Stored).unwrap());
    assert!(whole.requires_grad());
    assert!(base.forward(&half, place..last + 1, Statistics::Stored).is_err());
}

/// After weights change under a base, its folded kernels are those of the new weights.
#[test]
fn new_weights_count_at_once() {
    let mut from_drawn = base(BaseKind::Mobilenet, 0.25);
    let other = Base::random(from_drawn.plan().clone(), tch::Device::Cpu, 7).unwrap();
    let images = images(64, 64, 2);
    let features = |base: &Base| base.features(&images, Statistics::Stored).unwrap();
    assert_ne!(features(&from_drawn), features(&other));
    from_drawn.assign(&other.tensors(), std::path::Path::new("other")).unwrap();
    assert_eq!(features(&from_drawn), features(&other));
}
