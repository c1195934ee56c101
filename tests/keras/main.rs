//! Held against real Keras. The golden files under `tests/golden/keras` come from
//! `keras_reference.py` and `keras_augmentation_reference.py` in `scripts/reference`.

mod augmentation;
mod golden;
mod initial_weights;
mod training;
