//! Rollback: the stairway, step by step, and all steps at once; both must end where they began.

use anyhow::Result;

use crate::migration::apply::perform;
use crate::migration::fingerprint::{DataDifference, data_differences, schema_differences, sequence_drifts};
use crate::migration::lab::Lab;
use crate::migration::stairway::{self, Stair, StairVerdict};
use crate::migration::verdict::{Category, Check};
use crate::report::CheckResult;
use crate::report::migration::{MigrationBody, Stairway, StairwayStep};

fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::Rollback, number, title, expected, remedy)
}

pub async fn run(lab: &mut Lab, body: &mut MigrationBody) -> Result<Vec<CheckResult>> {
    let down = check(
        1,
        "down applies",
        "every statement of every down runs after its up, and a down that stops leaves nothing behind",
        "correct the statement that is named in the down",
    )
    .blocker();
    let schema = check(
        2,
        "schema restored",
        "after down every object of the schema is as it was before up",
        "extend the down by the objects that are named",
    )
    .blocker();
    let data = check(
        3,
        "data restored",
        "after down every row of every table is as it was before up",
        "let the up keep what it overwrites (a table of old values), and the down put it back",
    )
    .blocker();
    let again = check(
        4,
        "up again",
        "after down, up gives the same end state as the first time",
        "look for what the down leaves behind, and for IF NOT EXISTS that hides it",
    );
    let declared = check(
        5,
        "irreversible steps",
        "every step can be taken back, but for those accepted in `migration.irreversible`",
        "write the down, or accept the step by name in `migration.irreversible` of stagectl.yml",
    )
    .blocker();
    let stairs = Box::pin(stairway::climb(lab)).await?;
    body.differences = stairs
        .iter()
        .flat_map(|stair| named(&stairs, stair, stair.schema.iter().chain(&stair.data)))
        .collect();
    body.stairway = Some(stairway_report(&stairs));
    let tried = stairs.iter().filter(|stair| stair.declared.is_none() && !stair.skipped).count();
    let all_at_once = all_at_once(lab, &stairs).await?;
    let declared = irreversible(declared, lab, &stairs);
    if tried == 0 {
        let why = "no step has a down that runs to its end";
        return Ok(vec![
            down.skip(why),
            schema.skip(why),
            data.skip(why),
            again.skip(why),
            declared,
            all_at_once,
        ]);
    }
    let all = |part: fn(&Stair) -> &Vec<String>| -> Vec<String> {
        stairs.iter().flat_map(|stair| named(&stairs, stair, part(stair).iter())).collect()
    };
    let notes = |word: &str| -> Vec<String> {
        all(|stair| &stair.notes).into_iter().filter(|note| note.contains(word)).collect()
    };
    let volatile: Vec<String> = lab
        .known_volatile()
        .iter()
        .map(|(table, column)| format!("{table}.{column} differs from run to run (time or random values)"))
        .collect();
    let mut count = format!("{tried} step(s)");
    let skipped = stairs.iter().filter(|stair| stair.skipped).count();
    if skipped > 0 {
        count.push_str(&format!(", {skipped} not tried"));
    }
    Ok(vec![
        down.none_of(all(|stair| &stair.stopped), &count, "downs that stop"),
        schema.evidence(notes("order only")).none_of(
            all(|stair| &stair.schema),
            &count,
            "objects that differ",
        ),
        data.evidence(notes("sequence")).none_of(all(|stair| &stair.data), &count, "tables that differ"),
        again.evidence(volatile).none_of(all(|stair| &stair.again), &count, "differences"),
        declared,
        all_at_once,
    ])
}

/// With several steps, the one that a finding belongs to is named.
fn named<'a>(stairs: &[Stair], stair: &Stair, lines: impl Iterator<Item = &'a String>) -> Vec<String> {
    let several = stairs.len() > 1;
    lines.map(|line| if several { format!("{}: {line}", stair.name) } else { line.clone() }).collect()
}

