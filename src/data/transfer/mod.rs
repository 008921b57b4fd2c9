//! Rows from production's snapshot to the new database, masked between the two COPY streams: several
//! workers, each with a session on both sides, share one list of pieces. Memory does not grow with the rows.

mod layout;
mod pieces;
mod rewrite;
mod stream;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use self::layout::{Cell, Layout};
use self::pieces::Piece;
use self::rewrite::{Nulled, Work, may_meet};
use self::stream::Moved;
use super::checksum::Checksum;
use super::leak::{Matcher, Originals};
use super::mask::Masker;
use super::model::{Rows, TableName};
use super::prepare::Prepared;
use super::quiet::quiet;
use super::{schema, snapshot};
use crate::model::DatabaseAddress;
use crate::postgres::{Session, connect};
use crate::ui::Ui;

/// Fewer rows than this are not worth another pair of sessions.
const ROWS_FOR_ANOTHER: u64 = 500;

/// What went over for a table.
#[derive(Debug, Clone, Copy, Default)]
pub struct Transferred {
    pub rows: u64,
    /// As COPY sent them.
    pub bytes: u64,
    pub masked_cells: u64,
    pub nulled: u64,
    /// Of the columns that cross as they are, where the format has bytes to compare.
    pub sum: Option<Checksum>,
    /// From the first piece's start to the last one's end.
    pub ms: u64,
}

/// The workers' sessions on production, and the list of their work.
pub struct Crew {
    production: Vec<Session>,
    list: Arc<List>,
}

struct List {
    layouts: BTreeMap<TableName, Layout>,
    pieces: Vec<Piece>,
    /// Of the tables that have any.
    nulled: BTreeMap<TableName, Nulled>,
    expected: u64,
}

impl Crew {
    /// Cuts the work and opens the sessions. Every table stays as it is until the leader's transaction ends.
    pub async fn gather(prepared: &Prepared) -> Result<Self> {
        lock(prepared).await?;
        let layouts = layout::read(prepared).await?;
        let (pieces, expected) = pieces::cut(prepared, &layouts).await?;
        let nulled = prepared
            .subset
            .iter()
            .filter(|(_, selection)| !selection.nulled.is_empty())
            .map(|(name, selection)| (name.clone(), selection.nulled.clone()))
            .collect();
        let useful = usize::try_from(expected / ROWS_FOR_ANOTHER).unwrap_or(usize::MAX).saturating_add(1);
        let count = prepared.job.jobs.min(pieces.len()).min(useful).max(1);
        let joined = (0..count).map(|_| snapshot::join(&prepared.job.source, &prepared.snapshot_id));
        let production = futures_util::future::try_join_all(joined).await?;
        Ok(Self { production, list: Arc::new(List { layouts, pieces, nulled, expected }) })
    }

