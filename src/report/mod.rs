//! Plots of runs, their event files for TensorBoard, and comparisons with references.

mod bitmap;
mod built_in;
pub mod canvas;
mod colors;
pub mod comparison;
pub mod confusion_matrix;
pub mod contact_sheet;
pub mod curves;
pub mod figure;
pub mod heat_map;
pub mod overlay;
pub mod page;
pub mod reference;
pub mod roc_curves;
pub mod statistic;
pub mod tensorboard;
pub mod text;
