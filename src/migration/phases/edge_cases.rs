//! Edge cases, each on a fresh clone: up twice, cuts, writers, rows nobody thinks of. What up lacks stands
//! in `shortage`.

use std::collections::BTreeSet;

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio_postgres::error::SqlState;

use super::{UP_STOPPED, shortage};
use crate::migration::apply::perform;
use crate::migration::cases::cuts::{self, Cuts};
use crate::migration::cases::traffic;
use crate::migration::cases::values::{self, Family, Placed};
use crate::migration::fingerprint::State;
use crate::migration::lab::{Lab, Volatile, differences};
use crate::migration::step::Action;
use crate::migration::verdict::{Category, Check};
use crate::model::quote_identifier;
use crate::report::CheckResult;

/// How many clones are worked on at a time.
const AT_ONCE: usize = 3;

pub(super) fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::EdgeCases, number, title, expected, remedy)
}

pub async fn run(lab: &mut Lab) -> Result<Vec<CheckResult>> {
    let migrated = lab.migrated().await?;
    let Some(after) = migrated.state else {
        return Ok(vec![check(1, "up twice", "a second up changes nothing", "").error(UP_STOPPED)]);
    };
    let volatile = lab.volatile().await?;
    let mut results = vec![twice(lab, &migrated.clone, &after, &volatile).await?];
    let checks = (cut_check(2, "up cut off"), cut_check(3, "down cut off"));
    let (up, down) = cut_everywhere(lab, &volatile).await?;
    results.push(cut_result(checks.0, up));
    results.push(cut_result(checks.1, down));
    results.push(shortage::held_row(lab, &after, &volatile).await?);
    results.push(writers(lab, &after, &volatile).await?);
    let round_trip = round_trip_is_clean(lab).await?;
    let lab = &*lab;
    let families: Vec<CheckResult> = futures_util::stream::iter(Family::ALL)
        .map(|family| strange_rows(lab, family, &after, round_trip))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    results.extend(families);
    results.push(empty_tables(lab, round_trip).await?);
    results.push(shortage::full_disk(lab, &after, &volatile).await?);
    Ok(results)
}

async fn twice(lab: &Lab, migrated: &str, after: &State, volatile: &Volatile) -> Result<CheckResult> {
    let check = check(
        1,
        "up twice",
        "a second up stops with an error or does nothing; the state stays as after the first",
        "let the up check what it finds, or run in one transaction",
    );
    let clone = lab.clones.copy(migrated).await?;
    let session = lab.clones.as_user(&clone).await?;
    let stopped = lab.up(&session).await?;
    drop(session);
    let wrong = differences(after, &lab.state(&clone).await?, volatile);
    lab.clones.drop_clone(&clone).await?;
    let found = stopped.map_or_else(|| "it does nothing".to_owned(), |s| format!("it stops: {}", s.message));
    Ok(if wrong.is_empty() {
        check.pass(found)
    } else {
        check.evidence([found]).none_of(wrong, "", "differences")
    })
}

/// Cuts each step's up and down, from the state before it and after it.
async fn cut_everywhere(lab: &Lab, volatile: &Volatile) -> Result<(Cuts, Cuts)> {
    let (mut up, mut down) = (Cuts::default(), Cuts::default());
    let steps = lab.inputs.steps.clone();
    let mut before_clone = lab.base.clone();
    let mut before = lab.before.clone();
    for step in &steps {
        let after_clone = lab.clones.copy(&before_clone).await?;
        let session = lab.clones.as_user(&after_clone).await?;
        perform(&session, &step.up).await?;
        drop(session);
        let after = lab.state(&after_clone).await?;
        let ups = cuts::cut(lab, &before_clone, &step.up, &before, &after, volatile);
        let downs = async {
            match &step.down {
                Some(down) => cuts::cut(lab, &after_clone, down, &after, &before, volatile).await,
                None => Ok(Cuts::default()),
            }
        };
        let (ups, downs) = tokio::try_join!(ups, downs)?;
        add(&mut up, ups);
        add(&mut down, downs);
        if before_clone != lab.base {
            lab.clones.drop_clone(&before_clone).await?;
        }
        (before_clone, before) = (after_clone, after);
    }
    lab.clones.drop_clone(&before_clone).await?;
    Ok((up, down))
}

