//! `staging-backup-TIME.sql.gz`: streamed, flushed, renamed; whole or not there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use crate::model::DatabaseAddress;
use crate::postgres::programs::{Access, Place};
use crate::postgres::{Session, failure};

/// Tables outside the twin's own books.
const TABLES: &str = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$|staging_)'";

/// A backup that was written.
#[derive(Debug, Clone)]
pub struct Backup {
    pub path: PathBuf,
    /// Compressed.
    pub bytes: u64,
}

/// Whether the database has no table but the twin's own books.
pub async fn is_empty(session: &Session) -> Result<bool> {
    let row = session.query_one(TABLES, &[]).await;
    let row = row.map_err(|error| failure("count the tables", &error))?;
    Ok(row.get::<_, i64>(0) == 0)
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
    let mut encoder = GzEncoder::new(file, Compression::new(3));
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
