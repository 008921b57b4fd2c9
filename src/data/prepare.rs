//! The front half of a copy: production read in one snapshot, and what would cross decided.
//! Nothing is written on either side.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;

use super::job::{Extent, Job};
use super::mask::Masker;
use super::model::{Catalog, CopyPlan, Subset, TableName};
use super::plan::{Inputs, plan};
use super::subset::{self, Rim, growth, roots, rows};
use super::{catalog, collisions, evidence, identity, text};
use crate::config::masking::Strategy;
use crate::failure::Failure;
use crate::postgres::{Session, connect_url_read_only, failure};
use crate::ui::Ui;

/// `row_security` off: a policy that hides rows becomes an error instead of a copy that lacks them. `jit` off: to
/// compile a statement takes longer than it saves, for those over the catalogue many times so.
const BEGIN: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; SET LOCAL jit = off";

/// Of a standby too. Some services forbid it; then the report goes without.
const LSN: &str =
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text";

/// Undecided columns that are named in one sentence; all of them stand in the entry.
const NAMED: usize = 8;
/// Tables that look larger than this are not counted row by row.
const COUNTED: u64 = 20_000;

/// Connects to both sides, reads production in one snapshot and plans the copy.
///
/// # Errors
/// Refuses when both sides are one database, or production would let itself be written.
pub async fn prepare(job: Job, ui: &Ui) -> Result<Prepared> {
    let production = connect_url_read_only(job.source.expose_secret()).await.context("open production")?;
    identity::refuse_same_place(&production, &job.owner).await?;
    production.batch_execute(BEGIN).await.map_err(|error| failed("begin", &error))?;
    identity::assert_read_only(&production).await?;
    let exported = production.query_one("SELECT pg_export_snapshot()", &[]).await;
    let snapshot_id = exported.map_err(|error| failed("export the snapshot", &error))?.get(0);

    let lsn = production.query_one(LSN, &[]).await.ok().and_then(|row| row.get(0));

    ui.phase("read production");
    let catalog = catalog::read(&production, &job.copy.schemas).await?;
    ui.phase("select rows");
    let (subset, warnings, keys, rim) = match job.extent {
        Extent::All => (subset::all(&catalog, &job.copy)?, Vec::new(), Vec::new(), None),
        Extent::Roots(limit) => {
            let selected = subset::select(&production, &catalog, &job.copy, limit).await?;
            (selected.subset, selected.warnings, selected.keys, Some(selected.rim))
        }
    };
    ui.phase("look at columns");
    let masking = &job.masking;
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
        unclassified: job.unclassified,
        jobs: job.jobs,
    })?;
    plan.warnings.extend(warnings);
    if catalog.large_objects > 0 {
        plan.warnings.push(format!(
            "{} large objects stay behind: nobody can tell what is in them. A column of type `oid` or `lo` that names one leads nowhere",
            catalog.large_objects
        ));
    }
    plan.decisions.clone_from(&job.masking.file);
    plan.keys = keys;
    plan.starts = rim.iter().flat_map(|rim| rim.routes.starts.iter().map(roots::Start::words)).collect();
    Ok(Prepared { job, production, snapshot_id, lsn, catalog, subset, rim, plan, rules })
}

fn failed(what: &str, error: &tokio_postgres::Error) -> anyhow::Error {
    failure(&format!("{what} on production"), error).into()
}

/// All that the copy itself needs. Dropping it ends the snapshot.
pub struct Prepared {
    pub job: Job,
    /// The leader: in a read-only transaction, whose snapshot others take over.
    pub production: Session,
    /// For `SET TRANSACTION SNAPSHOT`, as long as the leader's transaction is open.
    pub snapshot_id: String,
    /// Where production's log of changes stood then.
    pub lsn: Option<String>,
    pub catalog: Catalog,
    pub subset: Subset,
    /// Where the subset ends; `None` where all rows cross.
    pub rim: Option<Rim>,
    pub plan: CopyPlan,
    /// The rule of each column that has one; a column without one is copied as it is.
    pub rules: BTreeMap<(TableName, String), Strategy>,
}

impl Prepared {
    /// Fills in what following the keys that are cut would bring: for a dry run.
    ///
    /// # Errors
    /// Fails where production does not answer.
    pub async fn explain(&mut self) -> Result<()> {
        if self.plan.undecided.is_empty() && !self.rules.is_empty() {
            let (catalog, subset, masker) = (&self.catalog, &self.subset, self.trial());
            let tried = collisions::find(&self.production, catalog, subset, &self.rules, &masker).await?;
            self.plan.collisions = tried.collisions;
            self.plan.warnings.extend(tried.left);
        }
        let Some(rim) = &self.rim else { return Ok(()) };
        growth::estimate(&self.production, &self.catalog, &self.subset, rim, &mut self.plan.keys).await
    }

    /// The masker, or where no key is set yet one that will do to try masks out.
    fn trial(&self) -> Masker {
        self.job.masker().unwrap_or_else(|_| Masker::new("to try masks out", &self.job.copy.email_domain))
    }

    /// Refuses to go on while something is undecided.
    pub fn decided(&self) -> Result<()> {
        let undecided = &self.plan.undecided;
        if undecided.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{}; in {}, check and add:\n{}",
            self.open_question(),
            self.file(),
            text::entry(undecided, self.plan.decisions.is_some())
        ))
        .hint("or run with `--unclassified mask` (or `null`) for this time")
        .into())
    }

    /// As [`Self::decided`], after the plan with the entry has been printed; also while masks collide.
    pub fn decided_as_shown(&self) -> Result<()> {
        if let Some(first) = self.plan.collisions.first() {
            let what = format!("masks would break the unique index {} of {}", first.index, first.table);
            return Err(Failure::refused(what).hint(first.remedy.clone()).into());
        }
        if self.plan.undecided.is_empty() {
            return Ok(());
        }
        Err(Failure::refused(self.open_question())
            .hint(format!("check the entry in the plan and add it to {}, or let `copy-data --dry-run --write-masking` write it for a review", self.file()))
            .hint("or run with `--unclassified mask` (or `null`) for this time")
            .into())
    }

    fn file(&self) -> &str {
        self.plan.decisions.as_deref().unwrap_or("stagectl.yml")
    }

    fn open_question(&self) -> String {
        let undecided = &self.plan.undecided;
        let mut names: Vec<String> =
            undecided.iter().map(|item| format!("{}.{}", item.table, item.column)).collect();
        names.dedup();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {more} more columns") };
        format!("nobody has decided what happens to {}{more}", names.join(", "))
    }
}
