//! Runs a plan: every step as soon as those before it are done, a bounded number at once,
//! each write in the journal first. A failure or an interrupt puts back what ran before.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{Mutex, Semaphore, watch};

use super::explain;
use super::journal::{self, Inverse, Journal};
use super::labels;
use super::observe::Observed;
use super::plan::{Action, Pending, Plan, Step, Until};
use super::specify::shares;
use super::wait::Watcher;
use crate::engine::{ContainerSpec, Engine};
use crate::failure::{Class, Failure};
use crate::interrupt::Interrupt;
use crate::ui::Ui;

/// Starts and stops at once; more only slow the engine down.
const PARALLEL: usize = 8;

/// What a run of a plan needs besides the plan.
pub struct Run<'a> {
    pub engine: &'a Engine,
    pub ui: &'a Ui,
    pub interrupt: &'a Interrupt,
    /// The folder of the journal.
    pub state: &'a Path,
    pub project: &'a str,
    pub command: &'a str,
    /// How long one wait may take.
    pub limit: Duration,
    /// What failed stays for a look, until the next command puts things in order.
    pub keep_failed: bool,
    /// How long a container may take to stop; `None` is its own grace period.
    pub grace: Option<Duration>,
}

/// Applies a plan that can be undone until everything in it is ready.
pub async fn apply(run: &Run<'_>, plan: &Plan, observed: &Observed) -> Result<()> {
    let (last, first): (Vec<usize>, Vec<usize>) =
        (0..plan.steps.len()).partition(|&index| matches!(plan.steps[index].action, Action::Remove { .. }));
    let journal = Mutex::new(Journal::begin(run.state, run.command)?);
    let keep: Vec<String> = observed.containers.iter().map(|container| container.id.clone()).collect();
    let fresh = fresh(plan);
    let executor = Executor { run, journal: Some(&journal), keep, fresh, watcher: watcher(run) };
    let mut result = executor.run(&plan.steps, &first).await;
    if result.is_ok() {
        result = executor.watcher.still_up(&awaited(plan)).await;
    }
    if let Err(error) = result {
        return Err(if run.keep_failed {
            kept(&error)
        } else {
            undo(run, journal.into_inner(), error).await
        });
    }
    let obsolete: Vec<String> = last
        .iter()
        .filter_map(|&index| match &plan.steps[index].action {
            Action::Remove { id, .. } => Some(id.clone()),
            _ => None,
        })
        .collect();
    journal.lock().await.commit(obsolete)?;
    Executor { journal: None, ..executor }.run(&plan.steps, &last).await?;
    journal.into_inner().end()
}

/// Applies a plan that only goes forward (`down`, `restart`): run again, it goes on.
pub async fn apply_forward(run: &Run<'_>, plan: &Plan) -> Result<()> {
    let all: Vec<usize> = (0..plan.steps.len()).collect();
    let executor =
        Executor { run, journal: None, keep: Vec::new(), fresh: BTreeSet::new(), watcher: watcher(run) };
    executor.run(&plan.steps, &all).await
}

/// The containers that replace nothing: to undo them is to remove them, without a grace period.
fn fresh(plan: &Plan) -> BTreeSet<String> {
    let replaced: BTreeSet<&str> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::SetAside { .. }))
        .map(|step| step.action.object())
        .collect();
    plan.steps
        .iter()
        .filter(|step| matches!(step.action, Action::CreateContainer { .. }))
        .map(|step| step.action.object())
        .filter(|name| !replaced.contains(name))
        .map(str::to_owned)
        .collect()
}

/// The containers that were found ready.
fn awaited(plan: &Plan) -> Vec<String> {
    let ready =
        |step: &&Step| !step.optional && matches!(step.action, Action::Wait { until: Until::Ready, .. });
    plan.steps.iter().filter(ready).map(|step| step.action.object().to_owned()).collect()
}

