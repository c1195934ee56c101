//! Plots of runs, their event files for TensorBoard, and comparisons with references.

pub mod axis;
mod bitmap;
mod built_in;
pub mod chart;
pub mod colors;
pub mod comparison;
pub mod confusion_matrix;
pub mod contact_sheet;
pub mod curves;
pub mod drawing;
pub mod figure;
pub mod heat_map;
pub mod overlay;
pub mod page;
pub mod reference;
pub mod roc_curves;
pub mod statistic;
mod svg;
pub mod tensorboard;
pub mod text;
