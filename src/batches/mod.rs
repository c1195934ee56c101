//! Pixels → batches: selects the pictures of each step and uploads them to the device.

pub mod batch;
pub mod loader;
pub mod order;
