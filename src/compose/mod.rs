//! Any compose file, read as docker compose reads it.
//!
//! yaml → interpolate → extends → include → merge → schema → canonical → paths → normalise → references, each a
//! pure step over one tree of values that know their place. The disk is read through one closure.
//! [`typed`] is that tree as types, for whoever makes containers of it.

pub mod canonical;
pub mod dotenv;
pub mod hash;
pub mod interpolate;
pub mod load;
pub mod merge;
mod normalise;
pub mod output;
mod paths;
pub mod project;
mod references;
pub mod scalar;
mod schema;
pub mod tree;
pub mod typed;
pub mod yaml;

pub use load::{Environment, Request};
pub use project::{Model, environment, load};

#[cfg(test)]
mod tests;
