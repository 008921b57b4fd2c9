//! `stagectl copy-data`, second half: backup, copy, proof and swap, written down in the report.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::{Context, copy_cache};
use crate::backup;
use crate::clock;
use crate::config::Settings;
use crate::data::job::Extent;
use crate::data::prepare::Prepared;
use crate::data::target::Target;
use crate::data::{apply, swap::Databases};
use crate::engine::Engine;
use crate::exit;
use crate::failure::Failure;
use crate::model::DatabaseAddress;
use crate::postgres::connect;
use crate::postgres::programs::Place;
use crate::report::copy::{BackupRecord, CopyBody};
use crate::report::{Envelope, Report, Verdict, html};
use crate::stack::twin;
use crate::store::{ReportFile, new_run_id};

/// Who asked for the copy, and where what it writes goes.
pub struct Asked {
    /// That of stagectl.yml; `None` for a copy between two URLs.
    pub stack: Option<Settings>,
    /// For reports.
    pub project: String,
    /// Reports and backups.
    pub folder: PathBuf,
    /// Whether the replaced database was there, and who uses it.
    pub target: Target,
}

/// Applies what was prepared. The caller holds the project's lock.
pub async fn run(context: &Context, prepared: Prepared, asked: Asked) -> Result<u8> {
    let admin = prepared.job.admin.clone();
    confirm(context, &admin, &asked)?;
    let now = clock::now();
    let databases = Databases::open(&admin).await?;
    databases.lock().await?;
    let file = ReportFile::new(&asked.folder, "test-data-summary", now);
    let mut report = Report {
        envelope: Envelope::begin("copy", &asked.project, &new_run_id(now), &context.command_line, now),
        body: body(&prepared)?,
    };
    file.save(&report)?;
    for stale in databases.sweep().await? {
        context.ui.note(format!("dropped {stale}, which a killed run had left"));
    }
    let work = Box::pin(work(context, &prepared, &databases, &asked, &file, &mut report));
    let outcome = context.interrupt.guard(work).await;
    if let Err(error) = outcome {
        // Whatever happened, the live database is whole: before the swap it was only read.
        // The session that was interrupted may still be at work; its lock goes with it.
        drop(databases);
        let cleaned = async {
            let databases = Databases::open(&admin).await?;
            databases.lock().await?;
            databases.sweep().await
        }
        .await;
        report.envelope.finish(Verdict::NotReady, format!("stopped: {error:#}"), clock::now());
        // What stopped the run is what its user must read; the rest is said beside it.
        for more in [file.save(&report), cleaned.map(drop).context("drop the unfinished database")] {
            if let Err(more) = more {
                context.ui.warn(format!("{more:#}"));
            }
        }
        return Err(error);
    }
    let values = report.body.leak_check.as_ref().map_or(0, |check| check.values);
    let summary = format!(
        "{} rows of {} tables are in {}; none of {values} personal values of production is among them",
        report.body.rows,
        report.body.tables.len(),
        admin.name
    );
    let verdict = if report.body.warnings.is_empty() { Verdict::Ready } else { Verdict::ReadyWithWarnings };
    report.envelope.finish(verdict, summary, clock::now());
    file.save(&report)?;
    let page = file.beside("html", &html::copy(&report))?;
    if context.ui.options.json {
        context.ui.data(&serde_json::to_string_pretty(&report)?);
    } else {
        context.ui.data(&report.envelope.summary);
        if let Some(previous) = &report.body.previous_database {
            let how = if asked.stack.is_some() { "" } else { " --to URL" };
            context.ui.note(format!(
                "what was live is kept as {previous}; `stagectl rollback data{how}` puts it back"
            ));
        }
        context.ui.note(format!("report: {}", file.path.display()));
        context.ui.note(format!("HTML:   {}", page.display()));
    }
    Ok(exit::OK)
}

/// Asks before rows that somebody may want are replaced.
fn confirm(context: &Context, admin: &DatabaseAddress, asked: &Asked) -> Result<()> {
    let Some(found) = &asked.target.found else { return Ok(()) };
    // The sessions of a stack are those of its own application.
    let sessions = if asked.stack.is_some() { 0 } else { found.sessions };
    if found.objects == 0 && sessions == 0 {
        return Ok(());
    }
    let in_use =
        if sessions > 0 { format!(", which {sessions} sessions of others use") } else { String::new() };
    if context.ui.confirm(&format!("Replace the data in {}{in_use}?", admin.name)) {
        return Ok(());
    }
    Err(Failure::refused(format!("the data in {}{in_use} would be replaced", admin.name))
        .hint("say it with --yes: `stagectl copy-data --yes`; what is there is backed up and kept first")
        .into())
}

