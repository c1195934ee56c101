//! `--precision`: what is taken, what is refused, and that a run keeps to it.

use super::skipped::skipped;
use super::support::{Workspace, error_of, json_of, output_of, petite};
use petite::native::backend::cpu_has_bf16;

/// Says so where the processor has no bf16 of its own.
fn without_bf16() -> bool {
    if !cpu_has_bf16() {
        skipped("precision in bf16", "this processor has no instructions for it");
    }
    !cpu_has_bf16()
}

#[test]
fn auto_takes_the_best_there_is_and_the_run_keeps_it() {
    let workspace = Workspace::with_data();
    let expected = if cpu_has_bf16() { "bf16" } else { "fp32" };
    let said = output_of(&mut workspace.train("run", "--epochs 1 --device cpu"));
    assert!(said.lines().next().unwrap().contains(expected), "{said}");
    let config = workspace.text("run/config.json");
    assert!(config.contains(&format!("\"precision\": \"{expected}\"")), "{config}");
    assert!(
        output_of(&mut petite("doctor")).contains(&format!("--precision auto uses {expected}"))
    );
}

#[test]
fn what_the_device_lacks_is_an_error() {
    let workspace = Workspace::with_data();
    let error = error_of(&mut workspace.train("run", "--device cpu --precision tf32"));
    assert!(error.contains("expected a CUDA device") && error.contains("try"), "{error}");
    assert!(!workspace.path("run").exists());
    if !cpu_has_bf16() {
        let error = error_of(&mut workspace.train("run", "--device cpu --precision bf16"));
        assert!(error.contains("AVX-512 BF16"), "{error}");
    }
}

#[test]
fn bf16_goes_on_and_evaluates_as_it_was_trained() {
    if without_bf16() {
        return;
    }
    let workspace = Workspace::with_data();
    let flags = "--precision bf16 --dropout 0.5";
    output_of(&mut workspace.train("whole", &format!("{flags} --epochs 3")));
    output_of(&mut workspace.train("parts", &format!("{flags} --epochs 1")));
    output_of(&mut workspace.resume("parts", "--epochs 3"));
    workspace.assert_same_run("whole", "parts");

    let mut evaluate = workspace.on_run("evaluate --split validation --json", "whole");
    let found = json_of(&mut evaluate);
    assert_eq!(found["loss"].as_f64().unwrap(), workspace.history("whole")[2].val_loss);
    // In fp32 the same weights say nearly the same.
    let mut evaluate =
        workspace.on_run("evaluate --split validation --json --precision fp32", "whole");
    let exact = json_of(&mut evaluate);
    let difference = exact["loss"].as_f64().unwrap() - workspace.history("whole")[2].val_loss;
    assert!(difference != 0.0 && difference.abs() < 0.02, "{difference}");
}

#[test]
fn bf16_learns_what_fp32_learns() {
    if without_bf16() {
        return;
    }
    let workspace = Workspace::with_data();
    let last = |run: &str| *workspace.history(run).last().unwrap();
    for precision in ["fp32", "bf16"] {
        output_of(&mut workspace.train(precision, &format!("--epochs 4 --precision {precision}")));
    }
    let (exact, short) = (last("fp32"), last("bf16"));
    assert_ne!(exact.loss, short.loss);
    assert!((exact.loss - short.loss).abs() < 0.02, "{} {}", exact.loss, short.loss);
}

/// Runs of before `--precision` were trained in fp32, whatever this machine would take now.
#[test]
fn a_run_without_a_precision_is_fp32() {
    let workspace = Workspace::with_data();
    output_of(&mut workspace.train("run", "--epochs 1 --precision fp32"));
    let config = workspace.path("run/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("\"precision\"")).collect();
    std::fs::write(&config, without.join("\n")).unwrap();
    let mut evaluate = workspace.on_run("evaluate --split validation --json", "run");
    let found = json_of(&mut evaluate);
    assert_eq!(found["loss"].as_f64().unwrap(), workspace.history("run")[0].val_loss);
}
