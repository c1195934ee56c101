//! What a run looked like.

mod canvas;
pub mod curves;
