//! One step's trial: up, down, a look, up again.

use anyhow::Result;

use super::stair::{Stair, Way};
use super::walker::Walker;
use crate::migration::apply::{Stopped, perform};
use crate::migration::clone::Migrator;
use crate::migration::fingerprint::{
    DataDifference, Reader, State, data_differences, differing_rows, schema_differences, sequence_drifts,
};
use crate::migration::lab::Lab;
use crate::migration::script::Script;
use crate::migration::step::{Action, Step};
use crate::postgres::Session;

/// What a trial came to.
#[derive(Debug, Default)]
pub struct Trial {
    way: Way,
    up_ms: f64,
    down_ms: f64,
    fingerprint_ms: f64,
    up_stopped: Option<Stopped>,
    down_stopped: Option<Stopped>,
    /// The state after down, also after one that stopped.
    restored: Option<State>,
    data: Vec<DataDifference>,
    /// The state after the second up, or where it stopped.
    again: Option<Result<State, Stopped>>,
    /// The state in which the walker was left, where the second up was kept.
    taken: Option<State>,
}

impl Trial {
    /// Notes what was found on the stair. Returns the state that was kept, if any, and the one
    /// after the second up that has to be compared still.
    pub fn judge(self, before: &State, stair: &mut Stair) -> (Option<State>, Option<State>) {
        stair.way = self.way;
        (stair.up_ms, stair.down_ms, stair.fingerprint_ms) = (self.up_ms, self.down_ms, self.fingerprint_ms);
        if let Some(stopped) = &self.up_stopped {
            stair.up_stops(stopped);
            return (None, None);
        }
        if let Some(stopped) = &self.down_stopped {
            stair.down_stops(stopped);
            stair.left = self.restored.map(Box::new);
            return (None, None);
        }
        if let Some(restored) = &self.restored {
            stair.compare(before, restored);
        }
        stair.data.extend(self.data.iter().map(DataDifference::line));
        match self.again {
            Some(Err(stopped)) => {
                stair.again.push(format!("up of {} stops the second time: {}", stair.name, stopped.line()));
                (self.taken, None)
            }
            Some(Ok(state)) => (self.taken, Some(state)),
            None => (self.taken, None),
        }
    }
}

fn runs_inside(action: Option<&Action>) -> bool {
    action.and_then(Action::script).is_some_and(|script| Script::inside(script).is_some())
}

/// True where up and down can run inside one transaction of the walker.
pub fn fits_transaction(walker: &Walker, step: &Step) -> bool {
    walker.becomes_user() && runs_inside(Some(&step.up)) && runs_inside(step.down.as_ref())
}

/// Tries the step in one transaction of the walker. `None`: it cannot be said there, and the
/// walker stands where it stood.
pub async fn in_transaction(
    lab: &Lab,
    walker: &mut Walker,
    step: &Step,
    before: &State,
) -> Result<Option<Trial>> {
    let Some(down) = &step.down else { return Ok(None) };
    walker.looking_ms = 0.0;
    walker.begin().await?;
    let mut trial = Trial { way: Way::Transaction, ..Trial::default() };
    match walker.run_inside(&step.up).await? {
        Ok(ms) => trial.up_ms = ms,
        Err(_) => return give_up(walker, before).await,
    }
    match walker.run_inside(down).await? {
        Ok(ms) => trial.down_ms = ms,
        Err(stopped) if stopped.is_raised() => {
            walker.rollback(before).await?;
            return Ok(Some(Trial { down_stopped: Some(stopped), ..trial }));
        }
        Err(_) => return give_up(walker, before).await,
    }
    let restored = walker.look_inside(before).await?;
    trial.data = data_differences(&before.data, &restored.data);
    // Rows that differ can be named only where both sides can be seen.
    if sequence_drifts(&before.data, &restored.data).iter().any(|drift| !drift.by_rows)
        || !trial.data.is_empty() && !walker.count_rows(lab, before, &restored, &mut trial.data).await?
    {
        return give_up(walker, before).await;
    }
    let same = trial.data.is_empty() && schema_differences(&before.schema, &restored.schema).is_empty();
    if same {
        walker.set_back_inside(before).await?;
    }
    trial.restored = Some(restored);
    match walker.run_inside(&step.up).await? {
        Err(_) if same => return give_up(walker, before).await,
        Err(stopped) => trial.again = Some(Err(stopped)),
        Ok(_) => {
            let after = walker.look_inside(before).await?;
            // From an equal state the second up is the step itself.
            if same { trial.taken = Some(after) } else { trial.again = Some(Ok(after)) }
        }
    }
    if !same {
        // The step as it is taken, at the same time as the one before: `now()` makes no difference.
        walker.restart(before).await?;
        if walker.run_inside(&step.up).await?.is_err() {
            return give_up(walker, before).await;
        }
        trial.taken = Some(walker.look_inside(before).await?);
    }
    if !walker.commit().await? {
        return give_up(walker, before).await;
    }
    trial.fingerprint_ms = walker.looking_ms;
    Ok(Some(trial))
}

async fn give_up(walker: &mut Walker, before: &State) -> Result<Option<Trial>> {
    walker.rollback(before).await?;
    Ok(None)
}

