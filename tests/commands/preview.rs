use super::support::{Command, Workspace, error_of, output_of, petite, usage_error_of};

fn preview(workspace: &Workspace, flags: &str, to: &str) -> Command {
    let mut command = petite(&format!("preview {flags}"));
    command.arg("--data").arg(workspace.path("data")).arg("--to").arg(workspace.path(to));
    command
}

/// Width and height in a PNG's header.
fn size(workspace: &Workspace, name: &str) -> (u32, u32) {
    let bytes = std::fs::read(workspace.path(name)).unwrap();
    assert_eq!(&bytes[1..4], b"PNG");
    let at = |from: usize| u32::from_be_bytes(bytes[from..from + 4].try_into().unwrap());
    (at(16), at(20))
}

#[test]
fn shows_samples_and_augmented_pictures() {
    let workspace = Workspace::with_data();
    let out = output_of(&mut preview(&workspace, "--count 4", "samples.png"));
    assert!(out.starts_with("4 pictures"), "{out}");
    let out = output_of(&mut preview(&workspace, "--recipe augmented", "augmented.png"));
    assert!(out.starts_with("10 pictures"), "{out}");
    let (width, height) = size(&workspace, "samples.png");
    let (wider, higher) = size(&workspace, "augmented.png");
    // One row of four; two rows of five.
    assert!(wider > width && higher > height, "{width}×{height}, {wider}×{higher}");
}

#[test]
fn another_seed_and_version_show_other_pictures() {
    let workspace = Workspace::with_data();
    let sheet = |flags: &str, name: &str| {
        preview(&workspace, flags, name).assert().success();
        std::fs::read(workspace.path(name)).unwrap()
    };
    let first = sheet("--recipe augmented", "1.png");
    assert_eq!(first, sheet("--recipe augmented", "2.png"));
    assert_ne!(first, sheet("--recipe augmented --seed 2", "3.png"));
    assert_ne!(first, sheet("--recipe augmented --keras 3", "4.png"));
    assert_ne!(first, sheet("--rotation-range 40", "5.png"));
    assert_ne!(sheet("", "6.png"), sheet("--seed 2", "7.png"));
}

#[test]
fn shows_pictures_upright_unless_told_otherwise() {
    let workspace = Workspace::with_data();
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pillow");
    std::fs::copy(golden.join("rotated.jpg"), workspace.path("rotated.jpg")).unwrap();
    let rotated = workspace.path("rotated.jpg").display().to_string();
    for (index, flags) in
        ["--count 16".to_owned(), format!("--horizontal-flip --picture {rotated}")]
            .iter()
            .enumerate()
    {
        std::fs::copy(&rotated, workspace.path("data/train/spots/spot.0.jpg")).unwrap();
        let sheet = |more: &str, name: &str| {
            let name = format!("{index}-{name}.png");
            preview(&workspace, &format!("{flags} {more}"), &name).assert().success();
            std::fs::read(workspace.path(&name)).unwrap()
        };
        let upright = sheet("", "default");
        assert_eq!(upright, sheet("--exif-orientation apply", "apply"));
        assert_ne!(upright, sheet("--exif-orientation ignore", "ignore"));
    }
}

#[test]
fn fits_the_augmented_picture_as_training_does() {
    let workspace = Workspace::with_data();
    let sheet = |flags: &str| {
        let flags = format!("--horizontal-flip --image-size 60x90 {flags}");
        preview(&workspace, &flags, "sheet.png").assert().success();
        std::fs::read(workspace.path("sheet.png")).unwrap()
    };
    let stretched = sheet("");
    assert_eq!(stretched, sheet("--resize stretch --interpolation nearest"));
    for other in ["--resize crop", "--resize pad", "--interpolation bicubic"] {
        assert_ne!(stretched, sheet(other), "{other}");
    }
}

#[test]
fn refuses_what_it_cannot_show() {
    let workspace = Workspace::with_data();
    workspace.write("broken.jpg", b"no picture");
    let error = error_of(&mut preview(&workspace, "", "sheet.jpg"));
    assert!(error.contains("expected --to to end in .png"), "{error}");
    let mut broken = preview(&workspace, "--horizontal-flip", "sheet.png");
    let error = error_of(broken.arg("--picture").arg(workspace.path("broken.jpg")));
    assert!(error.contains("broken.jpg"), "{error}");
    let error = error_of(&mut preview(&workspace, "--picture x.jpg", "sheet.png"));
    assert!(error.contains("--recipe augmented"), "{error}");
    let error = error_of(&mut preview(&workspace, "--split nothing", "sheet.png"));
    assert!(error.contains("nothing"), "{error}");
    let error = usage_error_of(&mut preview(&workspace, "--rotation-range 900", "sheet.png"));
    assert!(error.contains("'--rotation-range <DEGREES>': expected 0 to 360 (degrees)"), "{error}");
    assert!(!workspace.path("sheet.png").exists());
}
