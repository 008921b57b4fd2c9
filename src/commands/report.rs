//! `stagectl report`.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::Context;
use crate::clock;
use crate::config::Settings;
use crate::report::readiness::{self, Part, Readiness};
use crate::report::{Counts, Envelope, Report, Status, Verdict, html, text};
use crate::store::{ReportFile, latest, new_run_id};

pub async fn run(context: &Context) -> Result<u8> {
    let settings = context.settings()?;
    let now = clock::now();
    let parts = parts(&settings)?;
    let project = &settings.config.project;
    let results = readiness::judge(project, &parts);
    let verdict = Verdict::over(&results);
    let mut envelope = Envelope::begin("readiness", project, &new_run_id(now), &context.command_line, now);
    let open: Vec<&str> =
        results.iter().filter(|r| r.status != Status::Pass).map(|r| r.title.as_str()).collect();
    let summary = if open.is_empty() {
        "every report is green and current".to_owned()
    } else {
        format!("look at {}", open.join(", "))
    };
    envelope.finish(verdict, summary, clock::now());
    let counts = Counts::of(&results);
    let body = Readiness { counts, reports: readiness::basis(&parts), results };
    let report = Report { envelope, body };
    let file = ReportFile::new(&settings.backups(), "readiness-report", now);
    file.save(&report)?;
    let page = file.beside("html", &html::readiness(&report))?;
    if context.ui.options.json {
        context.ui.data(&serde_json::to_string_pretty(&report)?);
    } else {
        context.ui.data(&table(&report.body));
        context.ui.data(&text::verdict(verdict, counts));
    }
    context.ui.note(format!("report: {}", file.path.display()));
    context.ui.note(format!("HTML:   {}", page.display()));
    Ok(verdict.exit_code())
}

/// What readiness rests on, in the order in which it is made.
fn parts(settings: &Settings) -> Result<Vec<Part>> {
    let config = &settings.config;
    let folder = settings.backups();
    let mut parts = vec![part(&folder, "setup", "setup-report", "stagectl setup", &[])?];
    if config.production.as_ref().is_some_and(|production| production.database_url.is_some()) {
        parts.push(part(&folder, "copy", "test-data-summary", "stagectl copy-data", &[])?);
    }
    if config.migration.is_some() {
        let inputs: &[&str] = &["copy"];
        parts.push(part(&folder, "migration", "migration-test-report", "stagectl test-migration", inputs)?);
    }
    let inputs: &[&str] = &["setup", "copy"];
    parts.push(part(&folder, "validation", "staging-validation-report", "stagectl validate", inputs)?);
    Ok(parts)
}

fn part(
    folder: &Path,
    kind: &'static str,
    prefix: &str,
    command: &'static str,
    inputs: &'static [&'static str],
) -> Result<Part> {
    let path = latest(folder, prefix)?;
    let file = path.as_ref().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let mut partial = false;
    let report = path.map(|path| {
        let text = fs_err::read_to_string(path).map_err(|error| error.to_string())?;
        let document: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        partial = ["quick", "partial"].iter().any(|key| document.get(key).is_some_and(|value| value == true));
        serde_json::from_value(document).map_err(|error| error.to_string())
    });
    Ok(Part { kind, command, inputs, file, report, partial })
}

fn table(body: &Readiness) -> String {
    let mut out = String::new();
    for (result, basis) in body.results.iter().zip(&body.reports) {
        let when = basis.finished_at.map_or_else(String::new, |at| at.strftime("%F %TZ").to_string());
        let status = text::sign(result.status);
        out.push_str(&format!("{status}  {:<10}  {when:<20}  {}\n", result.title, result.found));
        if result.status != Status::Pass {
            out.push_str(&format!("{:>41} run {}\n", "", result.remedy));
        }
    }
    out
}
