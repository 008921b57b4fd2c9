//! `stagectl validate`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::Context;
use crate::cli::ValidateArgs;
use crate::clock;
use crate::config::Settings;
use crate::report::{CheckResult, Counts, Envelope, Report, Validation, Verdict, html, junit, text};
use crate::store::{Mode, ReportFile, new_run_id, write};
use crate::validation::facts::Facts;
use crate::validation::redact::Redactor;
use crate::validation::select::{Planned, Selection, select};
use crate::validation::{registry, runner, verdict};

/// No run may take longer.
const DEADLINE: Duration = Duration::from_secs(300);
const QUICK_DEADLINE: Duration = Duration::from_secs(60);

pub async fn run(context: &Context, args: ValidateArgs) -> Result<u8> {
    let settings = context.settings()?;
    let waivers = settings.config.validation.waivers.clone();
    let selection = Selection { quick: args.quick, only: args.only, skip: args.skip };
    let planned = select(&registry::all(), &selection, &waivers)?;
    if args.list {
        context.ui.data(&list(&planned, context.ui.options.json));
        return Ok(crate::exit::OK);
    }
    let report = Box::pin(check(context, settings, &planned, &selection)).await?;
    let Report { envelope, body } = &report;
    if context.ui.options.json {
        context.ui.data(&serde_json::to_string_pretty(&report)?);
    } else {
        let options = context.ui.options;
        let shown: Vec<CheckResult> = if options.quiet {
            body.results.iter().filter(|r| text::needs_attention(r)).cloned().collect()
        } else {
            body.results.clone()
        };
        context.ui.data(&format!(
            "{}\n{}",
            text::checks(&shown, options.verbose),
            text::verdict(envelope.verdict, body.counts)
        ));
    }
    Ok(envelope.verdict.exit_code())
}

/// Runs the checks; the report's file is rewritten as they finish.
async fn check(
    context: &Context,
    settings: Settings,
    planned: &[Planned<'_>],
    selection: &Selection,
) -> Result<Report<Validation>> {
    let started = clock::now();
    let envelope = Envelope::begin(
        "validation",
        &settings.config.project,
        &new_run_id(started),
        &context.command_line,
        started,
    );
    let file = ReportFile::new(&settings.backups(), "staging-validation-report", started);
    let quick = selection.quick;
    let partial = !selection.only.is_empty() || !selection.skip.is_empty();
    let mut report = Report { envelope, body: Validation { quick, partial, ..Validation::default() } };
    file.save(&report)?;

    context.ui.phase(format!("check {} ({} checks)", settings.config.project, planned.len()));
    let redactor = Redactor::new(settings.secrets());
    let deadline = if quick { QUICK_DEADLINE } else { DEADLINE };
    let mut finished: Vec<(usize, CheckResult)> = Vec::new();
    let mut saving = Ok(());
    let work = async {
        let facts = Arc::new(Facts::gather(settings, started).await);
        let results = runner::run(planned, &facts, &redactor, deadline, |index, result| {
            context.ui.detail(format!("{} {} ms", result.id, result.duration_ms));
            let at = finished.partition_point(|(other, _)| *other < index);
            finished.insert(at, (index, result.clone()));
            fill(&mut report.body, finished.iter().map(|(_, result)| result.clone()).collect());
            saving = file.save(&report);
        });
        Ok(results.await)
    };
    let results = Box::pin(context.interrupt.guard(work)).await?;
    saving?;
    report.envelope.finish(Verdict::over(&results), verdict::summary(&results), clock::now());
    fill(&mut report.body, results);
    file.save(&report)?;
    let xml = junit::checks(&report.envelope.project, &report.body.results);
    let junit_path = file.path.with_extension("xml");
    write(&junit_path, xml.as_bytes(), Mode::Public)?;
    let html_path = file.path.with_extension("html");
    write(&html_path, html::validation(&report).as_bytes(), Mode::Public)?;
    context.ui.note(format!("report: {}", file.path.display()));
    context.ui.note(format!("HTML:   {}", html_path.display()));
    context.ui.note(format!("JUnit:  {}", junit_path.display()));
    Ok(report)
}

fn fill(body: &mut Validation, results: Vec<CheckResult>) {
    body.counts = Counts::of(&results);
    body.categories = verdict::by_category(&results);
    body.results = results;
}

/// The checks without running them.
fn list(planned: &[Planned<'_>], json: bool) -> String {
    if json {
        let checks: Vec<_> = planned
            .iter()
            .map(|plan| {
                serde_json::json!({
                    "id": plan.check.id,
                    "category": plan.check.category.word(),
                    "title": plan.check.title,
                    "severity": plan.check.severity,
                    "quick": plan.check.quick,
                    "expected": plan.check.expected,
                    "remedy": plan.check.remedy,
                    "skip": plan.skip,
                })
            })
            .collect();
        return serde_json::to_string_pretty(&checks).unwrap_or_default();
    }
    let mut out = String::new();
    for plan in planned {
        let when = if plan.check.quick { "quick" } else { "full " };
        let skip = plan.skip.map_or_else(String::new, |reason| format!(" (skipped: {reason})"));
        out.push_str(&format!(
            "{}  {:<14}  {when}  {}{skip}\n",
            plan.check.id,
            plan.check.category.word(),
            plan.check.title
        ));
    }
    out
}
