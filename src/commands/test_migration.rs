//! `stagectl test-migration`.

use anyhow::{Context as _, Result};

use super::Context;
use super::migration_subject::Subject;
use crate::cli::TestMigrationArgs;
use crate::clock;
use crate::exit;
use crate::migration::{self, Action, Category, Clones, Inputs, Lab, Prepared, Step};
use crate::model::DatabaseAddress;
use crate::postgres::Session;
use crate::report::migration::{MigrationBody, MigrationStep};
use crate::report::{Counts, Envelope, Report, Status, Verdict, html, junit, text};
use crate::store::{Lock, ReportFile, new_run_id};
use crate::ui::Ui;

pub async fn run(context: &Context, args: TestMigrationArgs) -> Result<u8> {
    let subject = Subject::resolve(&context.root, &args.source)?;
    let categories: Vec<Category> = Category::ALL
        .into_iter()
        .filter(|c| {
            *c == Category::Prerequisites || args.only.is_empty() || args.only.iter().any(|w| w == c.word())
        })
        .collect();
    let (admin, user) = (subject.admin.clone(), subject.user.clone());
    if args.dry_run {
        let role = subject.inputs.config.role.as_ref().unwrap_or(&user.user);
        let plan = migration::plan(&subject.inputs, &admin.name, role, &categories);
        let json = context.ui.options.json;
        context.ui.data(&if json { serde_json::to_string_pretty(&plan)? } else { plan.text() });
        return Ok(exit::OK);
    }
    let _lock = Lock::acquire(&subject.root, "test-migration")?;
    let now = clock::now();
    let run_id = new_run_id(now);
    // A part of a test is no proof of readiness, so its report has a name of its own.
    let whole = categories.len() == Category::ALL.len();
    let prefix = if whole { "migration-test-report" } else { "migration-test-partial" };
    let mut run = Run {
        file: ReportFile::new(&subject.reports, prefix, now),
        report: Report {
            envelope: Envelope::begin("migration", &subject.project, &run_id, &context.command_line, now),
            body: body(&subject.inputs, &admin.name, &categories),
        },
        ui: context.ui.clone(),
        keep_clone: args.keep_clone,
    };
    run.file.save(&run.report)?;
    let outcome = context.interrupt.guard(Box::pin(run.work(subject, &run_id, &categories))).await;
    // Whatever happened, no clone and no session of this run stays.
    let cleaned = async { Clones::open(admin, user, &run_id).await?.sweep().await }.await;
    if let Err(error) = outcome {
        run.report.envelope.summary = format!("stopped: {error:#}");
        // What stopped the run is what its user must read; the rest is said beside it.
        for more in [run.file.save(&run.report), cleaned.map(drop).context("drop the clones")] {
            if let Err(more) = more {
                run.ui.warn(format!("{more:#}"));
            }
        }
        return Err(error);
    }
    cleaned.context("drop the clones")?;
    run.finish()
}

fn body(inputs: &Inputs, database: &str, categories: &[Category]) -> MigrationBody {
    MigrationBody {
        database: database.to_owned(),
        categories: categories.iter().map(|c| c.word().to_owned()).collect(),
        steps: described(&inputs.steps),
        ..MigrationBody::default()
    }
}

fn described(steps: &[Step]) -> Vec<MigrationStep> {
    steps
        .iter()
        .map(|step| MigrationStep {
            name: step.name.clone(),
            up_statements: step.up.count(),
            down_statements: step.down.as_ref().map(Action::count),
            transaction: step.up.transaction(),
        })
        .collect()
}

/// One run and its report, which is rewritten after every category.
struct Run {
    file: ReportFile,
    report: Report<MigrationBody>,
    ui: Ui,
    keep_clone: bool,
}

