//! The migration lab: up, down and up again on clones of the staging database, with proof by
//! fingerprint that down restores.
//!
//! `source` reads files into steps of `script`s, split by `statements`. `clone` makes the databases,
//! `apply` runs a script there through the `proxy`, whose `trace` says what it `locks`. `fingerprint` says what a database is.
//! `phases` are the six categories, with `cases` for the edges; `lab` is what they share.

pub mod advice;
mod apply;
mod cases;
mod clone;
mod command;
pub mod estimate;
mod fingerprint;
mod lab;
pub mod locks;
mod migrate;
mod names;
mod pending;
mod phases;
mod plan;
mod proxy;
mod record;
mod script;
mod source;
mod stairway;
mod statements;
mod step;
mod tables;
pub mod trace;
mod untouched;
mod verdict;
pub mod workload;

pub use clone::Clones;
pub use fingerprint::{
    DataDifference, Difference, Drift, Reader, State, data_differences, schema_differences, sequence_drifts,
};
pub use lab::{Inputs, Lab};
pub use migrate::{Direction, MigratePlan, Migrated, observe, run as migrate};
pub use phases::{Prepared, prepare, run};
pub use plan::{Plan, plan};
pub use proxy::{Faults, Proxy};
pub use record::{Converted, converted, write as record};
pub use source::commands::configured as commands;
pub use source::{detect, load, load_files};
pub use step::{Action, Step};
pub use untouched::untouched;
pub use verdict::Category;
