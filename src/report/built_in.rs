//! The built-in references, from the folder `reference`. Its README has their sources and says
//! which reruns are comparable.

/// A built-in reference: the source of a [`Reference`](super::reference::Reference).
#[derive(Debug)]
pub struct BuiltIn {
    pub name: &'static str,
    /// What was trained.
    pub what: &'static str,
    pub provenance: &'static str,
    pub flaws: &'static [&'static str],
    pub run: Rerun,
    /// Whether `run` is comparable with the reruns.
    pub run_in_spread: bool,
    pub reruns: &'static [Rerun],
}

/// One execution of a notebook or script.
#[derive(Debug)]
pub struct Rerun {
    pub name: &'static str,
    /// The history as CSV.
    pub csv: &'static str,
    /// Whether val_loss is plausible.
    pub val_loss_holds: bool,
    /// Share of correctly classified test pictures, 0..=1.
    pub test_acc: Option<f64>,
}

/// A rerun with the history `$path` in the folder `reference`.
macro_rules! rerun {
    ($name:literal, $path:literal) => {
        Rerun {
            name: $name,
            csv: include_str!(concat!("../../reference/", $path)),
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

/// The baseline in Keras 3 with seeds 1 and 2, each a rerun of the other.
const KERAS_3_SEED_1: Rerun = Rerun {
    test_acc: Some(0.712),
    ..rerun!("keras3-baseline-1", "measured/keras_3.15_jax_0.11_h200_baseline_seed1.csv")
};
const KERAS_3_SEED_2: Rerun = Rerun {
    test_acc: Some(0.724),
    ..rerun!("keras3-baseline-2", "measured/keras_3.15_jax_0.11_h200_baseline_seed2.csv")
};

/// All built-in references.
pub static BUILT_IN: [BuiltIn; 7] = [
    BuiltIn {
        name: "book-baseline",
        what: "section 5.2 from scratch, 30 epochs, batches of 20",
        provenance: BOOK,
        flaws: &[VAL_LOSS],
        run: rerun!("the book", "book/5_2_baseline_30ep.csv"),
        run_in_spread: true,
        reruns: &[
            rerun!("J-TKim", "reruns/52_baseline__J-TKim.csv"),
            rerun!("boangri", "reruns/52_baseline__boangri.csv"),
            rerun!("gilbutITbook", "reruns/52_baseline__gilbutITbook.csv"),
            rerun!("jinlongbin", "reruns/52_baseline__jinlongbin.csv"),
            Rerun {
                val_loss_holds: false,
                ..rerun!("birolkuyumcu", "reruns/52_baseline__birolkuyumcu.csv")
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
        run: rerun!("the book", "book/5_2_augment_dropout_100ep.csv"),
        run_in_spread: true,
        reruns: &[
            rerun!("J-TKim", "reruns/52_augment__J-TKim.csv"),
            rerun!("gilbutITbook", "reruns/52_augment__gilbutITbook.csv"),
            rerun!("jinlongbin", "reruns/52_augment__jinlongbin.csv"),
            Rerun {
                val_loss_holds: false,
                ..rerun!("birolkuyumcu", "reruns/52_augment__birolkuyumcu.csv")
            },
        ],
    },
    BuiltIn {
        name: "book-features",
        what: "section 5.3, a dense classifier on VGG16's features, 30 epochs",
        provenance: BOOK,
        flaws: &[],
        run: rerun!("the book", "book/5_3_vgg16_features_noaug_30ep.csv"),
        run_in_spread: true,
        reruns: &[
            rerun!("J-TKim", "reruns/53_feat_noaug__J-TKim.csv"),
            rerun!("birolkuyumcu", "reruns/53_feat_noaug__birolkuyumcu.csv"),
            rerun!("boangri", "reruns/53_feat_noaug__boangri.csv"),
            rerun!("gilbutITbook", "reruns/53_feat_noaug__gilbutITbook.csv"),
            rerun!("jinlongbin", "reruns/53_feat_noaug__jinlongbin.csv"),
            rerun!("swacad", "reruns/53_feat_noaug__swacad.csv"),
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
        run: rerun!("the book", "book/5_3_vgg16_features_aug_30ep.csv"),
        run_in_spread: false,
        reruns: &[
            rerun!("boangri", "reruns/53_feat_aug__boangri.csv"),
            rerun!("swacad", "reruns/53_feat_aug__swacad.csv"),
            Rerun {
                val_loss_holds: false,
                ..rerun!("birolkuyumcu", "reruns/53_feat_aug__birolkuyumcu.csv")
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
        run: Rerun {
            test_acc: Some(0.968),
            ..rerun!("the book", "book/5_3_vgg16_finetune_100ep.csv")
        },
        run_in_spread: false,
        reruns: &[
            Rerun { test_acc: Some(0.941), ..rerun!("J-TKim", "reruns/53_finetune__J-TKim.csv") },
            Rerun {
                test_acc: Some(0.941),
                ..rerun!("jinlongbin", "reruns/53_finetune__jinlongbin.csv")
            },
            Rerun {
                test_acc: Some(0.937),
                val_loss_holds: false,
                ..rerun!("birolkuyumcu", "reruns/53_finetune__birolkuyumcu.csv")
            },
        ],
    },
    BuiltIn {
        name: "keras3-baseline-1",
        what: "section 5.2 from scratch, 30 epochs, batches of 20, seed 1",
        provenance: KERAS_3,
        flaws: &[TWO_RUNS],
        run: KERAS_3_SEED_1,
        run_in_spread: true,
        reruns: &[KERAS_3_SEED_2],
    },
    BuiltIn {
        name: "keras3-baseline-2",
        what: "section 5.2 from scratch, 30 epochs, batches of 20, seed 2",
        provenance: KERAS_3,
        flaws: &[TWO_RUNS],
        run: KERAS_3_SEED_2,
        run_in_spread: true,
        reruns: &[KERAS_3_SEED_1],
    },
];
