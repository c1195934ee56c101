//! The built-in references, from the folder `reference`. Its README has their sources and says
//! which reruns are comparable.

use super::figure::Run;
use super::reference::Reference;
use crate::history;
use anyhow::Result;

/// A built-in reference.
struct BuiltIn {
    name: &'static str,
    /// What was trained.
    what: &'static str,
    provenance: &'static str,
    flaws: &'static [&'static str],
    run: Run,
    /// Whether `run` is comparable with the reruns.
    run_in_spread: bool,
    reruns: Vec<Run>,
}

impl From<BuiltIn> for Reference {
    fn from(built_in: BuiltIn) -> Self {
        let mut spread = built_in.reruns;
        if built_in.run_in_spread {
            spread.insert(0, built_in.run.clone());
        }
        Self {
            name: built_in.name.to_owned(),
            what: built_in.what.to_owned(),
            provenance: built_in.provenance.to_owned(),
            flaws: built_in.flaws.iter().map(|&flaw| flaw.to_owned()).collect(),
            run: built_in.run,
            spread,
        }
    }
}

/// A run of a notebook or script with the history `$path` in the folder `reference`.
macro_rules! run {
    ($name:literal, $path:literal) => {
        Run {
            name: $name.to_owned(),
            history: history::parse(include_str!(concat!("../../reference/", $path)), $name)?,
            val_loss_holds: true,
            test_acc: None,
        }
    };
}

const BOOK: &str = "output of the author's own notebook, Keras 2.0.8, 2017: fchollet/deep-learning-with-python-notebooks at 96d58b5";
const KERAS_3: &str =
    "Keras 3.15.1 on JAX 0.11.2, one NVIDIA H200, on the data set of docs/results.md";
const VAL_LOSS: &str =
    "birolkuyumcu's val_loss is implausible (early TensorFlow 2) and excluded from the spread";
const TWO_RUNS: &str =
    "the spread is of only two runs, keras3-baseline-1 and -2, and therefore narrow";

