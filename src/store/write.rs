//! Files appear whole or not at all.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// 0600: secrets and keys.
    Secret,
    /// 0644.
    Public,
    /// 0755: scripts.
    Script,
}

impl Mode {
    pub const fn bits(self) -> u32 {
        match self {
            Self::Secret => 0o600,
            Self::Public => 0o644,
            Self::Script => 0o755,
        }
    }
}

/// Writes `path` through a temporary file beside it, flushed to the disk, then renamed.
/// Folders above it are made.
pub fn write(path: &Path, content: &[u8], mode: Mode) -> Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs_err::create_dir_all(folder)?;
    let mut file =
        tempfile::NamedTempFile::new_in(folder).with_context(|| format!("write {}", path.display()))?;
    file.write_all(content).with_context(|| format!("write {}", path.display()))?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode.bits()))?;
    file.as_file().sync_all().with_context(|| format!("write {}", path.display()))?;
    file.persist(path).with_context(|| format!("write {}", path.display()))?;
    Ok(())
}