/// The journal stays on the disk: the next command begins with it.
fn kept(error: &anyhow::Error) -> anyhow::Error {
    let (class, hints) = Failure::classify(error);
    let failure = Failure::new(class, format!("{error:#}"));
    hints
        .iter()
        .fold(failure, |failure, hint| failure.hint(hint.clone()))
        .hint("everything is kept as it failed; the next `up`, `restart` or `down` first puts back what ran before")
        .into()
}

fn watcher(run: &Run<'_>) -> Arc<Watcher> {
    Arc::new(Watcher::new(run.engine, run.project, run.limit))
}

async fn undo(run: &Run<'_>, journal: Journal, error: anyhow::Error) -> anyhow::Error {
    let started = Instant::now();
    run.ui.phase("Put back what ran before");
    match journal::roll_back(run.engine, run.state, run.ui).await {
        Ok(()) => {
            let _ = journal.end();
            run.ui.step_done("rollback", "what ran before runs again", started.elapsed().as_millis() as u64);
            error
        }
        Err(second) => {
            let (class, _) = Failure::classify(&error);
            Failure::new(
                if class == Class::Interrupted { class } else { Class::Failed },
                format!("{error:#}"),
            )
            .hint(format!("not everything could be put back: {second:#}"))
            .hint("run the same command again: it starts by putting things in order")
            .into()
        }
    }
}

struct Executor<'a> {
    run: &'a Run<'a>,
    /// `None` when there is no way back.
    journal: Option<&'a Mutex<Journal>>,
    /// The containers that were there before.
    keep: Vec<String>,
    fresh: BTreeSet<String>,
    watcher: Arc<Watcher>,
}