fn add(all: &mut Cuts, one: Cuts) {
    all.tried += one.tried;
    all.of += one.of;
    all.inside += one.inside;
    all.repaired += one.repaired;
    all.wrong.extend(one.wrong);
}

fn cut_check(number: u32, title: &str) -> Check {
    check(
        number,
        title,
        "the server process ended after any statement leaves the state of before, or a second run completes it",
        "run the file in one transaction, or make each statement repeatable (IF NOT EXISTS, IF EXISTS)",
    )
}

fn cut_result(check: Check, cuts: Cuts) -> CheckResult {
    if cuts.of == 0 && cuts.inside == 0 {
        return check.skip("there is no boundary between statements to cut at");
    }
    let found = format!(
        "{} of {} boundaries cut, {} completed by a second run; ended inside {} statements",
        cuts.tried, cuts.of, cuts.repaired, cuts.inside
    );
    check.none_of(cuts.wrong, &found, "cuts that leave damage")
}

async fn writers(lab: &Lab, after: &State, volatile: &Volatile) -> Result<CheckResult> {
    let check = check(
        5,
        "writers during up",
        "writers wait while up runs, none of them fails, up ends in the same state",
        "take locks in the order of the application, and keep the old names working until the new code runs",
    );
    let clone = lab.clones.copy(&lab.base).await?;
    let seen = traffic::keep_writing(lab, &clone).await?;
    let mut wrong: Vec<String> =
        seen.up.iter().map(|stopped| format!("up stops: {}", stopped.line())).collect();
    if wrong.is_empty() {
        wrong.extend(differences(after, &lab.state(&clone).await?, volatile));
    }
    lab.clones.drop_clone(&clone).await?;
    let deadlock = SqlState::T_R_DEADLOCK_DETECTED.code();
    let errors: Vec<String> =
        seen.errors.iter().map(|(error, count)| format!("{count} writes failed: {error}")).collect();
    wrong.extend(errors.iter().filter(|line| line.contains(deadlock)).cloned());
    let found = format!("{} writes, the longest took {:.0} ms", seen.writes, seen.longest_ms);
    Ok(if !wrong.is_empty() {
        check.none_of(wrong, "", "problems")
    } else if !errors.is_empty() {
        check.evidence(errors).warn(format!("{found}; writes of the old code fail once up is in"))
    } else if seen.writes == 0 {
        check.skip("no table of the migration holds a row")
    } else {
        check.pass(found)
    })
}

/// True where every step has a down and the plain round trip restores all: only then can a
/// difference be a strange row's doing.
async fn round_trip_is_clean(lab: &Lab) -> Result<bool> {
    if lab.inputs.steps.iter().any(|step| step.down.as_ref().is_none_or(Action::is_empty)) {
        return Ok(false);
    }
    let clone = lab.clones.copy(&lab.base).await?;
    let session = lab.clones.as_user(&clone).await?;
    let stopped = lab.up(&session).await?.is_some() || lab.down(&session).await?.is_some();
    drop(session);
    let clean = !stopped && differences(&lab.before, &lab.state(&clone).await?, &BTreeSet::new()).is_empty();
    lab.clones.drop_clone(&clone).await?;
    Ok(clean)
}

async fn strange_rows(lab: &Lab, family: Family, after: &State, round_trip: bool) -> Result<CheckResult> {
    let check = check(
        family.number(),
        family.title(),
        "up keeps such values and down brings them back, or up stops and changes nothing",
        "say in the up what becomes of such rows",
    );
    let clone = lab.clones.copy(&lab.base).await?;
    let admin = lab.clones.as_admin(&clone).await?;
    let placed = values::place(&admin, &lab.tables, &lab.inputs.config.conversions, family).await?;
    drop(admin);
    let result = if placed.is_empty() {
        check.skip("no column of these tables takes such a value")
    } else {
        judge(lab, check, &clone, &placed, after, round_trip).await?
    };
    lab.clones.drop_clone(&clone).await?;
    Ok(result)
}

