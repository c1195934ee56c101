//! Following runs in a terminal.

pub mod chart;
pub mod followed;
pub mod screen;
