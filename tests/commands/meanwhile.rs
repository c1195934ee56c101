//! Pictures that are removed, truncated or replaced while a run streams them.

use super::support::Workspace;
use petite::history::Epoch;
use petite::pictures::cache::CachePolicy;
use petite::{Config, ErrorKind, Events, Recipe, Silent};

/// Does something to the pictures after the first epoch.
struct After<F>(Option<F>);

impl<F: FnOnce() + Send> Events for After<F> {
    fn epoch(&mut self, _: &Epoch, _: i64) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

fn config(workspace: &Workspace, out: &str, cache: CachePolicy) -> Config {
    let mut config = Config::new(Recipe::Baseline, workspace.path("data"));
    // More than the decoders work ahead.
    (config.training.epochs, config.training.batch_size) = (8, 4);
    config.pictures.image_size = "46".parse().unwrap();
    config.pictures.loader_threads = Some(1);
    (config.output.folder, config.pictures.cache, config.machine.threads) =
        (workspace.path(out), cache, Some(1));
    config
}

#[test]
fn a_changed_picture_is_named_and_the_run_goes_on_once_it_is_restored() {
    let workspace = Workspace::with_data();
    petite::train(&config(&workspace, "whole", CachePolicy::None), &mut Silent).unwrap();
    let (path, other) = (
        workspace.path("data/validation/spots/spot.9.jpg"),
        workspace.path("data/validation/stripes/stripe.9.jpg"),
    );
    let whole = std::fs::read(&path).unwrap();
    let replaced = std::fs::read(other).unwrap();
    let ways: [(&str, &(dyn Fn() + Sync)); 3] = [
        ("removed", &|| std::fs::remove_file(&path).unwrap()),
        ("truncated", &|| std::fs::write(&path, &whole[..whole.len() / 2]).unwrap()),
        ("replaced", &|| std::fs::write(&path, &replaced).unwrap()),
    ];
    for (way, act) in ways {
        let mut config = config(&workspace, way, CachePolicy::None);
        let error = petite::train(&config, &mut After(Some(act))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadPictures, "{way}");
        let text = error.to_string();
        assert!(text.contains(&path.display().to_string()), "{way}: {text}");
        assert!(text.contains("expected the picture as it was at the start"), "{way}: {text}");
        std::fs::write(&path, &whole).unwrap();
        config.output.resume = true;
        petite::train(&config, &mut Silent).unwrap();
        assert_eq!(workspace.figures("whole"), workspace.figures(way), "{way}");
    }
}

#[test]
fn pictures_that_were_read_already_are_not_needed_again() {
    let workspace = Workspace::with_data();
    let data = workspace.path("data");
    let remove = || std::fs::remove_dir_all(data.join("train")).unwrap();
    let config = config(&workspace, "run", CachePolicy::Memory);
    let outcome = petite::train(&config, &mut After(Some(remove))).unwrap();
    assert_eq!(outcome.history.len(), 8);
}
