//! Cuts: the server process is ended between two statements, as by a crash or a lost network.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::migration::apply::{apply, apply_part};
use crate::migration::fingerprint::State;
use crate::migration::lab::{Lab, Volatile, backend, differences};
use crate::migration::step::Action;

/// More boundaries than this in one file are sampled.
const MOST: usize = 24;

/// What the cuts of one script came to.
#[derive(Debug, Default)]
pub struct Cuts {
    pub tried: usize,
    pub of: usize,
    /// Cuts after which the script had to be run again to get out of a state in between.
    pub repaired: usize,
    pub wrong: Vec<String>,
}

/// Cuts the script of `action` at its boundaries, on copies of `template`, whose state is `before`. The state
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
    let mut clone = lab.clones.copy(template).await?;
    let mut admin = lab.clones.as_admin(&clone).await?;
    for count in sample(&boundaries) {
        cuts.tried += 1;
        let line = script.statements.get(count - 1).map_or(0, |s| s.line);
        let place = format!("cut after {}:{line}", script.file.display());
        let session = lab.clones.as_user(&clone).await?;
        let pid = backend(&session).await?;
        if let Some(stopped) = apply_part(&session, script, count).await? {
            cuts.wrong.push(format!("{place}: {}", stopped.line()));
        }
        lab.clones.terminate(pid).await?;
        drop(session);
        let left = State::take(&mut admin).await?;
        let remains = differences(before, &left, &BTreeSet::new());
        if remains.is_empty() {
            continue;
        }
        let session = lab.clones.as_user(&clone).await?;
        let second = apply(&session, script).await?;
        drop(session);
        if let Some(stopped) = second.stopped {
            let (remains, stopped) = (remains.join("; "), stopped.line());
            cuts.wrong
                .push(format!("{place}: half of it stays ({remains}), and a second run stops: {stopped}"));
        } else {
            let wrong = differences(after, &State::take(&mut admin).await?, volatile);
            if wrong.is_empty() {
                cuts.repaired += 1;
            } else {
                cuts.wrong.push(format!("{place}: a second run ends elsewhere: {}", wrong.join("; ")));
            }
        }
        lab.clones.drop_clone(&clone).await?;
        clone = lab.clones.copy(template).await?;
        admin = lab.clones.as_admin(&clone).await?;
    }
    lab.clones.drop_clone(&clone).await?;
    Ok(cuts)
}

/// All boundaries, or evenly spread ones with the first and the last.
fn sample(boundaries: &[usize]) -> Vec<usize> {
    if boundaries.len() <= MOST {
        return boundaries.to_vec();
    }
    (0..MOST).map(|i| boundaries[i * (boundaries.len() - 1) / (MOST - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_boundaries_are_sampled_from_end_to_end() {
        let all: Vec<usize> = (1..=100).collect();
        let some = sample(&all);
        assert_eq!((some.len(), some[0], some[MOST - 1]), (MOST, 1, 100));
        assert_eq!(sample(&[1, 2]), [1, 2]);
    }
}