/// All built-in references.
///
/// # Errors
/// If one of them is not a history, which tests rule out.
#[expect(clippy::too_many_lines, reason = "a list")]
pub fn all() -> Result<Vec<Reference>> {
    // With seeds 1 and 2, each a rerun of the other.
    let seed_1 = Run {
        test_acc: Some(0.712),
        ..run!("keras3-baseline-1", "measured/keras_3.15_jax_0.11_h200_baseline_seed1.csv")
    };
    let seed_2 = Run {
        test_acc: Some(0.724),
        ..run!("keras3-baseline-2", "measured/keras_3.15_jax_0.11_h200_baseline_seed2.csv")
    };
    let built_in = [
        BuiltIn {
            name: "book-baseline",
            what: "section 5.2 from scratch, 30 epochs, batches of 20",
            provenance: BOOK,
            flaws: &[VAL_LOSS],
            run: run!("the book", "book/5_2_baseline_30ep.csv"),
            run_in_spread: true,
            reruns: vec![
                run!("J-TKim", "reruns/52_baseline__J-TKim.csv"),
                run!("boangri", "reruns/52_baseline__boangri.csv"),
                run!("gilbutITbook", "reruns/52_baseline__gilbutITbook.csv"),
                run!("jinlongbin", "reruns/52_baseline__jinlongbin.csv"),
                Run {
                    val_loss_holds: false,
                    ..run!("birolkuyumcu", "reruns/52_baseline__birolkuyumcu.csv")
                },
            ],
        },
        BuiltIn {
            name: "book-augmented",
            what: "section 5.2 with augmentation and dropout, 100 epochs of 100 batches of 32",
            provenance: BOOK,
            flaws: &[
                "val_acc is over 1,552 or 1,576 draws with repeats, not over the 1,000 pictures, also in the reruns",
                VAL_LOSS,
            ],
            run: run!("the book", "book/5_2_augment_dropout_100ep.csv"),
            run_in_spread: true,
            reruns: vec![
                run!("J-TKim", "reruns/52_augment__J-TKim.csv"),
                run!("gilbutITbook", "reruns/52_augment__gilbutITbook.csv"),
                run!("jinlongbin", "reruns/52_augment__jinlongbin.csv"),
                Run {
                    val_loss_holds: false,
                    ..run!("birolkuyumcu", "reruns/52_augment__birolkuyumcu.csv")
                },
            ],
        },
        BuiltIn {
            name: "book-features",
            what: "section 5.3, a dense classifier on VGG16's features, 30 epochs",
            provenance: BOOK,
            flaws: &[],
            run: run!("the book", "book/5_3_vgg16_features_noaug_30ep.csv"),
            run_in_spread: true,
            reruns: vec![
                run!("J-TKim", "reruns/53_feat_noaug__J-TKim.csv"),
                run!("birolkuyumcu", "reruns/53_feat_noaug__birolkuyumcu.csv"),
                run!("boangri", "reruns/53_feat_noaug__boangri.csv"),
                run!("gilbutITbook", "reruns/53_feat_noaug__gilbutITbook.csv"),
                run!("jinlongbin", "reruns/53_feat_noaug__jinlongbin.csv"),
                run!("swacad", "reruns/53_feat_noaug__swacad.csv"),
            ],
        },
        BuiltIn {
            name: "book-features-augmented",
            what: "section 5.3, VGG16 and a classifier end to end on augmented pictures, 30 epochs",
            provenance: BOOK,
            flaws: &[
                "the base was not frozen (Keras before 2.1.0 ignored trainable = False on a model nested first in a Sequential): the spread is of reruns with a frozen base, without the book's run",
                VAL_LOSS,
            ],
            run: run!("the book", "book/5_3_vgg16_features_aug_30ep.csv"),
            run_in_spread: false,
            reruns: vec![
                run!("boangri", "reruns/53_feat_aug__boangri.csv"),
                run!("swacad", "reruns/53_feat_aug__swacad.csv"),
                Run {
                    val_loss_holds: false,
                    ..run!("birolkuyumcu", "reruns/53_feat_aug__birolkuyumcu.csv")
                },
            ],
        },
        BuiltIn {
            name: "book-fine-tune",
            what: "section 5.3, VGG16's last block trained further, 100 epochs",
            provenance: BOOK,
            flaws: &[
                "started from book-features-augmented, whose base was not frozen: the spread is of reruns from a frozen base, without the book's run",
                "J-TKim and jinlongbin ran a translator's version of the notebook with weaker augmentation",
                VAL_LOSS,
            ],
            run: Run {
                test_acc: Some(0.968),
                ..run!("the book", "book/5_3_vgg16_finetune_100ep.csv")
            },
            run_in_spread: false,
            reruns: vec![
                Run { test_acc: Some(0.941), ..run!("J-TKim", "reruns/53_finetune__J-TKim.csv") },
                Run {
                    test_acc: Some(0.941),
                    ..run!("jinlongbin", "reruns/53_finetune__jinlongbin.csv")
                },
                Run {
                    test_acc: Some(0.937),
                    val_loss_holds: false,
                    ..run!("birolkuyumcu", "reruns/53_finetune__birolkuyumcu.csv")
                },
            ],
        },
        BuiltIn {
            name: "keras3-baseline-1",
            what: "section 5.2 from scratch, 30 epochs, batches of 20, seed 1",
            provenance: KERAS_3,
            flaws: &[TWO_RUNS],
            run: seed_1.clone(),
            run_in_spread: true,
            reruns: vec![seed_2.clone()],
        },
        BuiltIn {
            name: "keras3-baseline-2",
            what: "section 5.2 from scratch, 30 epochs, batches of 20, seed 2",
            provenance: KERAS_3,
            flaws: &[TWO_RUNS],
            run: seed_2,
            run_in_spread: true,
            reruns: vec![seed_1],
        },
    ];
    Ok(built_in.map(Reference::from).into())
}
