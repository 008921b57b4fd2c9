//! `stagectl migrate up|down`: the migration on the staging database itself.

use anyhow::Result;

use super::Context;
use super::migration_subject::Subject;
use crate::cli::{MigrateArgs, MigrateWhich};
use crate::clock;
use crate::exit;
use crate::failure::Failure;
use crate::migration::{Clones, Direction, MigratePlan, Migrated, migrate, observe};
use crate::report::migrate::MigrateBody;
use crate::report::{Envelope, Report, Verdict};
use crate::store::{Lock, ReportFile, new_run_id};

pub async fn run(context: &Context, args: MigrateArgs) -> Result<u8> {
    let (direction, args) = match args.which {
        MigrateWhich::Up(args) => (Direction::Up, args),
        MigrateWhich::Down(args) => (Direction::Down, args),
    };
    if args.source.database.is_some() {
        return Err(Failure::refused("migrate changes the twin's database only, and not that of --database")
            .hint("leave --database (STAGECTL_DATABASE_URL) out; test-migration works on clones of any database")
            .into());
    }
    let subject = Subject::resolve(&context.root, &args.source)?;
    let lock = if args.dry_run { None } else { Some(Lock::acquire(&subject.root, "migrate")?) };
    let now = clock::now();
    let run_id = new_run_id(now);
    let mut clones = Clones::open(subject.admin.clone(), subject.user.clone(), &run_id).await?;
    clones.role.clone_from(&subject.inputs.config.role);
    let observed = observe(&subject.inputs, &clones).await?;
    let database = subject.admin.name.clone();
    let plan = MigratePlan::make(&database, direction, subject.inputs.config.layout, &observed, args.steps)?;
    let json = context.ui.options.json;
    if args.dry_run || plan.is_empty() {
        context.ui.data(&if json { serde_json::to_string_pretty(&plan)? } else { plan.text() });
        return Ok(exit::OK);
    }
    if !context.ui.confirm(&format!(
        "Migrate {database} {} by {} step(s)?",
        direction.word(),
        plan.steps.len()
    )) {
        return Err(Failure::refused(format!("{database} would be migrated"))
            .hint("look at it with --dry-run, and say it with --yes")
            .into());
    }
    let mut report = Report {
        envelope: Envelope::begin("migrate", &subject.project, &run_id, &context.command_line, now),
        body: MigrateBody {
            database: database.clone(),
            direction: direction.word().to_owned(),
            run: run_id.clone(),
            ..MigrateBody::default()
        },
    };
    let file = ReportFile::new(&subject.reports, "migrate-report", now);
    file.save(&report)?;
    let talk = (&context.ui, &context.interrupt);
    let outcome = migrate(&plan, &subject.inputs, &clones, talk, &mut report.body).await;
    drop(lock);
    let (verdict, summary) = match &outcome {
        Ok(Migrated::Done) => {
            (Verdict::Ready, format!("{database}: {} {}", direction.word(), plan.steps.join(", ")))
        }
        Ok(Migrated::Returned(why)) => (Verdict::NotReady, format!("{database} is as before: {why}")),
        Err(error) => (Verdict::Incomplete, format!("stopped: {error:#}")),
    };
    report.envelope.finish(verdict, summary.clone(), clock::now());
    file.save(&report)?;
    context.ui.note(format!("report: {}", file.path.display()));
    if let Some(copy) = &report.body.copy {
        context.ui.note(format!("the state before is kept as `{copy}` until the next migration"));
    }
    for kept in &report.body.kept {
        context.ui.note(format!(
            "what the failed run left is kept as `{kept}`; DROP DATABASE \"{kept}\" when nobody needs it"
        ));
    }
    if json {
        context.ui.data(&serde_json::to_string_pretty(&report)?);
    }
    match outcome? {
        Migrated::Done => {
            if !json {
                context.ui.data(&format!("done: {summary}"));
            }
            Ok(exit::OK)
        }
        Migrated::Returned(_) if context.interrupt.is_set() => Err(Failure::interrupted().into()),
        Migrated::Returned(_) => Err(Failure::failed(summary)
            .hint("`stagectl test-migration` tries it on clones, with every finding")
            .into()),
    }
}
