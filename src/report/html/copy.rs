//! What a copy did: the proof first, then every table with its columns.

use super::page::{code_spans, escape, grid, number, preformatted, section};
use crate::report::copy::{CopiedTable, CopyBody};

pub(super) fn sections(body: &CopyBody) -> String {
    let mut out = section("Proof", &proof(body));
    if !body.warnings.is_empty() {
        out += "<h2>Warnings</h2>\n<ul>";
        for warning in &body.warnings {
            out += &format!("<li>{}</li>", code_spans(warning));
        }
        out += "</ul>\n";
    }
    let rows: Vec<Vec<String>> = body.tables.iter().map(row).collect();
    let columns = [
        "Table",
        "#Rows",
        "#of",
        "#Bytes",
        "#Time",
        "#Masked",
        "#Nulled",
        "Why rows crossed, what happened to columns",
    ];
    out + &section("Tables", &grid(&columns, &rows))
}

fn proof(body: &CopyBody) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut say = |what: &str, found: String| rows.push(vec![escape(what), found]);
    if let Some(check) = &body.leak_check {
        let hits: u64 = check.hits.values().sum();
        say(
            "personal values of production in the new database",
            format!(
                "<b>{}</b> of {} looked for in {} places, {:.1} MB",
                number(hits),
                number(check.values),
                number(check.places),
                check.bytes_scanned as f64 / 1e6
            ),
        );
    }
    if let Some(check) = &body.integrity {
        say("rows counted on both sides", format!("{} in {} tables", number(check.rows), check.tables));
        say("columns with the same checksum on both sides", number(check.columns));
        say("objects of the schema on both sides", number(check.objects));
        say("foreign keys validated", number(check.foreign_keys));
        say("sequences ahead of their columns", number(check.sequences));
    }
    if let Some(backup) = &body.backup {
        say("backup of staging as it was", format!("<code>{}</code>", escape(&backup.path)));
    }
    if let Some(previous) = &body.previous_database {
        say("the database that was live before", format!("<code>{}</code>", escape(previous)));
    }
    if let Some(ms) = body.away_ms {
        say("staging took no new session in the swap for", format!("{ms} ms"));
    }
    say("production's snapshot", escape(&body.snapshot));
    grid(&["What", "Found"], &rows)
}

fn row(table: &CopiedTable) -> Vec<String> {
    let pairs = |lines: Vec<String>| preformatted(&lines.join("\n"));
    let reasons: Vec<String> = table.reasons.iter().map(|(why, rows)| format!("{why}: {rows}")).collect();
    let columns: Vec<String> = table.columns.iter().map(|(name, what)| format!("{name}: {what}")).collect();
    let details =
        format!("<details><summary>{}</summary>{}</details>", escape(&reasons.join(", ")), pairs(columns));
    vec![
        escape(&table.table),
        number(table.rows),
        number(table.rows_in_production),
        number(table.bytes),
        format!("{} ms", number(table.ms)),
        number(table.masked_cells),
        number(table.nulled),
        details,
    ]
}
