//! Rollback, step by step: up, down, compare with before, up again, compare with after.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::migration::apply::{Applied, perform};
use crate::migration::fingerprint::{RowCounts, State, data_differences, lost_rows, schema_differences};
use crate::migration::lab::{Lab, differences};
use crate::migration::step::Step;
use crate::migration::verdict::{Category, Check};
use crate::report::CheckResult;
use crate::report::migration::MigrationBody;

fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::Rollback, number, title, expected, remedy)
}

/// What all steps came to.
#[derive(Debug, Default)]
struct Findings {
    /// Steps whose down was run to its end.
    reversed: usize,
    stopped: Vec<String>,
    schema: Vec<String>,
    data: Vec<String>,
    again: Vec<String>,
    volatile: BTreeSet<String>,
    /// Steps that say themselves that there is no way back, or have none.
    declared: Vec<(String, String)>,
    notes: Vec<String>,
}

pub async fn run(lab: &mut Lab, body: &mut MigrationBody) -> Result<Vec<CheckResult>> {
    let down = check(
        1,
        "down applies",
        "every statement of every down runs after its up, and a down that stops leaves nothing behind",
        "correct the statement that is named in down.sql",
    )
    .blocker();
    let schema = check(
        2,
        "schema restored",
        "after down every object of the schema is as it was before up",
        "extend down.sql by the objects that are named",
    )
    .blocker();
    let data = check(
        3,
        "data restored",
        "after down every row of every table is as it was before up",
        "let up.sql keep what it overwrites (a table of old values), and down.sql put it back",
    )
    .blocker();
    let again = check(
        4,
        "up again",
        "after down, up gives the same end state as the first time",
        "look for what down.sql leaves behind, and for IF NOT EXISTS that hides it",
    );
    let declared = check(
        5,
        "irreversible steps",
        "every step can be taken back, but for those accepted in `migration.irreversible`",
        "write the down, or accept the step by name in `migration.irreversible` of stagectl.yml",
    )
    .blocker();
    let found = climb(lab).await?;
    body.differences = found.schema.iter().chain(&found.data).cloned().collect();
    if found.reversed == 0 && found.stopped.is_empty() {
        let why = "no step has a down that runs to its end";
        return Ok(vec![
            down.skip(why),
            schema.skip(why),
            data.skip(why),
            again.skip(why),
            irreversible(declared, lab, &found),
        ]);
    }
    let order_only = found.notes.iter().filter(|n| n.contains("order only")).cloned().collect::<Vec<_>>();
    let sequences = found.notes.iter().filter(|n| n.contains("sequence")).cloned().collect::<Vec<_>>();
    let volatile: Vec<String> = found
        .volatile
        .iter()
        .map(|c| format!("{c} differs from run to run (time or random values)"))
        .collect();
    let count = format!("{} step(s)", found.reversed);
    Ok(vec![
        down.none_of(found.stopped.clone(), &count, "downs that stop"),
        schema.evidence(order_only).none_of(found.schema.clone(), &count, "objects that differ"),
        data.evidence(sequences).none_of(found.data.clone(), &count, "tables that differ"),
        again.evidence(volatile).none_of(found.again.clone(), &count, "differences"),
        irreversible(declared, lab, &found),
    ])
}

fn irreversible(check: Check, lab: &Lab, found: &Findings) -> CheckResult {
    let accepted = |name: &String| lab.inputs.config.irreversible.contains(name);
    let line = |(name, why): &(String, String)| format!("{name} is declared irreversible: {why}");
    let (accepted, open): (Vec<_>, Vec<_>) = found.declared.iter().partition(|(name, _)| accepted(name));
    let lines: Vec<String> = found.declared.iter().map(line).collect();
    match (open.is_empty(), accepted.is_empty()) {
        (true, true) => check.pass("none"),
        (true, false) => check.evidence(lines).warn(format!("{} accepted as irreversible", accepted.len())),
        (false, _) => {
            let names: Vec<&str> = open.iter().map(|(name, _)| name.as_str()).collect();
            let text = format!("cannot be taken back: {}", names.join(", "));
            check.evidence(lines).fail(text)
        }
    }
}