impl Run {
    async fn work(&mut self, subject: Subject, run_id: &str, categories: &[Category]) -> Result<()> {
        let Subject { inputs, admin, user, is_twin, .. } = subject;
        self.ui.phase(Category::Prerequisites.word());
        let mut clones = Clones::open(admin.clone(), user.clone(), run_id).await?;
        clones.role.clone_from(&inputs.config.role);
        for stale in clones.sweep().await? {
            self.ui.note(format!("dropped {stale}, which a killed run had left"));
        }
        let Prepared { results, server_version, steps, original, lab } =
            migration::prepare(inputs, clones, &self.ui).await?;
        self.report.body.server_version = server_version;
        self.report.body.steps = described(&steps);
        self.report.body.checks.extend(results);
        self.show(0)?;
        // Without its prerequisites nothing is tried; the failures say why.
        let Some(mut lab) = lab else { return Ok(()) };
        for category in categories.iter().filter(|c| **c != Category::Prerequisites) {
            self.ui.phase(category.word());
            let shown = self.report.body.checks.len();
            Box::pin(migration::run(*category, &mut lab, &mut self.report.body)).await?;
            self.show(shown)?;
        }
        let shown = self.report.body.checks.len();
        self.report.body.checks.push(migration::untouched(&admin, &original).await?);
        self.show(shown)?;
        let base = lab.clones.as_admin(&lab.base).await?;
        if is_twin {
            self.record(&lab, &base, &user, run_id).await?;
        }
        drop(base);
        if self.keep_clone {
            let migrated = lab.migrated().await?;
            let kept = lab.clones.keep(&migrated.clone).await?;
            self.ui
                .note(format!("kept the migrated clone as `{kept}`; drop it with DROP DATABASE \"{kept}\""));
            self.report.body.kept_clone = Some(kept);
        }
        Ok(())
    }

    /// Notes the results in the twin's own schema.
    async fn record(&self, lab: &Lab, base: &Session, user: &DatabaseAddress, run_id: &str) -> Result<()> {
        let all_converted =
            self.report.body.checks.iter().any(|c| c.id == "MIG-LOG-002" && c.status == Status::Pass);
        let converted = if all_converted {
            migration::converted(base, &lab.tables, &lab.inputs.config.conversions).await?
        } else {
            Vec::new()
        };
        if let Err(error) = migration::record(user, run_id, &self.report.body, &converted).await {
            self.ui.warn(format!("the results are in the report, but not in staging_migrations: {error:#}"));
        }
        Ok(())
    }

    /// Shows the results from `first` on, and saves the report.
    fn show(&mut self, first: usize) -> Result<()> {
        let body = &mut self.report.body;
        body.counts = Counts::of(&body.checks);
        for check in &body.checks[first..] {
            let what = format!("{} {}", check.id, check.title);
            match check.status {
                Status::Fail | Status::Error => self.ui.step_failed(&check.id, &what, &check.found),
                Status::Warn => self.ui.warn(format!("{what}: {}", check.found)),
                Status::Skip => self.ui.detail(format!("{what}: not run, {}", check.found)),
                Status::Pass => self.ui.step_done(&check.id, &what, check.duration_ms),
            }
        }
        self.file.save(&self.report)
    }

    fn finish(mut self) -> Result<u8> {
        let body = &mut self.report.body;
        body.checks.sort_by_key(|check| Category::parse(&check.category));
        let verdict = Verdict::over(&body.checks);
        let names: Vec<&str> = body.steps.iter().map(|step| step.name.as_str()).collect();
        let partial = body.categories.len() < Category::ALL.len();
        let summary = match verdict {
            Verdict::Ready | Verdict::ReadyWithWarnings => {
                format!("{} can be applied and taken back", names.join(", "))
            }
            Verdict::NotReady => {
                let failed: Vec<&str> =
                    body.checks.iter().filter(|c| c.status == Status::Fail).map(|c| c.id.as_str()).collect();
                format!("{} is not ready: {}", names.join(", "), failed.join(", "))
            }
            Verdict::Incomplete => "something could not be checked".to_owned(),
        };
        let summary =
            if partial { format!("{summary} (only {})", body.categories.join(", ")) } else { summary };
        self.report.envelope.finish(verdict, summary, clock::now());
        self.file.save(&self.report)?;
        self.file.beside("html", &html::migration(&self.report))?;
        let project = &self.report.envelope.project;
        self.file.beside("xml", &junit::checks(project, &self.report.body.results()))?;
        if self.ui.options.json {
            self.ui.data(&serde_json::to_string_pretty(&self.report)?);
        } else {
            let body = &self.report.body;
            self.ui.data(&text::checks(&body.checks, self.ui.options.verbose));
            if let Some(stairway) = &body.stairway {
                self.ui.data(&stairway.line());
            }
            self.ui.data(&text::verdict(verdict, body.counts));
            self.ui
                .note(format!("report: {} (also as .html, and as .xml for JUnit)", self.file.path.display()));
        }
        Ok(verdict.exit_code())
    }
}
