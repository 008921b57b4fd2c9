//! Backups of the twin's database, written before anything replaces it.

mod dump;
mod gzip;

pub use dump::{Backup, dump};
