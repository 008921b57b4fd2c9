//! The latency histogram as inline SVG.

use super::escape;
use crate::report::CheckResult;
use crate::report::validation::LATENCIES;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
/// Room below the bars for their labels, and above the highest for its number.
const FOOT: f64 = 24.0;
const HEAD: f64 = 18.0;

/// The histogram that a load check wrote into its evidence; none in other results.
pub(super) fn latencies(result: &CheckResult) -> Option<String> {
    let line = result.evidence.iter().find_map(|line| line.strip_prefix(LATENCIES))?;
    let bars: Vec<(&str, u64)> = line.split(" · ").filter_map(bar).collect();
    let highest = bars.iter().map(|(_, count)| *count).max().filter(|count| *count > 0)?;
    let total: u64 = bars.iter().map(|(_, count)| count).sum();
    let step = WIDTH / bars.len() as f64;
    let mut shapes = String::new();
    for (index, (label, count)) in bars.iter().enumerate() {
        let height = (HEIGHT - FOOT - HEAD) * *count as f64 / highest as f64;
        let (left, top) = (index as f64 * step, HEIGHT - FOOT - height);
        let middle = left + step / 2.0;
        shapes += &format!(
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"2\"/>\
             <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text class=\"value\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{count}</text>\n",
            left + step * 0.12,
            step * 0.76,
            HEIGHT - 6.0,
            escape(label),
            top - 5.0
        );
    }
    let base = HEIGHT - FOOT;
    Some(format!(
        "<h2>Latency under load</h2>\n<div class=\"card chart\"><p>{}</p>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{total} answers by their time\">\n\
         <line x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"/>\n{shapes}</svg></div>\n",
        escape(&result.found)
    ))
}

/// `≤5ms 40` as its label and count.
fn bar(text: &str) -> Option<(&str, u64)> {
    let (label, count) = text.rsplit_once(' ')?;
    Some((label, count.parse().ok()?))
}
