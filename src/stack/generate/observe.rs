//! What is on the disk, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{GITIGNORE, MANIFEST, secrets};
use crate::config::{Settings, read_text};
use crate::failure::Failure;
use crate::stack::render;

/// A file on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileState {
    pub content: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    pub uid: u32,
}

/// A folder on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderState {
    pub mode: u32,
    pub uid: u32,
}

/// One snapshot of every file that stagectl writes or once wrote.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub files: BTreeMap<PathBuf, FileState>,
    pub folders: BTreeMap<PathBuf, FolderState>,
    /// SHA-256 of what was written last. `None` where nothing was ever written.
    pub manifest: Option<BTreeMap<PathBuf, String>>,
    /// True inside a git repository: what holds secrets must be ignored there.
    pub in_git: bool,
    /// Who runs stagectl. Root can give files to the user that a container runs as.
    pub uid: u32,
}

/// Reads the generated files. Changes nothing.
pub fn observe(settings: &Settings) -> Result<Observed> {
    let rendered = render::render(&secrets::stand_in(settings)?)?;
    let manifest = read_manifest(&settings.root)?;
    let mut paths: BTreeSet<PathBuf> = rendered.files.iter().map(|file| file.path.clone()).collect();
    paths.extend(manifest.iter().flatten().map(|(path, _)| path.clone()));
    let mut observed = Observed { manifest, uid: rustix::process::geteuid().as_raw(), ..Observed::default() };
    observed.in_git = settings.root.ancestors().any(|folder| folder.join(".git").exists());
    paths.insert(GITIGNORE.into());
    for path in paths {
        if let Some(state) = read(&settings.root.join(&path))? {
            observed.files.insert(path, state);
        }
    }
    for folder in rendered.folders {
        let path = settings.root.join(&folder.path);
        if path.is_dir() {
            let metadata = fs_err::metadata(&path)?;
            let state = FolderState { mode: metadata.mode() & 0o7777, uid: metadata.uid() };
            observed.folders.insert(folder.path, state);
        }
    }
    Ok(observed)
}

fn read(path: &Path) -> Result<Option<FileState>> {
    let metadata = match fs_err::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let content = fs_err::read(path)?;
    Ok(Some(FileState { content, mode: metadata.mode() & 0o7777, uid: metadata.uid() }))
}

fn read_manifest(root: &Path) -> Result<Option<BTreeMap<PathBuf, String>>> {
    let path = root.join(MANIFEST);
    if !path.exists() {
        return Ok(None);
    }
    let text = read_text(&path)?;
    let manifest: BTreeMap<PathBuf, String> = serde_json::from_str(&text).map_err(|error| {
        Failure::config(format!("{MANIFEST}: {error}"))
            .hint("delete it: the next run writes it anew, and removes no file that it does not know")
    })?;
    // Only ever our own files: a path that leaves the project's folder is nobody's.
    let inside = |path: &Path| path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    Ok(Some(manifest.into_iter().filter(|(path, _)| inside(path)).collect()))
}
