//! What `test-migration` and `migrate` work on: the twin that stagectl.yml describes, or any
//! PostgreSQL database that a URL names; and which migration, from the configuration or from flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::production_rows;
use crate::cli::MigrationSource;
use crate::config::Settings;
use crate::config::migration::{Commands, Layout, Migration, StepNames};
use crate::config::validation::Validation;
use crate::failure::Failure;
use crate::migration::{self, Inputs};
use crate::model::DatabaseAddress;
use crate::postgres;

/// The folder of reports where there is no stagectl.yml.
const REPORTS: &str = "staging-backups";
/// The variable that holds production's URL, by the convention of stagectl.yml.
const PRODUCTION: &str = "PRODUCTION_DATABASE_URL";

/// A database and a migration for it.
pub struct Subject {
    pub project: String,
    /// The folder of the lock.
    pub root: PathBuf,
    /// The folder of the reports.
    pub reports: PathBuf,
    pub inputs: Inputs,
    /// The role that makes databases and sees every row.
    pub admin: DatabaseAddress,
    /// The migration's own role.
    pub user: DatabaseAddress,
    /// False: somebody else's database, in which not even results are written.
    pub is_twin: bool,
}

impl Subject {
    /// The database of `--database`, else the twin's.
    pub fn resolve(root: &Path, source: &MigrationSource) -> Result<Self> {
        match &source.database {
            Some(url) => Self::standalone(root, url, source),
            None => Self::twin(&Settings::load(root)?, source),
        }
    }

    fn twin(settings: &Settings, source: &MigrationSource) -> Result<Self> {
        let mut config = config(settings.config.migration.clone(), source)?;
        config.layout = layout(&settings.root, &config, source)?;
        for (table, rows) in production_rows::of_the_newest_copy(&settings.backups())? {
            config.production_rows.entry(table).or_insert(rows);
        }
        let queries = if config.queries.is_empty() {
            settings.config.validation.queries.clone()
        } else {
            config.queries.clone()
        };
        let service = &settings.database()?.service;
        let name = settings.service(service)?.container_name.clone();
        let container = name.unwrap_or_else(|| format!("{}-{service}-1", settings.config.project));
        Ok(Self {
            project: settings.config.project.clone(),
            root: settings.root.clone(),
            reports: settings.backups(),
            inputs: Inputs {
                steps: steps(&settings.root, &config, source)?,
                config,
                queries,
                root: settings.root.clone(),
                container: Some(container),
                query_ms: settings.config.validation.query_ms,
            },
            admin: settings.database_admin()?,
            user: settings.database_user()?,
            is_twin: true,
        })
    }

    fn standalone(root: &Path, url: &str, source: &MigrationSource) -> Result<Self> {
        let admin = postgres::address(url)?;
        let user = source.role_url.as_deref().map_or_else(|| Ok(admin.clone()), postgres::address)?;
        let production = std::env::var(PRODUCTION).ok();
        for address in [&admin, &user] {
            if let Some(why) = production_marker(address, production.as_deref()) {
                return Err(Failure::refused(format!("{why}: stagectl opens no production for a test"))
                    .hint("restore a copy under another name, and give that one's URL")
                    .into());
            }
        }
        if user.name != admin.name {
            return Err(Failure::usage(format!(
                "--role-url names the database `{}`, and --database `{}`",
                user.name, admin.name
            ))
            .hint("give the same server and database, and another role")
            .into());
        }
        let mut config = config(None, source)?;
        config.layout = layout(root, &config, source)?;
        Ok(Self {
            project: admin.name.clone(),
            root: root.to_owned(),
            reports: root.join(REPORTS),
            inputs: Inputs {
                steps: steps(root, &config, source)?,
                queries: config.queries.clone(),
                config,
                root: root.to_owned(),
                container: None,
                query_ms: Validation::default().query_ms,
            },
            admin,
            user,
            is_twin: false,
        })
    }
}

