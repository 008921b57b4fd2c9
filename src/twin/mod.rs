//! A staging twin out of a production compose file: what changes and why, and proof that nothing is shared.
//!
//! ```text
//! production model ──derive──▶ twin model + changes + refusals + variables        (pure)
//! production model × twin model ──shared──▶ what both would touch                 (pure; must be nothing)
//! ```
//! `derive` and `shared` know nothing of each other: the proof looks at two models, however they came about.

pub mod address;
mod command;
pub mod credential;
pub mod database;
mod derive;
mod environment;
pub mod host;
mod mounts;
mod network;
pub mod path;
mod ports;
pub mod reference;
mod service;
mod shared;
mod storage;
mod text;
pub mod unset;
pub mod write;

pub use derive::{Change, Derived, Refusal, Request, Variable, derive};
pub use mounts::OWN as OWN_FOLDERS;
pub use shared::{Shared, shared};

#[cfg(test)]
mod tests;
