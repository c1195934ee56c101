//! Drives the binary as a person does: every command, right and wrong.

mod archives;
mod augmented;
mod cache;
mod changed_data;
mod checkpoints;
mod compare;
mod convert;
mod data_errors;
mod divergence;
mod doctor;
mod evaluate;
#[path = "../support/event_files.rs"]
mod event_files;
mod export;
mod flip;
mod full_disk;
mod grad_cam;
mod hostile_pictures;
mod import;
mod layouts;
#[path = "../support/limited.rs"]
mod limited;
mod meanwhile;
mod occupied;
mod odd_folders;
mod openmp;
mod orientation;
mod output;
mod pixels;
mod plot;
mod precision;
mod predict;
mod prepare;
mod preview;
mod printed;
#[path = "../support/program.rs"]
mod program;
mod public_layouts;
mod repeats;
mod report;
mod resume;
mod serve;
mod serve_page;
mod shell;
mod signals;
#[path = "../support/skipped.rs"]
mod skipped;
mod summary;
mod support;
mod suspects;
mod synthesize;
mod tensorboard;
mod train;
mod transfer;
mod transfer_errors;
mod unwritable;
mod watch;
