//! The front half of a copy: production read in one snapshot, and what would cross decided.
//! Nothing is written on either side.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use super::mask::Masker;
use super::model::{Catalog, CopyPlan, Subset, TableName};
use super::plan::{Inputs, Unclassified, plan};
use super::subset::{self, rows};
use super::{catalog, evidence, identity, text};
use crate::config::Settings;
use crate::config::masking::Strategy;
use crate::failure::Failure;
use crate::postgres::{Session, connect, connect_url_read_only, failure};
use crate::ui::Ui;

/// `row_security` off: a policy that hides rows becomes an error instead of a copy that lacks them.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off";

/// Tables that look larger than this are not counted row by row.
const COUNTED: u64 = 1_000_000;

/// Connects to both sides, reads production in one snapshot and plans the copy.
///
/// # Errors
/// Refuses when both sides are one database, or production would let itself be written.
pub async fn prepare(
    settings: Settings,
    limit: Option<u32>,
    unclassified: Unclassified,
    ui: &Ui,
) -> Result<Prepared> {
    let url = production_url(&settings)?;
    let staging = connect(&settings.database_user()?).await.context("open staging")?;
    let production = connect_url_read_only(&url).await.context("open production")?;
    identity::refuse_same(&production, &staging).await?;
    drop(staging);
    production.batch_execute(BEGIN).await.map_err(|error| failed("begin", &error))?;
    identity::assert_read_only(&production).await?;
    let exported = production.query_one("SELECT pg_export_snapshot()", &[]).await;
    let snapshot_id = exported.map_err(|error| failed("export the snapshot", &error))?.get(0);

    ui.phase("read production");
    let copy = &settings.config.copy;
    let catalog = catalog::read(&production, &copy.schemas).await?;
    ui.phase("select rows");
    let limit = limit.unwrap_or(copy.limit);
    let (subset, warnings) = subset::select(&production, &catalog, copy, limit).await?;
    ui.phase("look at columns");
    let masking = &settings.config.masking;
    let samples = evidence::gather(&production, &catalog, &subset, masking).await?;
    let mut counts = BTreeMap::new();
    for table in catalog.tables.iter().filter(|t| subset.contains_key(&t.name) && t.estimated_rows < COUNTED)
    {
        counts.insert(table.name.clone(), rows::count(&production, table).await?);
    }
    let (mut plan, rules) = plan(Inputs {
        catalog: &catalog,
        subset: &subset,
        counts: &counts,
        masking,
        samples: &samples,
        unclassified,
    })?;
    plan.warnings.extend(warnings);
    Ok(Prepared { settings, production, snapshot_id, catalog, subset, plan, rules })
}

fn failed(what: &str, error: &tokio_postgres::Error) -> anyhow::Error {
    failure(&format!("{what} on production"), error).into()
}

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
    /// Refuses to go on while something is undecided.
    pub fn decided(&self) -> Result<()> {
        let undecided = &self.plan.undecided;
        if undecided.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{}; in stagectl.yml, check and add:\n{}",
            self.open_question(),
            text::entry(undecided)
        ))
        .hint("or run with `--unclassified mask` (or `null`) for this time")
        .into())
    }

    /// As [`Self::decided`], after the plan with the entry has been printed.
    pub fn decided_as_shown(&self) -> Result<()> {
        if self.plan.undecided.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(self.open_question())
            .hint("check the entry in the plan and add it to stagectl.yml")
            .hint("or run with `--unclassified mask` (or `null`) for this time")
            .into())
    }

    fn open_question(&self) -> String {
        let undecided = &self.plan.undecided;
        let mut names: Vec<String> =
            undecided.iter().map(|item| format!("{}.{}", item.table, item.column)).collect();
        names.dedup();
        format!("nobody has decided what happens to {}", names.join(", "))
    }

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
