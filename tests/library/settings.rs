//! Settings as another crate assembles them: the program only reads them from flags.

use petite::run::folder::{RunFolder, RunRecord, Versions};
use petite::run::settings::assemble::{Assembly, Resume};
use petite::run::settings::on_base::Start;
use petite::{Config, Recipe};
use serde_json::{Value, json};
use std::path::Path;

fn assembly(changes: Value) -> Assembly {
    let Value::Object(changes) = changes else { panic!("{changes}") };
    Assembly { changes, ..Assembly::default() }
}

fn refusal(asked: &Assembly) -> String {
    format!("{:#}", Config::assemble(asked).unwrap_err())
}

/// The folder of a run that has begun with these settings.
fn begun(path: &Path, train: Config) -> RunFolder {
    let run = RunFolder::create(path).unwrap();
    let (versions, device) = (Versions::current(), "cpu".to_owned());
    run.write_record(&RunRecord { versions, device, classes: Vec::new(), train }).unwrap();
    run
}

#[test]
fn changes_follow_the_recipe_and_what_depends_on_them() {
    let config = |changes| Config::assemble(&assembly(changes)).unwrap();
    assert_eq!(config(json!({})), Config { recipe: Recipe::Baseline, ..config(json!({})) });
    let found = config(json!({ "epochs": 3, "recipe": "augmented" }));
    assert_eq!((found.training.epochs, found.training.batch_size), (3, 32));
    let found = config(json!({ "image_size": 64, "model": "mnist", "keras": "3" }));
    assert_eq!(found.pictures.image_size, "64".parse().unwrap());
    assert_eq!(found.optimizer.epsilon, 1e-7);
    let found = config(json!({ "recipe": "features", "model": "mobilenet" }));
    assert!(found.on_base().unwrap().stored_features);

    // Another network or version brings its own size or ε to stored settings.
    let folder = tempfile::tempdir().unwrap();
    let stored = config(json!({ "image_size": 64, "epsilon": 0.5, "epochs": 3 }));
    let file = begun(folder.path(), stored).config();
    let from_file = |changes| {
        Config::assemble(&Assembly { config: Some(file.clone()), ..assembly(changes) }).unwrap()
    };
    let found = from_file(json!({ "model": "convnet", "keras": "2.0.8" }));
    assert_eq!((found.pictures.image_size, found.optimizer.epsilon), ("64".parse().unwrap(), 0.5));
    let found = from_file(json!({ "epsilon": 0.25, "model": "mnist", "keras": "3" }));
    assert_eq!((found.pictures.image_size, found.optimizer.epsilon), ("28".parse().unwrap(), 0.25));
    assert_eq!(found.training.epochs, 3);
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    for (mut changes, named) in [
        (
            json!({ "horizontal_flip": true }),
            "no augmentation with `recipe` features, whose base sees every picture once, found some; try `recipe` features-augmented",
        ),
        (json!({ "unfreeze_from": "conv_dw_8" }), "try `recipe` fine-tune"),
        (json!({ "downsample": "stride" }), "`downsample` with a network from scratch only"),
        (json!({ "through": "conv_dw_99" }), "one of the layers conv1, "),
        (json!({ "units": 70_000 }), "`units` of 0 to 65536, found 70000"),
        (json!({ "epochs": "many" }), "expected i64"),
        (json!({ "epoch": 3 }), "expected the name of a setting, found epoch"),
        (
            json!({ "recipe": "features-augmented", "unfreeze_from": "block5_conv1" }),
            "conv_pw_13, found block5_conv1",
        ),
        (
            json!({ "recipe": "features-augmented", "through": "conv_pw_3", "unfreeze_from": "conv_dw_4" }),
            "conv_pw_3, found conv_dw_4",
        ),
        (
            json!({ "batch_norm": "batch" }),
            "`batch_norm` batch, found a frozen one; try `unfreeze_from` conv_dw_8",
        ),
        (json!({ "recipe": "baseline" }), "`model` convnet or mnist with `recipe` baseline, found"),
        (
            json!({ "recipe": "fine-tune" }),
            "a trained head for `recipe` fine-tune, found no `from` RUN",
        ),
        (
            json!({ "model": "convnet", "units": 5 }),
            "a pretrained base with `recipe` features, found `model` convnet; try `recipe` baseline",
        ),
    ] {
        for (name, value) in [("recipe", "features"), ("model", "mobilenet")] {
            changes.as_object_mut().unwrap().entry(name).or_insert(value.into());
        }
        let error = refusal(&assembly(changes));
        assert!(error.contains(named), "{error}");
    }
}

