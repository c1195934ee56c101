//! Whole data sets: their layouts, splitting, synthesizing, and searching splits for duplicates.

pub mod archive;
mod budget;
mod class_folders;
pub(crate) mod config;
pub mod contradictions;
pub mod data_set;
mod destination;
pub mod duplicates;
mod folder_name;
pub(crate) mod folds;
mod inventory;
#[doc(hidden)]
pub mod kaggle;
pub mod labels;
pub mod layout;
mod listed_files;
pub mod near_copies;
#[doc(hidden)]
pub mod numbered;
pub mod part;
pub mod partition;
pub mod prepare;
mod recognize;
pub mod sorted_folders;
#[doc(hidden)]
pub mod staging;
pub mod synthetic;
mod tar_file;
#[doc(hidden)]
pub mod thumbnails;
mod unpack;
mod zip_file;

pub use data_set::DataSet;
pub use layout::Layout;
pub use part::{Part, PartSize};
pub use prepare::Prepare;
pub use sorted_folders::Link;
pub use synthetic::synthesize;
