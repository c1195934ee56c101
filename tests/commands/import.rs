use super::support::{Command, SMALL, Workspace, entries, error_of, output_of, petite, weights_in};
use petite::weights;
use serde_json::Value;

/// `petite import` of `weights` into `run`.
fn import(workspace: &Workspace, weights: &str, run: &str, flags: &str) -> Command {
    let mut command = petite(&format!("import --image-size {SMALL} {flags}"));
    command.arg(workspace.path(weights)).arg("--out").arg(workspace.path(run));
    command
}

fn with_weights() -> Workspace {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2 --learning-rate 1e-3").assert().success();
    let mut command = petite("convert");
    command.arg(workspace.path("run")).arg(workspace.path("w.npz")).assert().success();
    workspace
}

#[test]
fn makes_a_run_that_evaluates_the_same_and_trains_on() {
    let workspace = with_weights();
    let mut command = import(&workspace, "w.npz", "imported", "");
    command.arg("--data").arg(workspace.path("data")).assert().success();
    for file in ["last.ot", "best.ot"] {
        let imported = weights_in(&workspace.path("imported").join(file));
        assert_eq!(imported, weights_in(&workspace.path("run/last.ot")));
    }
    let evaluate = |run: &str| -> Value {
        let out = output_of(&mut workspace.on_run("evaluate --json", run));
        serde_json::from_str(&out).unwrap()
    };
    // The batches are of 20 here and of 4 there: the same but for rounding.
    let loss = |run: &str| evaluate(run)["loss"].as_f64().unwrap();
    assert!((loss("imported") - loss("run")).abs() < 1e-6);
    assert_eq!(evaluate("imported")["confusion"], evaluate("run")["confusion"]);

    workspace.resume("imported", "--epochs 1 --threads 1").assert().success();
    assert_eq!(workspace.history("imported").len(), 1);
    // One step of RMSprop's at most from where it began, not new weights.
    let (before, after) = (
        weights_in(&workspace.path("run/last.ot")),
        weights_in(&workspace.path("imported/last.ot")),
    );
    assert_ne!(before, after);
    for ((_, before), (_, after)) in before.iter().zip(&after) {
        assert!(before.iter().zip(after).all(|(a, b)| (a - b).abs() < 1e-3));
    }
}

#[test]
fn refuses_weights_of_another_network_and_makes_no_run() {
    let workspace = with_weights();
    let before = entries(&workspace.path(""));
    for (flags, reason) in [
        ("--classes a,b,c", "another number of classes, 1 instead of 3 units of the last layer"),
        ("--classes a,b --model mnist", "cannot import mnist for a, b"),
        ("--classes a", "two or more different --classes"),
        ("--classes a,a", "two or more different --classes"),
        ("--data nowhere", "a data set at --data nowhere"),
    ] {
        let error = error_of(&mut import(&workspace, "w.npz", "imported", flags));
        assert!(error.contains(reason), "{flags}: {error}");
    }
    let (tensors, _) = weights::load(&workspace.path("w.npz")).unwrap();
    let _ = tensors[0].1.get(0).fill_(f64::NAN);
    weights::save(&workspace.path("nan.npz"), &tensors, Default::default()).unwrap();
    let error = error_of(&mut import(&workspace, "nan.npz", "imported", "--classes a,b"));
    assert!(error.contains("expected finite weights in ") && error.contains("nan.npz"), "{error}");
    std::fs::remove_file(workspace.path("nan.npz")).unwrap();
    let error = error_of(&mut import(&workspace, "none.npz", "imported", "--classes a,b"));
    assert!(error.contains("found no file"), "{error}");
    let error = error_of(&mut import(&workspace, "w.npz", "run", "--classes a,b"));
    assert!(error.contains("to be new or empty"), "{error}");
    import(&workspace, "w.npz", "imported", "").assert().code(2);
    assert_eq!(entries(&workspace.path("")), before);

    import(&workspace, "w.npz", "imported", "--classes spots,stripes").assert().success();
    // There is no data set to fall back to, and the folder that the program runs in is none.
    let mut command = workspace.on_run("evaluate", "imported");
    let error = error_of(command.current_dir(workspace.path("data")));
    assert!(error.contains("expected --data for ") && error.contains("without one"), "{error}");
    let mut command = workspace.on_run("evaluate", "imported");
    command.arg("--data").arg(workspace.path("data")).assert().success();
    // A run whose weights are not finite, from whatever program.
    weights::save_ot(&workspace.path("imported/last.ot"), &tensors).unwrap();
    let error = error_of(&mut workspace.on_run("evaluate --data data", "imported"));
    assert!(error.contains("last.ot, found NaN or infinity in "), "{error}");
}

/// What a PyTorch trainer would have saved of the same network.
#[test]
fn takes_names_and_types_of_other_programs_and_says_so() {
    let workspace = with_weights();
    let (mut tensors, _) = weights::load(&workspace.path("w.npz")).unwrap();
    for (name, tensor) in &mut tensors {
        (*name, *tensor) = (format!("module.{name}"), tensor.to_kind(tch::Kind::Double));
    }
    weights::save(&workspace.path("theirs.npz"), &tensors, Default::default()).unwrap();
    let said =
        output_of(&mut import(&workspace, "theirs.npz", "theirs", "--classes spots,stripes"));
    assert!(said.contains("theirs.npz: names without `module.`, Double as Float\n"), "{said}");
    let found = weights_in(&workspace.path("theirs/last.ot"));
    assert_eq!(found, weights_in(&workspace.path("run/last.ot")));
}