fn stairway_report(stairs: &[Stair]) -> Stairway {
    let count = |verdict| stairs.iter().filter(|stair| stair.verdict() == verdict).count();
    Stairway {
        ms: stairs.iter().map(|stair| stair.ms).sum(),
        pass: count(StairVerdict::Pass),
        note: count(StairVerdict::Note),
        fail: count(StairVerdict::Fail),
        irreversible: count(StairVerdict::Irreversible),
        skipped: count(StairVerdict::Skipped),
        steps: stairs
            .iter()
            .map(|stair| StairwayStep {
                name: stair.name.clone(),
                verdict: stair.verdict().word().to_owned(),
                way: stair.way.words().to_owned(),
                reason: stair.declared.clone().unwrap_or_else(|| stair.reason.clone()),
                ms: stair.ms,
                up_ms: stair.up_ms,
                down_ms: stair.down_ms,
                fingerprint_ms: stair.fingerprint_ms,
                findings: stair.findings().cloned().collect(),
                notes: stair.notes.clone(),
            })
            .collect(),
    }
}

fn irreversible(check: Check, lab: &Lab, stairs: &[Stair]) -> CheckResult {
    let found: Vec<(&String, &String)> =
        stairs.iter().filter_map(|stair| Some((&stair.name, stair.declared.as_ref()?))).collect();
    let accepted = |name: &String| lab.inputs.config.irreversible.contains(name);
    let line = |(name, why): &(&String, &String)| format!("{name} is declared irreversible: {why}");
    let (accepted, open): (Vec<_>, Vec<_>) = found.iter().partition(|(name, _)| accepted(name));
    let lines: Vec<String> = found.iter().map(line).collect();
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

/// All steps up, all down in reverse, and up again, as a tool that goes back all the way would.
async fn all_at_once(lab: &mut Lab, stairs: &[Stair]) -> Result<CheckResult> {
    let check = check(
        6,
        "all the way back",
        "all steps up, all down in reverse and all up again end where they began",
        "look at the steps that the checks above name; one that restores its own part may need another one's",
    );
    let open: Vec<String> = stairs
        .iter()
        .filter(|stair| stair.declared.is_some() || stair.skipped || stair.ends_here)
        .map(|stair| format!("{}: {}", stair.name, stair.line()))
        .collect();
    if !open.is_empty() {
        return Ok(check.evidence(open.clone()).skip(format!("{} step(s) cannot be taken back", open.len())));
    }
    let clone = lab.clones.copy(&lab.base).await?;
    let migrator = lab.clones.as_user(&clone).await?;
    let mut wrong = Vec::new();
    let mut notes = Vec::new();
    if let Some(stopped) = lab.up(&migrator).await? {
        wrong.push(format!("up stops: {}", stopped.line()));
    }
    let after = lab.state(&clone).await?;
    for step in lab.inputs.steps.iter().rev().filter(|_| wrong.is_empty()) {
        let Some(down) = &step.down else { continue };
        if let Some(stopped) = perform(&migrator, down).await?.stopped {
            wrong.push(format!("the down of {} stops: {}", step.name, stopped.line()));
            break;
        }
    }
    if wrong.is_empty() {
        let restored = lab.state(&clone).await?;
        for difference in schema_differences(&lab.before.schema, &restored.schema) {
            if difference.note_only { notes.push(difference.line()) } else { wrong.push(difference.line()) }
        }
        wrong.extend(data_differences(&lab.before.data, &restored.data).iter().map(DataDifference::line));
        for drift in sequence_drifts(&lab.before.data, &restored.data) {
            if drift.by_rows { notes.push(drift.line()) } else { wrong.push(drift.line()) }
        }
        if let Some(stopped) = lab.up(&migrator).await? {
            wrong.push(format!("up stops the second time: {}", stopped.line()));
        } else {
            let again = lab.state(&clone).await?;
            wrong.extend(lab.lasting(&after, &again).await?);
        }
    }
    drop(migrator);
    lab.clones.drop_clone(&clone).await?;
    Ok(check.evidence(notes).none_of(wrong, &format!("{} step(s)", stairs.len()), "differences"))
}
