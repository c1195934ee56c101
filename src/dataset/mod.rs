//! Whole data sets: their layouts, splitting, synthesizing, and searching splits for duplicates.

pub mod archive;
mod budget;
mod class_folders;
pub mod config;
pub mod contradictions;
pub mod data_set;
mod destination;
pub mod duplicates;
mod folder_name;
pub mod folds;
mod inventory;
pub mod kaggle;
pub mod labels;
pub mod layout;
mod listed_files;
pub mod near_copies;
pub mod numbered;
pub mod part;
pub mod partition;
pub mod prepare;
mod recognize;
pub mod sorted_folders;
pub mod staging;
pub mod synthetic;
mod tar_file;
pub mod thumbnails;
mod unpack;
mod zip_file;

pub use prepare::Prepare;
pub use sorted_folders::Link;
