//! Whole paths: from the proxy to the application, from the application to its stores.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio_postgres::SimpleQueryMessage;

use crate::config::services::Role;
use crate::engine::Container;
use crate::http::Request;
use crate::model::quote_literal;
use crate::postgres::explain;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::reach::{Reach, reach};
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { severity: Severity::Blocker, ..Check::base(Category::Integration) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "INT-002",
        title: "the proxy reaches every upstream",
        quick: true,
        needs: &[Need::Engine],
        expected: "each upstream of `proxy.upstreams` accepts a connection from inside the proxy's container",
        remedy: "the proxy and the upstream need a network in common; check the upstream's port",
        timeout: Duration::from_secs(20),
        run: |facts| Box::pin(upstreams(facts)),
        ..BASE
    },
    Check {
        id: "INT-003",
        title: "a request can be followed from the proxy to the application",
        severity: Severity::Major,
        needs: &[Need::Engine, Need::Http],
        expected: "the X-Request-ID of the proxy's answer stands in the application's log",
        remedy: "the proxy must pass X-Request-ID on, and the application must log it",
        timeout: Duration::from_secs(15),
        run: |facts| Box::pin(traced(facts)),
        ..BASE
    },
    Check {
        id: "INT-004",
        title: "the application works with the twin's database",
        needs: &[Need::Engine, Need::DatabaseAdmin],
        expected: "a session of the application's role from the application's own address",
        remedy: "check DATABASE_URL of the application: it must name the twin's service, database and role",
        run: |facts| Box::pin(application_in_database(facts)),
        ..BASE
    },
    Check {
        id: "INT-005",
        title: "the application works with the twin's cache",
        needs: &[Need::Engine, Need::Cache],
        expected: "a connection from the application's own address",
        remedy: "check REDIS_URL of the application: it must name the twin's service and password",
        run: |facts| Box::pin(application_in_cache(facts)),
        ..BASE
    },
];

async fn upstreams(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let Some(proxy) = &facts.settings.config.proxy else {
        return Outcome::skip("stagectl.yml has no `proxy`");
    };
    let Some(from) = facts.containers_of(&proxy.service).find(|c| c.state.running) else {
        return Outcome::fail("the proxy does not run");
    };
    let tried = join_all(proxy.upstreams.values().map(|upstream| async move {
        (upstream, reach(engine, &from.id, &upstream.service, upstream.port).await)
    }))
    .await;
    if tried.iter().any(|(_, reach)| *reach == Reach::Unknown) {
        return Outcome::error(format!("no tool in the image of {} to try with", from.name));
    }
    let problems = tried
        .iter()
        .filter(|(_, reach)| *reach == Reach::Closed)
        .map(|(upstream, _)| format!("{} cannot reach {}:{}", from.name, upstream.service, upstream.port))
        .collect();
    Outcome::none(problems, tried.len(), "upstreams reached")
}

const REQUEST_ID: &str = "x-request-id";
/// How long a line may take from the application to the engine's log.
const LOG_PATIENCE: Duration = Duration::from_secs(3);

async fn traced(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let edge = match facts.front.edge() {
        Ok(edge) => edge,
        Err(error) => return Outcome::error(error),
    };
    let applications: Vec<&Container> =
        facts.running().filter(|container| facts.role(container) == Role::App).collect();
    let answer = match edge.send(&Request::get(&facts.settings.config.validation.health_path)).await {
        Ok(answer) => answer,
        Err(error) => return Outcome::fail(error),
    };
    let Some(id) = answer.header(REQUEST_ID).filter(|id| id.len() >= 8) else {
        return Outcome::fail("the proxy's answer has no X-Request-ID");
    };
    let begun = Instant::now();
    loop {
        for container in &applications {
            match engine.last_lines(&container.id, 200).await {
                Ok(lines) if lines.iter().any(|line| line.contains(id)) => {
                    return Outcome::pass(format!("{} logged the request's id", container.name));
                }
                Ok(_) => {}
                Err(error) => return Outcome::error(format!("{error:#}")),
            }
        }
        if begun.elapsed() > LOG_PATIENCE {
            return Outcome::fail("the application did not log the request's id");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The addresses of the application's containers.
fn application_addresses(facts: &Facts) -> Vec<String> {
    let applications = facts.running().filter(|container| facts.role(container) == Role::App);
    applications
        .flat_map(|container: &Container| container.networks.values().map(|end| end.address.clone()))
        .filter(|address| !address.is_empty())
        .collect()
}

async fn application_in_database(facts: &Facts) -> Outcome {
    let (Ok(session), Ok(database)) = (&facts.admin, facts.settings.database()) else {
        return Outcome::error("no session");
    };
    let addresses = application_addresses(facts);
    if addresses.is_empty() {
        return Outcome::error("no container with the role `app` runs");
    }
    let sql = format!(
        "SELECT DISTINCT host(client_addr), usename FROM pg_stat_activity WHERE datname = {} AND client_addr IS NOT NULL",
        quote_literal(&database.name)
    );
    match session.simple_query(&sql).await {
        Ok(messages) => {
            let sessions: Vec<(String, String)> = messages
                .iter()
                .filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())),
                    _ => None,
                })
                .collect();
            judge_sessions(&sessions, &addresses, &database.user)
        }
        Err(error) => Outcome::error(explain(&error)),
    }
}

/// Address and role of each session, the application's addresses, the role it should have.
fn judge_sessions(sessions: &[(String, String)], addresses: &[String], role: &str) -> Outcome {
    let own: Vec<&(String, String)> = sessions.iter().filter(|(from, _)| addresses.contains(from)).collect();
    if own.is_empty() {
        return Outcome::fail("the application has no session in the twin's database");
    }
    match own.iter().find(|(_, user)| user != role) {
        Some((_, other)) => Outcome::fail(format!("the application works as `{other}`, not as `{role}`")),
        None => Outcome::pass(format!("the application has a session as `{role}`")),
    }
}

async fn application_in_cache(facts: &Facts) -> Outcome {
    let Ok(probe) = &facts.cache else { return Outcome::error("no connection") };
    let addresses = application_addresses(facts);
    if addresses.is_empty() {
        return Outcome::error("no container with the role `app` runs");
    }
    match probe.clients().await {
        Ok(clients) if clients.iter().any(|client| addresses.contains(client)) => {
            Outcome::pass("the application is connected")
        }
        Ok(_) => Outcome::fail("the application has no connection to the twin's cache"),
        Err(error) => Outcome::error(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    #[test]
    fn an_application_that_works_elsewhere_or_as_another_role_is_seen() {
        let session = |from: &str, user: &str| (from.to_owned(), user.to_owned());
        let own = ["10.0.0.2".to_owned()];
        let status = |sessions: &[(String, String)]| judge_sessions(sessions, &own, "app").status;
        assert_eq!(status(&[session("10.0.0.2", "app"), session("10.0.0.9", "postgres")]), Status::Pass);
        assert_eq!(status(&[session("10.0.0.2", "postgres")]), Status::Fail);
        assert_eq!(status(&[session("10.0.0.9", "app")]), Status::Fail);
    }
}
