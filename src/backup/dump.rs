//! `staging-backup-TIME.sql.gz`: streamed, flushed, renamed; whole or not there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use flate2::Compression;
use jiff::Timestamp;

use super::gzip::Members;
use crate::model::DatabaseAddress;
use crate::postgres::programs::{Access, Place};

/// A backup that was written.
#[derive(Debug, Clone)]
pub struct Backup {
    pub path: PathBuf,
    /// Compressed.
    pub bytes: u64,
}

/// Dumps a database into `folder`; also an empty one, so that every copy has its backup.
///
/// # Errors
/// Leaves no file behind.
pub async fn dump(
    place: &Place,
    database: &DatabaseAddress,
    folder: &Path,
    now: Timestamp,
) -> Result<Backup> {
    fs_err::create_dir_all(folder)?;
    let path = folder.join(format!("staging-backup-{}.sql.gz", crate::clock::compact(now)));
    // Mode 0600 from its making on; removed when dropped.
    let file = tempfile::Builder::new().prefix(".staging-backup-").tempfile_in(folder)?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut encoder = Members::new(file, Compression::new(3), threads);
    place
        .pg_dump(&[], &Access::of_address(database), &mut |bytes| Ok(encoder.write_all(bytes)?))
        .await
        .context("back up the staging database")?;
    let file = encoder.finish().context("write the backup")?;
    file.as_file().sync_all().context("write the backup")?;
    let bytes = file.as_file().metadata()?.len();
    file.persist(&path).with_context(|| format!("write {}", path.display()))?;
    Ok(Backup { path, bytes })
}
