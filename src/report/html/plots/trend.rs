//! The last runs beside this one.

use super::{FOOT, HEIGHT, WIDTH, label, level, svg};
use crate::report::html::Past;
use crate::report::html::page::{card, section};

/// The most runs that are drawn.
const RUNS: usize = 20;

/// Stacked bars of results, oldest first; nothing where there is but one run.
pub(in crate::report::html) fn trend(runs: &[Past]) -> String {
    let runs = &runs[runs.len().saturating_sub(RUNS)..];
    let total = |run: &Past| {
        let counts = run.counts;
        counts.pass + counts.warn + counts.fail + counts.error
    };
    let highest = runs.iter().map(total).max().unwrap_or(0);
    if runs.len() < 2 || highest == 0 {
        return String::new();
    }
    let step = WIDTH / runs.len() as f64;
    let mut shapes = String::new();
    for (index, run) in runs.iter().enumerate() {
        let counts = run.counts;
        let mut below = 0;
        let x = index as f64 * step;
        for (class, count) in
            [("pass", counts.pass), ("warn", counts.warn), ("error", counts.error), ("fail", counts.fail)]
        {
            let (from, to) = (level(share(below, highest)), level(share(below + count, highest)));
            below += count;
            if count > 0 {
                shapes += &format!(
                    "<rect class=\"{class}\" x=\"{:.1}\" y=\"{to:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\n",
                    x + step * 0.15,
                    (step * 0.7).min(60.0),
                    from - to
                );
            }
        }
        let bad = counts.fail + counts.error;
        let words = if bad > 0 { format!("{bad} bad") } else { "green".to_owned() };
        let middle = x + step * 0.15 + (step * 0.7).min(60.0) / 2.0;
        shapes += &label(middle, level(share(below, highest)) - 4.0, "middle", "value", &words);
        if index == 0 || index + 1 == runs.len() || runs.len() <= 6 {
            let when = run.started_at.strftime("%m-%d %H:%M").to_string();
            shapes += &label(middle, HEIGHT - FOOT + 16.0, "middle", "", &when);
        }
    }
    let description = format!("results of the last {} runs, the newest on the right", runs.len());
    section("The last runs", &card(&svg(&description, &shapes)))
}

fn share(count: u32, of: u32) -> f64 {
    f64::from(count) / f64::from(of)
}
