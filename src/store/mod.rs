//! The disk: atomic writes with a mode, the project's lock, report files.

mod lock;
mod reports;
mod write;

pub use lock::Lock;
pub use reports::{ReportFile, latest, new_run_id, reports};
pub use write::{Mode, write};
