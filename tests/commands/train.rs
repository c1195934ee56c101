use super::skipped::skipped;
use super::support::{
    Workspace, entries, error_of, output_of, petite, texts_of, usage_error_of, weights_in,
};

#[test]
fn leaves_a_whole_run() {
    let workspace = Workspace::with_data();
    let (out, err) = texts_of(&mut workspace.train("run", "--epochs 2"), 0);
    assert_eq!(
        entries(&workspace.path("run")),
        [
            "best.ot",
            "checkpoint.safetensors",
            "config.json",
            "curves.png",
            "curves.svg",
            "history.csv",
            "last.ot",
            "pictures.csv",
        ]
    );
    // No terminal: one plain line an epoch, no bar.
    let epochs: Vec<&str> = out.lines().filter(|line| line.starts_with("epoch ")).collect();
    assert_eq!(epochs.len(), 2, "{out}");
    assert!(epochs[1].starts_with("epoch 2/2  loss "), "{out}");
    assert!(!out.contains(['\r', '\u{1b}']) && err.is_empty(), "{out}{err}");

    let csv = workspace.text("run/history.csv");
    let header = "epoch,loss,acc,val_loss,val_acc,seconds,images_per_second,learning_rate";
    assert_eq!(csv.lines().next(), Some(header));
    let history = workspace.history("run");
    assert_eq!(history.iter().map(|row| row.epoch).collect::<Vec<_>>(), [1, 2]);
    assert!(history.iter().all(|row| row.learning_rate == Some(1e-4) && row.loss > 0.0));
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let workspace = Workspace::with_data();
    let run = |name: &str, flags: &str| {
        workspace.train(name, &format!("--epochs 3 {flags}")).assert().success();
        workspace.figures(name)
    };
    let first = run("one", "--loader-threads 1");
    assert_eq!(first, run("two", "--loader-threads 2"));
    assert_eq!(
        weights_in(&workspace.path("one/last.ot")),
        weights_in(&workspace.path("two/last.ot"))
    );
    assert_ne!(first, run("other", "--seed 2"));
}

#[test]
fn learns_what_spots_and_stripes_are_by_heart() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 40 --learning-rate 1e-3").assert().success();
    let history = workspace.history("run");
    let last = history.last().unwrap();
    assert!(last.acc == 1.0 && last.loss < 0.05, "{last:?}");
}

#[test]
fn repeats_a_run_from_its_settings() {
    let workspace = Workspace::with_data();
    // A number that serde_json reads as its neighbour unless told not to.
    let flags = "--epochs 2 --seed 7 --rho 0.8 --zoom-range 1,1.1017923951148987";
    workspace.train("first", flags).assert().success();
    let repeat = |name: &str, flags: &str| {
        let mut command = petite(&format!("train {flags}"));
        command.arg("--config").arg(workspace.path("first/config.json"));
        command.arg("--out").arg(workspace.path(name)).assert().success();
        workspace.figures(name)
    };
    let first = workspace.figures("first");
    assert_eq!(repeat("second", ""), first);
    let shorter = repeat("third", "--epochs 1");
    assert_eq!(shorter, first[..1]);

    let config = workspace.text("second/config.json");
    assert!(config.contains("1.1017923951148987"), "{config}");
    for setting in ["\"seed\": 7", "\"rho\": 0.8", "\"libtorch\": \"2.11.0\"", "\"spots\""] {
        assert!(config.contains(setting), "{config}");
    }
    workspace.write("broken.json", config.replace("\"seed\": 7", "\"seed\": \"x\"").as_bytes());
    let mut broken = petite("train");
    broken.arg("--config").arg(workspace.path("broken.json")).arg("--out").arg(workspace.path("x"));
    assert!(error_of(&mut broken).contains("broken.json"));
}

#[test]
fn counts_steps_as_keras_does() {
    let workspace = Workspace::with_data();
    // 16 pictures in batches of 6 are 3 batches a pass; 5 steps an epoch run on into the next.
    let flags = "--epochs 2 --batch-size 6 --steps-per-epoch 5 --validation-steps 3";
    let mut command = petite(&format!("train --image-size 46 --threads 1 {flags}"));
    command.arg("--data").arg(workspace.path("data")).arg("--out").arg(workspace.path("run"));
    command.assert().success();
    // Epoch 1: 6+6+4, then 6+6 = 28 pictures, so its accuracy is a multiple of 1/28.
    let history = workspace.history("run");
    let told_right = history[0].acc * 28.0;
    assert!((told_right - told_right.round()).abs() < 1e-9, "{history:?}");
    // Validation: 8 pictures in batches of 6 and 2; 3 steps are 6+2+6 = 14.
    let told_right = history[0].val_acc * 14.0;
    assert!((told_right - told_right.round()).abs() < 1e-9, "{history:?}");
}

