//! Takes fingerprints on one session: what is prepared and what was seen before stay, so that a
//! second one costs little.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use tokio_postgres::Statement;

use super::data::DataPrint;
use super::schema::Known;
use super::sequences::Position;
use super::{State, data, schema, sequences, tables};
use crate::postgres::Session;

/// The text form of values must not hang on the session's settings, and plans are made once.
const SETTINGS: &str = "SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off; SET LOCAL timezone = 'UTC'; \
     SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1; \
     SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content'; SET LOCAL jit = off; SET LOCAL statement_timeout = 0; \
     SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL max_parallel_workers_per_gather = 4";

/// Counters of rows can be made visible at once from this version on.
const FLUSHES: u32 = 150_000;

pub struct Reader {
    home: u32,
    objects: Statement,
    tables: tables::Statements,
    sequences: Statement,
    large_objects: Option<Statement>,
    known: Known,
    /// True where the counters of rows can be believed.
    counts: bool,
}

impl Reader {
    /// Prepares a session for fingerprints.
    pub async fn open(session: &Session) -> Result<Self> {
        let row = session
            .query_one(
                "SELECT current_setting('server_version_num')::int, d.oid, current_setting('track_counts')
                 FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()",
                &[],
            )
            .await
            .context("ask the server's version")?;
        let (version, home, counts): (i32, u32, String) = (row.get(0), row.get(1), row.get(2));
        let version = u32::try_from(version)?;
        session.batch_execute("SET search_path = pg_catalog").await?;
        let prepared = tokio::try_join!(
            schema::prepare(session, version),
            tables::prepare(session),
            sequences::prepare(session),
            data::prepare_large_objects(session)
        );
        session.batch_execute("RESET search_path").await?;
        let (objects, tables, sequences, large_objects) = prepared?;
        let counts = version >= FLUSHES && counts == "on";
        Ok(Self { home, objects, tables, sequences, large_objects, known: Known::new(), counts })
    }

    /// Takes a fingerprint in a read-only snapshot of its own. Rows are read where they may have
    /// moved since `earlier`, taken of this database or of the one that it is a fresh copy of.
    pub async fn snapshot(&mut self, session: &Session, earlier: Option<&State>) -> Result<State> {
        Self::settle(session, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let state = self.read(session, earlier).await;
        session.batch_execute("ROLLBACK").await.context("end reading")?;
        state
    }

    /// Takes a fingerprint inside the session's open transaction, as the session's own user, and
    /// leaves the transaction as it was.
    pub async fn inside(&mut self, session: &Session, earlier: Option<&State>) -> Result<State> {
        Self::settle_inside(session).await?;
        let state = self.read(session, earlier).await;
        Self::unsettle_inside(session).await?;
        state
    }

    /// Runs `begin` and makes the session read values as fingerprints do, until its transaction ends.
    pub async fn settle(session: &Session, begin: &str) -> Result<()> {
        session.batch_execute(&format!("{begin}; {SETTINGS}")).await.context("begin to read")
    }

    /// The same in a transaction that goes on: `unsettle_inside` leaves it as it was.
    pub async fn settle_inside(session: &Session) -> Result<()> {
        Self::settle(session, "SAVEPOINT stagectl_look; RESET SESSION AUTHORIZATION").await
    }

    pub async fn unsettle_inside(session: &Session) -> Result<()> {
        session
            .batch_execute("ROLLBACK TO SAVEPOINT stagectl_look; RELEASE SAVEPOINT stagectl_look")
            .await
            .context("end reading")
    }

    /// Makes what a session wrote count, before another one looks.
    pub async fn flush(&self, session: &Session) -> Result<()> {
        if self.counts {
            session
                .batch_execute("SELECT pg_catalog.pg_stat_force_next_flush()")
                .await
                .context("count what was written")?;
        }
        Ok(())
    }

    /// Where the sequences stand now.
    pub async fn positions(&self, session: &Session) -> Result<BTreeMap<String, Position>> {
        sequences::read(session, &self.sequences).await
    }

    async fn read(&mut self, session: &Session, earlier: Option<&State>) -> Result<State> {
        let (schema, listed, sequences, large_objects) = tokio::try_join!(
            schema::read(session, &self.objects, &mut self.known),
            tables::list(session, &self.tables),
            sequences::read(session, &self.sequences),
            data::read_large_objects(session, self.large_objects.as_ref()),
        )?;
        let mut print = DataPrint { home: self.home, sequences, ..DataPrint::default() };
        let mut moved = Vec::new();
        for table in listed {
            let before = earlier.filter(|_| self.counts).and_then(|state| {
                let copy = state.data.home != self.home;
                state.data.tables.get(&table.name).filter(|print| table.mark.is_still(&print.mark, copy))
            });
            match before {
                Some(same) => {
                    let mut same = same.clone();
                    same.mark = table.mark;
                    print.tables.insert(table.name, same);
                }
                None => moved.push(table),
            }
        }
        let moved = tables::describe(session, &self.tables, moved).await?;
        let read = try_join_all(moved.iter().map(|table| data::read(session, table))).await?;
        print.tables.extend(large_objects.map(|print| ("large objects".to_owned(), print)));
        print.tables.extend(moved.into_iter().map(|table| table.listed.name).zip(read));
        Ok(State { schema, data: print })
    }
}