async fn judge(
    lab: &Lab,
    check: Check,
    clone: &str,
    placed: &[Placed],
    after: &State,
    round_trip: bool,
) -> Result<CheckResult> {
    let start = lab.state(clone).await?;
    let session = lab.clones.as_user(clone).await?;
    let count = format!("{} values", placed.len());
    if let Some(stopped) = lab.up(&session).await? {
        let left = differences(&start, &lab.state(clone).await?, &BTreeSet::new());
        if left.is_empty() {
            return Ok(check
                .evidence([stopped.line()])
                .warn(format!("{count}: up stops on rows that production may hold, and changes nothing")));
        }
        return Ok(check.evidence([stopped.line()]).none_of(left, "", "up stops and leaves behind"));
    }
    let end = lab.state(clone).await?;
    let mut wrong = changed_columns(lab, &start, &end, after);
    wrong.extend(vanished(lab, clone, &start, placed).await?);
    if round_trip {
        match lab.down(&session).await? {
            Some(stopped) => wrong.push(format!("down stops: {}", stopped.line())),
            None => wrong.extend(
                differences(&start, &lab.state(clone).await?, &BTreeSet::new())
                    .into_iter()
                    .map(|d| format!("not brought back by down: {d}")),
            ),
        }
    }
    Ok(check.none_of(wrong, &count, "values that were lost or changed"))
}

/// Columns that up leaves alone on ordinary rows must be left alone on strange ones.
fn changed_columns(lab: &Lab, start: &State, end: &State, after: &State) -> Vec<String> {
    let mut changed = Vec::new();
    for (name, table) in &start.data.tables {
        let sums = |state: &State, column: &str| state.data.tables.get(name)?.columns.get(column).cloned();
        for column in table.columns.keys() {
            let untouched =
                sums(&lab.before, column).is_some() && sums(&lab.before, column) == sums(after, column);
            if untouched && sums(start, column) != sums(end, column) {
                changed.push(format!("up changes {name}.{column}, which it leaves alone on other rows"));
            }
        }
    }
    changed
}

/// Values of a converted column that are none of those to convert must still be there.
async fn vanished(lab: &Lab, clone: &str, start: &State, placed: &[Placed]) -> Result<Vec<String>> {
    let session = lab.clones.as_admin(clone).await?;
    let mut gone = Vec::new();
    for value in placed {
        let conversions: Vec<_> = lab
            .inputs
            .config
            .conversions
            .iter()
            .filter(|c| {
                lab.tables.iter().any(|t| t.quoted == value.table && t.is_called(&c.table))
                    && c.column == value.column
            })
            .collect();
        let Some(text) = value.text.as_ref().filter(|text| conversions.iter().all(|c| c.from != **text))
        else {
            continue;
        };
        if conversions.is_empty() || !start.data.tables.contains_key(&value.table) {
            continue;
        }
        let sql = format!(
            "SELECT count(*) FROM {} WHERE {}::text = $1",
            value.table,
            quote_identifier(&value.column)
        );
        match session.query_one(&sql, &[text]).await {
            Ok(row) if row.get::<_, i64>(0) > 0 => {}
            _ => gone.push(format!("{}.{}: the value `{text}` is gone after up", value.table, value.column)),
        }
    }
    Ok(gone)
}

async fn empty_tables(lab: &Lab, round_trip: bool) -> Result<CheckResult> {
    let check = check(
        12,
        "empty tables",
        "up runs on empty tables, and down takes it back",
        "do not take for granted that a row is there",
    );
    let clone = lab.clones.copy(&lab.base).await?;
    if lab.tables.is_empty() {
        return Ok(check.skip("the migration names no table"));
    }
    let names: Vec<&str> = lab.tables.iter().map(|table| table.quoted.as_str()).collect();
    lab.clones
        .as_admin(&clone)
        .await?
        .batch_execute(&format!("TRUNCATE {} CASCADE", names.join(", ")))
        .await?;
    let start = lab.state(&clone).await?;
    let session = lab.clones.as_user(&clone).await?;
    let mut wrong: Vec<String> =
        lab.up(&session).await?.iter().map(|stopped| format!("up stops: {}", stopped.line())).collect();
    if round_trip && wrong.is_empty() {
        match lab.down(&session).await? {
            Some(stopped) => wrong.push(format!("down stops: {}", stopped.line())),
            None => wrong.extend(differences(&start, &lab.state(&clone).await?, &BTreeSet::new())),
        }
    }
    drop(session);
    lab.clones.drop_clone(&clone).await?;
    Ok(check.none_of(wrong, "up and down run", "problems"))
}
