//! The clone that walks up the stairs, and one session on it that is the administrator while it
//! looks and the migration's role while it runs a script.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::failure::Failure;
use crate::migration::apply::{Stopped, perform, run_statements};
use crate::migration::fingerprint::{DataDifference, Reader, State, differing_rows};
use crate::migration::lab::{Lab, backend};
use crate::migration::step::{Action, Step};
use crate::model::{quote_identifier, quote_literal};
use crate::postgres::Session;

pub struct Walker {
    pub clone: String,
    line: Line,
    /// A second session on the clone, which sees what was committed while the first one's transaction is open.
    witness: Option<Witness>,
    /// Milliseconds spent on fingerprints since they were last taken out.
    pub looking_ms: f64,
}

/// The session and what is prepared on it.
struct Line {
    session: Session,
    reader: Reader,
    pid: i32,
    /// What makes it the migration's role, with the settings of a login; absent where the
    /// administrator may not do that.
    become_user: Option<String>,
}

impl Line {
    async fn open(lab: &Lab, clone: &str) -> Result<Self> {
        let session = lab.clones.as_admin(clone).await?;
        let reader = Reader::open(&session).await?;
        let pid = backend(&session).await?;
        let become_user = become_user(lab, &session).await?;
        Ok(Self { session, reader, pid, become_user })
    }
}

struct Witness {
    session: Session,
    pid: i32,
}

impl Witness {
    async fn open(lab: &Lab, clone: &str) -> Result<Self> {
        let session = lab.clones.as_admin(clone).await?;
        let pid = backend(&session).await?;
        Ok(Self { session, pid })
    }
}

/// The settings that a login of the role would get: those of the role and of the database.
const LOGIN: &str = "
SELECT split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
  AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1))
ORDER BY s.setrole <> 0, s.setdatabase <> 0";

async fn become_user(lab: &Lab, session: &Session) -> Result<Option<String>> {
    let user = lab.clones.migrates_as();
    let may: bool = session
        .query_one("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user", &[])
        .await?
        .get(0);
    if !may {
        return Ok(None);
    }
    let mut sql = format!("RESET ALL; SET SESSION AUTHORIZATION {}", quote_identifier(user));
    for row in session.query(LOGIN, &[&user]).await.context("read the role's settings")? {
        let (name, value): (String, String) = (row.get(0), row.get(1));
        sql.push_str(&format!(
            "; SELECT pg_catalog.set_config({}, {}, false)",
            quote_literal(&name),
            quote_literal(&value)
        ));
    }
    sql.push_str(&format!("; SET stagectl.run_id = {}", quote_literal(lab.clones.run_id())));
    Ok(Some(sql))
}

impl Walker {
    pub async fn open(lab: &Lab, clone: String) -> Result<Self> {
        let line = Line::open(lab, &clone).await?;
        Ok(Self { clone, line, witness: None, looking_ms: 0.0 })
    }

    pub fn session(&self) -> &Session {
        &self.line.session
    }

    /// True where scripts can run in this session as the migration's role.
    pub const fn becomes_user(&self) -> bool {
        self.line.become_user.is_some()
    }

    /// The state of the clone between two steps.
    pub async fn look(&mut self, earlier: Option<&State>) -> Result<State> {
        let start = Instant::now();
        let state = self.line.reader.snapshot(&self.line.session, earlier).await;
        self.looking_ms += start.elapsed().as_secs_f64() * 1000.0;
        state
    }

    /// The state of the clone after what another session has just committed there.
    pub async fn look_after(&mut self, session: &Session, earlier: &State) -> Result<State> {
        self.line.reader.flush(session).await?;
        self.look(Some(earlier)).await
    }

    /// The state inside the open transaction.
    pub async fn look_inside(&mut self, earlier: &State) -> Result<State> {
        let start = Instant::now();
        let state = self.line.reader.inside(&self.line.session, Some(earlier)).await;
        self.looking_ms += start.elapsed().as_secs_f64() * 1000.0;
        state
    }

    /// Runs an action inside the open transaction as a session of its own would: with the settings
    /// of a login, and with what COMMIT would check.
    pub async fn run_inside(&self, action: &Action) -> Result<Result<f64, Stopped>> {
        let start = Instant::now();
        let (Some(script), Some(become_user)) = (action.script(), &self.line.become_user) else {
            anyhow::bail!("a command cannot run inside a transaction");
        };
        self.line.session.batch_execute(become_user).await.context("become the migration's role")?;
        let statements = script.inside().unwrap_or_default();
        let stopped = run_statements(&self.line.session, script, statements).await?;
        let ms = start.elapsed().as_secs_f64() * 1000.0;
        if let Some(stopped) = stopped {
            return Ok(Err(stopped));
        }
        let checked = self
            .line
            .session
            .batch_execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            .await;
        Ok(checked.map(|()| ms).map_err(|error| Stopped::at_commit(script, &error)))
    }

