//! Whole data sets: synthesizing, splitting, and searching splits for duplicates.

pub mod duplicates;
pub mod split;
pub mod staging;
pub mod synthetic;
