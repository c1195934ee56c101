use super::support::{Workspace, error_of, output_of, petite};
use petite::nn::{base::Base, zoo::Model};
use petite::weights;
use tch::Device;

/// Output of `model.summary()` in the book's notebook for listing 5.5 (Keras 2.0.8), less the
/// blanks at the ends of lines.
const LISTING_5_5: &str = "\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
conv2d_1 (Conv2D)            (None, 148, 148, 32)      896
_________________________________________________________________
max_pooling2d_1 (MaxPooling2 (None, 74, 74, 32)        0
_________________________________________________________________
conv2d_2 (Conv2D)            (None, 72, 72, 64)        18496
_________________________________________________________________
max_pooling2d_2 (MaxPooling2 (None, 36, 36, 64)        0
_________________________________________________________________
conv2d_3 (Conv2D)            (None, 34, 34, 128)       73856
_________________________________________________________________
max_pooling2d_3 (MaxPooling2 (None, 17, 17, 128)       0
_________________________________________________________________
conv2d_4 (Conv2D)            (None, 15, 15, 128)       147584
_________________________________________________________________
max_pooling2d_4 (MaxPooling2 (None, 7, 7, 128)         0
_________________________________________________________________
flatten_1 (Flatten)          (None, 6272)              0
_________________________________________________________________
dense_1 (Dense)              (None, 512)               3211776
_________________________________________________________________
dense_2 (Dense)              (None, 1)                 513
=================================================================
Total params: 3,453,121
Trainable params: 3,453,121
Non-trainable params: 0
_________________________________________________________________
";

/// The same for listing 5.17: VGG16 without its classifier.
const LISTING_5_17: &str = "\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
input_1 (InputLayer)         (None, 150, 150, 3)       0
_________________________________________________________________
block1_conv1 (Conv2D)        (None, 150, 150, 64)      1792
_________________________________________________________________
block1_conv2 (Conv2D)        (None, 150, 150, 64)      36928
_________________________________________________________________
block1_pool (MaxPooling2D)   (None, 75, 75, 64)        0
_________________________________________________________________
block2_conv1 (Conv2D)        (None, 75, 75, 128)       73856
_________________________________________________________________
block2_conv2 (Conv2D)        (None, 75, 75, 128)       147584
_________________________________________________________________
block2_pool (MaxPooling2D)   (None, 37, 37, 128)       0
_________________________________________________________________
block3_conv1 (Conv2D)        (None, 37, 37, 256)       295168
_________________________________________________________________
block3_conv2 (Conv2D)        (None, 37, 37, 256)       590080
_________________________________________________________________
block3_conv3 (Conv2D)        (None, 37, 37, 256)       590080
_________________________________________________________________
block3_pool (MaxPooling2D)   (None, 18, 18, 256)       0
_________________________________________________________________
block4_conv1 (Conv2D)        (None, 18, 18, 512)       1180160
_________________________________________________________________
block4_conv2 (Conv2D)        (None, 18, 18, 512)       2359808
_________________________________________________________________
block4_conv3 (Conv2D)        (None, 18, 18, 512)       2359808
_________________________________________________________________
block4_pool (MaxPooling2D)   (None, 9, 9, 512)         0
_________________________________________________________________
block5_conv1 (Conv2D)        (None, 9, 9, 512)         2359808
_________________________________________________________________
block5_conv2 (Conv2D)        (None, 9, 9, 512)         2359808
_________________________________________________________________
block5_conv3 (Conv2D)        (None, 9, 9, 512)         2359808
_________________________________________________________________
block5_pool (MaxPooling2D)   (None, 4, 4, 512)         0
=================================================================
Total params: 14,714,688
Trainable params: 14,714,688
Non-trainable params: 0
_________________________________________________________________
";

fn summary(flags: &str) -> String {
    let table = output_of(&mut petite(&format!("summary {flags}")));
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn total(flags: &str) -> String {
    let table = summary(flags);
    let line = table.lines().find(|line| line.starts_with("Total params")).unwrap();
    line.trim_start_matches("Total params: ").to_owned()
}

#[test]
fn prints_listing_5_5_as_keras_does() {
    assert_eq!(summary(""), LISTING_5_5);
}

#[test]
fn counts_the_books_other_networks() {
    assert_eq!(total("--model mnist"), "55,744");
    assert_eq!(total("--model mnist --classes 10"), "93,322");
    // Section 5.1.2: without pooling the same parameters, and 22×22×64 values at the end.
    let no_pooling = summary("--model mnist --downsample none");
    assert!(no_pooling.contains("(None, 22, 22, 64)"), "{no_pooling}");
    assert_eq!(total("--model mnist --downsample none"), "55,744");
    assert_eq!(total("--downsample average-pool"), "3,453,121");
    // Strides of 2 leave 8×8: 240,832 in the convolutions, (8·8·128 + 1)·512 + 513 after them.
    assert_eq!(total("--downsample stride"), "4,436,161");
    // A softmax over three classes instead of one sigmoid unit.
    assert_eq!(total("--classes 3"), "3,454,147");
}

#[test]
fn says_when_pictures_are_too_small() {
    let error = error_of(&mut petite("summary --image-size 45"));
    assert!(error.contains("45×45") && error.contains("--image-size"), "{error}");
    petite("summary --image-size 46").assert().success();
    petite("summary --image-size 0").assert().code(2);
    petite("summary --classes 1").assert().code(2);
}

#[test]
fn prints_listing_5_17_as_keras_does() {
    assert_eq!(summary("--model vgg16"), LISTING_5_17);
}

/// As Keras counts `keras.applications.MobileNet` and torchvision its ResNets, less the classifier.
#[test]
fn counts_the_pretrained_bases() {
    for (model, parameters, trainable) in [
        ("mobilenet", "3,228,864", "3,206,976"),
        ("mobilenet --alpha 0.25", "218,544", "213,072"),
        ("squeezenet", "722,496", "722,496"),
        ("resnet18", "11,186,112", "11,176,512"),
        ("resnet34", "21,301,696", "21,284,672"),
        ("resnet50", "23,561,152", "23,508,032"),
    ] {
        let table = summary(&format!("--model {model}"));
        assert!(table.contains(&format!("\nTotal params: {parameters}\n")), "{table}");
        assert!(table.contains(&format!("\nTrainable params: {trainable}\n")), "{table}");
    }
    let table = summary("--model mobilenet --image-size 150 --through conv_pw_12");
    assert!(
        table.contains("conv_pw_12 (Conv2D)          (None, 4, 4, 1024)        524288"),
        "{table}"
    );
    assert!(!table.contains("conv_dw_13"), "{table}");
}

#[test]
fn says_whether_a_file_has_a_bases_weights() {
    let workspace = Workspace::empty();
    let model = Model::Mobilenet;
    let cut = model.base_architecture(0.25).unwrap().through("conv_dw_13").unwrap();
    let base = Base::random(model, cut, Device::Cpu, 1).unwrap();
    weights::save(&workspace.path("w.npz"), &base.stack.tensors(), Default::default()).unwrap();
    let with = |flags: &str| {
        let mut command = petite(&format!("summary --model mobilenet {flags} --weights"));
        command.arg(workspace.path("w.npz"));
        command
    };
    let table = output_of(&mut with("--alpha 0.25"));
    assert!(table.contains("conv_dw_13") && !table.contains("conv_pw_13"), "{table}");
    assert!(table.trim_end().ends_with("w.npz has all of these weights"), "{table}");
    let table = output_of(&mut with("--alpha 0.25 --through conv_pw_12"));
    assert!(table.contains("unused: conv_dw_13.weight, conv_dw_13_bn.weight"), "{table}");
    let error = error_of(&mut with(""));
    assert!(
        error.contains("found those of mobilenet, --alpha 0.25; try --model mobilenet"),
        "{error}"
    );
    let error = error_of(&mut with("--alpha 0.25 --through conv_pw_13"));
    assert!(error.contains("conv_pw_13.weight is missing"), "{error}");
}

#[test]
fn refuses_what_a_base_does_not_have() {
    for (flags, reason) in [
        ("--model vgg16 --alpha 0.5", "try --model mobilenet"),
        ("--model vgg16 --classes 2", "expected no --classes, --dropout or --downsample"),
        ("--model mobilenet --through conv_pw_14", "conv_pw_13, found conv_pw_14"),
        ("--model mobilenet --alpha 0", "--alpha of 0.03125 to 8"),
        ("--model resnet18 --weights none.pth", "found no file"),
        ("--model vgg16 --weights vgg16.h5", "scripts/keras_weights.py"),
        ("--model vgg16 --image-size 31", "larger pictures, found 31×31"),
        ("--through block1_pool", "with a pretrained base only, found one with --model convnet"),
    ] {
        let error = error_of(&mut petite(&format!("summary {flags}")));
        assert!(error.contains(reason), "{flags}: {error}");
    }
}