impl Executor<'_> {
    /// Runs the steps named by `chosen`; steps outside are taken as done.
    async fn run(&self, steps: &[Step], chosen: &[usize]) -> Result<()> {
        let slots = Semaphore::new(PARALLEL);
        let (cancel, cancelled) = watch::channel(false);
        let mut waiting: BTreeSet<usize> = chosen.iter().copied().collect();
        let mut undone = waiting.clone();
        let mut running = FuturesUnordered::new();
        let mut failure: Option<anyhow::Error> = None;
        loop {
            if failure.is_none() {
                let ready: Vec<usize> = waiting
                    .iter()
                    .copied()
                    .filter(|&index| steps[index].after.iter().all(|before| !undone.contains(before)))
                    .collect();
                for index in ready {
                    waiting.remove(&index);
                    let cancelled = cancelled.clone();
                    let slots = &slots;
                    running.push(
                        async move { (index, self.step(index, &steps[index], slots, cancelled).await) },
                    );
                }
            }
            let finished = tokio::select! {
                biased;
                () = self.run.interrupt.wait(), if failure.is_none() => {
                    failure = Some(Failure::interrupted().into());
                    let _ = cancel.send(true);
                    continue;
                }
                finished = running.next() => finished,
            };
            match finished {
                None => break,
                Some((index, Ok(()))) => drop(undone.remove(&index)),
                Some((index, Err(error))) if steps[index].optional && failure.is_none() => {
                    self.run.ui.warn(format!("{error:#}\n  nobody needs it: its dependents go on without"));
                    undone.remove(&index);
                }
                // Calls that are under way are let finish: what they made must be undone, too.
                Some((_, Err(error))) => {
                    failure.get_or_insert(error);
                    let _ = cancel.send(true);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn step(
        &self,
        index: usize,
        step: &Step,
        slots: &Semaphore,
        cancelled: watch::Receiver<bool>,
    ) -> Result<()> {
        let id = format!("{index}");
        let what = format!("{} {}", step.action.verb(), step.action.object());
        let started = Instant::now();
        let result = if let Action::Wait { name, until } = &step.action {
            self.run.ui.step_started(&id, &what);
            self.watcher.wait(name, *until, cancelled.clone()).await
        } else {
            let _slot = slots.acquire().await?;
            self.run.ui.step_started(&id, &what);
            self.act(&step.action).await
        };
        match &result {
            Ok(()) => self.run.ui.step_done(&id, &what, started.elapsed().as_millis() as u64),
            Err(_) if *cancelled.borrow() => self.run.ui.step_failed(&id, &what, "not finished"),
            Err(error) => {
                let text = format!("{error:#}");
                self.run.ui.step_failed(&id, &what, text.lines().next().unwrap_or_default());
            }
        }
        result
    }

    async fn journal(&self, inverse: Inverse) -> Result<()> {
        match self.journal {
            Some(journal) => journal.lock().await.write(inverse).context("write the journal"),
            None => Ok(()),
        }
    }

    async fn act(&self, action: &Action) -> Result<()> {
        let engine = self.run.engine;
        match action {
            Action::PullImage { image, platform } => {
                let detail = |status: &str| self.run.ui.detail(format!("{image}: {status}"));
                self.guard(engine.pull_image(image, platform.as_deref(), detail)).await
            }
            Action::BuildImage { build } => {
                let said = |line: &str| self.run.ui.note(format!("{}: {line}", build.service));
                self.guard(engine.build_image(&build.spec, build.source.stream(), said)).await
            }
            Action::CreateNetwork { spec } => {
                self.journal(Inverse::RemoveNetwork { name: spec.name.clone() }).await?;
                engine.create_network(spec).await
            }
            // A volume that was made stays on failure: whatever is in it may matter.
            Action::CreateVolume { spec } => engine.create_volume(spec).await,
            Action::SetAside { id, name, aside } => {
                self.journal(Inverse::Rename { id: id.clone(), name: name.clone() }).await?;
                engine.rename_container(id, aside).await
            }
            Action::CreateContainer { spec, pending } => {
                self.journal(Inverse::RemoveContainer {
                    name: spec.name.clone(),
                    project: self.run.project.to_owned(),
                    keep: self.keep.clone(),
                })
                .await?;
                let mut spec = spec.clone();
                if let Some(pending) = pending {
                    self.settle(&mut spec, pending).await?;
                }
                // The id of an image that this run pulled was not known to the plan.
                if spec.labels.get(labels::IMAGE).is_none_or(String::is_empty)
                    && let Some(image) = engine.image(&spec.image).await?
                {
                    spec.labels.insert(labels::IMAGE.to_owned(), image.id);
                }
                engine.create_container(&spec).await.map(drop)
            }
            Action::Stop { id, .. } => {
                self.journal(Inverse::Start { id: id.clone() }).await?;
                engine.stop_container(id, self.run.grace).await
            }
            Action::Start { name } => {
                if !self.fresh.contains(name) {
                    self.journal(Inverse::Stop { name: name.clone() }).await?;
                }
                match engine.start_container(name).await {
                    Ok(()) => Ok(()),
                    Err(error) => Err(explain::not_started(engine, name, error).await),
                }
            }
            Action::Remove { id, .. } => engine.remove_container(id).await,
            Action::RemoveNetwork { name } => engine.remove_network(name).await,
            Action::RemoveVolume { name } => engine.remove_volume(name).await,
            Action::Wait { .. } => Ok(()),
        }
    }

    /// Puts in the ids of containers that this run has made.
    async fn settle(&self, spec: &mut ContainerSpec, pending: &Pending) -> Result<()> {
        let mut ids = pending.ids.clone();
        for (service, name) in &pending.made {
            let made = self.run.engine.container(name).await?;
            let made = made.ok_or_else(|| Failure::failed(format!("the container {name} was removed")))?;
            ids.insert(service.clone(), made.id);
        }
        shares::resolve(spec, &pending.canonical, &ids, &pending.dialect);
        Ok(())
    }

    /// A pull may take minutes; it leaves nothing half done when it is dropped.
    async fn guard<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.run.interrupt.guard(work).await
    }
}
