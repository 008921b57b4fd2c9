//! Numbers against their bounds, as bars: times, memory, cores, days.

use crate::report::html::page::{card, escape, section};
use crate::report::{CheckResult, Measure};

/// A group of bars for each check that measured something bounded.
pub(in crate::report::html) fn bounds(results: &[CheckResult]) -> String {
    let mut groups = String::new();
    for result in results {
        let rows: String =
            result.measures.iter().filter_map(|measure| Some(bar(measure, measure.limit?))).collect();
        if !rows.is_empty() {
            groups += &format!(
                "<h3>{} {}</h3>\n<div class=\"bounds\">{rows}</div>\n",
                escape(&result.id),
                escape(&result.title)
            );
        }
    }
    if groups.is_empty() { groups } else { section("Measured against their bounds", &card(&groups)) }
}

/// The bound stands at four fifths of the width, so that what exceeds it is seen to.
fn bar(measure: &Measure, limit: f64) -> String {
    let share = if limit > 0.0 { measure.value / limit } else { 0.0 };
    let class = if share > 1.0 { "fail" } else { "pass" };
    let digits = if measure.value < 10.0 { 2 } else { 0 };
    format!(
        "<span>{}</span><div class=\"gauge {class}\"><i style=\"width:{:.1}%\"></i></div>\
         <span class=\"number\">{:.digits$} of {} {}</span>\n",
        escape(&measure.name),
        (share * 80.0).clamp(0.4, 100.0),
        measure.value,
        if limit.fract() == 0.0 { format!("{limit:.0}") } else { format!("{limit:.2}") },
        measure.unit.word()
    )
}
