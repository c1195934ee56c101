//! Flags of the commands for data sets and the machine: prepare, synthesize, doctor.

use super::device::DeviceParser;
use super::examples;
use clap::{Args, ValueEnum};
use petite::dataset::Link;
use petite::dataset::part::PartSize;
use petite::machine::device::DeviceChoice;
use std::path::PathBuf;

/// Split pictures into train, validation and test folders (listing 5.4)
///
/// Of pictures named CLASS.NUMBER.jpg, such as Kaggle's cat.0.jpg and dog.0.jpg, the lowest numbers
/// of each class go to train/cats and train/dogs, the next to validation, the next to test. Of any
/// others, in class folders or an archive of them or listed by --labels, the content decides, and
/// near copies stay together.
#[derive(Debug, Args)]
#[command(after_help = examples::PREPARE)]
pub struct PrepareArgs {
    /// Folder or archive of the original pictures
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Data set folder to create; must be new or empty
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// CSV with the columns path,label instead of class folders; paths are relative to --from
    #[arg(long, value_name = "FILE.csv")]
    pub labels: Option<PathBuf>,
    /// Training pictures of each class: a number, or a share such as 0.5 [default: all that the
    /// other splits leave; names like Kaggle's: 1000]
    #[arg(long, value_name = "SHARE|N")]
    pub train: Option<PartSize>,
    /// Validation pictures of each class [default: 0.2; names like Kaggle's: 500]
    #[arg(long, value_name = "SHARE|N")]
    pub validation: Option<PartSize>,
    /// Test pictures of each class [default: 0.1; names like Kaggle's: 500]
    #[arg(long, value_name = "SHARE|N")]
    pub test: Option<PartSize>,
    /// Assign pictures with names like Kaggle's to splits at random, with this seed, instead of by
    /// number
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
#[command(after_help = examples::SYNTHESIZE)]
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
///
/// Trains for a second to compare the machine's speed with what it should do. Exits with 1 if
/// training could not run.
#[derive(Debug, Args)]
#[command(after_help = examples::DOCTOR)]
pub struct DoctorArgs {
    /// Look for pictures that are in more than one split of this data set, unchanged, recompressed,
    /// mirrored or as negatives; exit with 1 if any are found
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// CSV that lists the pictures of --data with their labels; all its rows without a file are named
    #[arg(long, value_name = "FILE.csv", requires = "data")]
    pub labels: Option<PathBuf>,
    /// Device to check: auto, cpu, cuda, cuda:N or mps; exit with 1 if it cannot be used
    #[arg(long, default_value = "auto", hide_possible_values = true)]
    #[arg(value_parser = DeviceParser(|text: &str| text.parse::<DeviceChoice>()))]
    pub device: DeviceChoice,
}
