//! The pictures of a run, and what the frozen layers of its network make of them.

pub(crate) mod appearance;
pub(crate) mod data_set;
pub mod frozen;
pub(crate) mod kept;
pub(crate) mod same_pictures;
pub(crate) mod splits;
