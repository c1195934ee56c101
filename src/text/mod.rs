//! Words in messages and tables: numbers, names, cells.

pub mod cells;
pub mod libtorch_message;
pub mod numbers;
pub mod shown;
pub mod spelling;
