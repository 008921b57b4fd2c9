//! `stagectl psql`.

use anyhow::Result;
use secrecy::ExposeSecret as _;

use super::containers::Place;
use super::{Context, terminal};
use crate::cli::PsqlArgs;
use crate::engine::{Container, Engine, ExecInput};
use crate::stack::twin;

/// What the images of such servers are called.
const IMAGES: [&str; 5] = ["postgres", "postgis", "pgvector", "timescaledb", "postgresql"];

pub async fn run(context: &Context, args: PsqlArgs) -> Result<u8> {
    let (engine, container, mut env) = if args.project.is_given() || args.service.is_some() {
        let Place { engine, project, .. } = Place::open(context, &args.project).await?;
        let container = twin::server(&engine, &project, args.service.as_deref(), &IMAGES).await?;
        let env = environment(&container);
        (engine, container, env)
    } else {
        of_the_twin(context, args.admin).await?
    };
    env.push("PGAPPNAME=stagectl psql".to_owned());
    let mut command = vec!["psql".to_owned()];
    command.extend(args.args);
    let input = ExecInput { command, env, tty: true, stdin: true, ..ExecInput::default() };
    terminal::run(context, &engine, &container.id, input).await
}

/// The database that stagectl.yml names.
async fn of_the_twin(context: &Context, admin: bool) -> Result<(Engine, Container, Vec<String>)> {
    let settings = context.settings()?;
    let address = if admin { settings.database_admin()? } else { settings.database_user()? };
    let engine = Engine::connect().await?;
    let service = &settings.database()?.service;
    let container = twin::running(&engine, &settings.config.project, service).await?;
    // The environment, and not the command line: arguments can be seen by every process.
    let env = vec![
        format!("PGUSER={}", address.user),
        format!("PGDATABASE={}", address.name),
        format!("PGPASSWORD={}", address.password.expose_secret()),
    ];
    Ok((engine, container, env))
}

/// The user and the database that the container itself was told to make.
fn environment(container: &Container) -> Vec<String> {
    let user = container.variable("POSTGRES_USER").unwrap_or("postgres");
    let database = container.variable("POSTGRES_DB").unwrap_or(user);
    let mut env = vec![format!("PGUSER={user}"), format!("PGDATABASE={database}")];
    env.extend(container.variable("POSTGRES_PASSWORD").map(|password| format!("PGPASSWORD={password}")));
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_database_are_those_of_the_container() {
        let with = |env: &[&str]| {
            let env = env.iter().map(|&entry| entry.to_owned()).collect();
            environment(&Container { env, ..Container::default() })
        };
        assert_eq!(with(&[]), ["PGUSER=postgres", "PGDATABASE=postgres"]);
        assert_eq!(
            with(&["POSTGRES_USER=app", "POSTGRES_PASSWORD=p"]),
            ["PGUSER=app", "PGDATABASE=app", "PGPASSWORD=p"]
        );
        assert_eq!(with(&["POSTGRES_DB=shop"]), ["PGUSER=postgres", "PGDATABASE=shop"]);
    }
}
