//! Flags of the commands for data sets and the machine: prepare, synthesize, doctor.

use clap::{Args, ValueEnum};
use petite::dataset::split::Link;
use petite::device::DeviceChoice;
use std::path::PathBuf;

/// Split Kaggle's pictures into train, validation and test folders (listing 5.4)
///
/// Reads pictures named CLASS.NUMBER.jpg, such as cat.0.jpg and dog.0.jpg. Of each class, the
/// lowest numbers go to train/cats and train/dogs, the next to validation, the next to test.
#[derive(Debug, Args)]
pub struct PrepareArgs {
    /// Folder of the original pictures
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Data set folder to create; must be new or empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Training pictures per class
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub train: usize,
    /// Validation pictures per class
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub validation: usize,
    /// Test pictures per class
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub test: usize,
    /// Assign pictures to splits at random, with this seed, instead of by number
    #[arg(long, value_name = "SEED")]
    pub shuffle: Option<u64>,
    /// How pictures get into the splits
    #[arg(long, value_enum, default_value_t = LinkChoice::Copy)]
    pub link: LinkChoice,
}

/// [`Link`] as a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LinkChoice {
    /// Copies, as in the book
    Copy,
    /// Hard links, on the same file system only
    Hard,
    /// Symbolic links to the originals' absolute paths
    Symbolic,
}

impl From<LinkChoice> for Link {
    fn from(choice: LinkChoice) -> Self {
        match choice {
            LinkChoice::Copy => Self::Copy,
            LinkChoice::Hard => Self::Hard,
            LinkChoice::Symbolic => Self::Symbolic,
        }
    }
}

/// Draw pictures of spots and stripes, to try petite without a data set
///
/// Writes spot.0.jpg, stripe.0.jpg and so on, which petite prepare can split.
#[derive(Debug, Args)]
pub struct SynthesizeArgs {
    /// Folder to create; must be new or empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Pictures per class
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub each: usize,
    /// Seed of the drawings
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Report what this machine offers; check a device or a data set
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Look for pictures that are in more than one split of this data set, unchanged, recompressed,
    /// mirrored or as negatives; exit with 1 if any are found
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Device to check: auto, cpu, cuda, cuda:N or mps; exit with 1 if it cannot be used
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
}
