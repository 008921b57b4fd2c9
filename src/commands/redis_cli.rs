//! `stagectl redis-cli`.

use anyhow::Result;

use super::containers::Place;
use super::{Context, terminal};
use crate::cli::RedisCliArgs;
use crate::engine::{Container, ExecInput};
use crate::stack::twin;

/// What the images of such servers are called.
const IMAGES: [&str; 4] = ["redis", "valkey", "keydb", "dragonfly"];

pub async fn run(context: &Context, args: RedisCliArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let container = twin::server(&engine, &project, args.service.as_deref(), &IMAGES).await?;
    let mut command = vec!["redis-cli".to_owned()];
    command.extend(args.args);
    // The environment, and not the command line: arguments can be seen by every process.
    let env = password(&container).map(|password| format!("REDISCLI_AUTH={password}")).into_iter().collect();
    let input = ExecInput { command, env, tty: true, stdin: true, ..ExecInput::default() };
    terminal::run(context, &engine, &container.id, input).await
}

/// The password that the container itself was given.
fn password(container: &Container) -> Option<String> {
    let words: Vec<&String> = container.entrypoint.iter().chain(&container.command).collect();
    let argument = words.iter().position(|word| *word == "--requirepass").and_then(|at| words.get(at + 1));
    container.variable("REDIS_PASSWORD").or(argument.map(|word| word.as_str())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_containers_own() {
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let by_env = Container { env: words(&["A=b", "REDIS_PASSWORD=x=y"]), ..Container::default() };
        assert_eq!(password(&by_env).as_deref(), Some("x=y"));
        let command = words(&["redis-server", "--requirepass", "p"]);
        assert_eq!(password(&Container { command, ..Container::default() }).as_deref(), Some("p"));
        assert_eq!(password(&Container::default()), None);
    }
}
