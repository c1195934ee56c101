use super::support::{error_of, output_of, petite};

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
