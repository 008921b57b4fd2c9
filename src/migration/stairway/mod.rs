//! The stairway: every step is taken, taken back and taken again, before the next one is taken.
//!
//! `walker` holds the clone that walks up. A step is tried there, inside one transaction where its
//! statements allow that (`trial`), and with commits where they do not. What fails is tried on a
//! clone of its own, so that the walker keeps its place. `stair` is what one step came to.

mod stair;
mod trial;
mod walker;

pub use stair::{Stair, StairVerdict};

use std::time::Instant;

use anyhow::Result;

use super::fingerprint::State;
use super::lab::{Lab, Volatile, differences};
use super::step::Step;
use stair::named_not;
use walker::Walker;

/// Walks up all steps; every failure is found, not the first one alone.
pub async fn climb(lab: &mut Lab) -> Result<Vec<Stair>> {
    let steps = lab.inputs.steps.clone();
    let clone = lab.clones.copy(&lab.base).await?;
    let mut walker = Walker::open(lab, clone).await?;
    let mut before = walker.look(Some(&lab.before)).await?;
    let mut stairs: Vec<Stair> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(stopped) = stairs.iter().find(|stair| stair.ends_here) {
            let why = named_not(&stopped.name);
            stairs.push(Stair::skipped(&step.name, why));
            continue;
        }
        let start = Instant::now();
        let (mut stair, again, after) = one(lab, &mut walker, &steps[..=index], &mut before).await?;
        if let (Some(again), Some(after)) = (again, &after) {
            compare_again(lab, &mut stair, after, &again).await?;
        }
        before = after.unwrap_or(before);
        stair.ms = start.elapsed().as_secs_f64() * 1000.0;
        show(lab, &stair, steps.len());
        stairs.push(stair);
    }
    walker.end(lab).await?;
    Ok(stairs)
}

/// The last of `steps`, from `before`: what it came to, the state after its second up where that has to be
/// compared still, and the state that the walker stands in now.
async fn one(
    lab: &mut Lab,
    walker: &mut Walker,
    steps: &[Step],
    before: &mut State,
) -> Result<(Stair, Option<State>, Option<State>)> {
    let Some((step, earlier)) = steps.split_last() else { anyhow::bail!("there is no step") };
    let mut stair = Stair::new(&step.name);
    if let Some(why) = step.no_way_back() {
        let after = advance(lab, walker, step, before, &mut stair).await?;
        let unchanged =
            after.as_ref().is_some_and(|after| differences(before, after, &Volatile::new()).is_empty());
        // A down without a statement is right where up changed nothing.
        if unchanged && step.irreversible.is_none() && step.down.is_some() {
            "up changes nothing that a down would have to bring back".clone_into(&mut stair.reason);
        } else if after.is_some() {
            stair.declared = Some(why);
        }
        return Ok((stair, None, after));
    }
    if step.up.script().is_none() {
        return by_command(lab, walker, step, before, stair).await;
    }
    let mut trial = None;
    if trial::fits_transaction(walker, step) {
        trial = Box::pin(trial::in_transaction(lab, walker, step, before)).await?;
    } else if steps.iter().all(Step::is_script) {
        trial = Box::pin(trial::on_walker(lab, walker, step, before, &mut stair)).await?;
        if trial.is_none() {
            *before = walker.rebuild(lab, earlier).await?;
        }
    }
    let trial = match trial {
        Some(trial) => trial,
        None => trial::on_clone(lab, walker, step, before, &mut stair).await?,
    };
    let (taken, again) = trial.judge(before, &mut stair);
    if taken.is_some() || stair.ends_here {
        return Ok((stair, again, taken));
    }
    let after = advance(lab, walker, step, before, &mut stair).await?;
    if let Some(after) = &after {
        name_what_is_left(&mut stair, after);
    }
    Ok((stair, again, after))
}

/// A step that a tool's command takes: three runs of it, for each takes seconds.
async fn by_command(
    lab: &mut Lab,
    walker: &mut Walker,
    step: &Step,
    before: &State,
    mut stair: Stair,
) -> Result<(Stair, Option<State>, Option<State>)> {
    let past = walker.copy(lab).await?;
    walker.looking_ms = 0.0;
    let start = Instant::now();
    let after = advance(lab, walker, step, before, &mut stair).await?;
    let up_ms = start.elapsed().as_secs_f64() * 1000.0 - walker.looking_ms;
    let mut again = None;
    if let Some(after) = &after {
        let trial = trial::after_up(lab, walker, step, before, &past).await?;
        (_, again) = trial.judge(before, &mut stair);
        stair.fingerprint_ms += walker.looking_ms;
        name_what_is_left(&mut stair, after);
    }
    stair.up_ms = up_ms;
    lab.clones.drop_clone(&past).await?;
    Ok((stair, again, after))
}

/// A down that stopped must have left things as up made them.
fn name_what_is_left(stair: &mut Stair, after: &State) {
    let Some(left) = stair.left.take() else { return };
    for line in differences(after, &left, &Volatile::new()) {
        stair.stopped.push(format!("the down of {} stops and leaves behind: {line}", stair.name));
    }
}

/// Takes the step for good.
async fn advance(
    lab: &Lab,
    walker: &mut Walker,
    step: &Step,
    before: &State,
    stair: &mut Stair,
) -> Result<Option<State>> {
    match walker.advance(lab, step, before).await? {
        Ok(after) => Ok(Some(after)),
        Err(stopped) => {
            stair.up_stops(&stopped);
            Ok(None)
        }
    }
}

async fn compare_again(lab: &mut Lab, stair: &mut Stair, after: &State, again: &State) -> Result<()> {
    stair.again.extend(lab.lasting(after, again).await?);
    Ok(())
}

fn show(lab: &Lab, stair: &Stair, steps: usize) {
    if steps == 1 {
        return;
    }
    let what = format!("{}: {}", stair.name, stair.line());
    match stair.verdict() {
        StairVerdict::Fail => lab.ui.step_failed(&stair.name, &stair.name, &stair.line()),
        StairVerdict::Skipped | StairVerdict::Irreversible => lab.ui.note(what),
        StairVerdict::Pass | StairVerdict::Note => lab.ui.step_done(&stair.name, &what, stair.ms as u64),
    }
}
