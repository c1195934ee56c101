//! The real pictures.

use super::skipped::skipped;
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
    let sizes = petite::dataset::split::Sizes { train: 1000, validation: 500, test: 500 };
    let data = workspace.path().join("data");
    petite::dataset::split::split(
        &originals,
        &data,
        sizes,
        petite::dataset::split::Link::Symbolic,
        None,
        &petite::Stop::default(),
    )
    .unwrap();
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