    /// A first reading of those columns whose masks could by chance be somebody's own: what no mask may equal.
    pub async fn originals(&mut self, key: [u64; 2]) -> Result<Matcher> {
        // 122 random bits are nobody's by chance.
        let wanted =
            |cell: &Cell| cell.rule.as_ref().is_some_and(may_meet) && cell.column.base_type != "uuid";
        let mut layouts = BTreeMap::new();
        for (name, layout) in &self.list.layouts {
            if let Some(layout) = layout.only(wanted) {
                layouts.insert(name.clone(), layout);
            }
        }
        let pieces =
            self.list.pieces.iter().filter(|piece| layouts.contains_key(&piece.table)).cloned().collect();
        let list = Arc::new(List { layouts, pieces, nulled: BTreeMap::new(), expected: 0 });
        let originals = Originals::new(key);
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for production in self.production.drain(..) {
            let (list, next, collector) = (Arc::clone(&list), Arc::clone(&next), originals.collector());
            workers.spawn(async move {
                let mut work = Work::gather(collector);
                while let Some(piece) = list.pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let layout = list.layouts.get(&piece.table).context("a piece without its table")?;
                    stream::gather(&production, layout, piece, &mut work)
                        .await
                        .with_context(|| format!("read table {}", piece.table))?;
                }
                work.finish()?;
                Ok::<_, anyhow::Error>(production)
            });
        }
        while let Some(ended) = workers.join_next().await {
            match ended.context("a worker ended early").and_then(|result| result) {
                Ok(production) => self.production.push(production),
                Err(error) => {
                    workers.shutdown().await;
                    return Err(error);
                }
            }
        }
        Ok(originals.freeze())
    }

    /// Copies everything into `target` and hears of each table that is complete. No mask is one of
    /// `forbidden`; the values that are masked are added to `originals`. An error ends all workers and their sessions before it is returned.
    pub async fn copy(
        self,
        target: &DatabaseAddress,
        masker: &Masker,
        forbidden: &Matcher,
        originals: &Originals,
        ui: &Ui,
        done: &mut dyn FnMut(&TableName, Transferred) -> Result<()>,
    ) -> Result<()> {
        let (news, mut heard) = unbounded_channel();
        let shared =
            Shared { list: self.list, next: AtomicUsize::new(0), rows: AtomicU64::new(0), ui: ui.clone() };
        let shared = Arc::new(shared);
        let mut workers = JoinSet::new();
        for production in self.production {
            let (shared, target, news) = (Arc::clone(&shared), target.clone(), news.clone());
            let masker = masker.clone().forbidding(forbidden.recogniser());
            let work = Work::mask(originals.collector(), masker);
            workers.spawn(async move { worker(production, &target, &shared, work, news).await });
        }
        drop(news);
        let mut tables: BTreeMap<&TableName, Progress> = BTreeMap::new();
        for piece in &shared.list.pieces {
            tables.entry(&piece.table).or_default().pieces_left += 1;
        }
        for name in shared.list.layouts.keys().filter(|name| !tables.contains_key(name)) {
            done(name, Transferred::default())?;
        }
        let outcome = async {
            loop {
                // News first: they are of pieces that have gone over, whatever became of a worker since.
                let news = tokio::select! {
                    biased;
                    Some(news) = heard.recv() => news,
                    ended = workers.join_next() => match ended {
                        Some(ended) => {
                            ended.context("a worker ended early")??;
                            continue;
                        }
                        None => break,
                    },
                };
                let piece = &shared.list.pieces[news.piece];
                let Some(progress) = tables.get_mut(&piece.table) else { continue };
                progress.add(&news);
                if progress.pieces_left == 0 {
                    done(&piece.table, progress.total)?;
                }
            }
            Ok(())
        };
        let outcome = outcome.await;
        workers.shutdown().await;
        outcome
    }
}

#[derive(Default)]
struct Progress {
    pieces_left: usize,
    started: Option<Instant>,
    total: Transferred,
}

impl Progress {
    fn add(&mut self, News { started, moved, .. }: &News) {
        let started = self.started.map_or(*started, |first| first.min(*started));
        self.started = Some(started);
        self.pieces_left -= 1;
        let total = &mut self.total;
        total.rows += moved.counts.rows;
        total.bytes += moved.bytes;
        total.masked_cells += moved.counts.masked_cells;
        total.nulled += moved.counts.nulled;
        if let Some(sum) = moved.sum {
            total.sum.get_or_insert_default().merge(sum);
        }
        total.ms = started.elapsed().as_millis() as u64;
    }
}

struct Shared {
    list: Arc<List>,
    next: AtomicUsize,
    rows: AtomicU64,
    ui: Ui,
}

/// A piece has gone over.
struct News {
    piece: usize,
    started: Instant,
    moved: Moved,
}

async fn worker(
    production: Session,
    target: &DatabaseAddress,
    shared: &Shared,
    mut work: Work,
    news: UnboundedSender<News>,
) -> Result<()> {
    let target = connect(target).await?;
    schema::fire_triggers(&target, false).await?;
    schema::defer_flushes(&target).await?;
    let progress = |rows: u64| {
        let so_far = shared.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        shared.ui.step_progress("rows", so_far, Some(shared.list.expected.max(so_far)), "rows");
    };
    loop {
        let at = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(piece) = shared.list.pieces.get(at) else { break };
        let layout = shared.list.layouts.get(&piece.table).context("a piece without its table")?;
        let (started, nulled) = (Instant::now(), shared.list.nulled.get(&piece.table));
        let moved = stream::copy(&production, &target, layout, piece, nulled, &mut work, &progress)
            .await
            .with_context(|| format!("copy table {}", piece.table))?;
        // Nobody hears when the copy has ended, and this worker with it.
        let _ = news.send(News { piece: at, started, moved });
    }
    work.finish()
}

/// Holds every table that crosses whole against a change of its form: a rewrite would move the rows of a range.
async fn lock(prepared: &Prepared) -> Result<()> {
    let names: Vec<String> = prepared
        .catalog
        .tables
        .iter()
        .filter(|table| {
            prepared.subset.get(&table.name).is_some_and(|selection| matches!(selection.rows, Rows::All))
        })
        .map(super::subset::rows::from)
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let statement = format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "));
    prepared.production.batch_execute(&statement).await.map_err(quiet("hold production's tables"))
}
