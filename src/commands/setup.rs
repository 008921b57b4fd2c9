//! `stagectl setup`: files, certificates, containers, schemas; one plan over all of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::Context;
use super::containers;
use crate::cli::SetupArgs;
use crate::clock;
use crate::compose::typed::Selection;
use crate::config::Settings;
use crate::engine::Engine;
use crate::exit;
use crate::failure::Failure;
use crate::postgres::{self, staging};
use crate::report::setup::{Change, Setup};
use crate::report::{Envelope, Report, Verdict};
use crate::stack::plan::Plan;
use crate::stack::source::{Choice, Source};
use crate::stack::{Twin, addresses, apply, certs, generate, journal, stop, twin};
use crate::store::{Lock, ReportFile, new_run_id};

pub async fn run(context: &Context, args: SetupArgs) -> Result<u8> {
    let settings = context.settings()?;
    refuse_shared(&settings)?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&settings.root, "setup")?) };
    let engine = Engine::connect().await?;
    let selection = Selection { all: args.all, profiles: args.profile.clone(), services: Vec::new() };
    if !args.dry_run {
        journal::recover(&engine, &settings.backups(), &context.ui).await?;
    }
    let now = clock::now();
    let planned = Planned {
        files: generate::plan(&settings, &generate::observe(&settings)?)?,
        certificates: match settings.config.proxy.is_some().then(|| certs::request(&settings)) {
            Some(request) => {
                let plan = certs::plan(&request, &certs::observe(&request)?, now, false);
                Some((request, plan))
            }
            None => None,
        },
    };
    // Whatever stands in the way of the containers is found before the first file is written.
    let (containers, _) =
        planned_twin(engine.clone(), &settings, &planned.files, &selection)?.plan_up(&selection).await?;
    if args.dry_run {
        show_plan(context, &planned, &containers)?;
        return Ok(exit::OK);
    }

    let envelope =
        Envelope::begin("setup", &settings.config.project, &new_run_id(now), &context.command_line, now);
    let file = ReportFile::new(&settings.backups(), "setup-report", now);
    let mut report = Report { envelope, body: Setup::default() };
    file.save(&report)?;
    let terms = Terms { limit: Duration::from_secs(args.wait_timeout), keep_failed: args.keep_failed };
    let result =
        steps(context, settings.clone(), engine, &selection, &planned, terms, &mut report.body).await;
    let (verdict, summary) = match &result {
        Ok(()) if report.body.changed => (Verdict::Ready, "the twin is up".to_owned()),
        Ok(()) => (Verdict::Ready, "nothing to do: everything is as it should be".to_owned()),
        Err(error) => {
            let text = format!("{error:#}");
            (Verdict::NotReady, text.lines().next().unwrap_or_default().to_owned())
        }
    };
    report.envelope.finish(verdict, summary, clock::now());
    file.save(&report)?;
    result?;
    if context.ui.options.json {
        context.ui.data(&serde_json::to_string_pretty(&report)?);
    } else {
        context.ui.data(&summary_text(&settings.root, &report, &file));
    }
    Ok(exit::OK)
}

/// How containers are waited for.
#[derive(Clone, Copy)]
struct Terms {
    limit: Duration,
    keep_failed: bool,
}

/// A twin that would touch production is not started.
fn refuse_shared(settings: &Settings) -> Result<()> {
    let shared = settings.shared_with_production()?.unwrap_or_default();
    let Some(first) = shared.first() else { return Ok(()) };
    let lines: Vec<String> =
        shared.iter().map(|one| format!("{} {} ({} of the twin)", one.kind, one.what, one.twin)).collect();
    Err(Failure::refused(format!("the twin would share this with production:\n  {}", lines.join("\n  ")))
        .hint("give the twin its own in the compose file that `compose.files` names")
        .hint(format!("or allow it: add `{}` to compose.production.share", first.permit()))
        .into())
}

/// What has to happen on the disk.
struct Planned {
    files: generate::Plan,
    certificates: Option<(certs::Request, certs::Plan)>,
}

