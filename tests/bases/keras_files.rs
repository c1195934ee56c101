//! Weights under Keras's names and in its layouts.

use crate::drawn::base;
use petite::nn::{base::Base, stored::Stored, zoo::Model};
use petite::weights::{self, Named};
use tch::Device;

/// The base's weights as Keras writes them; `spelled` makes a name of layer and variable.
fn as_keras(base: &Base, depthwise: &str, spelled: fn(&str, &str) -> String) -> Named {
    let rename = |(name, tensor): (String, tch::Tensor)| {
        let (layer, variable) = name.rsplit_once('.').unwrap();
        let is_norm = layer.ends_with("_bn");
        let (variable, tensor) = match (variable, tensor.dim()) {
            ("weight", 4) if layer.starts_with("conv_dw") => {
                (depthwise, tensor.permute([2, 3, 0, 1]))
            }
            ("weight", 4) => ("kernel", tensor.permute([2, 3, 1, 0])),
            ("weight", _) => ("gamma", tensor),
            ("bias", _) if is_norm => ("beta", tensor),
            ("bias", _) => ("bias", tensor),
            ("running_mean", _) => ("moving_mean", tensor),
            _ => ("moving_variance", tensor),
        };
        (spelled(layer, variable), tensor.contiguous())
    };
    base.stack.tensors().into_iter().map(rename).collect()
}

#[test]
fn keras_names_and_layouts_load_as_our_own() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, alpha) in [(Model::Mobilenet, 0.25), (Model::Squeezenet, 1.0), (Model::Vgg16, 1.0)] {
        let base = base(kind, alpha);
        let plain = |layer: &str, variable: &str| format!("{}/{variable}", layer.replace('.', "/"));
        let twice = |layer: &str, variable: &str| format!("{layer}/{layer}/{variable}:0");
        for (file, tensors) in [
            ("own.safetensors", base.stack.tensors()),
            ("keras.safetensors", as_keras(&base, "depthwise_kernel", plain)),
            ("keras.npz", as_keras(&base, "kernel", plain)),
            ("twice.npz", as_keras(&base, "depthwise_kernel", twice)),
        ] {
            let path = folder.path().join(file);
            weights::save(&path, &tensors, Default::default()).unwrap();
            let stored = Stored::read(&path).unwrap();
            let whole = stored.cut(kind.base_architecture(alpha).unwrap());
            assert!(whole.cut_off.is_empty());
            let (loaded, passed_over) =
                Base::pretrained(kind, whole, &stored, Device::Cpu).unwrap();
            assert_eq!(loaded.stack.tensors(), base.stack.tensors(), "{kind:?} {file}");
            assert!(passed_over.is_empty());
        }
    }
}

#[test]
fn the_classifier_and_cut_off_blocks_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let base = base(Model::Mobilenet, 0.25);
    let mut tensors = base.stack.tensors();
    tensors.push(("conv_preds.weight".to_owned(), tch::Tensor::from(1f32)));
    let path = folder.path().join("whole.safetensors");
    weights::save(&path, &tensors, Default::default()).unwrap();
    let stored = Stored::read(&path).unwrap();
    let model = Model::Mobilenet;
    let cut = model.base_architecture(0.25).unwrap().through("conv_pw_11").unwrap();
    let (short, passed_over) = Base::pretrained(model, cut, &stored, Device::Cpu).unwrap();
    // Two pairs of two convolutions and norms: 4 · 5, and the classifier.
    assert_eq!(passed_over.len(), 21);
    assert!(passed_over.contains(&"conv_preds.weight".to_owned()));
    assert_eq!(short.stack.architecture().feature_shape((224, 224)).unwrap(), [14, 14, 128]);
    for (name, tensor) in short.stack.tensors() {
        assert!(base.stack.tensors().contains(&(name, tensor)));
    }
}
