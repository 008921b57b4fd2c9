//! Runs scripts on a session the way a migration tool would, statement by statement: timed,
//! watched where asked, cut off where a case wants it.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::{ErrorPosition, SqlState};

use super::clone::Migrator;
use super::locks::{LockMode, LockTaken};
use super::script::{Script, controls_transaction};
use super::statements::Statement;
use super::step::Action;
use super::watch::{Lock, Watch};
use crate::postgres::{Session, explain};

/// One statement that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementRun {
    /// `file:line`.
    pub place: String,
    /// Its first words.
    pub statement: String,
    pub ms: f64,
    /// Rows that it changed or returned.
    pub rows: u64,
    pub locks: Vec<LockTaken>,
    /// Tables and indexes that it wrote anew.
    pub rewrites: Vec<String>,
    /// Write-ahead log of the whole server meanwhile, in bytes.
    pub wal_bytes: i64,
}

/// Why a script stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// `file:line` of the statement, and of the very line where the server names one.
    pub place: String,
    pub statement: String,
    pub sqlstate: String,
    pub message: String,
}

impl Stopped {
    pub fn line(&self) -> String {
        format!("{}: {} — in `{}`", self.place, self.message, self.statement)
    }

    /// What COMMIT refuses.
    pub fn at_commit(script: &Script, error: &tokio_postgres::Error) -> Self {
        Self {
            place: script.file.display().to_string(),
            statement: "COMMIT".to_owned(),
            sqlstate: code(error),
            message: explain(error),
        }
    }

    /// True where the script raised an exception itself.
    pub fn is_raised(&self) -> bool {
        self.sqlstate == SqlState::RAISE_EXCEPTION.code()
            || self.sqlstate == SqlState::FEATURE_NOT_SUPPORTED.code()
            || self.sqlstate.is_empty() && DECLARATIONS.iter().any(|word| self.message.contains(word))
    }
}

/// How the tools' own languages say that there is no way back.
const DECLARATIONS: [&str; 4] =
    ["NotImplementedError", "IrreversibleError", "IrreversibleMigration", "irreversible"];

/// What running a script gave.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    pub statements: Vec<StatementRun>,
    pub ms: f64,
    pub stopped: Option<Stopped>,
}

impl Applied {
    pub fn is_ok(&self) -> bool {
        self.stopped.is_none()
    }
}

/// Runs a step's up or down as the migration's own role. A command is not watched here: it has
/// sessions of its own.
pub async fn perform(migrator: &Migrator, action: &Action, watch: Option<&Watch>) -> Result<Applied> {
    match action {
        Action::Script(script) => apply(migrator, script, watch).await,
        Action::Command(command) => command.apply(&migrator.address).await,
    }
}

/// Runs a script to its end. An SQL error is no error of this function: it is what was found.
pub async fn apply(session: &Session, script: &Script, watch: Option<&Watch>) -> Result<Applied> {
    let mut applied = Applied::default();
    let start = Instant::now();
    if script.wrapped {
        session.batch_execute("BEGIN").await.context("begin")?;
    }
    for statement in &script.statements {
        match run(session, script, statement, watch).await? {
            Ok(run) => applied.statements.push(run),
            Err(stopped) => {
                applied.stopped = Some(stopped);
                break;
            }
        }
    }
    let end = Instant::now();
    match &applied.stopped {
        Some(_) => drop(session.batch_execute("ROLLBACK").await),
        None if script.wrapped => {
            if let Err(error) = session.batch_execute("COMMIT").await {
                applied.stopped = Some(Stopped::at_commit(script, &error));
            }
        }
        None => {}
    }
    let commit_ms = end.elapsed().as_secs_f64() * 1000.0;
    applied.ms = start.elapsed().as_secs_f64() * 1000.0;
    hold_locks(&mut applied.statements, script, commit_ms);
    Ok(applied)
}

/// Runs the first `count` statements and returns with the transaction still open.
pub async fn apply_part(session: &Session, script: &Script, count: usize) -> Result<Option<Stopped>> {
    if script.wrapped {
        session.batch_execute("BEGIN").await.context("begin")?;
    }
    run_statements(session, script, &script.statements[..count.min(script.statements.len())]).await
}

/// Runs these statements of a script, without a transaction of their own.
pub async fn run_statements(
    session: &Session,
    script: &Script,
    statements: &[Statement],
) -> Result<Option<Stopped>> {
    for statement in statements {
        if let Err(stopped) = run(session, script, statement, None).await? {
            return Ok(Some(stopped));
        }
    }
    Ok(None)
}

