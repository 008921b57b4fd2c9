//! The canonical tree as types: what the stack plans and makes containers from.

pub mod lifecycle;
pub mod limits;
pub mod mount;
pub mod network;
pub mod number;
pub mod project;
pub mod select;
pub mod service;

#[cfg(test)]
mod tests;

pub use lifecycle::Condition;
pub use project::Project;
pub use select::{Selection, select};
pub use service::Service;
