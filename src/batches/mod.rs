//! Pixels → batches: which pictures the batch of a step holds, and the batch on the device.

pub mod batch;
pub mod loader;
pub mod order;
