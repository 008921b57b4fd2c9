//! The laboratory of one run: the pristine clone, what it holds, and the clone that up was
//! applied to, made once and shared by the phases.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;

use super::apply::{Applied, Stopped, perform};
use super::clone::{Clones, Migrator};
use super::fingerprint::{DataDifference, Difference, State, data_differences, schema_differences};
use super::proxy::{Faults, Proxy};
use super::step::Step;
use super::tables::Table;
use super::trace::Trace;
use crate::config::migration::{Migration, NamedQuery};
use crate::postgres::Session;
use crate::ui::Ui;

/// What a run works on.
#[derive(Debug, Clone)]
pub struct Inputs {
    pub config: Migration,
    pub steps: Vec<Step>,
    pub queries: Vec<NamedQuery>,
    /// The folder that paths of the configuration are relative to.
    pub root: PathBuf,
    /// The container that runs the database, for what SQL does not tell. None: any server.
    pub container: Option<String>,
    /// The longest that a named query may take, in milliseconds.
    pub query_ms: u64,
}

/// Columns that two runs of up fill differently (`now()`, random values): table and column.
pub type Volatile = BTreeSet<(String, String)>;

pub struct Lab {
    pub inputs: Inputs,
    pub clones: Clones,
    pub ui: Ui,
    /// The pristine clone that all others are copied from.
    pub base: String,
    /// The pristine clone's state.
    pub before: State,
    /// The tables that the migration is about.
    pub tables: Vec<Table>,
    pub migrated: Option<Migrated>,
    volatile: Option<Volatile>,
}

/// The clone that up ran on, with every statement watched.
#[derive(Debug, Clone)]
pub struct Migrated {
    pub clone: String,
    /// One per step, until the first that stopped.
    pub ups: Vec<Applied>,
    /// What was seen of them all.
    pub trace: Trace,
    /// Absent where up stopped.
    pub state: Option<State>,
}

impl Migrated {
    pub fn stopped(&self) -> Option<&Stopped> {
        self.ups.iter().find_map(|up| up.stopped.as_ref())
    }
}

impl Lab {
    pub fn new(
        inputs: Inputs,
        clones: Clones,
        ui: Ui,
        base: String,
        before: State,
        tables: Vec<Table>,
    ) -> Self {
        Self { inputs, clones, ui, base, before, tables, migrated: None, volatile: None }
    }

    /// The clone with up applied; made at the first call.
    pub async fn migrated(&mut self) -> Result<Migrated> {
        if let Some(migrated) = &self.migrated {
            return Ok(migrated.clone());
        }
        let clone = self.clones.copy(&self.base).await?;
        let (ups, trace) = self.watched_up(&clone).await?;
        for run in ups.iter().flat_map(|up| &up.statements) {
            self.ui.detail(format!("{} {:.1} ms, {} rows: {}", run.place, run.ms, run.rows, run.statement));
            for lock in &run.locks {
                self.ui.detail(format!("    {}", lock.line()));
            }
            for name in &run.rewrites {
                self.ui.detail(format!("    writes {name} anew"));
            }
        }
        for problem in &trace.problems {
            self.ui.warn(format!("locks: {problem}"));
        }
        let state = if ups.iter().all(Applied::is_ok) { Some(self.state(&clone).await?) } else { None };
        Ok(self.migrated.insert(Migrated { clone, ups, trace, state }).clone())
    }

    /// Applies all ups on a clone through the proxy, until the first that stops.
    pub async fn watched_up(&self, clone: &str) -> Result<(Vec<Applied>, Trace)> {
        let address = self.clones.user_address.database(clone);
        let proxy = Proxy::start(&address, self.clones.as_admin(clone).await?, Faults::default()).await?;
        let migrator = self.clones.migrator(proxy.address().clone()).await?;
        let mut ups = Vec::new();
        let mut trace = proxy.trace();
        for step in &self.inputs.steps {
            let mut up = perform(&migrator, &step.up).await?;
            if let (true, Some(verify)) = (up.is_ok(), &step.verify) {
                up.stopped = perform(&migrator, verify).await?.stopped;
            }
            let seen = trace.statements.len();
            trace.add(proxy.trace());
            let up = trace.attribute(seen, up, step.up.script().is_none());
            let ok = up.is_ok();
            ups.push(up);
            if !ok {
                break;
            }
        }
        Ok((ups, trace))
    }

