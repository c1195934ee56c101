//! Outputs and gradients on drawn weights.

use crate::drawn::{Golden, base, channels_last, images, relative};
use petite::nn::{base::Base, layer::Statistics, run::Pass, zoo::Model};
use tch::{Kind, Tensor};

/// Every block's output at 96×96 and the last one's at 75×101, frozen and not; the largest
/// difference.
pub fn check(golden: &Golden, case: &str, base: &mut Base, sizes: &[(usize, usize)]) {
    let mut largest = 0f64;
    for (place, &(height, width)) in sizes.iter().enumerate() {
        let case = format!("{case}-{height}x{width}");
        let images = images(height, width, 2);
        let mut x = base.preprocess.apply(&images).unwrap();
        largest = largest.max(golden.check(&format!("{case}.input"), &channels_last(&x)));
        let names: Vec<String> =
            base.stack.architecture().layers.iter().map(|layer| layer.name.clone()).collect();
        for (number, name) in names.iter().enumerate() {
            x = base.stack.forward(x, number..number + 1, &mut Pass::Infer).unwrap();
            if place == 0 || number + 1 == names.len() {
                largest = largest.max(golden.check(&format!("{case}.{name}"), &channels_last(&x)));
            }
        }
        let [h, w, c] = base.stack.architecture().feature_shape((height, width)).unwrap();
        assert_eq!(x.size(), [2, c, h, w]);
        let means = x.mean_dim([2i64, 3].as_slice(), false, Kind::Float).view(-1);
        let means = Vec::<f32>::try_from(&means).unwrap();
        largest = largest.max(relative(&case, &means, &golden.get(&format!("{case}.means"))));

        let last = format!("{case}.{}", names[names.len() - 1]);
        base.stack.unfreeze_from(&names[0]).unwrap();
        let x = base.features(&images, &mut Pass::Infer).unwrap();
        largest = largest.max(golden.check(&last, &channels_last(&x.detach())));
        base.stack.freeze().unwrap();
    }
    println!("{case}: largest relative difference {largest:.1e}");
}

const SIZES: [(usize, usize); 2] = [(96, 96), (75, 101)];

#[test]
fn outputs_are_kerass() {
    let golden = Golden::read("keras");
    // The coarse MobileNet's intermediate blocks are not stored.
    check(&golden, "vgg16-1", &mut base(Model::Vgg16, 1.0), &SIZES);
    check(&golden, "mobilenet-1", &mut base(Model::Mobilenet, 1.0), &SIZES);
    check(&golden, "squeezenet-1", &mut base(Model::Squeezenet, 1.0), &SIZES);
    for (height, width) in SIZES {
        let narrow = base(Model::Mobilenet, 0.25);
        let x = narrow.features(&images(height, width, 2), &mut Pass::Infer).unwrap();
        let name = format!("mobilenet-0.25-{height}x{width}.conv_pw_13");
        golden.check(&name, &channels_last(&x));
    }
}

#[test]
fn outputs_are_torchvisions() {
    let golden = Golden::read("torchvision");
    for (kind, name) in [
        (Model::Resnet18, "resnet18-1"),
        (Model::Resnet34, "resnet34-1"),
        (Model::Resnet50, "resnet50-1"),
    ] {
        check(&golden, name, &mut base(kind, 1.0), &SIZES);
    }
}

/// The gradients of the mean square of the features.
fn check_gradients(golden: &Golden, case: &str, base: &Base, features: &Tensor) {
    features.square().mean(Kind::Float).backward();
    for (name, parameter) in base.stack.trained() {
        golden.check(&format!("{case}.gradient.{name}"), &parameter.grad());
    }
}

#[test]
fn gradients_of_the_last_blocks_are_kerass() {
    let golden = Golden::read("keras");
    let mut base = base(Model::Mobilenet, 0.25);
    base.stack.unfreeze_from("conv_pw_12").unwrap();
    let features = base.features(&images(96, 96, 2), &mut Pass::Infer).unwrap();
    check_gradients(&golden, "mobilenet-tuned", &base, &features);
}

#[test]
fn gradients_and_running_statistics_of_the_last_layer_are_torchvisions() {
    let golden = Golden::read("torchvision");
    for (statistics, mode) in [(Statistics::Stored, "stored"), (Statistics::Batch, "batch")] {
        let mut base = base(Model::Resnet18, 1.0);
        base.stack.unfreeze_from("layer4").unwrap();
        let case = format!("resnet18-tuned-{mode}");
        let features =
            base.features(&images(96, 96, 4), &mut Pass::train(statistics, &[])).unwrap();
        golden.check(&format!("{case}.features"), &channels_last(&features.detach()));
        check_gradients(&golden, &case, &base, &features);
        for (name, buffer) in base.stack.buffers() {
            if name.starts_with("layer4.") {
                golden.check(&format!("{case}.buffer.{name}"), &buffer);
            }
        }
    }
}
