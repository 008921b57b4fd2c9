//! How many answers took how long: a histogram, the share that was answered by then, and the budget.

use super::{FOOT, HEAD, HEIGHT, WIDTH, label, level, polyline, svg};
use crate::report::LatencyBar;

pub(in crate::report::html) fn latencies(bars: &[LatencyBar], budget_ms: f64) -> String {
    let total: u64 = bars.iter().map(|bar| bar.count).sum();
    let highest = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    if highest == 0 {
        return String::new();
    }
    // Empty bars at both ends say nothing; the budget's bar stays in sight.
    let within = |bar: &LatencyBar| bar.up_to_ms.is_some_and(|edge| edge as f64 <= budget_ms);
    let first = bars.iter().position(|bar| bar.count > 0).unwrap_or(0);
    let last_count = bars.iter().rposition(|bar| bar.count > 0).unwrap_or(0);
    let last = bars.iter().rposition(within).map_or(last_count, |at| at.max(last_count));
    let shown = &bars[first..=last];
    let step = WIDTH / shown.len() as f64;
    let mut shapes = String::new();
    let mut below: u64 = 0;
    let mut curve = vec![(0.0, level(0.0))];
    for (index, bar) in shown.iter().enumerate() {
        let top = level(bar.count as f64 / highest as f64);
        let (left, middle) = (index as f64 * step, (index as f64 + 0.5) * step);
        let edge = bar.up_to_ms.map_or_else(|| "more".to_owned(), |ms| format!("≤ {ms} ms"));
        shapes += &format!(
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>\n",
            left + step * 0.12,
            step * 0.76,
            HEIGHT - FOOT - top
        );
        shapes += &label(middle, HEIGHT - 6.0, "middle", "", &edge);
        if bar.count > 0 {
            shapes += &label(middle, top - 5.0, "middle", "value", &bar.count.to_string());
        }
        below += bar.count;
        curve.push((left + step, level(below as f64 / total as f64)));
    }
    shapes += &polyline("curve", &curve);
    let over = shown.iter().position(|bar| !within(bar)).unwrap_or(shown.len());
    let x = over as f64 * step;
    shapes += &format!(
        "<line class=\"budget\" x1=\"{x:.1}\" y1=\"{HEAD}\" x2=\"{x:.1}\" y2=\"{}\"/>\n",
        HEIGHT - FOOT
    );
    let (at, anchor) = if x > WIDTH / 2.0 { (x - 6.0, "end") } else { (x + 6.0, "start") };
    shapes += &label(at, HEAD - 5.0, anchor, "bad", &format!("budget {budget_ms:.0} ms"));
    let description =
        format!("{total} answers by their time; the line is the share answered by then, from 0 to 100 %");
    svg(&description, &shapes)
}
