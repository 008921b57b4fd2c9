//! The generated files on the disk: `observe` reads them, `plan` (pure) says what would change
//! and why, `apply` writes.
//!
//! ```ignore
//! let observed = generate::observe(&settings)?;
//! let plan = generate::plan(&settings, &observed)?;   // plan.is_empty(), plan.text(), plan.json()
//! let settings = generate::apply(&settings, &plan, &ui)?;   // with the secrets that were made
//! ```
//!
//! Secrets that do not exist yet are named in the plan and made while it is applied;
//! `.env.staging` is written first, so that a killed run never loses one that is in use.

mod apply;
mod observe;
mod plan;
mod secrets;

pub use apply::apply;
pub use observe::{FileState, FolderState, Observed, observe};
pub use plan::{Action, Change, Plan, plan};

/// What stagectl wrote last, by path: tells an edit by hand from a change of stagectl.yml.
const MANIFEST: &str = "staging-data/.generated.json";

/// The user's own file, which gets the lines that are missing.
const GITIGNORE: &str = ".gitignore";

#[cfg(test)]
mod tests;
