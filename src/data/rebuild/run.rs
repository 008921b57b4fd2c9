//! Tasks run by several sessions: the costliest first, and what follows a group's tasks as soon as the
//! last of them is done.

use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::SETTINGS;
use crate::data::quiet::quiet;
use crate::model::DatabaseAddress;
use crate::postgres::connect;

/// For each of the sessions that build.
const MEMORY: &str = "128MB";

/// Statements that follow each other. Those that cost more start first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Task {
    pub cost: i64,
    /// Its name in an error.
    pub what: String,
    pub statements: Vec<String>,
}

/// What is left to do.
#[derive(Debug, Default)]
pub(super) struct Work {
    ready: BinaryHeap<(Task, Option<String>)>,
    /// By group: how many of its tasks are not done, and what follows the last one.
    groups: BTreeMap<String, (usize, Option<Task>)>,
    running: usize,
}

impl Work {
    /// A task of no group.
    pub fn add(&mut self, task: Task) {
        self.ready.push((task, None));
    }

    /// A task that `group`'s last one waits for.
    pub fn add_to(&mut self, group: &str, task: Task) {
        self.groups.entry(group.to_owned()).or_default().0 += 1;
        self.ready.push((task, Some(group.to_owned())));
    }

    /// What follows when every task of `group` is done. Comes after they are added.
    pub fn then(&mut self, group: &str, task: Task) {
        match self.groups.get_mut(group) {
            Some((_, last)) => *last = Some(task),
            None => self.add(task),
        }
    }

    /// The task to do now, with its group for [`Self::done`].
    pub fn take(&mut self) -> Option<(Task, Option<String>)> {
        let taken = self.ready.pop()?;
        self.running += 1;
        Some(taken)
    }

    /// A task that was taken has ended.
    pub fn done(&mut self, group: Option<&String>) {
        self.running -= 1;
        let Some((left, last)) = group.and_then(|group| self.groups.get_mut(group)) else { return };
        *left -= 1;
        if *left == 0 {
            self.ready.extend(last.take().map(|task| (task, None)));
        }
    }

    fn ended(&self) -> bool {
        self.running == 0 && self.ready.is_empty()
    }
}

/// Works everything off with `jobs` sessions at most; the first error ends them all.
pub(super) async fn run(target: &DatabaseAddress, jobs: usize, work: Work) -> Result<()> {
    let count = jobs.min(work.ready.len());
    // Few tasks leave cores of the server idle: then each index may be built by more than one process.
    let helpers = if work.ready.len() < jobs { 2 } else { 0 };
    let settings = format!(
        "{SETTINGS}; SET maintenance_work_mem = '{MEMORY}'; SET max_parallel_maintenance_workers = {helpers}"
    );
    let (work, change) = (Arc::new(Mutex::new(work)), Arc::new(Notify::new()));
    let mut workers = JoinSet::new();
    for _ in 0..count {
        let (work, change) = (Arc::clone(&work), Arc::clone(&change));
        let (target, settings) = (target.clone(), settings.clone());
        workers.spawn(async move {
            let session = connect(&target).await?;
            session.batch_execute(&settings).await.map_err(quiet("prepare to build"))?;
            loop {
                // Listens before it looks: no change is missed.
                let changed = change.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let Some((task, group)) = lock(&work).take() else {
                    if lock(&work).ended() {
                        return Ok::<_, anyhow::Error>(());
                    }
                    changed.await;
                    continue;
                };
                for statement in &task.statements {
                    session.batch_execute(statement).await.map_err(quiet(&task.what))?;
                }
                lock(&work).done(group.as_ref());
                change.notify_waiters();
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        let result = ended.context("a worker ended early").and_then(|result| result);
        if result.is_err() {
            workers.shutdown().await;
            return result;
        }
    }
    Ok(())
}

fn lock(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(cost: i64, what: &str) -> Task {
        Task { cost, what: what.into(), statements: vec![] }
    }

    /// What comes next, and its group.
    fn next(work: &mut Work) -> Option<(String, Option<String>)> {
        work.take().map(|(task, group)| (task.what, group))
    }

    #[test]
    fn the_costliest_comes_first_and_a_group_ends_with_its_last() {
        let mut work = Work::default();
        work.add_to("t", task(1, "small index"));
        work.add_to("t", task(9, "large index"));
        work.then("t", task(5, "analyze t"));
        work.then("u", task(2, "analyze u"));
        let group = Some("t".to_owned());
        assert_eq!(next(&mut work), Some(("large index".into(), group.clone())));
        assert_eq!(next(&mut work), Some(("analyze u".into(), None)));
        assert_eq!(next(&mut work), Some(("small index".into(), group.clone())));
        work.done(group.as_ref());
        assert_eq!(next(&mut work), None);
        assert!(!work.ended(), "two are still at work");
        work.done(group.as_ref());
        assert_eq!(next(&mut work), Some(("analyze t".into(), None)));
        work.done(None);
        work.done(None);
        assert!(work.ended());
    }
}
