//! Pictures that look other than meant once they are decoded: cut-outs and 12 bits in 16.

use super::support::{Workspace, error_of, output_of, petite, texts_of, warning_of};
use image::{GrayImage, ImageBuffer, Luma, Rgba, RgbaImage};
use std::fs;
use std::path::Path;

/// `count` pictures of each of two classes in `folder`, drawn by `save` for a class and a number.
fn draw(folder: &Path, count: u32, save: impl Fn(&Path, u32, u32)) {
    for (label, class) in ["left", "right"].iter().enumerate() {
        let class = folder.join(class);
        fs::create_dir_all(&class).unwrap();
        (0..count).for_each(|number| save(&class, label as u32, number));
    }
}

/// Whether a pattern of its own, on the left or on the right, covers a pixel of 48×48.
fn covers(label: u32, number: u32, x: u32, y: u32) -> bool {
    let cell = (y / 8) * 6 + x / 8;
    let is_in_half = (x / 24) == label;
    is_in_half && (cell * 31 + number * 17 + 7).wrapping_mul(2_654_435_761) >> 31 == 0
}

/// Number of the pictures that a run trained and validated on.
fn pictures_of(workspace: &Workspace, run: &str) -> usize {
    let rows = fs::read_to_string(workspace.path(run).join("pictures.csv")).unwrap();
    rows.lines().skip(1).filter(|row| !row.starts_with("test,")).count()
}

fn train(workspace: &Workspace, data: &str, run: &str, flags: &str) -> (String, String) {
    let flags = format!("--epochs 1 --image-size 46 --steps-per-epoch 2 {flags}");
    let mut command = petite(&format!("train {flags}"));
    command.arg("--data").arg(workspace.path(data)).arg("--out").arg(workspace.path(run));
    let said = warning_of(&mut command);
    (fs::read_to_string(workspace.path(run).join("config.json")).unwrap(), said)
}