    /// Counts, for each difference, the rows that are other in the open transaction than before it.
    /// False where the transaction's own locks keep a second session out.
    pub async fn count_rows(
        &mut self,
        lab: &Lab,
        before: &State,
        now: &State,
        differences: &mut [DataDifference],
    ) -> Result<bool> {
        let witness = match self.witness.take() {
            Some(witness) => witness,
            None => Witness::open(lab, &self.clone).await?,
        };
        let session = &self.line.session;
        Reader::settle_inside(session).await?;
        // Locks of the transaction that is open do not go while the witness waits.
        Reader::settle(&witness.session, "BEGIN READ ONLY; SET LOCAL lock_timeout = '20ms'").await?;
        let mut counted = true;
        for difference in differences {
            let table = &difference.table;
            let sides = (before.data.tables.get(table), now.data.tables.get(table));
            let (left, right) = ((&witness.session, sides.0), (session, sides.1));
            let Ok(rows) = differing_rows(left, right, table, &difference.columns).await else {
                counted = false;
                break;
            };
            difference.rows_different = rows;
        }
        witness.session.batch_execute("ROLLBACK").await.context("end comparing")?;
        Reader::unsettle_inside(session).await?;
        self.witness = Some(witness);
        Ok(counted)
    }

    pub async fn begin(&self) -> Result<()> {
        self.line.session.batch_execute("BEGIN; SAVEPOINT stagectl_start").await.context("begin")
    }

    /// Goes back to where the transaction began, and stays in it: its time stays the same.
    pub async fn restart(&self, before: &State) -> Result<()> {
        let restart = "ROLLBACK TO SAVEPOINT stagectl_start; RESET SESSION AUTHORIZATION";
        self.line.session.batch_execute(restart).await.context("go back to the start")?;
        self.set_back(before).await
    }

    /// Keeps what was done. `false`: the server refuses, and nothing was done.
    pub async fn commit(&self) -> Result<bool> {
        let kept = self.line.session.batch_execute("COMMIT").await.is_ok();
        self.line.session.batch_execute("RESET SESSION AUTHORIZATION; RESET ALL").await?;
        Ok(kept)
    }

    /// Undoes the transaction, and the sequences too, which do not roll back.
    pub async fn rollback(&self, before: &State) -> Result<()> {
        self.line
            .session
            .batch_execute("ROLLBACK; RESET SESSION AUTHORIZATION; RESET ALL")
            .await
            .context("roll back")?;
        self.set_back(before).await
    }

    /// Puts the sequences where they stood.
    pub async fn set_back(&self, before: &State) -> Result<()> {
        let now = self.line.reader.positions(&self.line.session).await?;
        let sql: Vec<String> = before
            .data
            .sequences
            .iter()
            .filter(|(name, position)| now.get(*name).is_some_and(|now| !now.is_at(position)))
            .map(|(name, at)| {
                format!("SELECT pg_catalog.setval({}, {}, {})", quote_literal(name), at.last, at.called)
            })
            .collect();
        if sql.is_empty() {
            return Ok(());
        }
        self.line.session.batch_execute(&sql.join("; ")).await.context("put the sequences back")
    }

    /// Puts the sequences back inside the open transaction, as the administrator.
    pub async fn set_back_inside(&self, before: &State) -> Result<()> {
        self.line.session.batch_execute("RESET SESSION AUTHORIZATION").await?;
        self.set_back(before).await
    }

    /// Takes the step for good and looks at what is there now.
    pub async fn advance(
        &mut self,
        lab: &Lab,
        step: &Step,
        before: &State,
    ) -> Result<Result<State, Stopped>> {
        if self.becomes_user() && step.up.script().is_some_and(|script| script.inside().is_some()) {
            self.begin().await?;
            if self.run_inside(&step.up).await?.is_ok() {
                let after = self.look_inside(before).await?;
                if self.commit().await? {
                    return Ok(Ok(after));
                }
            } else {
                self.rollback(before).await?;
            }
        }
        // As a tool would, in a session of its own: what stops here stops there.
        let migrator = lab.clones.as_user(&self.clone).await?;
        let up = perform(&migrator, &step.up).await?;
        if let Some(stopped) = up.stopped {
            return Ok(Err(stopped));
        }
        self.line.reader.flush(&migrator).await?;
        drop(migrator);
        // A command's sessions may not have told their counters yet.
        let earlier = step.up.script().map(|_| before);
        Ok(Ok(self.look(earlier).await?))
    }

    /// A copy of the clone as it stands. The session has to go for that moment.
    pub async fn copy(&mut self, lab: &Lab) -> Result<String> {
        lab.clones.terminate(self.line.pid).await?;
        if let Some(witness) = self.witness.take() {
            lab.clones.terminate(witness.pid).await?;
        }
        let copy = lab.clones.copy(&self.clone).await?;
        self.line = Line::open(lab, &self.clone).await?;
        Ok(copy)
    }

    /// Begins anew on another clone, and takes the steps that were taken before.
    pub async fn rebuild(&mut self, lab: &Lab, steps: &[Step]) -> Result<State> {
        let clone = lab.clones.copy(&lab.base).await?;
        std::mem::replace(self, Self::open(lab, clone).await?).end(lab).await?;
        let migrator = lab.clones.as_user(&self.clone).await?;
        for step in steps {
            if let Some(stopped) = perform(&migrator, &step.up).await?.stopped {
                let words = format!("the up of {} stops the second time: {}", step.name, stopped.line());
                return Err(Failure::failed(words).into());
            }
        }
        self.look_after(&migrator, &lab.before).await
    }

    pub async fn end(self, lab: &Lab) -> Result<()> {
        let Self { clone, line, witness, .. } = self;
        drop((line, witness));
        lab.clones.drop_clone(&clone).await
    }
}
