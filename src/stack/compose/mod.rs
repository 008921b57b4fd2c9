//! The compose file: read, made canonical, hashed as docker compose hashes it.

mod file;
pub mod hash;
mod interpolate;
pub mod model;
mod normalise;
mod parse;
mod resources;

pub mod select;
mod short;
#[cfg(test)]
mod tests;

pub use crate::compose::scalar::duration;
pub use model::{Condition, Project, Service};
pub use parse::{load, parse, project_name};
pub use select::{Selection, select};
