//! The real pictures.

use super::skipped::skipped;
use petite::dataset::{Link, Prepare};
use petite::pictures::{folder::Folder, pixels};
use std::path::PathBuf;

/// The real pictures, where `PETITE_PICTURES` names the folder of Kaggle's originals.
#[test]
fn all_real_pictures_decode() {
    let Some(originals) = std::env::var_os("PETITE_PICTURES").map(PathBuf::from) else {
        skipped("real pictures", "PETITE_PICTURES names no folder of pictures");
        return;
    };
    let workspace = tempfile::tempdir().unwrap();
    let data = workspace.path().join("data");
    let prepare = Prepare { link: Link::Symbolic, ..Prepare::new(&originals, &data) };
    prepare.run(&petite::Stop::default()).unwrap();
    let target = pixels::Target::rgb(150, 150);
    for (split, count) in [("train", 2000), ("validation", 1000), ("test", 1000)] {
        let folder = Folder::read(&data.join(split)).unwrap().0;
        let (pixels, bad) =
            pixels::decode_all(&folder, target, 0, &petite::Stop::default(), &|| ()).unwrap();
        assert!(bad.is_empty(), "{bad:?}");
        assert_eq!(pixels.samples.len(), count);
        let (one_thread, _) =
            pixels::decode_all(&folder, target, 1, &petite::Stop::default(), &|| ()).unwrap();
        let pictures = pixels.pictures().map(Result::unwrap);
        assert!(pictures.eq(one_thread.pictures().map(Result::unwrap)));
    }
}
