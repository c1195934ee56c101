//! The pretrained bases, held against Keras and torchvision, and the files their weights come from.
//! The golden files under `tests/golden/bases` come from `scripts/reference/bases_reference.py`.

mod drawn;
mod fine_tune;
mod frozen;
mod golden;
mod grad_cam;
mod keras_files;
mod layers;
#[path = "../support/pickles.rs"]
#[allow(dead_code)]
mod pickles;
mod precision;
mod pth;
mod published;
mod refusals;
#[path = "../support/skipped.rs"]
mod skipped;
