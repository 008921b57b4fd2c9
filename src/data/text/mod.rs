//! The plan of a copy as text, for 80 columns: what crosses, why, how long it takes, and what is still to
//! decide. Pure; never a value.

mod columns;
mod entry;
mod rows;

use std::fmt::Write as _;

pub use self::entry::{entry, quote};
use super::model::CopyPlan;

/// Characters in a line, where words can be parted.
const WIDTH: usize = 80;

/// The whole plan: which rows, what is cut, what happens to each column, what is open.
pub fn plan(plan: &CopyPlan) -> String {
    let mut out = String::new();
    let start = if plan.starts.is_empty() {
        "Every row crosses.".to_owned()
    } else {
        let starts = plan.starts.join(" and from ");
        let then = "Rows that belong to these come along, then the rows that any of them needs.";
        format!("It starts from {starts}. {then}")
    };
    paragraph(&mut out, "", &start);
    out.push('\n');
    rows::tables(plan, &mut out);
    rows::cuts(plan, &mut out);
    columns::columns(plan, &mut out);
    paragraph(&mut out, "", &summary(plan));
    if !plan.undecided.is_empty() {
        let file = plan.decisions.as_deref();
        let place = file.unwrap_or("stagectl.yml");
        let how = format!(
            "\n{} decisions are open. Check each line and put it into {place}, or let `--write-masking` add them there:",
            plan.undecided.len()
        );
        paragraph(&mut out, "", &how);
        out.push_str(&entry(&plan.undecided, file.is_some()));
    }
    for collision in &plan.collisions {
        let text = format!(
            "collision: {} rows too many in {} of {} ({}): {}",
            collision.rows,
            collision.index,
            collision.table,
            collision.columns.join(", "),
            collision.remedy
        );
        paragraph(&mut out, "  ", &text);
    }
    for warning in &plan.warnings {
        paragraph(&mut out, "  ", &format!("warning: {warning}"));
    }
    out
}

fn summary(plan: &CopyPlan) -> String {
    let rows: u64 = plan.tables.iter().map(|table| table.rows).sum();
    let bytes: u64 = plan.tables.iter().map(|table| table.bytes).sum();
    format!(
        "{} rows of {} tables would cross, about {}, and the whole run would take about {}. They go into a \
         new database, which is searched for production's personal values and only then put in the place of \
         staging's; the old one is kept. Nothing was written.",
        count(rows),
        plan.tables.len(),
        size(bytes),
        rows::time(plan.ms)
    )
}

/// Words up to the end of the line, the next lines behind `indent`.
fn paragraph(out: &mut String, indent: &str, text: &str) {
    hanging(out, 0, indent.len(), text);
}

/// As [`paragraph`], in a line in which `at` characters stand already.
fn hanging(out: &mut String, mut at: usize, indent: usize, text: &str) {
    let mut first = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !first && at + 1 + length > WIDTH {
            let _ = write!(out, "\n{:indent$}", "");
            at = indent;
        } else if !first {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += length;
        first = false;
    }
    out.push('\n');
}

/// In groups of three: `16,044`.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes as a person reads them: `3.1 MiB`.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_as_a_person_says_them() {
        assert_eq!([0, 1_023, 1_024, 3 << 20].map(size), ["0 B", "1023 B", "1.0 KiB", "3.0 MiB"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn lines_end_where_the_screen_does() {
        let mut out = String::new();
        hanging(&mut out, 10, 10, &"word ".repeat(30));
        assert!(out.lines().count() > 2 && out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert!(out.lines().skip(1).all(|line| line.starts_with("          word")), "{out}");
    }
}
