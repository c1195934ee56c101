//! Held against real Keras. The golden files under `tests/golden/keras` come from
//! `scripts/keras_reference.py` and `scripts/keras_augmentation_reference.py`.

mod augmentation;
mod golden;
mod initial_weights;
mod training;
