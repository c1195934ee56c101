//! Trains an image classifier from a petite data set: a few thousand JPEGs in class folders.
//!
//! The way of the data, each step a module that uses only those before it:
//! files → samples → pixels (u8) → batches → augmentation → images (f32) → logits → loss → update →
//! metrics → history and checkpoint → report.

pub mod atomic_file;
pub mod device;
pub mod keras;
pub mod memory;
pub mod native;
pub mod numbers;
pub mod precision;
pub mod random;
pub mod stop;
pub mod user_folders;

pub mod pictures;

pub mod dataset;

pub mod batches;

pub mod augment;

pub mod weights;

pub mod nn;

pub mod history;
pub mod training;

pub mod report;
pub mod run;
