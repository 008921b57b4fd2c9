//! What a copy works on, whoever asked for it: the stack's settings or two URLs.

use secrecy::{ExposeSecret as _, SecretString};

use super::mask::Masker;
use super::plan::Unclassified;
use crate::config::data::Copy;
use crate::config::masking::Masking;
use crate::failure::Failure;
use crate::model::DatabaseAddress;

/// How much of production crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every row of every table that is not skipped.
    All,
    /// So many rows of the root table (by default those that `copy` says), with all that belongs to
    /// them and all that these need.
    Roots(Option<u32>),
}

/// A copy to do.
#[derive(Debug, Clone)]
pub struct Job {
    /// Production's URL. Holds a password: never shown.
    pub source: SecretString,
    /// Staging's database, as the role that owns its tables.
    pub owner: DatabaseAddress,
    /// The same database, as a role that may create and rename databases.
    pub admin: DatabaseAddress,
    pub copy: Copy,
    pub masking: Masking,
    /// The secret behind the masks.
    pub key: Option<SecretString>,
    pub extent: Extent,
    pub unclassified: Unclassified,
    /// Workers at once, each with a session on either side.
    pub jobs: usize,
    /// Keep the twin's own books (`staging_*`) in staging's database, and make them where they are missing.
    pub books: bool,
}

impl Job {
    /// # Errors
    /// Refuses a missing or short key: masks of a guessable key can be reversed.
    pub fn masker(&self) -> Result<Masker, Failure> {
        let hint = "set `masking: key: ${STAGECTL_MASKING_KEY}`, with `STAGECTL_MASKING_KEY: {generate: hex, length: 64}` under `env`";
        let key = self
            .key
            .as_ref()
            .ok_or_else(|| Failure::config("stagectl.yml has no `masking.key`").hint(hint))?
            .expose_secret();
        if key.len() < 16 {
            return Err(Failure::config("masking.key is shorter than 16 characters").hint(hint));
        }
        Ok(Masker::new(key, &self.copy.email_domain))
    }
}
