//! The front half of a copy: production read in one snapshot, and what would cross decided.
//! Nothing is written on either side.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::mask::Masker;
use super::model::{Catalog, CopyPlan, Subset, TableName};
use crate::config::Settings;
use crate::config::masking::Strategy;
use crate::failure::Failure;
use crate::postgres::Session;

/// All that the copy itself needs. Dropping it ends the snapshot.
pub struct Prepared {
    pub settings: Settings,
    /// The leader: in a read-only transaction, whose snapshot others take over.
    pub production: Session,
    /// For `SET TRANSACTION SNAPSHOT`, as long as the leader's transaction is open.
    pub snapshot_id: String,
    pub catalog: Catalog,
    pub subset: Subset,
    pub plan: CopyPlan,
    /// The rule of each column that has one; a column without one is copied as it is.
    pub rules: BTreeMap<(TableName, String), Strategy>,
}

impl Prepared {
    /// The masker with the secret key of `masking.key`.
    ///
    /// # Errors
    /// Refuses a missing or short key: masks of a guessable key can be reversed.
    pub fn masker(&self) -> Result<Masker> {
        let config = &self.settings.config;
        let hint = "set `masking: key: ${STAGECTL_MASKING_KEY}`, with `STAGECTL_MASKING_KEY: {generate: hex, length: 64}` under `env`";
        let key = config
            .masking
            .key
            .as_deref()
            .ok_or_else(|| Failure::config("stagectl.yml has no `masking.key`").hint(hint))?;
        let key = self.settings.expand(key).context("masking.key")?;
        if key.len() < 16 {
            return Err(Failure::config("masking.key is shorter than 16 characters").hint(hint).into());
        }
        Ok(Masker::new(&key, &config.copy.email_domain))
    }
}

/// The URL of production's database.
///
/// # Errors
/// Refuses where none is set, or its variable is not.
pub fn production_url(settings: &Settings) -> Result<String> {
    let hint =
        "put PRODUCTION_DATABASE_URL in the environment or in .env.production (mode 0600, never in git)";
    let production = settings.config.production.as_ref();
    let text = production.and_then(|production| production.database_url.as_deref()).unwrap_or_default();
    let url = settings.expand(text).context("production.database_url")?;
    if url.is_empty() {
        return Err(Failure::config("production.database_url is not set").hint(hint).into());
    }
    Ok(url)
}
