//! The disk cache decodes what has changed, and nothing else.

use petite::Stop;
use petite::dataset::synthetic::synthesize;
use petite::pictures::disk_cache::open;
use petite::pictures::folder::Folder;
use petite::pictures::pixels::Target;
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};

const TARGET: Target = Target::rgb(20, 30);

#[test]
fn only_changed_pictures_are_decoded_again() {
    let workspace = tempfile::tempdir().unwrap();
    let (data, cache) = (workspace.path().join("data"), workspace.path().join("cache"));
    for class in ["a", "b"] {
        synthesize(&data.join(class), 4, 1, &Stop::default()).unwrap();
    }
    let path = data.join("a/a.bmp");
    let draw = |color| {
        image::save_buffer(&path, &[color; 4 * 4 * 3], 4, 4, image::ColorType::Rgb8).unwrap();
    };
    draw(1);
    let folder = Folder::read(&data).unwrap().0;
    let decoded = || {
        let count = AtomicUsize::new(0);
        let on_done = || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        let opened = open(&cache, &folder, TARGET, 1, &Stop::default(), &on_done).unwrap();
        assert_eq!(opened.decoded, count.into_inner());
        (opened.decoded, opened.pixels.picture(0).unwrap()[0])
    };
    assert_eq!([decoded(), decoded()], [(17, 1), (0, 1)]);

    let before = path.metadata().unwrap();
    draw(2);
    let file = File::options().append(true).open(&path).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    let after = path.metadata().unwrap();
    assert_eq!(
        (before.len(), before.modified().unwrap()),
        (after.len(), after.modified().unwrap())
    );
    assert_eq!([decoded(), decoded()], [(1, 2), (0, 2)]);
}
