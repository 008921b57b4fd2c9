//! What lies in the certificate folder, read once.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::Result;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::X509Certificate;

use super::Request;

/// A certificate and its key, as PEM text.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    pub certificate: Option<String>,
    pub key: Option<String>,
    /// Permission bits and user id of the key file.
    pub key_permissions: Option<(u32, u32)>,
}

impl Stored {
    /// Looks into the certificate; `None` where there is none or it cannot be read.
    pub(super) fn parsed<T>(&self, look: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
        let (_, pem) = parse_x509_pem(self.certificate.as_deref()?.as_bytes()).ok()?;
        let certificate = pem.parse_x509().ok()?;
        Some(look(&certificate))
    }
}

/// One snapshot of the folder.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub authority: Stored,
    pub leaf: Stored,
    pub has_revocation_list: bool,
    /// Who runs stagectl.
    pub uid: u32,
}

/// Reads the folder. Changes nothing.
pub fn observe(request: &Request) -> Result<Observed> {
    Ok(Observed {
        authority: stored(&request.directory, "ca")?,
        leaf: stored(&request.directory, "staging")?,
        has_revocation_list: request.directory.join("ca.crl").exists(),
        uid: rustix::process::geteuid().as_raw(),
    })
}

fn stored(folder: &Path, name: &str) -> Result<Stored> {
    let key = folder.join(format!("{name}.key"));
    let key_permissions = match fs_err::metadata(&key) {
        Ok(metadata) => Some((metadata.mode() & 0o7777, metadata.uid())),
        Err(_) => None,
    };
    Ok(Stored { certificate: read(&folder.join(format!("{name}.crt")))?, key: read(&key)?, key_permissions })
}

fn read(path: &Path) -> Result<Option<String>> {
    match fs_err::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // Not text: not a PEM file either.
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Ok(Some(String::new())),
        Err(error) => Err(error.into()),
    }
}
