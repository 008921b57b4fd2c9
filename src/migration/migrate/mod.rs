//! A migration for real: on the staging database itself, with a copy of before made first, to
//! which everything goes back where a step fails. `plan` is pure, `undo` keeps the copy, `book`
//! notes which steps are applied, `run` takes them.

mod book;
mod plan;
mod run;
mod undo;

pub use plan::{Direction, MigratePlan};
pub use run::{Migrated, observe, run};
