//! Pixels → batches: selects the pictures of each step and uploads them to the device.

pub mod batch;
pub mod loader;
pub mod order;

pub use batch::{Batch, Input, Targets, to_images};
pub use loader::Loader;
pub use order::{Batching, Order};
