//! What a run looked like.

pub mod curves;
