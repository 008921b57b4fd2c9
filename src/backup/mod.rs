//! Backups of the twin's database, written before anything replaces it.

mod dump;

pub use dump::{Backup, dump};