/// Settings of a base would change nothing.
#[test]
fn settings_of_a_base_are_refused_without_one() {
    for (name, value) in [
        ("units", json!(5)),
        ("alpha", json!(0.5)),
        ("through", "conv1".into()),
        ("unfreeze_from", "conv1".into()),
        ("preprocess", "book".into()),
        ("batch_norm", "batch".into()),
        ("pooling", "flatten".into()),
    ] {
        for recipe in ["baseline", "augmented"] {
            let error = refusal(&assembly(json!({ "recipe": recipe, name: value })));
            let expected = format!(
                "expected `{name}` with a pretrained base only, found it with `recipe` {recipe}; try `recipe` features"
            );
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn the_first_weights_are_those_of_a_file_or_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("base.safetensors"), "").unwrap();
    let with = |start, changes| Assembly { start: Some(start), ..assembly(changes) };
    let weights = |changes| with(Start::Weights(at("base.safetensors")), changes);
    let features = Config::assemble(&weights(json!({ "recipe": "features" }))).unwrap();
    let file = at("base.safetensors").canonicalize().unwrap();
    assert_eq!(features.on_base().unwrap().start, Some(Start::Weights(file)));

    begun(&at("head"), features);
    let head = |changes| with(Start::Run(at("head")), changes);
    let tuned = Config::assemble(&head(json!({ "recipe": "fine-tune" }))).unwrap();
    let on_base = tuned.on_base().unwrap();
    assert_eq!(on_base.start, Some(Start::Run(at("head").canonicalize().unwrap())));
    assert!(on_base.unfreeze_from.is_some() && !on_base.stored_features);
    let convnet = begun(&at("convnet"), Config::new(Recipe::Baseline, "data"));
    let convnet = |changes| with(Start::Run(convnet.path().to_owned()), changes);
    for (asked, named) in [
        (
            weights(json!({})),
            "`weights` with a pretrained base only, found it with `recipe` baseline",
        ),
        (
            with(Start::Weights(at("none")), json!({ "recipe": "features" })),
            "expected weights at `weights` ",
        ),
        (with(Start::Run(at("none")), json!({ "recipe": "fine-tune" })), "found nothing there"),
        (
            convnet(json!({ "recipe": "fine-tune" })),
            "convnet, found convnet; try one of `recipe` features",
        ),
        (convnet(json!({})), "expected a run with weights in last.ot at "),
        (
            head(json!({ "recipe": "augmented" })),
            "expected `recipe` fine-tune with `from`, found `recipe` augmented; try `weights` FILE",
        ),
        (
            head(json!({ "recipe": "fine-tune", "model": "mobilenet" })),
            "expected `model` vgg16 as in ",
        ),
        (
            head(json!({ "recipe": "fine-tune", "unfreeze_from": "conv1" })),
            "one of the layers block1_conv1, ",
        ),
    ] {
        let error = refusal(&asked);
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn a_run_continues_with_its_own_settings() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let begin = |name: &str, seed| {
        begun(&at(name), Config { seed, ..Config::new(Recipe::Baseline, "data") })
    };
    begin("run", 7);
    begin("runs/seed-3", 3);
    let asked = |name: &str, repeats, resume, changes| Assembly {
        out: at(name),
        repeats,
        resume,
        ..assembly(changes)
    };
    let auto = |name: &str, repeats| {
        let asked = asked(name, repeats, Resume::Auto, json!({ "recipe": "baseline" }));
        let config = Config::assemble(&asked).unwrap();
        (config.output.resume, config.seed)
    };
    assert_eq!([auto("run", false), auto("new", false)], [(true, 7), (false, 1)]);
    assert_eq!([auto("runs", true), auto("new", true)], [(true, 3), (false, 1)]);
    let yes = |name, repeats, changes| refusal(&asked(name, repeats, Resume::Yes, changes));
    let error = yes("run", false, json!({ "recipe": "baseline" }));
    assert!(error.starts_with("expected `resume` without `recipe`, `config`, "), "{error}");
    assert!(yes("new", false, json!({})).contains("found nothing there"));
    assert!(yes("new", true, json!({})).contains("expected runs seed-1, seed-2 and so on in "));
}