/// Tries the step on the walker itself, with commits: where down restores everything, up can be
/// taken from there. `None`: it does not, and the walker has lost its place.
pub async fn on_walker(
    lab: &Lab,
    walker: &mut Walker,
    step: &Step,
    before: &State,
    stair: &mut Stair,
) -> Result<Option<Trial>> {
    let Some(down) = &step.down else { return Ok(None) };
    walker.looking_ms = 0.0;
    let migrator = lab.clones.as_user(&walker.clone).await?;
    let (up, down) = (perform(&migrator, &step.up).await?, perform(&migrator, down).await?);
    if !up.is_ok() || !down.is_ok() {
        return Ok(None);
    }
    let restored = walker.look_after(&migrator, before).await?;
    if !schema_differences(&before.schema, &restored.schema).is_empty()
        || !data_differences(&before.data, &restored.data).is_empty()
        || sequence_drifts(&before.data, &restored.data).iter().any(|drift| !drift.by_rows)
    {
        return Ok(None);
    }
    walker.set_back(before).await?;
    if !perform(&migrator, &step.up).await?.is_ok() {
        return Ok(None);
    }
    let taken = walker.look_after(&migrator, before).await?;
    step.up.transaction().clone_into(&mut stair.reason);
    Ok(Some(Trial {
        way: Way::Commits,
        up_ms: up.ms,
        down_ms: down.ms,
        fingerprint_ms: walker.looking_ms,
        restored: Some(restored),
        taken: Some(taken),
        ..Trial::default()
    }))
}

/// Tries the step on a clone of its own, with commits, in sessions of the migration's role.
pub async fn on_clone(
    lab: &Lab,
    walker: &mut Walker,
    step: &Step,
    before: &State,
    stair: &mut Stair,
) -> Result<Trial> {
    let copy = walker.copy(lab).await?;
    walker.looking_ms = 0.0;
    let trial = try_on(lab, walker, step, before, &copy).await;
    lab.clones.drop_clone(&copy).await?;
    if trial.as_ref().is_ok_and(|trial| trial.down_stopped.is_none()) && !runs_inside(Some(&step.up)) {
        step.up.transaction().clone_into(&mut stair.reason);
    }
    trial
}

async fn try_on(lab: &Lab, walker: &mut Walker, step: &Step, before: &State, copy: &str) -> Result<Trial> {
    let migrator = lab.clones.as_user(copy).await?;
    let up = perform(&migrator, &step.up).await?;
    if up.stopped.is_some() {
        return Ok(Trial { way: Way::Clone, up_ms: up.ms, up_stopped: up.stopped, ..Trial::default() });
    }
    let trial = back_and_again(lab, walker.session(), step, before, &migrator, copy).await?;
    Ok(Trial { up_ms: up.ms, ..trial })
}

/// Tries the way back of a step that the walker has taken, on a copy of what came of it. `past` is
/// a copy of what was before. A tool's command takes seconds to start: this is one up less.
pub async fn after_up(
    lab: &Lab,
    walker: &mut Walker,
    step: &Step,
    before: &State,
    past: &str,
) -> Result<Trial> {
    let copy = walker.copy(lab).await?;
    let past = lab.clones.as_admin(past).await?;
    let migrator = lab.clones.as_user(&copy).await?;
    let trial = back_and_again(lab, &past, step, before, &migrator, &copy).await;
    drop(migrator);
    lab.clones.drop_clone(&copy).await?;
    trial
}

/// Down, a look, and up again on `copy`, where up ran. `past` stands where the step began.
async fn back_and_again(
    lab: &Lab,
    past: &Session,
    step: &Step,
    before: &State,
    migrator: &Migrator,
    copy: &str,
) -> Result<Trial> {
    let mut trial = Trial { way: Way::Clone, ..Trial::default() };
    let Some(down) = &step.down else { return Ok(trial) };
    let taken_back = perform(migrator, down).await?;
    trial.down_ms = taken_back.ms;
    let admin = lab.clones.as_admin(copy).await?;
    let mut reader = Reader::open(&admin).await?;
    let start = std::time::Instant::now();
    reader.flush(migrator).await?;
    // A command's sessions may not have told their counters yet.
    let earlier = (runs_here(&step.up) && runs_here(down)).then_some(before);
    let restored = reader.snapshot(&admin, earlier).await?;
    trial.data = data_differences(&before.data, &restored.data);
    for difference in &mut trial.data {
        let table = &difference.table;
        let sides = (before.data.tables.get(table), restored.data.tables.get(table));
        difference.rows_different =
            differing_rows((past, sides.0), (&admin, sides.1), table, &difference.columns).await?;
    }
    trial.fingerprint_ms = start.elapsed().as_secs_f64() * 1000.0;
    trial.restored = Some(restored);
    if taken_back.stopped.is_some() {
        return Ok(Trial { down_stopped: taken_back.stopped, data: Vec::new(), ..trial });
    }
    let second = perform(migrator, &step.up).await?;
    trial.again = Some(if let Some(stopped) = second.stopped {
        Err(stopped)
    } else {
        reader.flush(migrator).await?;
        Ok(reader.snapshot(&admin, earlier).await?)
    });
    Ok(trial)
}

fn runs_here(action: &Action) -> bool {
    action.script().is_some()
}
