//! Whole data sets: their layouts, splitting, synthesizing, and searching splits for duplicates.

pub mod archive;
pub mod arrange;
mod budget;
mod class_folders;
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
pub mod part;
pub mod partition;
mod recognize;
pub mod sorted_folders;
pub mod split;
pub mod staging;
pub mod synthetic;
mod tar_file;
pub mod thumbnails;
mod unpack;
mod zip_file;
