//! Pictures that a camera stored turned.

use super::support::{Workspace, output_of};
use petite::pictures::decode::decode;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;
use std::path::Path;

/// A turned JPEG gives the results of an upright PNG with its pixels, wherever it is decoded.
#[test]
fn a_turned_picture_counts_as_its_upright_copy_everywhere() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pillow/rotated.jpg");
    let turned = std::fs::read(golden).unwrap();
    let upright = decode(&turned, ColorMode::Rgb, ExifOrientation::Apply).unwrap();
    assert_eq!((upright.width, upright.height), (39, 53));
    let upright = image::RgbImage::from_raw(39, 53, upright.pixels).unwrap();

    let workspace = Workspace::with_data();
    let places = ["train/spots/spot.0", "validation/spots/spot.8", "test/stripes/stripe.12"];
    // Puts a file into each place, and only there.
    let put = |extension: &str, write: &dyn Fn(&Path)| {
        for place in places {
            for known in ["jpg", "png"] {
                let _ = std::fs::remove_file(workspace.path(&format!("data/{place}.{known}")));
            }
            write(&workspace.path(&format!("data/{place}.{extension}")));
        }
    };
    put("png", &|path| upright.save(path).unwrap());
    workspace.train("upright", "--epochs 2").assert().success();
    let evaluate = |run: &str, cache: &str| {
        let mut command = workspace.on_run(&format!("evaluate --json --cache {cache}"), run);
        output_of(command.env("PETITE_CACHE", workspace.path("cache")))
    };
    let predict = |file: &str| {
        let mut command = workspace.on_run("predict --json", "upright");
        let out = output_of(command.arg(workspace.path("data/test/stripes").join(file)));
        out.split_once("\"class\"").unwrap().1.to_owned()
    };
    let (evaluated, predicted) = (evaluate("upright", "memory"), predict("stripe.12.png"));

    put("jpg", &|path| std::fs::write(path, &turned).unwrap());
    for cache in ["memory", "disk", "none"] {
        workspace.train(cache, &format!("--epochs 2 --cache {cache}")).assert().success();
        assert_eq!(workspace.figures("upright"), workspace.figures(cache));
        assert_eq!(evaluate(cache, cache), evaluated, "{cache}");
    }
    assert_eq!(predict("stripe.12.jpg"), predicted);
    workspace.train("ignored", "--epochs 2 --exif-orientation ignore").assert().success();
    assert_ne!(workspace.figures("upright"), workspace.figures("ignored"));
}