async fn steps(
    context: &Context,
    mut settings: Settings,
    engine: Engine,
    selection: &Selection,
    planned: &Planned,
    terms: Terms,
    report: &mut Setup,
) -> Result<()> {
    let files = &planned.files;
    if !files.is_empty() {
        context.ui.phase("Write files");
        settings = generate::apply(&settings, files, &context.ui)?;
        report.files = files.changes().map(|action| action.path.display().to_string()).collect();
        report.secrets.clone_from(&files.secrets);
        report.changed = true;
    }
    let mut renewed = false;
    if let Some((request, plan)) = planned.certificates.as_ref().filter(|(_, plan)| !plan.is_empty()) {
        context.ui.phase("Make certificates");
        certs::apply(request, plan, clock::now(), &context.ui)?;
        report.certificates = plan.text().lines().map(|line| line.trim().to_owned()).collect();
        report.changed = true;
        renewed = true;
    }

    let root = &settings.root;
    let source = Source::generated(root, &Choice::default())?;
    let twin = Twin::open(engine, &source, selection)?;
    let (plan, _) =
        containers::start(context, &settings.backups(), &twin, selection, terms.limit, terms.keep_failed)
            .await?;
    report.containers = changes(&plan);
    report.changed |= !plan.is_empty();
    if renewed {
        reload_proxy(context, &settings, &twin, &plan, terms.limit).await?;
    }

    if settings.config.database.is_some() {
        let session = postgres::connect_when_up(&settings.database_user()?, terms.limit).await?;
        report.database = staging::ensure(&session).await?;
        report.changed |= !report.database.is_empty();
        if report.changed {
            let details = serde_json::json!({
                "files": report.files.len(),
                "certificates": report.certificates.len(),
                "containers": report.containers.len(),
                "tables": report.database,
            });
            staging::log(&session, "setup", &details).await?;
        }
    }
    let running: BTreeSet<String> = twin::containers(&twin.engine, &twin.project.name, &[])
        .await?
        .iter()
        .filter(|container| container.state.running)
        .map(|container| container.service().to_owned())
        .collect();
    report.addresses = addresses::addresses(&settings, &running);
    Ok(())
}

/// A proxy that was running before its certificate was made anew has the old one in memory.
async fn reload_proxy(
    context: &Context,
    settings: &Settings,
    twin: &Twin,
    plan: &Plan,
    limit: Duration,
) -> Result<()> {
    let Some(proxy) = &settings.config.proxy else { return Ok(()) };
    let project = &twin.project.name;
    let mut containers = twin::containers(&twin.engine, project, &[]).await?;
    containers.retain(|c| {
        c.service() == proxy.service
            && !plan.steps.iter().any(|step| step.action.changes() && step.action.object() == c.name)
    });
    let restart = stop::restart(&containers);
    apply::apply_forward(
        &containers::run(context, &twin.engine, &settings.backups(), project, limit),
        &restart,
    )
    .await
}

/// The twin as it will be when the planned files are on the disk.
fn planned_twin(
    engine: Engine,
    settings: &Settings,
    files: &generate::Plan,
    selection: &Selection,
) -> Result<Twin> {
    let source = Source::generated(&settings.root, &Choice::default())?;
    let project = source.load_from(selection, &mut |file| {
        let relative = file.strip_prefix(&source.directory).unwrap_or(file);
        Ok(files.content(relative).map(str::to_owned))
    })?;
    Ok(Twin { engine, project })
}

fn changes(plan: &Plan) -> Vec<Change> {
    plan.steps
        .iter()
        .filter(|step| step.action.changes())
        .map(|step| Change {
            action: step.action.verb().to_owned(),
            object: step.action.object().to_owned(),
            cause: step.cause.clone(),
        })
        .collect()
}

fn show_plan(context: &Context, planned: &Planned, plan: &Plan) -> Result<()> {
    let files = &planned.files;
    let certificates = planned.certificates.as_ref().map(|(_, plan)| plan);
    if context.ui.options.json {
        let document = serde_json::json!({
            "applied": false,
            "files": files.json(),
            "certificates": certificates.map(certs::Plan::json),
            "containers": plan.json(),
        });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    let certificates_done = certificates.is_none_or(certs::Plan::is_empty);
    if files.is_empty() && certificates_done && plan.is_empty() {
        context.ui.data("nothing to do: files, certificates and containers are as they should be");
        return Ok(());
    }
    for warning in &plan.warnings {
        context.ui.warn(warning);
    }
    let mut text = format!("Files\n{}", indented(&files.text(false)));
    if let Some(certificates) = certificates {
        text.push_str(&format!("Certificates\n{}", indented(&certificates.text())));
    }
    text.push_str("Containers\n");
    text.push_str(&indented(&if plan.is_empty() { "nothing to do".to_owned() } else { plan.text() }));
    context.ui.data(&text);
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |text, line| text + "  " + line + "\n")
}

fn summary_text(root: &Path, report: &Report<Setup>, file: &ReportFile) -> String {
    let body = &report.body;
    let mut text = report.envelope.summary.clone();
    if body.changed {
        let done = [
            (body.files.len(), "files"),
            (body.certificates.len(), "certificates"),
            (body.containers.len(), "changes to containers"),
            (body.database.len(), "tables"),
        ];
        let done: Vec<String> = done
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let seconds = report.envelope.duration_ms as f64 / 1000.0;
        text.push_str(&format!(" after {seconds:.1} s: {}", done.join(", ")));
    }
    text.push_str("\n\n");
    let width = body.addresses.iter().map(|address| address.what.len()).max().unwrap_or_default();
    for address in &body.addresses {
        text.push_str(&format!("  {:width$}  {}\n", address.what, address.url));
    }
    let path = file.path.strip_prefix(root).unwrap_or(&file.path);
    text.push_str(&format!("\nReport: {}\n", path.display()));
    text
}
