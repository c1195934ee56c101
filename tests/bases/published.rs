//! The published weights, where `PETITE_WEIGHTS` names the folder that holds them.

use crate::drawn::Golden;
use crate::golden::check;
use crate::skipped::skipped;
use petite::batches::batch::to_images;
use petite::dataset::{Link, Prepare};
use petite::nn::{base::Base, run::Pass, stored::Stored, zoo::Model};
use petite::pictures::{folder::Folder, pixels};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tch::{Device, Kind, Tensor};

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

/// 4,000 pictures at 224×224 by MobileNet through conv_pw_12, with how long each part takes.
#[test]
#[ignore = "takes a minute or two: a measurement, with PETITE_PICTURES and PETITE_WEIGHTS"]
fn features_of_all_pictures() {
    let weights = published("mobilenet_v1_1.0_224_imagenet_keras_layout.safetensors").unwrap();
    let originals = PathBuf::from(std::env::var_os("PETITE_PICTURES").unwrap());
    petite::machine::device::keep_freed_memory();
    let workspace = tempfile::tempdir().unwrap();
    let data = workspace.path().join("data");
    let prepare = Prepare { link: Link::Symbolic, ..Prepare::new(&originals, &data) };
    prepare.run(&petite::Stop::default()).unwrap();
    let started = Instant::now();
    let pixels = all_pixels(&data);
    println!("{} pictures decoded in {:.1?}", pixels.size()[0], started.elapsed());

    let stored = Stored::read(&weights).unwrap();
    let mut base = base_of(&stored);
    let measure = |base: &Base, count: i64, channels_first: bool| {
        let started = Instant::now();
        let mut sum = 0.0;
        for first in (0..count).step_by(32) {
            let batch = pixels.narrow(0, first, 32.min(count - first));
            let mut images = to_images(&batch).unwrap();
            if channels_first {
                images = images.contiguous();
            }
            let features = tch::no_grad(|| base.features(&images, &mut Pass::Infer)).unwrap();
            sum += features
                .mean_dim([2i64, 3].as_slice(), false, Kind::Float)
                .sum(Kind::Float)
                .double_value(&[]);
        }
        let seconds = started.elapsed().as_secs_f64();
        (seconds, count as f64 / seconds, sum)
    };
    measure(&base, 64, false);
    let (seconds, rate, _) = measure(&base, 4000, false);
    println!("4,000 pictures, folded, channels last: {seconds:.1} s, {rate:.0} pictures/s");
    // Convolutions answer in the layout of their kernel.
    let mut channels_first = base_of(&stored);
    for (_, parameter) in channels_first.stack.tensors() {
        parameter.shallow_clone().set_data(&parameter.detach().contiguous());
    }
    channels_first.stack.freeze().unwrap();
    for round in 1..=3 {
        for (base, layout) in [(&mut base, "last"), (&mut channels_first, "first")] {
            base.stack.freeze().unwrap();
            let (_, folded, _) = measure(base, 320, layout == "first");
            base.stack.unfreeze_from("conv1").unwrap();
            let (_, unfolded, _) = measure(base, 320, layout == "first");
            println!(
                "round {round}, channels {layout}: folded {folded:.0}, not folded {unfolded:.0} pictures/s"
            );
        }
    }
}

/// The pictures of the three splits at 224×224, `[N, H, W, C]` u8.
fn all_pixels(data: &Path) -> Tensor {
    let target = pixels::Target::rgb(224, 224);
    let mut splits = Vec::new();
    for name in ["train", "validation", "test"] {
        let folder = Folder::read(&data.join(name)).unwrap().0;
        let pixels =
            pixels::decode_all(&folder, target, 0, &petite::Stop::default(), &|| ()).unwrap().0;
        let shape = [pixels.samples.len() as i64, 224, 224, 3];
        let bytes = pixels.pictures().map(Result::unwrap).collect::<Vec<_>>().concat();
        splits.push(Tensor::from_data_size(&bytes, &shape, Kind::Uint8));
    }
    Tensor::cat(&splits, 0)
}

/// MobileNet through conv_pw_12.
fn base_of(stored: &Stored) -> Base {
    let model = Model::Mobilenet;
    let cut = model.base_architecture(1.0).unwrap().through("conv_pw_12").unwrap();
    Base::pretrained(model, cut, stored, Device::Cpu).unwrap().0
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
