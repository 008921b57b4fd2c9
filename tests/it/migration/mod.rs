//! The migration lab against real servers.

mod anywhere;
mod corpus;
mod edges;
mod faults;
mod locks;
mod objects;
mod planted;
mod sources;
pub mod staging;
mod steps;
mod stopped;
mod whole;
