//! `stagectl validate`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::Context;
use crate::cli::{FailOn, ValidateArgs, ValidationFormat};
use crate::clock;
use crate::config::Settings;
use crate::failure::Failure;
use crate::report::compare::compare;
use crate::report::{
    CheckResult, Counts, Envelope, Report, Severity, Validation, Verdict, exposition, html, junit, tap, text,
};
use crate::store::{ReportFile, new_run_id, reports};
use crate::validation::Check;
use crate::validation::facts::Facts;
use crate::validation::redact::Redactor;
use crate::validation::select::{Planned, Selection, select};
use crate::validation::{registry, runner, verdict};

/// How the reports' names begin.
const PREFIX: &str = "staging-validation-report";
/// No run may take longer.
const DEADLINE: Duration = Duration::from_secs(300);
const QUICK_DEADLINE: Duration = Duration::from_secs(60);

pub async fn run(context: &Context, args: ValidateArgs) -> Result<u8> {
    let settings = context.settings()?;
    if let Some(id) = &args.explain {
        context.ui.data(&explain(id, context.ui.options.json)?);
        return Ok(crate::exit::OK);
    }
    let waivers = settings.config.validation.waivers.clone();
    let today = clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let selection = Selection { quick: args.quick, only: args.only, skip: args.skip };
    let planned = select(&registry::all(), &selection, &waivers, today)?;
    if args.list {
        context.ui.data(&list(&planned, context.ui.options.json));
        return Ok(crate::exit::OK);
    }
    // Before the run, so that a wrong name costs nothing, and before its own report is the newest.
    let earlier = args.compare.as_deref().map(|word| earlier(&settings, word, &selection)).transpose()?;
    let rules = runner::Rules {
        deadline: if selection.quick { QUICK_DEADLINE } else { DEADLINE },
        fail_on: severity(args.fail_on),
    };
    let run = Run { planned: &planned, selection: &selection, rules, earlier, formats: &args.format };
    let report = Box::pin(check(context, settings, run)).await?;
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
        if let Some(comparison) = &body.comparison {
            context.ui.data(&comparison.text());
        }
    }
    Ok(envelope.verdict.exit_code())
}

/// A run, as the command line asks for it.
struct Run<'a> {
    planned: &'a [Planned<'a>],
    selection: &'a Selection,
    rules: runner::Rules,
    /// What the run is compared with.
    earlier: Option<Report<Validation>>,
    formats: &'a [ValidationFormat],
}