async fn run(
    session: &Session,
    script: &Script,
    statement: &Statement,
    watch: Option<&Watch>,
) -> Result<Result<StatementRun, Stopped>> {
    let inspect = watch.is_some() && !controls_transaction(statement) && !statement.starts_with(&["set"]);
    let files = if inspect { Some(relation_files(session).await?) } else { None };
    let log = match watch {
        Some(watch) => watch.log_position().await?,
        None => 0,
    };
    let start = Instant::now();
    let query = async {
        let result = session.simple_query(&statement.text).await;
        (result, start.elapsed().as_secs_f64() * 1000.0)
    };
    let (result, ms) = match watch {
        None => query.await,
        Some(watch) => tokio::select! {
            biased;
            done = query => done,
            () = watch.keep_looking() => (Ok(Vec::new()), 0.0),
        },
    };
    let messages = match result {
        Ok(messages) => messages,
        Err(error) => return Ok(Err(stopped(script, statement, &error))),
    };
    let mut run = StatementRun {
        place: format!("{}:{}", script.file.display(), statement.line),
        statement: statement.short(),
        ms,
        rows: messages.iter().map(rows).sum(),
        locks: Vec::new(),
        rewrites: Vec::new(),
        wal_bytes: 0,
    };
    if let Some(watch) = watch {
        watch.look().await?;
        run.locks = watch.take().into_iter().map(lock_taken).collect();
        run.wal_bytes = watch.log_position().await? - log;
        if let Some(before) = files {
            let after = relation_files(session).await?;
            run.rewrites = after
                .into_iter()
                .filter(|(oid, (_, file))| before.get(oid).is_some_and(|(_, old)| old != file))
                .map(|(_, (name, _))| name)
                .collect();
        }
    }
    Ok(Ok(run))
}

fn rows(message: &SimpleQueryMessage) -> u64 {
    match message {
        SimpleQueryMessage::CommandComplete(rows) => *rows,
        _ => 0,
    }
}

fn lock_taken((relation, kind, mode): Lock) -> LockTaken {
    LockTaken { relation, kind: kind.to_owned(), mode, held_ms: 0.0, blocks: mode.blocks().to_owned() }
}

/// A lock belongs to the first statement that is seen with it, and lasts until its transaction's end.
fn hold_locks(statements: &mut [StatementRun], script: &Script, commit_ms: f64) {
    let times: Vec<f64> = statements.iter().map(|s| s.ms).collect();
    let mut known: Vec<(usize, String, LockMode)> = Vec::new();
    for (index, statement) in statements.iter_mut().enumerate() {
        let end = transaction_end(script, index).min(times.len() - 1);
        let commit_ms = if script.wrapped { commit_ms } else { 0.0 };
        let held_ms = times[index..=end].iter().sum::<f64>() + commit_ms;
        statement.locks.retain_mut(|lock| {
            lock.held_ms = held_ms;
            let key = (end, lock.relation.clone(), lock.mode);
            let new = !known.contains(&key);
            if new {
                known.push(key);
            }
            new
        });
    }
}

/// The statement that ends the transaction of the one at `index`: itself, where it has none.
fn transaction_end(script: &Script, index: usize) -> usize {
    if script.wrapped {
        return script.statements.len() - 1;
    }
    let begins = |s: &Statement| matches!(s.words().next(), Some("begin" | "start"));
    let ends = |s: &Statement| controls_transaction(s) && !begins(s);
    let before = script.statements[..=index].iter().rposition(begins);
    let open = before.is_some_and(|at| !script.statements[at..index].iter().any(ends));
    if !open {
        return index;
    }
    script.statements[index..].iter().position(ends).map_or(script.statements.len() - 1, |at| index + at)
}

/// The file behind each relation, as this session's transaction sees it.
async fn relation_files(session: &Session) -> Result<BTreeMap<u32, (String, u32)>> {
    let rows = session
        .query(
            "SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relfilenode
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'i', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
            &[],
        )
        .await
        .context("look at the relations' files")?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
}

fn code(error: &tokio_postgres::Error) -> String {
    error.code().map_or_else(String::new, |code| code.code().to_owned())
}

fn stopped(script: &Script, statement: &Statement, error: &tokio_postgres::Error) -> Stopped {
    let inside = match error.as_db_error().and_then(|db| db.position()) {
        Some(ErrorPosition::Original(at)) => {
            statement.text.chars().take(*at as usize).filter(|c| *c == '\n').count() as u32
        }
        _ => 0,
    };
    let hint =
        error.as_db_error().and_then(|db| db.hint()).map_or_else(String::new, |h| format!("; hint: {h}"));
    Stopped {
        place: format!("{}:{}", script.file.display(), statement.line + inside),
        statement: statement.short(),
        sqlstate: code(error),
        message: explain(error) + &hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::migration::TransactionMode;

    #[test]
    fn a_lock_lasts_until_its_own_transaction_ends() {
        let ends = |sql: &str| {
            let script = Script::parse("up.sql".into(), sql, TransactionMode::Auto).unwrap();
            (0..script.statements.len()).map(|i| transaction_end(&script, i)).collect::<Vec<_>>()
        };
        assert_eq!(ends("SELECT 1; SELECT 2; SELECT 3"), [2, 2, 2]);
        assert_eq!(ends("VACUUM t; SELECT 2"), [0, 1]);
        assert_eq!(ends("SELECT 0; BEGIN; SELECT 2; COMMIT; SELECT 4"), [0, 3, 3, 3, 4]);
    }
}
