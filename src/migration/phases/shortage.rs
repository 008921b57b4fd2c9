//! Edge cases in which up stops in the middle for no fault of its own: a lock that it cannot have, a
//! disk that is full. It must leave nothing, and run once the trouble is over.

use anyhow::Result;
use tokio_postgres::error::SqlState;

use super::edge_cases::check;
use crate::migration::apply::Stopped;
use crate::migration::cases::full_disk;
use crate::migration::cases::traffic::{self, Held};
use crate::migration::fingerprint::State;
use crate::migration::lab::{Lab, Volatile, differences};
use crate::report::CheckResult;

/// A lock that did not come in time.
const LOCK: [SqlState; 2] = [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED];
/// No room.
const DISK: [SqlState; 1] = [SqlState::DISK_FULL];

pub async fn held_row(lab: &Lab, after: &State, volatile: &Volatile) -> Result<CheckResult> {
    let check = check(
        4,
        "a row is held",
        "while a writer holds a row, up stops at its lock timeout and changes nothing, or does not conflict; afterwards it runs",
        "put `SET LOCAL lock_timeout` at the top of the up, and keep it in one transaction",
    );
    let clone = lab.clones.copy(&lab.base).await?;
    let result = match traffic::hold_a_row(lab, &clone).await? {
        Held::NothingToHold => check.skip("no table of the migration holds a row"),
        Held::Waiting => check.fail("up waits without end while a writer holds a row"),
        Held::NoConflict => check.none_of(
            apart(after, &lab.state(&clone).await?, volatile),
            "up does not conflict with the writer",
            "differences",
        ),
        Held::Stopped(step, stopped) => {
            let mut wrong = left_behind(lab, &clone, step, &stopped, &LOCK).await?;
            wrong.extend(goes_on(lab, &clone, step, after, volatile).await?);
            let good = format!("it stops cleanly at {}, and runs afterwards", stopped.place);
            check.none_of(wrong, &good, "problems")
        }
    };
    lab.clones.drop_clone(&clone).await?;
    Ok(result)
}

pub async fn full_disk(lab: &Lab, after: &State, volatile: &Volatile) -> Result<CheckResult> {
    let check = check(
        15,
        "the disk is full",
        "with no room on the disk up stops and changes nothing; once there is room it runs",
        "keep the up in one transaction, or make each statement repeatable (IF NOT EXISTS, IF EXISTS)",
    );
    let Some(tablespace) = &lab.inputs.config.small_tablespace else {
        return Ok(check.skip("`migration.small_tablespace` names no tablespace that may be filled"));
    };
    if let Some(why) = full_disk::unfit(lab.clones.admin(), tablespace).await? {
        return Ok(check.error(why));
    }
    let Some(disk) = full_disk::fill(&lab.clones, &lab.base, tablespace).await? else {
        return Ok(check.skip(format!("`{tablespace}` has no room for a clone")));
    };
    let clone = disk.clone.clone();
    let session = lab.clones.as_user(&clone).await?;
    let stopped = lab.up_from(&session, 0).await?;
    drop(session);
    disk.make_room(&lab.clones).await?;
    let result = match stopped {
        None => check.none_of(
            apart(after, &lab.state(&clone).await?, volatile),
            "up needs no more room than there is",
            "differences",
        ),
        Some((step, stopped)) => {
            let mut wrong = left_behind(lab, &clone, step, &stopped, &DISK).await?;
            wrong.extend(goes_on(lab, &clone, step, after, volatile).await?);
            let good = format!("it stops cleanly at {}, and runs once there is room", stopped.place);
            check.none_of(wrong, &good, "problems")
        }
    };
    lab.clones.drop_clone(&clone).await?;
    Ok(result)
}

/// What tells two states apart. A database's own line names its tablespace, which is the case's.
fn apart(before: &State, after: &State, volatile: &Volatile) -> Vec<String> {
    let lines = differences(before, after, volatile).into_iter();
    lines.filter(|line| !line.starts_with("database ")).collect()
}

/// What a step that stopped has left, compared with the state before it; and whether it stopped for
/// another reason than the one of the case.
async fn left_behind(
    lab: &Lab,
    clone: &str,
    step: usize,
    stopped: &Stopped,
    expected: &[SqlState],
) -> Result<Vec<String>> {
    let before = lab.after_steps(step).await?;
    let left = lab.state(clone).await?;
    let mut wrong: Vec<String> = apart(&before, &left, &Volatile::new())
        .into_iter()
        .map(|difference| format!("left behind: {difference}"))
        .collect();
    // A command does not tell the code.
    let known = stopped.sqlstate.is_empty() || expected.iter().any(|code| code.code() == stopped.sqlstate);
    if !known {
        wrong.push(format!("it stops for another reason: {}", stopped.line()));
    }
    Ok(wrong)
}

/// The steps from the one that stopped on must run now, and lead where they lead on a quiet day.
async fn goes_on(
    lab: &Lab,
    clone: &str,
    step: usize,
    after: &State,
    volatile: &Volatile,
) -> Result<Vec<String>> {
    let session = lab.clones.as_user(clone).await?;
    if let Some((_, stopped)) = lab.up_from(&session, step).await? {
        return Ok(vec![format!("afterwards it stops: {}", stopped.line())]);
    }
    drop(session);
    Ok(apart(after, &lab.state(clone).await?, volatile))
}