/// Walks up the stairs: each step is taken, taken back and taken again.
async fn climb(lab: &mut Lab) -> Result<Findings> {
    let mut found = Findings::default();
    let volatile = lab.volatile().await?;
    let steps = lab.inputs.steps.clone();
    let mut clone = lab.clones.copy(&lab.base).await?;
    let mut before = lab.before.clone();
    for (index, step) in steps.iter().enumerate() {
        let session = lab.clones.as_user(&clone).await?;
        let up = perform(&session, &step.up).await?;
        if let Some(stopped) = up.stopped {
            found.stopped.push(format!("up of {} already stops: {}", step.name, stopped.line()));
            return Ok(found);
        }
        let after = lab.state(&clone).await?;
        let Some(script) = step.down.as_ref().filter(|script| !script.is_empty()) else {
            // A down without a statement is right where up changed nothing.
            if step.down.is_none() || !differences(&before, &after, &BTreeSet::new()).is_empty() {
                let why = if step.down.is_none() { "there is no down.sql" } else { "down.sql is empty" };
                found.declared.push((step.name.clone(), why.to_owned()));
            }
            before = after;
            continue;
        };
        drop(session);
        // What one step leaves behind is not the next one's fault.
        let next = lab.clones.copy(&clone).await?;
        let session = lab.clones.as_user(&clone).await?;
        let down = perform(&session, script).await?;
        let restored = lab.state(&clone).await?;
        if let Some(reason) = &down.stopped {
            stopped(&mut found, step, reason, &after, &restored);
        } else {
            found.reversed += 1;
            compare(&mut found, lab, &steps, index, &clone, &before, &restored).await?;
            let second: Applied = perform(&session, &step.up).await?;
            if let Some(stopped) = second.stopped {
                found.again.push(format!("up of {} stops: {}", step.name, stopped.line()));
            } else {
                let end = lab.state(&clone).await?;
                let lines = differences(&after, &end, &volatile);
                found.again.extend(lines.into_iter().map(|line| named(&steps, step, line)));
            }
        }
        drop(session);
        lab.clones.drop_clone(&clone).await?;
        clone = next;
        before = after;
    }
    found.volatile = volatile.iter().map(|(table, column)| format!("{table}.{column}")).collect();
    Ok(found)
}

fn stopped(
    found: &mut Findings,
    step: &Step,
    reason: &crate::migration::apply::Stopped,
    after: &State,
    left: &State,
) {
    if reason.is_raised() {
        found.declared.push((step.name.clone(), format!("down raises `{}`", reason.message)));
    } else {
        found.stopped.push(reason.line());
    }
    for line in differences(after, left, &BTreeSet::new()) {
        found.stopped.push(format!("the down of {} stops and leaves behind: {line}", step.name));
    }
}

/// A fresh clone with these steps applied.
async fn at(lab: &Lab, steps: &[Step]) -> Result<String> {
    let clone = lab.clones.copy(&lab.base).await?;
    let session = lab.clones.as_user(&clone).await?;
    for step in steps {
        perform(&session, &step.up).await?;
    }
    Ok(clone)
}

/// With several steps, the one that a finding belongs to is named.
fn named(steps: &[Step], step: &Step, line: String) -> String {
    if steps.len() > 1 { format!("{}: {line}", step.name) } else { line }
}

async fn compare(
    found: &mut Findings,
    lab: &Lab,
    steps: &[Step],
    index: usize,
    clone: &str,
    before: &State,
    restored: &State,
) -> Result<()> {
    let step = &steps[index];
    for difference in schema_differences(&before.schema, &restored.schema) {
        if difference.note_only {
            let line = format!(
                "{}: columns of {} stand in another order (order only)",
                step.name, difference.identity
            );
            found.notes.push(line);
        } else {
            found.schema.push(named(steps, step, difference.line()));
        }
    }
    for (name, value) in &before.data.sequences {
        if let Some(now) = restored.data.sequences.get(name).filter(|now| *now != value) {
            found
                .notes
                .push(format!("sequence {name} stood at {value} and now at {now}: sequences do not go back"));
        }
    }
    let mut different = data_differences(&before.data, &restored.data);
    if different.is_empty() {
        return Ok(());
    }
    let origin = if index == 0 { None } else { Some(at(lab, &steps[..index]).await?) };
    {
        let left = lab.clones.as_admin(origin.as_ref().unwrap_or(&lab.base)).await?;
        let right = lab.clones.as_admin(clone).await?;
        for difference in &mut different {
            let (b, a) =
                (before.data.tables.get(&difference.table), restored.data.tables.get(&difference.table));
            let counts = lost_rows((&left, b), (&right, a), &difference.table, &difference.columns).await?;
            difference.rows_different = counts.map(RowCounts::total);
        }
    }
    if let Some(origin) = origin {
        lab.clones.drop_clone(&origin).await?;
    }
    found.data.extend(different.iter().map(|d| named(steps, step, d.line())));
    Ok(())
}
