//! One piece: out of production, through the masks, into the new database. Memory holds a frame.

use std::pin::Pin;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _};

use super::layout::{Format, Layout};
use super::pieces::{Part, Piece};
use super::rewrite::{Counts, Nulled, Rewriter, Work};
use crate::data::binary::{Fields, Rows};
use crate::data::checksum::Checksum;
use crate::data::quiet::quiet;
use crate::postgres::Session;

/// Bytes sent at once.
const FRAME: usize = 128 * 1024;

/// What went over with a piece.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moved {
    pub counts: Counts,
    pub bytes: u64,
    /// Of the columns that cross as they are; only of the binary format.
    pub sum: Option<Checksum>,
}

/// Copies a piece. `progress` hears of rows as they go.
pub async fn copy(
    production: &Session,
    target: &Session,
    layout: &Layout,
    piece: &Piece,
    nulled: Option<&Nulled>,
    work: &mut Work,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Moved> {
    let name = &piece.target;
    let failed = quiet(format!("write {name}"));
    let list = layout.list();
    let list = if list.is_empty() { list } else { format!(" ({list})") };
    let into_root = layout.partitioned && piece.target == layout.name;
    let options = match (layout.format, piece.whole && !into_root) {
        (Format::Binary, true) => " (FORMAT binary, FREEZE)",
        (Format::Binary, false) => " (FORMAT binary)",
        (Format::Text, true) => " (FREEZE)",
        (Format::Text, false) => "",
    };
    // The files that a TRUNCATE makes go at once when its transaction fails, and their rows need no second
    // visit. Without it, a copy that has filled the server's disk would leave it full, and a server that
    // cannot write a checkpoint ends.
    let only = if into_root { "" } else { "ONLY " };
    let begin =
        if piece.whole { format!("BEGIN; TRUNCATE {only}{}", name.sql()) } else { "BEGIN".to_owned() };
    target.batch_execute(&begin).await.map_err(&failed)?;
    let statement = format!("COPY {}{list} FROM STDIN{options}", name.sql());
    let mut sink = Box::pin(target.copy_in::<_, Bytes>(&statement).await.map_err(&failed)?);
    let places = matches!(piece.part, Part::Places(_));
    let mut moved = if layout.untouched() && !places {
        forward(production, layout, piece, sink.as_mut(), progress).await?
    } else {
        rewrite(production, layout, piece, nulled, work, Some(sink.as_mut()), progress).await?
    };
    let written = sink.as_mut().finish().await.map_err(&failed)?;
    target.batch_execute("COMMIT").await.map_err(&failed)?;
    if moved.counts.rows == 0 {
        progress(written);
    }
    moved.counts.rows = written;
    Ok(moved)
}

/// Reads a piece for its values alone.
pub async fn gather(production: &Session, layout: &Layout, piece: &Piece, work: &mut Work) -> Result<()> {
    rewrite(production, layout, piece, None, work, None, &|_| ()).await.map(drop)
}

type Sink<'s> = Pin<&'s mut tokio_postgres::CopyInSink<Bytes>>;

/// Bytes as they come.
async fn forward(
    production: &Session,
    layout: &Layout,
    piece: &Piece,
    mut sink: Sink<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Moved> {
    let read = quiet(format!("read {}", layout.name));
    let write = quiet(format!("write {}", piece.target));
    let mut moved = Moved::default();
    let mut frame = Vec::with_capacity(FRAME);
    let (mut sum, mut fields) = (Checksum::default(), Fields::new());
    for (_, statement) in piece.statements(layout, false) {
        let stream = production.copy_out(&statement).await.map_err(&read)?;
        futures_util::pin_mut!(stream);
        let (mut messages, mut rows) = (0, Rows::default());
        while let Some(chunk) = stream.try_next().await.map_err(&read)? {
            frame.extend_from_slice(&chunk);
            if layout.format == Format::Binary {
                rows.push(&chunk);
                while let Some(row) =
                    rows.next(&mut fields).with_context(|| format!("read {}", layout.name))?
                {
                    sum.row(fields.iter().map(|at| at.as_ref().map(|at| &row[at.clone()])));
                }
            }
            messages += 1;
            if frame.len() >= FRAME {
                moved.bytes += frame.len() as u64;
                // The server sends each row as a message of its own.
                moved.counts.rows += messages;
                progress(std::mem::take(&mut messages));
                let full = std::mem::replace(&mut frame, Vec::with_capacity(FRAME + FRAME / 8));
                sink.as_mut().send(full.into()).await.map_err(&write)?;
            }
        }
    }
    if !frame.is_empty() {
        moved.bytes += frame.len() as u64;
        sink.send(frame.into()).await.map_err(&write)?;
    }
    moved.sum = (layout.format == Format::Binary).then_some(sum);
    Ok(moved)
}

async fn rewrite(
    production: &Session,
    layout: &Layout,
    piece: &Piece,
    nulled: Option<&Nulled>,
    work: &mut Work,
    mut sink: Option<Sink<'_>>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Moved> {
    let read = quiet(format!("read {}", layout.name));
    let write = quiet(format!("write {}", piece.target));
    let mut rewriter = Rewriter::new(layout, nulled);
    let (mut frame, mut moved, mut told) = (Vec::with_capacity(FRAME), Moved::default(), 0);
    rewriter.start(&mut frame);
    for (partition, statement) in piece.statements(layout, nulled.is_some()) {
        rewriter.next_stream(partition);
        let stream = production.copy_out(&statement).await.map_err(&read)?;
        futures_util::pin_mut!(stream);
        while let Some(chunk) = stream.try_next().await.map_err(&read)? {
            rewriter.push(&chunk, work, &mut frame).with_context(|| format!("read {}", layout.name))?;
            if frame.len() >= FRAME {
                progress(rewriter.counts.rows - told);
                told = rewriter.counts.rows;
                send(sink.as_mut(), &mut frame, &mut moved).await.map_err(&write)?;
            }
        }
        rewriter.stream_ended().with_context(|| format!("read {}", layout.name))?;
    }
    rewriter.end(&mut frame);
    send(sink.as_mut(), &mut frame, &mut moved).await.map_err(&write)?;
    progress(rewriter.counts.rows - told);
    moved.counts = rewriter.counts;
    moved.sum = (layout.format == Format::Binary).then_some(rewriter.sum);
    Ok(moved)
}

async fn send(
    sink: Option<&mut Sink<'_>>,
    frame: &mut Vec<u8>,
    moved: &mut Moved,
) -> Result<(), tokio_postgres::Error> {
    let Some(sink) = sink else {
        frame.clear();
        return Ok(());
    };
    moved.bytes += frame.len() as u64;
    let full = std::mem::replace(frame, Vec::with_capacity(FRAME + FRAME / 8));
    if full.is_empty() { Ok(()) } else { sink.send(full.into()).await }
}