/// Runs the checks; the report's file is rewritten as they finish.
async fn check(context: &Context, settings: Settings, run: Run<'_>) -> Result<Report<Validation>> {
    let Run { planned, selection, rules, earlier, formats } = run;
    let started = clock::now();
    let envelope = Envelope::begin(
        "validation",
        &settings.config.project,
        &new_run_id(started),
        &context.command_line,
        started,
    );
    let file = ReportFile::new(&settings.backups(), PREFIX, started);
    let quick = selection.quick;
    let partial = !selection.only.is_empty() || !selection.skip.is_empty();
    let mut report = Report { envelope, body: Validation { quick, partial, ..Validation::default() } };
    file.save(&report)?;

    context.ui.phase(format!("check {} ({} checks)", settings.config.project, planned.len()));
    let folder = settings.backups();
    let redactor = Redactor::new(settings.secrets());
    let mut finished: Vec<(usize, CheckResult)> = Vec::new();
    let mut saving = Ok(());
    let work = async {
        let facts = Arc::new(Facts::gather(settings, started).await);
        let results = runner::run(planned, &facts, &redactor, rules, |index, result| {
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
    report.body.comparison =
        earlier.map(|earlier| compare(&earlier.envelope, &earlier.body.results, &results));
    fill(&mut report.body, results);
    file.save(&report)?;
    let body = &report.body;
    let mut written = vec![
        ("HTML", file.beside("html", &html::validation(&report, &past(&folder, &report)?))?),
        ("JUnit", file.beside("xml", &junit::checks(&report.envelope.project, &body.results))?),
    ];
    for format in formats {
        written.push(match format {
            ValidationFormat::Tap => ("TAP", file.beside("tap", &tap::checks(&body.results))?),
            ValidationFormat::Prometheus => {
                ("metrics", file.beside("prom", &exposition::validation(&report))?)
            }
        });
    }
    context.ui.note(format!("{:<8} {}", "report:", file.path.display()));
    for (what, path) in written {
        context.ui.note(format!("{:<8} {}", format!("{what}:"), path.display()));
    }
    Ok(report)
}

fn fill(body: &mut Validation, results: Vec<CheckResult>) {
    body.counts = Counts::of(&results);
    body.categories = verdict::by_category(&results);
    body.results = results;
}

const fn severity(word: FailOn) -> Severity {
    match word {
        FailOn::Info => Severity::Info,
        FailOn::Minor => Severity::Minor,
        FailOn::Major => Severity::Major,
        FailOn::Blocker => Severity::Blocker,
    }
}

/// The report that `--compare` names: a file, or the last finished one of the same scope.
fn earlier(settings: &Settings, word: &str, selection: &Selection) -> Result<Report<Validation>> {
    if word != "last" {
        return read(Path::new(word))
            .map_err(|error| Failure::usage(format!("--compare: {word}: {error:#}")).into());
    }
    let is_partial = !selection.only.is_empty() || !selection.skip.is_empty();
    for path in reports(&settings.backups(), PREFIX)?.into_iter().rev() {
        // A broken report of a killed run is no reason not to look at the one before.
        if let Ok(report) = read(&path)
            && report.envelope.finished_at.is_some()
            && (is_partial || (report.body.quick == selection.quick && !report.body.partial))
        {
            return Ok(report);
        }
    }
    Err(Failure::usage("--compare last: there is no finished report of this scope yet")
        .hint("run `stagectl validate` once, or name a report: --compare FILE")
        .into())
}

/// The finished runs of the same scope before this one, for the trend.
fn past(folder: &Path, report: &Report<Validation>) -> Result<Vec<html::Past>> {
    let paths = reports(folder, PREFIX)?;
    let runs = paths.iter().filter_map(|path| read(path).ok());
    Ok(runs
        .filter(|run| {
            run.envelope.finished_at.is_some()
                && run.envelope.run_id != report.envelope.run_id
                && (run.body.quick, run.body.partial) == (report.body.quick, report.body.partial)
        })
        .map(|run| html::Past { started_at: run.envelope.started_at, counts: run.body.counts })
        .collect())
}

fn read(path: &Path) -> Result<Report<Validation>> {
    Ok(serde_json::from_str(&fs_err::read_to_string(path)?)?)
}

/// One check in words.
fn explain(id: &str, json: bool) -> Result<String, Failure> {
    let all = registry::all();
    let Some(check) = all.iter().find(|check| check.id.eq_ignore_ascii_case(id)) else {
        return Err(Failure::usage(format!("--explain: there is no check `{id}`"))
            .hint("`stagectl validate --list` shows the ids"));
    };
    if json {
        return Ok(serde_json::to_string_pretty(&description(check)).unwrap_or_default());
    }
    let when = if check.quick { "always" } else { "without --quick" };
    let needs: Vec<&str> = check.needs.iter().map(|need| need.words()).collect();
    let needs = if needs.is_empty() { "nothing but its files".to_owned() } else { needs.join(", ") };
    Ok(format!(
        "{} {}\n\ncategory   {}\nseverity   {}\nruns       {when}, for at most {} s\nneeds      {needs}\n\
         expected   {}\nremedy     {}\nrun again  stagectl validate --only {}",
        check.id,
        check.title,
        check.category.word(),
        check.severity.word(),
        check.timeout.as_secs(),
        check.expected,
        check.remedy,
        check.id
    ))
}

fn description(check: &Check) -> serde_json::Value {
    serde_json::json!({
        "id": check.id,
        "category": check.category.word(),
        "title": check.title,
        "severity": check.severity,
        "quick": check.quick,
        "expected": check.expected,
        "remedy": check.remedy,
        "timeout_s": check.timeout.as_secs(),
        "needs": check.needs.iter().map(|need| need.words()).collect::<Vec<_>>(),
    })
}

/// The checks without running them.
fn list(planned: &[Planned<'_>], json: bool) -> String {
    if json {
        let checks: Vec<_> = planned
            .iter()
            .map(|plan| {
                let mut description = description(plan.check);
                description["skip"] = plan.instead.map(|instead| instead.words()).into();
                description
            })
            .collect();
        return serde_json::to_string_pretty(&checks).unwrap_or_default();
    }
    let mut out = String::new();
    for plan in planned {
        let when = if plan.check.quick { "quick" } else { "full " };
        let skip = plan.instead.map_or_else(String::new, |instead| format!(" ({})", instead.words()));
        out.push_str(&format!(
            "{}  {:<14}  {when}  {}{skip}\n",
            plan.check.id,
            plan.check.category.word(),
            plan.check.title
        ));
    }
    out
}
