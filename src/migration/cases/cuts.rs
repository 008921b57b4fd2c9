//! Cuts: the server process is ended between two statements, or inside one, as by a crash or a lost
//! network.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::migration::apply::{apply, apply_part, run_statements};
use crate::migration::fingerprint::State;
use crate::migration::lab::{Lab, Volatile, backend, differences};
use crate::migration::script::Script;
use crate::migration::step::Action;
use crate::postgres::Session;

/// More boundaries than this in one file are sampled.
const MOST: usize = 24;
/// In so many statements of a file the process is ended while they run.
const INSIDE: usize = 3;

/// What the cuts of one script came to.
#[derive(Debug, Default)]
pub struct Cuts {
    pub tried: usize,
    pub of: usize,
    /// Statements in which the process was ended.
    pub inside: usize,
    /// Cuts after which the script had to be run again to get out of a state in between.
    pub repaired: usize,
    pub wrong: Vec<String>,
}

/// Cuts the script of `action` at its boundaries and inside statements, on copies of `template`, whose state is `before`. The state
/// must be `before` again, or a second run must lead to `after`.
pub async fn cut(
    lab: &Lab,
    template: &str,
    action: &Action,
    before: &State,
    after: &State,
    volatile: &Volatile,
) -> Result<Cuts> {
    // Where a command's own boundaries are, only the command knows.
    let Action::Script(script) = action else { return Ok(Cuts::default()) };
    let length = script.statements.len();
    // The last boundary of a transaction is the one before COMMIT.
    let boundaries: Vec<usize> =
        (1..=if script.wrapped { length } else { length.saturating_sub(1) }).collect();
    let mut cuts = Cuts { of: boundaries.len(), ..Cuts::default() };
    let mut bench = Bench::new(lab, template).await?;
    for count in sample(&boundaries, MOST) {
        cuts.tried += 1;
        let line = script.statements.get(count - 1).map_or(0, |s| s.line);
        let place = format!("cut after {}:{line}", script.file.display());
        let session = lab.clones.as_user(&bench.clone).await?;
        let pid = backend(&session).await?;
        if let Some(stopped) = apply_part(&session, script, count).await? {
            cuts.wrong.push(format!("{place}: {}", stopped.line()));
        }
        lab.clones.terminate(pid).await?;
        drop(session);
        match bench.recover(lab, script, before, after, volatile).await? {
            Ok(repaired) => cuts.repaired += usize::from(repaired),
            Err(wrong) => cuts.wrong.push(format!("{place}: {wrong}")),
        }
    }
    let indices: Vec<usize> = (0..length).collect();
    for index in sample(&indices, INSIDE) {
        cuts.inside += 1;
        let line = script.statements[index].line;
        let place = format!("killed inside {}:{line}", script.file.display());
        let session = lab.clones.as_user(&bench.clone).await?;
        let pid = backend(&session).await?;
        if let Some(stopped) = apply_part(&session, script, index).await? {
            cuts.wrong.push(format!("{place}: {}", stopped.line()));
        }
        // The order to end arrives while the statement is at work, or just before or after: all of
        // these happen in the world.
        let statement = &script.statements[index..=index];
        let (_, ended) = tokio::join!(run_statements(&session, script, statement), lab.clones.terminate(pid));
        ended?;
        drop(session);
        if let Err(wrong) = bench.recover(lab, script, before, after, volatile).await? {
            cuts.wrong.push(format!("{place}: {wrong}"));
        }
    }
    lab.clones.drop_clone(&bench.clone).await?;
    Ok(cuts)
}

/// The clone that is cut on, made anew after every cut that changed it.
struct Bench {
    template: String,
    clone: String,
    admin: Session,
}

impl Bench {
    async fn new(lab: &Lab, template: &str) -> Result<Self> {
        let clone = lab.clones.copy(template).await?;
        let admin = lab.clones.as_admin(&clone).await?;
        Ok(Self { template: template.to_owned(), clone, admin })
    }

    /// True where a second run was needed to leave a state in between; the words say what is wrong
    /// where that does not help.
    async fn recover(
        &mut self,
        lab: &Lab,
        script: &Script,
        before: &State,
        after: &State,
        volatile: &Volatile,
    ) -> Result<Result<bool, String>> {
        let left = State::take(&mut self.admin).await?;
        let remains = differences(before, &left, &BTreeSet::new());
        if remains.is_empty() {
            return Ok(Ok(false));
        }
        let done = differences(after, &left, volatile).is_empty();
        let outcome = if done {
            // Everything was in before the end came.
            Ok(false)
        } else {
            let session = lab.clones.as_user(&self.clone).await?;
            let second = apply(&session, script).await?;
            drop(session);
            if let Some(stopped) = second.stopped {
                let (remains, stopped) = (remains.join("; "), stopped.line());
                Err(format!("half of it stays ({remains}), and a second run stops: {stopped}"))
            } else {
                let wrong = differences(after, &State::take(&mut self.admin).await?, volatile);
                if wrong.is_empty() {
                    Ok(true)
                } else {
                    Err(format!("a second run ends elsewhere: {}", wrong.join("; ")))
                }
            }
        };
        lab.clones.drop_clone(&self.clone).await?;
        *self = Self::new(lab, &self.template).await?;
        Ok(outcome)
    }
}

/// All boundaries, or evenly spread ones with the first and the last.
fn sample(boundaries: &[usize], most: usize) -> Vec<usize> {
    if boundaries.len() <= most {
        return boundaries.to_vec();
    }
    (0..most).map(|i| boundaries[i * (boundaries.len() - 1) / (most - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_boundaries_are_sampled_from_end_to_end() {
        let all: Vec<usize> = (1..=100).collect();
        let some = sample(&all, MOST);
        assert_eq!((some.len(), some[0], some[MOST - 1]), (MOST, 1, 100));
        assert_eq!(sample(&[1, 2], MOST), [1, 2]);
    }
}
