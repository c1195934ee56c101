//! Data sets as a whole: making, splitting and checking them.

pub mod duplicates;
pub mod split;
pub mod staging;
pub mod synthetic;