    /// The fingerprint of a clone.
    pub async fn state(&self, clone: &str) -> Result<State> {
        State::take(&mut self.clones.as_admin(clone).await?).await
    }

    /// Applies all ups on a clone; the first that stops ends it.
    pub async fn up(&self, session: &Migrator) -> Result<Option<Stopped>> {
        Ok(self.up_from(session, 0).await?.map(|(_, stopped)| stopped))
    }

    /// Applies the ups from the one at `first` on. Says which one stopped, counted from 0.
    pub async fn up_from(&self, session: &Migrator, first: usize) -> Result<Option<(usize, Stopped)>> {
        for (index, step) in self.inputs.steps.iter().enumerate().skip(first) {
            if let Some(stopped) = perform(session, &step.up).await?.stopped {
                return Ok(Some((index, stopped)));
            }
        }
        Ok(None)
    }

    /// The state after so many of the steps.
    pub async fn after_steps(&self, count: usize) -> Result<State> {
        if count == 0 {
            return Ok(self.before.clone());
        }
        let clone = self.clones.copy(&self.base).await?;
        let session = self.clones.as_user(&clone).await?;
        for step in &self.inputs.steps[..count] {
            perform(&session, &step.up).await?;
        }
        drop(session);
        let state = self.state(&clone).await?;
        self.clones.drop_clone(&clone).await?;
        Ok(state)
    }

    /// Applies all downs in reverse; a step without one is left out.
    pub async fn down(&self, session: &Migrator) -> Result<Option<Stopped>> {
        for step in self.inputs.steps.iter().rev() {
            let Some(script) = &step.down else { continue };
            let down = perform(session, script).await?;
            if down.stopped.is_some() {
                return Ok(down.stopped);
            }
        }
        Ok(None)
    }

    /// The volatile columns, as far as they had to be asked for.
    pub fn known_volatile(&self) -> Volatile {
        self.volatile.clone().unwrap_or_default()
    }

    /// What tells two states after up apart, but for what two runs of up make otherwise each time.
    pub async fn lasting(&mut self, after: &State, again: &State) -> Result<Vec<String>> {
        // To know the volatile columns takes two more runs of up; no other difference depends on them.
        let may_be_volatile = |difference: &DataDifference| {
            difference.rows_before == difference.rows_after && !difference.columns.is_empty()
        };
        let asked = data_differences(&after.data, &again.data).iter().any(may_be_volatile);
        let volatile = if asked { self.volatile().await? } else { Volatile::new() };
        Ok(differences(after, again, &volatile))
    }

    /// Columns that a second, independent up fills with other values than the first.
    pub async fn volatile(&mut self) -> Result<Volatile> {
        if let Some(volatile) = &self.volatile {
            return Ok(volatile.clone());
        }
        let Some(first) = self.migrated().await?.state else { return Ok(Volatile::new()) };
        let clone = self.clones.copy(&self.base).await?;
        let session = self.clones.as_user(&clone).await?;
        self.up(&session).await?;
        drop(session);
        let second = self.state(&clone).await?;
        self.clones.drop_clone(&clone).await?;
        let volatile = data_differences(&first.data, &second.data)
            .into_iter()
            .filter(|difference| difference.rows_before == difference.rows_after)
            .flat_map(|d| d.columns.into_iter().map(move |column| (d.table.clone(), column)))
            .collect();
        Ok(self.volatile.insert(volatile).clone())
    }
}

/// The server process behind a session.
pub async fn backend(session: &Session) -> Result<i32> {
    Ok(session.query_one("SELECT pg_backend_pid()", &[]).await?.get(0))
}

/// What tells two states apart, a line each; notes and volatile columns left out.
pub fn differences(before: &State, after: &State, volatile: &Volatile) -> Vec<String> {
    let schema = schema_differences(&before.schema, &after.schema).into_iter().filter(|d| !d.note_only);
    let data = data_differences(&before.data, &after.data)
        .into_iter()
        .filter(|difference| !is_volatile(difference, volatile));
    schema.map(|d: Difference| d.line()).chain(data.map(|d| d.line())).collect()
}

/// True where nothing but volatile columns differs.
pub fn is_volatile(difference: &DataDifference, volatile: &Volatile) -> bool {
    difference.rows_before == difference.rows_after
        && !difference.columns.is_empty()
        && difference
            .columns
            .iter()
            .all(|column| volatile.contains(&(difference.table.clone(), column.clone())))
}