#[test]
fn cut_outs_are_counted_and_laid_on_the_background_everywhere() {
    let workspace = Workspace::empty();
    draw(&workspace.path("cut"), 10, |class, label, number| {
        let texel = |x, y| Rgba([0, 0, 0, if covers(label, number, x, y) { 255 } else { 0 }]);
        RgbaImage::from_fn(48, 48, texel).save(class.join(format!("{number}.png"))).unwrap();
    });
    // The same pictures as they look on white.
    draw(&workspace.path("white"), 10, |class, label, number| {
        let texel = |x, y| Luma([if covers(label, number, x, y) { 0 } else { 255 }]);
        GrayImage::from_fn(48, 48, texel).save(class.join(format!("{number}.png"))).unwrap();
    });
    let (config, said) = train(&workspace, "cut", "plain", "");
    let count = pictures_of(&workspace, "plain");
    let expected = format!(
        "{count} of {count} pictures are nearly a single color after decoding; {count} are transparent in \
         parts, which is dropped; try --background white, and see petite preview"
    );
    assert!(said.contains(&format!("warning: {expected}\n")), "{said}");
    assert_eq!(said.matches("after decoding").count(), 1, "{said}");
    assert!(config.contains("\"background\": null"), "{config}");

    let list = format!("--labels {}", workspace.path("plain/split.csv").display());
    let (config, said) =
        train(&workspace, "cut", "laid", &format!("{list} --background white --cache disk"));
    assert!(!said.contains("warning"), "{said}");
    assert!(config.contains("\"background\": \"white\""), "{config}");
    train(&workspace, "white", "known", &list);
    let history = |run| workspace.figures(run);
    assert_eq!(history("laid"), history("known"));
    let predict = |run, folder: &str| {
        let mut command = workspace.on_run("predict --json", run);
        texts_of(command.arg(workspace.path(folder)), 0)
    };
    let probabilities = |text: String| {
        text.lines()
            .map(|line| line.split_once("\"class\"").unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    let (laid, known) = (predict("laid", "cut/left"), predict("known", "white/left"));
    assert_eq!(laid.1, "");
    assert_eq!(probabilities(laid.0), probabilities(known.0));
    let (_, warned) = predict("known", "cut/left");
    let expected = "10 are transparent in parts, which is dropped; try a run that is trained with --background white";
    assert!(warned.contains(expected), "{warned}");
}

#[test]
fn the_range_of_12_bits_is_found_and_kept_by_the_run() {
    let workspace = Workspace::empty();
    let level = |label, number, x: u32, y: u32| {
        (if covers(label, number, x, y) { 3000 } else { 200 })
            + (x * 7 + y * 11 + number * 13) as u16
    };
    draw(&workspace.path("deep"), 10, |class, label, number| {
        let texel = |x, y| Luma([level(label, number, x, y)]);
        let picture = ImageBuffer::<Luma<u16>, Vec<u16>>::from_fn(48, 48, texel);
        let extension = if number % 2 == 0 { "png" } else { "tif" };
        match extension {
            "png" => picture.save(class.join(format!("{number}.png"))).unwrap(),
            _ => fs::write(class.join(format!("{number}.tif")), tiff(&picture)).unwrap(),
        }
    });
    let (_, said) = train(&workspace, "deep", "plain", "");
    let count = pictures_of(&workspace, "plain");
    let expected = format!(
        "{count} of {count} pictures are nearly a single color after decoding; {count} are of 16 bits, less \
         than a quarter of which is used, and only the high byte is kept; try --depth auto, and see petite preview"
    );
    assert!(said.contains(&format!("warning: {expected}\n")), "{said}");
    assert_eq!(said.matches("after decoding").count(), 1, "{said}");

    let (config, said) = train(&workspace, "deep", "auto", "--depth auto");
    assert!(!said.contains("after decoding"), "{said}");
    let stored: serde_json::Value = serde_json::from_str(&config).unwrap();
    let depth = stored["train"]["depth"].as_str().unwrap().to_owned();
    let (low, high) = depth.split_once('-').unwrap();
    let (low, high): (u16, u16) = (low.parse().unwrap(), high.parse().unwrap());
    assert!((200..=320).contains(&low) && (3900..=4095).contains(&high), "{depth}");

    // 8 bits scaled by that range give the same predictions.
    draw(&workspace.path("eight"), 10, |class, label, number| {
        let texel = |x, y| {
            let level = f64::from(level(label, number, x, y).clamp(low, high) - low);
            Luma([(level * 255.0 / f64::from(high - low) + 0.5).floor() as u8])
        };
        GrayImage::from_fn(48, 48, texel).save(class.join(format!("{number}.png"))).unwrap();
    });
    let predict = |folder: &str| {
        let mut command = workspace.on_run("predict --json", "auto");
        let text = output_of(command.arg(workspace.path(folder)));
        text.lines()
            .map(|line| line.split_once("\"class\"").unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(predict("deep"), predict("eight"));

    // A resumed run keeps the range, also where auto is repeated.
    workspace.resume("auto", "--epochs 2 --depth auto").assert().success();
    let error = error_of(&mut workspace.resume("auto", "--epochs 3 --depth 0-9"));
    assert!(error.contains("found another --depth"), "{error}");
    assert_eq!(
        fs::read_to_string(workspace.path("auto/config.json")).unwrap().matches(&depth).count(),
        1
    );
}

/// A gray TIFF of 16 bits.
fn tiff(picture: &ImageBuffer<Luma<u16>, Vec<u16>>) -> Vec<u8> {
    let data: Vec<u8> = picture.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut file = b"II*\0".to_vec();
    file.extend((8 + data.len() as u32).to_le_bytes());
    file.extend(&data);
    let (width, height) = picture.dimensions();
    let tags = [
        (256, width),
        (257, height),
        (258, 16),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, height),
        (279, data.len() as u32),
    ];
    file.extend((tags.len() as u16).to_le_bytes());
    for (tag, value) in tags {
        file.extend([u16::to_le_bytes(tag), u16::to_le_bytes(4)].concat());
        file.extend([1, value].map(u32::to_le_bytes).concat());
    }
    file.extend([0; 4]);
    file
}
