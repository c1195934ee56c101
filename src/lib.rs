//! Trains an image classifier from a petite data set: a few thousand JPEGs in class folders.
//!
//! The way of the data, each step a module that uses only those before it:
//! files → samples → pixels (u8) → batches → augmentation → images (f32) → logits → loss → update →
//! metrics → history and checkpoint → report.
//!
//! [`data`] reads pictures, [`augment`] varies them, [`models`] holds the networks, [`training`] the
//! one loop, [`evaluation`] and [`report`] look at what came out, and [`commands`] is what the binary
//! does.

pub mod atomic_file;
pub mod device;
pub mod interrupt;
pub mod keras;
pub mod native;
pub mod precision;
pub mod random;

pub mod data;

pub mod augment;

pub mod models;
pub mod training;

pub mod evaluation;
pub mod report;

pub mod cli;
pub mod commands;
