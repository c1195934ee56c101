//! Plots of runs, and comparisons with references.

mod built_in;
mod canvas;
mod colors;
pub mod comparison;
pub mod contact_sheet;
pub mod curves;
pub mod figure;
pub mod heat_map;
pub mod overlay;
pub mod reference;
pub mod statistic;
