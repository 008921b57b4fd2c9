//! Is there a backup, is it whole, is it young enough?

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Outcome};

const BASE: Check = Check::base(Category::Database);

pub const CHECKS: &[Check] = &[
    Check {
        id: "BKP-001",
        title: "the newest backup can be read",
        expected: "the newest staging-backup-*.sql.gz unpacks to its end, which is a dump's",
        remedy: "`stagectl copy-data` makes one first; delete a broken one",
        timeout: Duration::from_secs(60),
        run: |facts| Box::pin(readable(facts)),
        ..BASE
    },
    Check {
        id: "BKP-002",
        title: "the newest backup is young enough",
        severity: Severity::Minor,
        quick: true,
        expected: "a staging-backup-*.sql.gz of the last 25 hours",
        remedy: "back up daily: `stagectl copy-data` makes a backup first",
        run: |facts| Box::pin(async { young(facts) }),
        ..BASE
    },
];

const PREFIX: &str = "staging-backup-";
const MAX_AGE_HOURS: i64 = 25;
/// The last line of `pg_dump`'s plain text.
const END: &str = "PostgreSQL database dump complete";

/// The newest backup, by the time in its name.
fn newest(folder: &Path) -> Result<Option<PathBuf>> {
    if !folder.exists() {
        return Ok(None);
    }
    let mut names: Vec<String> = fs_err::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && name.ends_with(".sql.gz"))
        .collect();
    names.sort();
    Ok(names.pop().map(|name| folder.join(name)))
}

async fn readable(facts: &Facts) -> Outcome {
    let path = match newest(&facts.settings.backups()) {
        Ok(Some(path)) => path,
        Ok(None) => return Outcome::skip("there is no backup yet"),
        Err(error) => return Outcome::error(format!("{error:#}")),
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let read = tokio::task::spawn_blocking(move || unpack(&path)).await;
    match read {
        Ok(Ok((bytes, true))) => Outcome::pass(format!("{name}: {bytes} bytes unpacked")),
        Ok(Ok((bytes, false))) => Outcome::fail(format!("{name}: {bytes} bytes, and no end of a dump")),
        Ok(Err(error)) => Outcome::fail(format!("{name}: {error:#}")),
        Err(error) => Outcome::error(error.to_string()),
    }
}

/// How much unpacks, and whether the end is a dump's.
fn unpack(path: &Path) -> Result<(u64, bool)> {
    let mut reader = flate2::read::MultiGzDecoder::new(fs_err::File::open(path)?);
    let mut buffer = vec![0; 64 * 1024];
    let mut tail = Vec::new();
    let mut bytes = 0;
    loop {
        let read = reader.read(&mut buffer).context("unpack")?;
        if read == 0 {
            return Ok((bytes, String::from_utf8_lossy(&tail).contains(END)));
        }
        bytes += read as u64;
        tail.extend_from_slice(&buffer[..read]);
        tail.drain(..tail.len().saturating_sub(512));
    }
}

fn young(facts: &Facts) -> Outcome {
    match newest(&facts.settings.backups()) {
        Ok(Some(path)) => match fs_err::metadata(&path).and_then(|file| file.modified()) {
            Ok(modified) => match Timestamp::try_from(modified) {
                Ok(modified) => judge_age(facts.now, modified),
                Err(error) => Outcome::error(error.to_string()),
            },
            Err(error) => Outcome::error(error.to_string()),
        },
        Ok(None) => Outcome::fail("there is no backup yet"),
        Err(error) => Outcome::error(format!("{error:#}")),
    }
}

fn judge_age(now: Timestamp, modified: Timestamp) -> Outcome {
    let hours = now.duration_since(modified).as_hours();
    let words = format!("the newest is {hours} hours old");
    if hours > MAX_AGE_HOURS { Outcome::fail(words) } else { Outcome::pass(words) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::report::Status;

    fn backup(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("staging-backup-20260101T000000Z.sql.gz");
        let mut file =
            flate2::write::GzEncoder::new(fs_err::File::create(&path).unwrap(), flate2::Compression::fast());
        file.write_all(text.as_bytes()).unwrap();
        file.finish().unwrap();
        path
    }

    #[test]
    fn a_whole_dump_passes_and_a_cut_or_empty_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!("{}\n-- {END}\n\n", "SELECT 1;\n".repeat(100_000));
        let path = backup(folder.path(), &long);
        assert_eq!(unpack(&path).unwrap(), (long.len() as u64, true));
        assert_eq!(newest(folder.path()).unwrap(), Some(path.clone()));
        let length = fs_err::metadata(&path).unwrap().len();
        fs_err::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
        assert!(unpack(&path).is_err());
        assert!(!unpack(&backup(folder.path(), "")).unwrap().1);
    }

    #[test]
    fn an_old_backup_is_seen() {
        let hours = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        assert_eq!(judge_age(hours(100), hours(76)).status, Status::Pass);
        assert_eq!(judge_age(hours(100), hours(70)).status, Status::Fail);
    }
}
