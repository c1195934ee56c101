//! The published weights, where `PETITE_WEIGHTS` names the folder that holds them.

use crate::drawn::Golden;
use crate::golden::check;
use crate::skipped::skipped;
use petite::nn::{base::Base, stored::Stored, zoo::Model};
use std::path::PathBuf;
use tch::Device;

/// The file, or `None` and why.
fn published(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("PETITE_WEIGHTS").map(PathBuf::from) else {
        skipped(
            &format!("published::{name}"),
            "PETITE_WEIGHTS names no folder of published weights",
        );
        return None;
    };
    let path = folder.join(name);
    if !path.is_file() {
        skipped(&format!("published::{name}"), "it is not in the folder of PETITE_WEIGHTS");
        return None;
    }
    Some(path)
}

#[test]
fn mobilenet_of_keras_names_and_layouts_gives_kerass_outputs() {
    let Some(path) = published("mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors") else {
        return;
    };
    let golden = Golden::read("published");
    let stored = Stored::read(&path).unwrap();
    let model = Model::Mobilenet;
    let whole = stored.cut(model.base_architecture(1.0).unwrap());
    assert_eq!(whole.layers.last().unwrap().name, "conv_dw_13");
    let (mut base, passed_over) =
        Base::pretrained(model, whole.clone(), &stored, Device::Cpu).unwrap();
    assert!(passed_over.is_empty(), "{passed_over:?}");
    check(&golden, "mobilenet", &mut base, &[(224, 224), (150, 150)]);

    // Cut shorter: what is beyond is passed over, and what is there is the same.
    let (short, passed_over) =
        Base::pretrained(model, whole.through("conv_pw_12").unwrap(), &stored, Device::Cpu)
            .unwrap();
    assert_eq!(passed_over.len(), 5);
    for (name, tensor) in short.stack.tensors() {
        assert_eq!(
            base.stack.tensors().iter().find(|(known, _)| *known == name).unwrap().1,
            tensor
        );
    }
}

/// At the book's size.
#[test]
fn vgg16_of_keras_names_and_layouts_gives_kerass_outputs() {
    let Some(path) = published("vgg16_imagenet_notop_keras_layout.safetensors") else { return };
    let stored = Stored::read(&path).unwrap();
    let whole = Model::Vgg16.base_architecture(1.0).unwrap();
    let (mut base, passed_over) =
        Base::pretrained(Model::Vgg16, whole, &stored, Device::Cpu).unwrap();
    assert!(passed_over.is_empty(), "{passed_over:?}");
    check(&Golden::read("published"), "vgg16", &mut base, &[(150, 150), (96, 96)]);
}

/// `scripts/keras_weights.py` makes the file of the published .h5; `.ci/run` calls it.
#[test]
fn squeezenet_gives_kerass_outputs() {
    let Some(path) = published("squeezenet.safetensors") else { return };
    let stored = Stored::read(&path).unwrap();
    let model = Model::Squeezenet;
    let whole = model.base_architecture(1.0).unwrap();
    let (mut base, _) = Base::pretrained(model, whole, &stored, Device::Cpu).unwrap();
    let golden = Golden::read("published");
    check(&golden, "squeezenet", &mut base, &[(224, 224), (150, 150)]);
}