#[test]
fn more_classes_take_a_softmax() {
    let workspace = Workspace::with_data();
    for split in ["train", "validation", "test"] {
        let data = workspace.path("data").join(split);
        std::fs::create_dir(data.join("bars")).unwrap();
        for name in entries(&data.join("spots")) {
            std::fs::copy(data.join("spots").join(&name), data.join("bars").join(&name)).unwrap();
        }
    }
    let out = output_of(&mut workspace.train("run", "--epochs 1"));
    assert!(out.contains("bars, spots, stripes"), "{out}");
    let weights = weights_in(&workspace.path("run/last.ot"));
    let bias = weights.iter().find(|(name, _)| name == "dense_2.bias").unwrap();
    assert_eq!(bias.1.len(), 3);
    let json = output_of(&mut workspace.on_run("evaluate --json", "run"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["pictures"], 12);
}

#[test]
fn every_network_trains() {
    let workspace = Workspace::with_data();
    for (index, flags) in [
        "--downsample average-pool",
        "--downsample stride --image-size 64",
        "--downsample none --image-size 20",
        "--model mnist --image-size 28",
        "--interpolation bilinear",
        "--interpolation bicubic --resize pad",
        "--resize crop --exif-orientation ignore",
    ]
    .iter()
    .enumerate()
    {
        let run = format!("run{index}");
        let mut command = petite(&format!("train --epochs 1 --threads 1 {flags}"));
        if !flags.contains("--image-size") {
            command.args(["--image-size", "46"]);
        }
        command.arg("--data").arg(workspace.path("data")).arg("--out").arg(workspace.path(&run));
        command.assert().success();
        workspace.on_run("evaluate", &run).assert().success();
    }
}

#[test]
fn refuses_an_output_folder_that_cannot_serve() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let before = weights_in(&workspace.path("run/last.ot"));
    let error = error_of(&mut workspace.train("run", "--epochs 1 --seed 2"));
    assert!(error.contains("new or empty") && error.contains("--resume"), "{error}");
    assert_eq!(weights_in(&workspace.path("run/last.ot")), before);

    workspace.write("file", b"");
    assert!(error_of(&mut workspace.train("file", "")).contains("found the file"));
    assert!(error_of(&mut workspace.train("file/run", "")).contains("cannot create"));
    // A folder in which nobody, not even root, can make files.
    let mut command = petite("train --out /proc/petite-run");
    assert!(error_of(command.arg("--data").arg(workspace.path("data"))).contains("cannot create"));
}

#[test]
fn says_when_a_network_does_not_fit_in_memory() {
    let workspace = Workspace::with_data();
    // Without pooling, 146 thousand million weights lie between Flatten and the first Dense.
    let mut command = petite("train --downsample none --image-size 1500");
    command.arg("--data").arg(workspace.path("data")).arg("--out").arg(workspace.path("run"));
    let error = error_of(&mut command);
    assert!(error.contains("fits") && error.contains("--downsample"), "{error}");
    assert!(!workspace.path("run").exists());
}

/// src/program/commands/train.rs has the other values.
#[test]
fn refuses_a_wrong_command_line() {
    let workspace = Workspace::with_data();
    let error = usage_error_of(&mut workspace.train("run", "--epochs 0"));
    assert!(error.contains("expected") && error.contains("--epochs"), "{error}");
    workspace.train("run", "--nonsense").assert().code(2);
    petite("").assert().code(2);
    assert!(!workspace.path("run").exists());
}

#[test]
fn never_computes_elsewhere_than_asked() {
    let workspace = Workspace::with_data();
    let why = petite::machine::device::why_no_cuda();
    let mut command = workspace.train("run", "--epochs 1 --device cuda");
    match why {
        Some(reason) => {
            // The program says it with flags.
            let reason = reason.replace("`device`", "--device");
            assert!(error_of(&mut command).contains(&reason));
            assert!(!workspace.path("run").exists());
            petite("doctor --device cuda").assert().code(1);
        }
        None => assert!(output_of(&mut command).contains("cuda:0")),
    }
    let out = output_of(&mut workspace.train("auto", "--epochs 1 --device auto"));
    assert!(out.contains(if why.is_some() { "cpu (1 thread)" } else { "cuda:0" }), "{out}");
    petite("doctor").assert().success();
}

/// Of every kind of step: with and without a recorded graph, augmented or not, in each precision.
#[test]
fn a_gpu_computes_the_same_twice() {
    if let Some(reason) = petite::machine::device::why_no_cuda() {
        return skipped("a GPU computes the same twice", reason);
    }
    let workspace = Workspace::with_data();
    let weights = |name: &str, flags: &str| {
        output_of(&mut workspace.train(name, &format!("--device cuda --epochs 2 {flags}")));
        std::fs::read(workspace.path(name).join("last.ot")).unwrap()
    };
    for (number, precision) in ["fp32", "tf32", "bf16"].into_iter().enumerate() {
        for recipe in ["baseline", "augmented --steps-per-epoch 5"] {
            let flags = format!("--precision {precision} --recipe {recipe}");
            let first = weights(&format!("{number}-{}", &recipe[..4]), &flags);
            assert!(
                first == weights(&format!("{number}-{}-again", &recipe[..4]), &flags),
                "{flags}"
            );
            let plain = weights(
                &format!("{number}-{}-plain", &recipe[..4]),
                &format!("{flags} --no-cuda-graph"),
            );
            assert!(first == plain, "{flags} without a graph");
        }
    }
}
