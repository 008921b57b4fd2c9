//! Report files: named by kind and time, rewritten after every step, newest found by name.

use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use super::write::{Mode, write};

/// A run's name: its time and process.
pub fn new_run_id(now: Timestamp) -> String {
    format!("{}-{}", crate::clock::compact(now), std::process::id())
}

/// A report's file, `PREFIX-TIME.json`.
#[derive(Debug, Clone)]
pub struct ReportFile {
    pub path: PathBuf,
}

impl ReportFile {
    pub fn new(folder: &Path, prefix: &str, now: Timestamp) -> Self {
        Self { path: folder.join(format!("{prefix}-{}.json", crate::clock::compact(now))) }
    }

    /// Replaces the file's content.
    pub fn save(&self, report: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(report)?;
        text.push('\n');
        write(&self.path, text.as_bytes(), Mode::Public)
    }

    /// Writes the report in another format beside it and returns that file's path.
    pub fn beside(&self, extension: &str, text: &str) -> Result<PathBuf> {
        let path = self.path.with_extension(extension);
        write(&path, text.as_bytes(), Mode::Public)?;
        Ok(path)
    }
}

/// The newest report whose name starts with `PREFIX-`.
pub fn latest(folder: &Path, prefix: &str) -> Result<Option<PathBuf>> {
    Ok(reports(folder, prefix)?.pop())
}

/// All reports whose names start with `PREFIX-`, oldest first.
pub fn reports(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let start = format!("{prefix}-");
    let mut names: Vec<String> = fs_err::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(&start) && name.ends_with(".json"))
        .collect();
    names.sort();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
