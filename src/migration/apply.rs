//! Runs scripts on a session the way a migration tool would, statement by statement: timed,
//! cut off where a case wants it. What its locks are is seen by the proxy that it runs through.

use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::{ErrorPosition, SqlState};

use super::clone::Migrator;
use super::locks::LockTaken;
use super::script::Script;
use super::statements::Statement;
use super::step::Action;
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

/// Runs a step's up or down as the migration's own role. A command has sessions of its own.
pub async fn perform(migrator: &Migrator, action: &Action) -> Result<Applied> {
    match action {
        Action::Script(script) => apply(migrator, script).await,
        Action::Command(command) => command.apply(&migrator.address).await,
    }
}

/// Runs a script to its end. An SQL error is no error of this function: it is what was found.
pub async fn apply(session: &Session, script: &Script) -> Result<Applied> {
    let mut applied = Applied::default();
    let start = Instant::now();
    if script.wrapped {
        session.batch_execute("BEGIN").await.context("begin")?;
    }
    for statement in &script.statements {
        match run(session, script, statement).await? {
            Ok(run) => applied.statements.push(run),
            Err(stopped) => {
                applied.stopped = Some(stopped);
                break;
            }
        }
    }
    match &applied.stopped {
        Some(_) => drop(session.batch_execute("ROLLBACK").await),
        None if script.wrapped => {
            if let Err(error) = session.batch_execute("COMMIT").await {
                applied.stopped = Some(Stopped::at_commit(script, &error));
            }
        }
        None => {}
    }
    applied.ms = start.elapsed().as_secs_f64() * 1000.0;
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
        if let Err(stopped) = run(session, script, statement).await? {
            return Ok(Some(stopped));
        }
    }
    Ok(None)
}

async fn run(
    session: &Session,
    script: &Script,
    statement: &Statement,
) -> Result<Result<StatementRun, Stopped>> {
    let start = Instant::now();
    let messages = match session.simple_query(&statement.text).await {
        Ok(messages) => messages,
        Err(error) => return Ok(Err(stopped(script, statement, &error))),
    };
    Ok(Ok(StatementRun {
        place: format!("{}:{}", script.file.display(), statement.line),
        statement: statement.short(),
        ms: start.elapsed().as_secs_f64() * 1000.0,
        rows: messages.iter().map(rows).sum(),
        locks: Vec::new(),
        rewrites: Vec::new(),
        wal_bytes: 0,
    }))
}

fn rows(message: &SimpleQueryMessage) -> u64 {
    match message {
        SimpleQueryMessage::CommandComplete(rows) => *rows,
        _ => 0,
    }
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
