//! A trained network on pictures: how good, and what it says of each.

pub mod confusion;
pub mod evaluate;
pub mod export;
pub mod trained;
