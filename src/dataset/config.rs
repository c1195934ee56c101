//! The settings of the data set.

use super::part::PartSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where the pictures and their labels are, and how they are split.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DataConfig {
    /// Data set: a folder, .zip, .tar or .tar.gz with train and validation (and test), each with one
    /// folder per class, or with class folders only, which are then split; none only for imported
    /// runs.
    #[serde(rename = "data")]
    #[schemars(extend("x-value-name" = "DIR", "x-resume" = null))]
    pub path: Option<PathBuf>,
    /// CSV with the columns path,label or path,label,split instead of class folders; paths are
    /// relative to the data set, or to the CSV if there is none.
    #[serde(default)]
    #[schemars(extend("x-group" = "Data set", "x-value-name" = "FILE.csv", "x-resume" = null))]
    pub labels: Option<PathBuf>,
    /// Share (0.2) or number of pictures of each class (500) to validate on, for a data set that is
    /// not split; none for 0.2.
    #[serde(default)]
    pub validation: Option<PartSize>,
    /// Share or number of pictures of each class to keep for evaluate, for a data set that is not
    /// split; none for 0.1.
    #[serde(default)]
    pub test: Option<PartSize>,
}
