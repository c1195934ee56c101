//! Tests against scikit-learn, statsmodels and SciPy: scripts/reference/metrics_reference.py.

use super::Metrics;
use super::interval::wilson;
use super::paired::Paired;
use super::scored::Scored;
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/metrics.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn scored(case: &Value) -> Scored {
    let labels: Vec<usize> = serde_json::from_value(case["labels"].clone()).unwrap();
    let rows: Vec<Vec<f64>> = serde_json::from_value(case["probabilities"].clone()).unwrap();
    let predicted = |row: &Vec<f64>| match row[..] {
        [_, second] => usize::from(second > 0.5),
        // The first of the largest, like NumPy's argmax.
        _ => (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap(),
    };
    Scored {
        classes: (0..rows[0].len()).map(|label| format!("c{label}")).collect(),
        labels,
        predicted: rows.iter().map(predicted).collect(),
        probabilities: rows.concat(),
    }
}

#[track_caller]
fn assert_close(what: &str, found: Option<f64>, expected: &Value) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() < 1e-12, "{what}: {found} instead of {expected}");
        }
        (found, expected) => assert_eq!(found, expected, "{what}"),
    }
}

#[test]
fn evaluations_agree_with_scikit_learn() {
    for (name, case) in golden()["evaluations"].as_object().unwrap() {
        let scored = scored(case);
        let confusion = serde_json::to_value(scored.confusion()).unwrap();
        assert_eq!(confusion["counts"], case["confusion"], "{name}");
        let metrics = Metrics::new(&scored);
        let acc = scored.correct() as f64 / scored.len() as f64;
        assert_close(&format!("{name}: acc"), Some(acc), &case["acc"]);
        for (bound, found) in
            [metrics.acc_interval.low, metrics.acc_interval.high].iter().enumerate()
        {
            assert_close(&format!("{name}: interval"), Some(*found), &case["acc_interval"][bound]);
        }
        for (class, expected) in metrics.classes.iter().zip(case["classes"].as_array().unwrap()) {
            let what = |measure: &str| format!("{name}: {measure} of {}", class.class);
            assert_close(&what("precision"), class.precision, &expected["precision"]);
            assert_close(&what("recall"), class.recall, &expected["recall"]);
            assert_close(&what("F1"), class.f1, &expected["f1"]);
            assert_close(&what("ROC AUC"), class.roc_auc, &expected["roc_auc"]);
        }
        for (key, mean) in [("macro", metrics.macro_mean), ("weighted", metrics.weighted_mean)] {
            let (what, expected) = (format!("{name}: {key} mean"), &case[key]);
            assert_close(&what, Some(mean.precision), &expected["precision"]);
            assert_close(&what, Some(mean.recall), &expected["recall"]);
            assert_close(&what, Some(mean.f1), &expected["f1"]);
            // scikit-learn refuses a mean AUC if a class has no pictures.
            if !expected["roc_auc"].is_null() {
                assert_close(&what, mean.roc_auc, &expected["roc_auc"]);
            }
        }
        let error = Some(metrics.calibration_error);
        assert_close(&format!("{name}: calibration error"), error, &case["calibration_error"]);
    }
}

#[test]
fn intervals_of_shares_are_wilsons() {
    for case in golden()["wilson"].as_array().unwrap() {
        let number = |index: usize| case[index].as_u64().unwrap() as usize;
        let interval = wilson(number(0), number(1));
        assert_close(&format!("{case}"), Some(interval.low), &case[2]);
        assert_close(&format!("{case}"), Some(interval.high), &case[3]);
    }
    let none = wilson(0, 0);
    assert_eq!((none.low, none.high), (0.0, 1.0));
}

#[test]
fn paired_comparisons_are_mcnemars_exact_test() {
    for case in golden()["mcnemar"].as_array().unwrap() {
        let count = |key: &str| case[key].as_u64().unwrap() as usize;
        let (first, second) = (count("only_first"), count("only_second"));
        let pairs = [((true, true), 100), ((true, false), first), ((false, true), second)];
        let pairs = pairs.into_iter().flat_map(|(pair, count)| std::iter::repeat_n(pair, count));
        let paired = Paired::new(pairs);
        assert_eq!((paired.both, paired.only_first, paired.only_second), (100, first, second));
        // Relative: p-values are of any magnitude.
        let expected = case["p_value"].as_f64().unwrap();
        let relative = (paired.p_value - expected).abs() / expected.max(f64::MIN_POSITIVE);
        assert!(relative < 1e-9, "{} instead of {expected}", paired.p_value);
        assert!(
            paired.interval.low <= paired.difference && paired.difference <= paired.interval.high
        );
    }
}

#[test]
fn without_a_difference_nothing_is_shown() {
    let none = Paired::new([]);
    assert_eq!((none.difference, none.p_value), (0.0, 1.0));
    assert_eq!(Paired::new([(true, true), (false, false)]).p_value, 1.0);
}

/// Bonett and Price's formula by hand, for 3 and 9 of 20 pictures: shares of 4/22 and 10/22, their
/// difference −6/22, and 1.96 · √((14/22 − 36/484) / 22) = 0.31326 on both sides.
#[test]
fn the_interval_of_a_difference_is_bonett_and_prices() {
    let pairs = [((true, false), 3), ((false, true), 9), ((true, true), 8)];
    let pairs = pairs.into_iter().flat_map(|(pair, count)| std::iter::repeat_n(pair, count));
    let paired = Paired::new(pairs);
    assert!((paired.difference + 0.3).abs() < 1e-12);
    assert!((paired.interval.low + 6.0 / 22.0 + 0.313_26).abs() < 1e-5, "{paired:?}");
    assert!((paired.interval.high + 6.0 / 22.0 - 0.313_26).abs() < 1e-5, "{paired:?}");
}
