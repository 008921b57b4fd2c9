//! `stagectl copy-data`, second half: backup, copy, proof and swap, written down in the report.

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::{Context, copy_cache};
use crate::backup;
use crate::clock;
use crate::config::Settings;
use crate::data::job::Extent;
use crate::data::prepare::Prepared;
use crate::data::{apply, swap::Databases};
use crate::engine::Engine;
use crate::exit;
use crate::failure::Failure;
use crate::postgres::connect;
use crate::postgres::programs::Place;
use crate::report::copy::{BackupRecord, CopyBody};
use crate::report::{Envelope, Report, Verdict};
use crate::stack::twin;
use crate::store::{ReportFile, new_run_id};

/// Applies what was prepared. The caller holds the project's lock.
pub async fn run(context: &Context, prepared: Prepared, settings: Settings) -> Result<u8> {
    let admin = settings.database_admin()?;
    confirm(context, &settings).await?;
    let now = clock::now();
    let file = ReportFile::new(&settings.backups(), "test-data-summary", now);
    let mut report = Report {
        envelope: Envelope::begin(
            "copy",
            &settings.config.project,
            &new_run_id(now),
            &context.command_line,
            now,
        ),
        body: body(&prepared)?,
    };
    file.save(&report)?;
    let databases = Databases::open(&admin).await?;
    for stale in databases.sweep().await? {
        context.ui.note(format!("dropped {stale}, which a killed run had left"));
    }
    let outcome =
        context.interrupt.guard(Box::pin(work(context, &prepared, &settings, &file, &mut report))).await;
    if let Err(error) = outcome {
        // Whatever happened, the live database is whole: before the swap it was only read.
        let cleaned = async { Databases::open(&admin).await?.sweep().await }.await;
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
    if context.ui.options.json {
        context.ui.data(&serde_json::to_string_pretty(&report)?);
    } else {
        context.ui.data(&report.envelope.summary);
        if let Some(previous) = &report.body.previous_database {
            context
                .ui
                .note(format!("what was live is kept as {previous}; `stagectl rollback data` puts it back"));
        }
        context.ui.note(format!("report: {}", file.path.display()));
    }
    Ok(exit::OK)
}

/// Asks before rows that somebody may want are replaced.
async fn confirm(context: &Context, settings: &Settings) -> Result<()> {
    let admin = settings.database_admin()?;
    let session = connect(&admin).await?;
    if backup::is_empty(&session).await? {
        return Ok(());
    }
    if context.ui.confirm(&format!("Replace the data in {}?", admin.name)) {
        return Ok(());
    }
    Err(Failure::refused(format!("the data in {} would be replaced", admin.name))
        .hint("say it with --yes: `stagectl copy-data --yes`; what is there is backed up and kept first")
        .into())
}

async fn work(
    context: &Context,
    prepared: &Prepared,
    settings: &Settings,
    file: &ReportFile,
    report: &mut Report<CopyBody>,
) -> Result<()> {
    let ui = &context.ui;
    let admin = settings.database_admin()?;
    // Without an engine the programs of this machine may do.
    let engine = Engine::connect().await.ok();
    let service = &settings.database()?.service;
    let image = settings.image(settings.service(service)?.image.as_deref().unwrap_or_default()).to_owned();
    let project = &settings.config.project;
    let version = version(&connect(&admin).await?).await?;

    ui.phase("Back up staging");
    "backup".clone_into(&mut report.body.phase);
    file.save(report)?;
    let container = match &engine {
        Some(engine) => twin::running(engine, project, service).await.ok().map(|container| container.id),
        None => None,
    };
    let place = match (&engine, container) {
        (Some(engine), Some(container)) => Place::Inside { engine: engine.clone(), container },
        _ => Place::for_version(version / 10_000, engine.as_ref(), project, &image).await?,
    };
    ui.step_started("backup", "back up the staging database");
    let start = std::time::Instant::now();
    let backup = backup::dump(&place, &admin, &settings.backups(), report.envelope.started_at).await?;
    let name = backup.path.strip_prefix(&settings.root).unwrap_or(&backup.path).display().to_string();
    let what = format!("back up the staging database to {name}");
    ui.step_done("backup", &what, start.elapsed().as_millis() as u64);
    report.body.backup = Some(BackupRecord { path: name, bytes: backup.bytes });
    report.body.staging_version = dotted(version);

    let major = prepared.catalog.server_version / 10_000;
    let place = Place::for_version(major, engine.as_ref(), project, &image).await?;
    let (envelope, body) = (report.envelope.clone(), &mut report.body);
    let mut save = |body: &CopyBody| file.save(&Report { envelope: envelope.clone(), body: body.clone() });
    let proof = apply::run(prepared, &place, envelope.started_at, ui, body, &mut save).await?;
    "cache".clone_into(&mut body.phase);
    save(body)?;
    body.cache = copy_cache::apply(context, settings, &proof, &envelope.run_id).await?;
    "done".clone_into(&mut body.phase);
    save(body)
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
