//! The copy itself: a new database beside the live one, filled, proven, then swapped in.
//! Until the swap the live database is only read.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::leak::{self, Matcher, Originals};
use super::mask::Masker;
use super::model::{TableName, TablePlan};
use super::prepare::Prepared;
use super::swap::Databases;
use super::transfer::{Crew, Transferred};
use super::{finish, proof, rebuild, schema};
use crate::failure::Failure;
use crate::postgres::programs::{Access, Place};
use crate::postgres::{connect, connect_if_exists, staging};
use crate::report::copy::{CopiedTable, CopyBody, IntegrityCheck, LeakCheck};
use crate::ui::Ui;

/// Writes the report so far.
pub type Save<'s> = dyn FnMut(&CopyBody) -> Result<()> + 's;

/// What the copy of Redis keys needs of the copy of rows: the same masks, the same values looked for.
pub struct Proof {
    pub masker: Masker,
    pub matcher: Matcher,
}

/// Copies what was prepared and swaps it in. After an error or an interrupt, drop what it left with
/// [`Databases::sweep`].
///
/// # Errors
/// Refuses when a personal value of production stands in the new database.
pub async fn run(
    prepared: &Prepared,
    databases: &Databases,
    place: &Place,
    now: Timestamp,
    ui: &Ui,
    body: &mut CopyBody,
    save: &mut Save<'_>,
) -> Result<Proof> {
    let (job, admin, user) = (&prepared.job, &prepared.job.admin, &prepared.job.owner);
    phase(ui, body, save, "schema", "Restore production's schema")?;
    let step = Step::start(ui, "schema", "read production's schema");
    let sql = schema::dump(prepared, place, &Access::of_url(job.source.expose_secret())?).await?;
    step.done(ui);
    let new = databases.create(now, &user.user).await?;
    let target = connect(&admin.database(&new)).await?;
    schema::close(&target, &user.user).await?;
    schema::restore(&target, &sql.before_rows, &user.user).await?;
    // Whole while it is empty, then without what slows a load down. Another role would fire triggers, and
    // meet policies: it gets the second half after the rows.
    let stripped = if schema::unhindered(&target).await? {
        schema::restore(&target, &sql.after_rows, &user.user).await?;
        Some(rebuild::strip(&target, &|table| large(prepared, table)).await?)
    } else {
        None
    };

    phase(ui, body, save, "rows", "Copy the rows")?;
    let step = Step::start(ui, "originals", "read what no mask may equal");
    let key = rand::random();
    let mut crew = Crew::gather(prepared).await?;
    let forbidden = crew.originals(key).await?;
    step.done(ui);
    let masker = job.masker()?;
    let originals = Originals::after(&forbidden);
    let (start, step) = (Instant::now(), Step::start(ui, "rows", "copy the rows"));
    let plans: BTreeMap<&TableName, &TablePlan> =
        prepared.plan.tables.iter().map(|plan| (&plan.table, plan)).collect();
    let mut read = proof::expected(prepared);
    let table = &mut |name: &TableName, done: Transferred| {
        let Some(plan) = plans.get(name) else { return Ok(()) };
        let rate = done.rows * 1000 / done.ms.max(1);
        ui.step_done(
            &format!("copy {name}"),
            &format!("copy {name}: {} rows, {rate} rows/s", done.rows),
            done.ms,
        );
        body.rows += done.rows;
        proof::was_read(&mut read, prepared, name, &done);
        body.tables.push(copied_table(plan, done));
        save(body)
    };
    crew.copy(&admin.database(&new), &masker, &forbidden, &originals, ui, table).await?;
    body.rows_ms = Some(start.elapsed().as_millis() as u64);
    let matcher = originals.freeze();
    step.done(ui);

    phase(ui, body, save, "finish", "Build indexes, keys and triggers")?;
    let step = Step::start(ui, "finish", "indexes, keys, triggers, sequences, views");
    if let Some(stripped) = stripped {
        stripped.rebuild(&target, &admin.database(&new), job.jobs).await?;
        schema::fire_triggers(&target, true).await?;
    } else {
        schema::restore(&target, &sql.after_rows, &user.user).await?;
        finish::analyze(&target).await?;
    }
    let owner = connect(&user.database(&new)).await?;
    let live = connect_if_exists(admin).await?;
    let books = job.books
        || match &live {
            Some(live) => staging::missing(live).await?.is_empty(),
            None => false,
        };
    if books {
        staging::ensure(&owner).await?;
    }
    if let Some(live) = live {
        let left = finish::books(&live, &target).await?;
        warn(
            ui,
            body,
            left.iter()
                .map(|table| format!("{table} is not carried over: it stays in the previous database")),
        );
    }
    finish::sequences(&prepared.production, &target).await?;
    finish::refresh(&prepared.production, &target).await?;
    step.done(ui);

    phase(ui, body, save, "proof", "Prove the copy")?;
    let step = Step::start(ui, "proof", "objects, keys and sequences");
    let mut check = IntegrityCheck::default();
    let unproven = proof::schema(&prepared.production, &target, &job.copy.schemas, &mut check).await?;
    step.done(ui);
    warn(
        ui,
        body,
        unproven.iter().map(|name| format!("{name} does not hold, and is not enforced in production either")),
    );
    let (start, step) =
        (Instant::now(), Step::start(ui, "leaks", "read it back: personal values and checksums"));
    let scan = leak::scan(leak::Task {
        database: &admin.database(&new),
        matcher: &matcher,
        email_domain: &job.copy.email_domain,
        sums: &proof::columns(&read),
        workers: job.jobs,
    })
    .await?;
    step.done(ui);
    let foreign = |place: &String| format!("{place} names an e-mail address: it crosses as it is");
    warn(ui, body, scan.addresses.iter().map(foreign));
    let compared = proof::rows(&read, &scan.checksums, &mut check);
    body.integrity = Some(check);
    let hits = scan.hits.clone();
    body.leak_check = Some(LeakCheck {
        values: matcher.len(),
        places: scan.places,
        bytes_scanned: scan.bytes,
        hits: scan.hits,
        ms: start.elapsed().as_millis() as u64,
    });
    save(body)?;
    compared?;
    if !hits.is_empty() {
        let places: Vec<String> =
            hits.iter().map(|(place, rows)| format!("{place} ({rows} times)")).collect();
        return Err(Failure::refused(format!(
            "personal data of production would have reached staging: {}",
            places.join(", ")
        ))
        .hint("give those columns a rule under `masking.tables`; staging is unchanged")
        .into());
    }

    if books {
        let details = serde_json::json!({ "rows": body.rows, "tables": body.tables.len() });
        staging::log(&owner, "copy-data", &details).await?;
    }
    drop((owner, target));
    phase(ui, body, save, "swap", "Swap the databases")?;
    let step = Step::start(ui, "swap", "swap the databases");
    let swapped = databases.swap(&new, now).await?;
    step.done(ui);
    body.away_ms = Some(swapped.away.as_millis() as u64);
    body.previous_database = swapped.kept;
    body.dropped_databases.extend(databases.prune(job.copy.keep).await?);
    if job.copy.keep == 0 {
        body.previous_database = None;
    }
    save(body)?;
    Ok(Proof { masker: masker.forbidding(forbidden.recogniser()), matcher })
}

