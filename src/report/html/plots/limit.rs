//! One client's requests against a rate limit: how many passed by when, against how many may.

use super::{HEAD, HEIGHT, WIDTH, label, level, polyline, svg};
use crate::report::Answered;

pub(in crate::report::html) fn limit(requests: &[Answered], burst: u32, per_minute: u32) -> String {
    let Some(last) = requests.last() else { return String::new() };
    let passes = |request: &Answered| !matches!(request.status, 429 | 503);
    let end = last.ms.max(1) as f64;
    let may = |ms: f64| f64::from(burst) + 1.0 + f64::from(per_minute) * ms / 60_000.0;
    let passed = requests.iter().filter(|request| passes(request)).count();
    let highest = may(end).max(passed as f64) * 1.05;
    let across = |ms: f64| WIDTH * ms / end;
    let mut so_far = 0.0;
    let mut steps = vec![(0.0, level(0.0))];
    let mut refused = String::new();
    for request in requests {
        let x = across(request.ms as f64);
        if passes(request) {
            steps.push((x, level(so_far / highest)));
            so_far += 1.0;
            steps.push((x, level(so_far / highest)));
        } else {
            let y = level(so_far / highest);
            refused += &format!(
                "<path class=\"refused\" d=\"M{:.1} {:.1}l6 6m0 -6l-6 6\"/>\n",
                (x - 3.0).clamp(0.0, WIDTH - 6.0),
                y - 3.0
            );
        }
    }
    steps.push((WIDTH, level(so_far / highest)));
    let allowed = [(0.0, level(may(0.0) / highest)), (WIDTH, level(may(end) / highest))];
    let mut shapes = polyline("budget", &allowed) + &polyline("curve", &steps) + &refused;
    shapes +=
        &label(4.0, HEAD - 5.0, "start", "bad", &format!("may pass: {} and {per_minute}/min", burst + 1));
    shapes += &label(0.0, HEIGHT - 6.0, "start", "", "0 ms");
    shapes += &label(WIDTH, HEIGHT - 6.0, "end", "", &format!("{} ms", last.ms));
    let count = requests.len() - passed;
    svg(&format!("{passed} requests passed and {count} were refused, each refusal a cross"), &shapes)
}