async fn work(
    context: &Context,
    prepared: &Prepared,
    databases: &Databases,
    asked: &Asked,
    file: &ReportFile,
    report: &mut Report<CopyBody>,
) -> Result<()> {
    // Without an engine the programs of this machine may do.
    let engine = Engine::connect().await.ok();
    if asked.target.found.is_some() {
        back_up(context, &prepared.job.admin, engine.as_ref(), asked, file, report).await?;
    }
    let place = place(asked, engine.as_ref(), prepared.catalog.server_version / 10_000).await?;
    let ui = &context.ui;
    let (envelope, body) = (report.envelope.clone(), &mut report.body);
    let mut save = |body: &CopyBody| file.save(&Report { envelope: envelope.clone(), body: body.clone() });
    let proof = apply::run(prepared, databases, &place, envelope.started_at, ui, body, &mut save).await?;
    if let Some(settings) = &asked.stack {
        "cache".clone_into(&mut body.phase);
        save(body)?;
        body.cache = copy_cache::apply(context, settings, &proof, &envelope.run_id).await?;
    }
    "done".clone_into(&mut body.phase);
    save(body)
}

/// Writes staging as it is into a file, before anything else is done; where it is empty, nothing.
async fn back_up(
    context: &Context,
    admin: &DatabaseAddress,
    engine: Option<&Engine>,
    asked: &Asked,
    file: &ReportFile,
    report: &mut Report<CopyBody>,
) -> Result<()> {
    let ui = &context.ui;
    ui.phase("Back up staging");
    "backup".clone_into(&mut report.body.phase);
    file.save(report)?;
    let version = version(&connect(admin).await?).await?;
    report.body.staging_version = dotted(version);
    // What the twin itself has written there is carried over.
    if asked.target.found.as_ref().is_some_and(|found| found.objects == 0) {
        return Ok(());
    }
    let place = match container(engine, asked).await {
        Some(place) => place,
        None => place(asked, engine, version / 10_000).await?,
    };
    ui.step_started("backup", "back up the staging database");
    let start = std::time::Instant::now();
    let backup = backup::dump(&place, admin, &asked.folder, report.envelope.started_at).await?;
    let root = asked.stack.as_ref().map_or(context.root.as_path(), |settings| &settings.root);
    let name = backup.path.strip_prefix(root).unwrap_or(&backup.path).display().to_string();
    let what = format!("back up the staging database to {name}");
    ui.step_done("backup", &what, start.elapsed().as_millis() as u64);
    report.body.backup = Some(BackupRecord { path: name, bytes: backup.bytes });
    Ok(())
}

/// The running container of the stack's database.
async fn container(engine: Option<&Engine>, asked: &Asked) -> Option<Place> {
    let (engine, settings) = (engine?, asked.stack.as_ref()?);
    let service = &settings.database().ok()?.service;
    let container = twin::running(engine, &settings.config.project, service).await.ok()?.id;
    Some(Place::Inside { engine: engine.clone(), container })
}

/// Where pg_dump of at least this major version runs.
async fn place(asked: &Asked, engine: Option<&Engine>, major: u32) -> Result<Place> {
    let image = match &asked.stack {
        Some(settings) => {
            let service = settings.service(&settings.database()?.service)?;
            settings.image(service.image.as_deref().unwrap_or_default()).to_owned()
        }
        None => format!("postgres:{major}"),
    };
    let project = if asked.stack.is_some() { asked.project.as_str() } else { "stagectl-copy" };
    Place::for_version(major, engine, project, &image).await
}

fn body(prepared: &Prepared) -> Result<CopyBody> {
    let job = &prepared.job;
    let decided = serde_json::to_vec(&(&job.copy, &job.masking))?;
    let hash =
        Sha256::digest(&decided).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
    Ok(CopyBody {
        phase: "prepare".to_owned(),
        root: job.copy.root.clone(),
        limit: match job.extent {
            Extent::All => None,
            Extent::Roots(_) => {
                prepared.rim.as_ref().and_then(|rim| rim.routes.starts.first()).and_then(|start| start.limit)
            }
        },
        production_version: dotted(prepared.catalog.server_version),
        snapshot: prepared.snapshot_id.clone(),
        lsn: prepared.lsn.clone(),
        config_hash: hash,
        database: job.admin.name.clone(),
        warnings: prepared.plan.warnings.clone(),
        ..CopyBody::default()
    })
}

async fn version(session: &crate::postgres::Session) -> Result<u32> {
    let row = session.query_one("SELECT current_setting('server_version_num')::int", &[]).await?;
    Ok(row.get::<_, i32>(0).unsigned_abs())
}

/// 150018 is 15.18.
fn dotted(version: u32) -> String {
    format!("{}.{}", version / 10_000, version % 10_000)
}
