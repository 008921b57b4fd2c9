//! A full disk: up on a clone in a small tablespace, which a table of another database fills.

use anyhow::{Context as _, Result};
use tokio_postgres::error::SqlState;

use crate::failure::Failure;
use crate::migration::clone::Clones;
use crate::postgres::{Session, failure};

/// More room than this, in pages of 8 KiB (512 MiB), is no small tablespace's.
const MOST: u32 = 65_536;
/// So many pages are asked for at first; fewer, as the room ends.
const CHUNK: u32 = 2_048;
/// A row of it fills a page.
const ROW: &str = "INSERT INTO filler SELECT repeat('x', 7000) FROM generate_series(1, $pages)";

/// A clone in the tablespace, and the database that takes the rest of the room.
#[derive(Debug)]
pub struct FullDisk {
    pub clone: String,
    filler: String,
}

/// Why the case cannot be tried on this tablespace, if so: filling it must be nobody's harm.
pub async fn unfit(admin: &Session, tablespace: &str) -> Result<Option<String>> {
    let row = admin
        .query_opt(
            "SELECT t.spcname IN ('pg_default', 'pg_global'), ARRAY(SELECT d.datname::text FROM pg_database d, pg_tablespace_databases(t.oid) o WHERE d.oid = o)
             FROM pg_tablespace t WHERE t.spcname = $1",
            &[&tablespace],
        )
        .await
        .context("look for the small tablespace")?;
    let Some(row) = row else { return Ok(Some(format!("there is no tablespace `{tablespace}`"))) };
    let (is_main, databases): (bool, Vec<String>) = (row.get(0), row.get(1));
    Ok(if is_main {
        Some(format!("`{tablespace}` is the server's own: filling it would stop everybody"))
    } else if !databases.is_empty() {
        Some(format!("`{tablespace}` holds {}: filling it would stop them", databases.join(", ")))
    } else {
        None
    })
}

/// Copies `template` into the tablespace and fills what is left of it. `None`: it has no room for the copy.
///
/// # Errors
/// Refuses to go on where the tablespace turns out not to be small.
pub async fn fill(clones: &Clones, template: &str, tablespace: &str) -> Result<Option<FullDisk>> {
    let Some(clone) = clones.copy_into(template, tablespace).await? else { return Ok(None) };
    let Some(filler) = clones.copy_into("template0", tablespace).await? else {
        clones.drop_clone(&clone).await?;
        return Ok(None);
    };
    // The first session of a database writes a file there, without which no other can begin.
    drop(clones.as_user(&clone).await?);
    let session = clones.as_admin(&filler).await?;
    session
        .batch_execute("CREATE UNLOGGED TABLE filler (x text); ALTER TABLE filler ALTER x SET STORAGE PLAIN")
        .await
        .context("make what fills the disk")?;
    let (mut pages, mut filled) = (CHUNK, 0);
    while pages > 0 {
        match session.batch_execute(&ROW.replace("$pages", &pages.to_string())).await {
            Ok(()) => filled += pages,
            Err(error) if error.code() == Some(&SqlState::DISK_FULL) => pages /= 2,
            Err(error) => return Err(failure("fill the small tablespace", &error).into()),
        }
        if filled > MOST {
            let words = format!("the tablespace `{tablespace}` has room for more than 512 MiB");
            return Err(Failure::refused(words)
                .hint("`migration.small_tablespace` names one on a disk of a few MiB, such as a tmpfs")
                .into());
        }
    }
    drop(session);
    Ok(Some(FullDisk { clone, filler }))
}

impl FullDisk {
    /// Gives the room back.
    pub async fn make_room(self, clones: &Clones) -> Result<()> {
        // To drop a database takes a checkpoint, which may want some room itself.
        let session = clones.as_admin(&self.filler).await?;
        session.batch_execute("DROP TABLE filler").await.context("make room on the disk")?;
        drop(session);
        clones.drop_clone(&self.filler).await
    }
}
