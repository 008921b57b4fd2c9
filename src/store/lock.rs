//! One run at a time per project. The lock names who holds it, and goes with the process.

use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use anyhow::Result;
use rustix::fs::{FlockOperation, flock};

use crate::failure::Failure;

/// Held while a command changes the project; released on drop, and by the kernel on a kill.
#[derive(Debug)]
pub struct Lock {
    _file: fs_err::File,
}

impl Lock {
    /// Takes the lock of the twin below `root`, or says who has it.
    pub fn acquire(root: &Path, why: &str) -> Result<Self> {
        Self::acquire_in(&root.join("staging-backups"), why)
    }

    /// Takes the lock in a folder, or says who has it.
    pub fn acquire_in(folder: &Path, why: &str) -> Result<Self> {
        fs_err::create_dir_all(folder)?;
        let path = folder.join(".lock");
        let mut file =
            fs_err::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(Failure::environment(format!("another stagectl is at work here: {}", holder.trim()))
                .hint("wait until it has finished, or stop that process")
                .into());
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{why} (process {}, since {})", std::process::id(), crate::clock::now())?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_told_who_holds_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let first = Lock::acquire(root.path(), "setup").unwrap();
        let error = Lock::acquire(root.path(), "copy-data").unwrap_err();
        assert!(error.to_string().contains("setup (process"), "{error}");
        drop(first);
        Lock::acquire(root.path(), "copy-data").unwrap();
    }
}
