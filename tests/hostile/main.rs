//! Files that are damaged or made to do harm: an error or the same result each time, without a panic
//! and without using much time or memory.

mod altered_run;
mod archives;
mod caches;
mod damage;
#[path = "../support/limited.rs"]
mod limited;
mod npz;
mod ot;
#[path = "../support/pickles.rs"]
mod pickles;
mod program;
mod pth;
mod random_archives;
mod run_files;
mod safetensors;
#[path = "../support/skipped.rs"]
mod skipped;
mod zip_file;
