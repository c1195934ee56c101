//! Files that are not the base's weights: refused as a whole, nothing changed.

use crate::drawn::base;
use petite::nn::{architecture::Architecture, base::Base, stored::Stored, zoo::Model};
use petite::weights::{self, Named};
use std::path::Path;
use tch::{Device, Tensor};

fn whole(model: Model) -> Architecture {
    model.base_architecture(1.0).unwrap()
}

/// Why `tensors` are not the weights of a SqueezeNet.
fn refusal(folder: &Path, tensors: &[(String, Tensor)]) -> String {
    let path = folder.join("weights.safetensors");
    weights::save(&path, tensors, Default::default()).unwrap();
    let stored = Stored::read(&path).unwrap();
    let model = Model::Squeezenet;
    let cut = stored.cut(whole(model));
    let error = format!("{:#}", Base::pretrained(model, cut, &stored, Device::Cpu).unwrap_err());
    assert!(error.starts_with("expected the weights of squeezenet in "), "{error}");
    error
}

/// A tensor of the list, to be changed.
fn at<'a>(tensors: &'a mut Named, name: &str) -> &'a mut (String, Tensor) {
    tensors.iter_mut().find(|(known, _)| known == name).unwrap()
}

#[test]
fn every_fault_of_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = || base(Model::Squeezenet, 1.0).stack.tensors();
    let renamed = |from: &str, to: &str| {
        let mut tensors = drawn();
        at(&mut tensors, from).0 = to.to_owned();
        refusal(folder.path(), &tensors)
    };
    // In the middle, at the end, and a whole layer.
    let error = renamed("fire4.squeeze1x1.weight", "fire4.squeeze.weight");
    assert!(error.contains("fire4.squeeze1x1.weight is missing"), "{error}");
    assert!(error.contains("fire4.squeeze.weight is not part of it"), "{error}");
    let error = renamed("fire9.expand3x3.bias", "fire10.expand3x3.bias");
    assert!(error.contains("fire9.expand3x3.bias is missing"), "{error}");

    let changed = |name: &str, change: fn(&Tensor) -> Tensor| {
        let mut tensors = drawn();
        let (_, tensor) = at(&mut tensors, name);
        *tensor = change(tensor);
        refusal(folder.path(), &tensors)
    };
    // PyTorch and NumPy would stretch these over the whole.
    let error = changed("conv1.bias", |bias| bias.narrow(0, 0, 1));
    assert!(error.contains("conv1.bias is Float [1] instead of Float [64]"), "{error}");
    let error = changed("conv1.weight", |weight| weight.narrow(0, 0, 1));
    assert!(error.contains("[1, 3, 3, 3] instead of Float [64, 3, 3, 3]"), "{error}");
    let error = changed("conv1.bias", |bias| bias.to_kind(tch::Kind::Int));
    assert!(error.contains("conv1.bias is Int [64] instead of Float [64]"), "{error}");

    let mut tensors = drawn();
    tensors.push(("extra.weight".to_owned(), Tensor::from(1f32)));
    assert!(refusal(folder.path(), &tensors).contains("extra.weight is not part of it"));
    let mut tensors = drawn();
    let twice = tensors.iter().find(|(name, _)| name == "conv1.bias").unwrap().1.shallow_clone();
    tensors.push(("conv1/bias".to_owned(), twice.copy()));
    assert!(refusal(folder.path(), &tensors).contains("occurs twice"));
    let mut tensors = drawn();
    tensors.retain(|(name, _)| name != "fire5.expand1x1.weight");
    assert!(refusal(folder.path(), &tensors).contains("fire5.expand1x1.weight is missing"));

    // All but one of the names are others.
    let mut tensors = drawn();
    for (name, _) in tensors.iter_mut().filter(|(name, _)| name != "conv1.weight") {
        name.push('_');
    }
    assert!(refusal(folder.path(), &tensors).contains(" more; try another file"));
}

/// One cause instead of a list of tensors.
#[test]
fn the_weights_of_another_network_are_called_that() {
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(folder.path(), &base(Model::Mobilenet, 0.25).stack.tensors());
    assert!(
        error.contains("found those of mobilenet, `alpha` 0.25; try `model` mobilenet"),
        "{error}"
    );
    let mut resnet = Base::random(Model::Resnet34, whole(Model::Resnet34), Device::Cpu, 1)
        .unwrap()
        .stack
        .tensors();
    for (name, _) in &mut resnet {
        name.insert_str(0, "module.");
    }
    let error = refusal(folder.path(), &resnet);
    assert!(error.contains("found those of resnet34; try `model` resnet34, or another file"));
    // torchvision's own VGG16, for one, has other names.
    for (index, (name, _)) in resnet.iter_mut().enumerate() {
        *name = format!("features.{index}.weight");
    }
    let error = refusal(folder.path(), &resnet);
    let names = "but features.0.weight, features.1.weight, features.10.weight, …; try";
    assert!(error.contains("found none of its 50 tensors, such as conv1.weight"), "{error}");
    assert!(error.contains(names), "{error}");
}

/// Widths are no cut: a MobileNet of another alpha does not fit.
#[test]
fn another_width_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("narrow.npz");
    weights::save(&path, &base(Model::Mobilenet, 0.25).stack.tensors(), Default::default())
        .unwrap();
    let stored = Stored::read(&path).unwrap();
    let error = Base::pretrained(Model::Mobilenet, whole(Model::Mobilenet), &stored, Device::Cpu)
        .unwrap_err();
    assert!(format!("{error:#}").contains("found those of mobilenet, `alpha` 0.25; try"));
    for alpha in [0.0, -1.0, 0.01, f64::NAN, f64::INFINITY] {
        assert!(Model::Mobilenet.base_architecture(alpha).is_err(), "{alpha}");
    }
    assert!(Model::Vgg16.base_architecture(0.5).is_err());
}

#[test]
fn a_base_keeps_its_weights_when_others_are_refused() {
    let mut base = base(Model::Mobilenet, 0.25);
    let before: Vec<Tensor> =
        base.stack.tensors().iter().map(|(_, tensor)| tensor.copy()).collect();
    let mut tensors: Named = base
        .stack
        .tensors()
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.zeros_like()))
        .collect();
    // The last of all is wrong.
    tensors.last_mut().unwrap().1 = Tensor::from(1f32);
    assert!(base.stack.assign(&tensors, Path::new("zeros")).is_err());
    let after = base.stack.tensors();
    assert!(before.iter().zip(&after).all(|(before, (_, after))| before == after));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = base(Model::Mobilenet, 0.25).stack.tensors();
    for file in ["w.safetensors", "w.npz", "w.ot"] {
        let path = folder.path().join(file);
        weights::save(&path, &tensors, Default::default()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for share in 0..8 {
            std::fs::write(&path, &whole[..whole.len() * share / 8]).unwrap();
            assert!(Stored::read(&path).is_err(), "{file} cut to {share} eighths");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(Stored::read(&path).is_err(), "{file} cut by a byte");
    }
}

#[test]
fn layers_are_named_and_others_refused() {
    let resnet = whole(Model::Resnet18);
    assert_eq!(resnet.index_of("layer4").unwrap(), resnet.index_of("layer4.0").unwrap());
    assert_eq!(whole(Model::Vgg16).index_of("block5").unwrap(), 14);
    assert_eq!(whole(Model::Mobilenet).index_of("conv_pw_1").unwrap(), 2);
    let error = resnet.index_of("layer5").unwrap_err().to_string();
    assert!(error.contains("layer4.1, found layer5"), "{error}");
    assert!(resnet.through("layer4").is_err());
}
