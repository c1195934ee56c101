//! The flags of the commands on data sets and on the machine.

use clap::{Args, ValueEnum};
use petite::dataset::split::Link;
use petite::device::DeviceChoice;
use std::path::PathBuf;

/// Split Kaggle's pictures into train, validation and test folders (listing 5.4)
///
/// Takes cat.0.jpg, dog.0.jpg and so on: the first numbers of each class become train/cats and
/// train/dogs, the next validation, the next test.
#[derive(Debug, Args)]
pub struct PrepareArgs {
    /// Folder with the original pictures
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Folder to make; must be new or empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Training pictures of each class
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub train: usize,
    /// Validation pictures of each class
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub validation: usize,
    /// Test pictures of each class
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub test: usize,
    /// Deal the pictures out at random, from this seed, not by their numbers
    #[arg(long, value_name = "SEED")]
    pub shuffle: Option<u64>,
    /// How a picture gets into the split
    #[arg(long, value_enum, default_value_t = LinkChoice::Copy)]
    pub link: LinkChoice,
}

/// [`Link`] as a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LinkChoice {
    /// A copy, as in the book
    Copy,
    /// Another name for the same file; needs the same file system
    Hard,
    /// A symbolic link to the original's absolute path
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

/// Draw pictures of spots and stripes, for trying things out
///
/// Writes spot.0.jpg, stripe.0.jpg and so on, which petite prepare can split.
#[derive(Debug, Args)]
pub struct SynthesizeArgs {
    /// Folder to make; must be new or empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Pictures of each class
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub each: usize,
    /// Another seed gives other pictures
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Say what this machine offers, and what is wrong with it or a data set
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Look for pictures that are in more than one split of this data set, as they are, mirrored or as
    /// negatives; exit with 1 if there are any
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Check this device: auto, cpu, cuda, cuda:N or mps; exit with 1 if it cannot be used
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
}
