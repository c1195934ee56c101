//! Drives the binary as a person does: every command, right and wrong.

mod convert;
mod data_errors;
mod evaluate;
mod import;
mod plot;
mod predict;
mod prepare;
mod resume;
mod summary;
mod support;
mod synthesize;
mod train;