/// The configured migration with what the flags say instead.
fn config(configured: Option<Migration>, source: &MigrationSource) -> Result<Migration> {
    let from_flags = source.migrations.is_some() || source.up.is_some() || source.up_command.is_some();
    let mut config = match configured {
        Some(config) => config,
        None if from_flags || source.layout.is_some() => Migration::default(),
        None => {
            return Err(Failure::config("no migration is named")
                .hint(
                    "add the `migration` section with its `path` to stagectl.yml, or give --migrations PATH",
                )
                .into());
        }
    };
    if from_flags {
        (config.path, config.layout, config.commands) = (".".to_owned(), Layout::Auto, None);
    }
    if let Some(path) = &source.migrations {
        config.path = path.display().to_string();
    }
    if let Some(layout) = source.layout {
        config.layout = layout;
    }
    if let Some(up) = &source.up_command {
        config.commands = Some(Commands {
            down: source.down_command.clone(),
            steps: source.steps_command.clone().map(StepNames::Command),
            ..Commands::of(up)
        });
    }
    if !source.environment.is_empty() {
        let mut commands = migration::commands(&config).ok_or_else(|| {
            Failure::usage("--environment is for commands")
                .hint("give --up-command or `--layout alembic` as well")
        })?;
        commands.environment.extend(environment(&source.environment)?);
        config.commands = Some(commands);
    }
    config.all |= source.all_migrations;
    config.role = source.role.clone().or(config.role);
    config.small_tablespace = source.small_tablespace.clone().or(config.small_tablespace);
    config.clone = source.clone.unwrap_or(config.clone);
    config.production_rows.extend(production_rows::of_flags(&source.production_rows)?);
    Ok(config)
}

/// Two files have no layout.
fn layout(root: &Path, config: &Migration, source: &MigrationSource) -> Result<Layout> {
    if source.up.is_some() { Ok(Layout::Plain) } else { Ok(migration::detect(root, config)?) }
}

fn steps(root: &Path, config: &Migration, source: &MigrationSource) -> Result<Vec<migration::Step>> {
    match &source.up {
        Some(up) => Ok(vec![migration::load_files(up, source.down.as_deref(), config)?]),
        None => Ok(migration::load(root, config)?),
    }
}

fn environment(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |pair: &String| -> Result<(String, String)> {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| Failure::usage("--environment takes NAME=VALUE"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    pairs.iter().map(pair).collect()
}

/// Why an address must be taken for production. A word of a name counts whole: `products` is none.
fn production_marker(address: &DatabaseAddress, production: Option<&str>) -> Option<String> {
    let target = production.and_then(|url| postgres::address(url).ok());
    if target.is_some_and(|t| {
        (t.host, t.port, t.name) == (address.host.clone(), address.port, address.name.clone())
    }) {
        return Some(format!("the URL names the database of {PRODUCTION}"));
    }
    [("host", &address.host), ("database", &address.name), ("role", &address.user)].into_iter().find_map(
        |(what, name)| {
            let word = name.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
                ["prod", "production", "prd", "live"].contains(&word.to_ascii_lowercase().as_str())
            })?;
            Some(format!("the {what} `{name}` says `{word}`"))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_calls_itself_production_is_refused_and_a_product_is_not() {
        let marker = |url: &str| {
            production_marker(&postgres::address(url).unwrap(), Some("postgresql://x@db.example:5433/shop"))
        };
        for url in [
            "postgresql://u@db.prod.example/shop",
            "postgresql://u@h/shop_production",
            "postgresql://u@h/LIVE",
            "postgresql://prod@h/shop",
            "postgresql://u@db.example:5433/shop",
        ] {
            assert!(marker(url).is_some(), "{url}");
        }
        for url in
            ["postgresql://u@h/products", "postgresql://u@delivery/shop", "postgresql://u@db.example/shop"]
        {
            assert_eq!(marker(url), None, "{url}");
        }
    }
}