/// Fewer rows than this go into a table as it is: its indexes are not worth building again.
const LARGE: u64 = 5_000;

fn large(prepared: &Prepared, table: &TableName) -> bool {
    let estimated = prepared.catalog.table(table).map_or(0, |table| table.estimated_rows);
    let rows = prepared.subset.get(table).map_or(0, |selection| selection.rows.len().unwrap_or(estimated));
    rows >= LARGE
}

fn copied_table(plan: &TablePlan, done: Transferred) -> CopiedTable {
    CopiedTable {
        table: plan.table.to_string(),
        rows: done.rows,
        rows_in_production: plan.rows_in_production,
        bytes: done.bytes,
        ms: done.ms,
        masked_cells: done.masked_cells,
        nulled: done.nulled,
        reasons: plan.reasons.clone(),
        columns: plan.columns.iter().map(|c| (c.column.clone(), c.action.clone())).collect(),
    }
}

fn phase(ui: &Ui, body: &mut CopyBody, save: &mut Save<'_>, word: &str, title: &str) -> Result<()> {
    ui.phase(title);
    word.clone_into(&mut body.phase);
    save(body)
}

fn warn(ui: &Ui, body: &mut CopyBody, texts: impl Iterator<Item = String>) {
    for text in texts {
        ui.warn(&text);
        body.warnings.push(text);
    }
}

/// A step that is shown while it runs.
struct Step {
    id: &'static str,
    what: &'static str,
    start: Instant,
}

impl Step {
    fn start(ui: &Ui, id: &'static str, what: &'static str) -> Self {
        ui.step_started(id, what);
        Self { id, what, start: Instant::now() }
    }

    fn done(self, ui: &Ui) {
        ui.step_done(self.id, self.what, self.start.elapsed().as_millis() as u64);
    }
}
