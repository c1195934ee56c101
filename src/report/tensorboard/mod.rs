//! Event files of TensorBoard: its protocol buffers in TFRecord frames.

pub mod event;
pub mod event_file;
mod record;
