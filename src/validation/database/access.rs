//! Does the database let the application in, and only as far as it needs?

use std::time::{Duration, Instant};

use super::rows;
use crate::report::Severity;
use crate::validation::facts::{Facts, Missing};
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { quick: true, ..Check::base(Category::Database) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "DB-001",
        title: "the database answers the application's role",
        severity: Severity::Blocker,
        expected: "a session with the role's password, and an answer within 100 ms",
        remedy: "`stagectl status`; the password in .env.staging must be the one that the volume was made with",
        run: |facts| Box::pin(answers(facts)),
        ..BASE
    },
    Check {
        id: "DB-007",
        title: "connections are free and nobody blocks",
        expected: "under 80 % of max_connections used, no transaction older than 60 s, no session waiting for a lock",
        remedy: "end idle transactions (`pg_terminate_backend`), or raise max_connections",
        needs: &[Need::DatabaseAdmin],
        run: |facts| Box::pin(connections(facts)),
        ..BASE
    },
    Check {
        id: "DB-008",
        title: "the application's role has no rights it does not need",
        severity: Severity::Blocker,
        expected: "no superuser, CREATEDB, CREATEROLE, REPLICATION or BYPASSRLS, and no membership in a role that has",
        remedy: "ALTER ROLE … NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
        needs: &[Need::DatabaseAdmin],
        run: |facts| Box::pin(role_is_bounded(facts)),
        ..BASE
    },
];

const PATIENCE: Duration = Duration::from_millis(100);

async fn answers(facts: &Facts) -> Outcome {
    let session = match &facts.user {
        Ok(session) => session,
        Err(Missing::NotConfigured(reason)) => return Outcome::skip(reason.clone()),
        Err(Missing::Unreachable(cause)) => return Outcome::fail(cause.clone()),
    };
    let started = Instant::now();
    match rows(session, "SELECT current_user").await {
        Ok(found) => {
            let role = found.first().and_then(|row| row.first()).cloned().unwrap_or_default();
            judge_answer(&role, started.elapsed())
        }
        Err(error) => Outcome::fail(error),
    }
}

fn judge_answer(role: &str, took: Duration) -> Outcome {
    let words = format!("`{role}` was answered in {:.1} ms", took.as_secs_f64() * 1000.0);
    if took > PATIENCE { Outcome::fail(words) } else { Outcome::pass(words) }
}

const ACTIVITY: &str = "
SELECT count(*) FILTER (WHERE backend_type = 'client backend'),
       current_setting('max_connections'),
       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start))
                FILTER (WHERE backend_type = 'client backend'), 0)::bigint,
       count(*) FILTER (WHERE wait_event_type = 'Lock')
FROM pg_stat_activity WHERE pid <> pg_backend_pid()";

async fn connections(facts: &Facts) -> Outcome {
    let Ok(session) = &facts.admin else { return Outcome::error("no session") };
    match rows(session, ACTIVITY).await {
        Ok(found) => {
            let numbers: Vec<u64> = found.iter().flatten().filter_map(|text| text.parse().ok()).collect();
            match numbers.as_slice() {
                [used, most, oldest, waiting] => judge_activity(*used, *most, *oldest, *waiting),
                _ => Outcome::error("pg_stat_activity answered in another shape"),
            }
        }
        Err(error) => Outcome::error(error),
    }
}

fn judge_activity(used: u64, most: u64, oldest_seconds: u64, waiting: u64) -> Outcome {
    let mut problems = Vec::new();
    if used * 100 >= most * 80 {
        problems.push(format!("{used} of {most} connections are used"));
    }
    if oldest_seconds >= 60 {
        problems.push(format!("a transaction has been open for {oldest_seconds} s"));
    }
    if waiting > 0 {
        problems.push(format!("{waiting} sessions wait for a lock"));
    }
    if problems.is_empty() {
        Outcome::pass(format!("{used} of {most} connections used, no old transaction, no waiting"))
    } else {
        Outcome::fail(problems.join("; "))
    }
}

const RIGHTS: &str = "
WITH RECURSIVE held(oid, via) AS (
  SELECT oid, rolname::text FROM pg_roles WHERE rolname = $role
  UNION
  SELECT m.roleid, r.rolname::text FROM held JOIN pg_auth_members m ON m.member = held.oid
  JOIN pg_roles r ON r.oid = m.roleid)
SELECT via, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
       rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
FROM held JOIN pg_roles USING (oid)";

async fn role_is_bounded(facts: &Facts) -> Outcome {
    let (Ok(session), Ok(database)) = (&facts.admin, facts.settings.database()) else {
        return Outcome::error("no session");
    };
    let sql = RIGHTS.replace("$role", &crate::model::quote_literal(&database.user));
    match rows(session, &sql).await {
        Ok(held) => judge_rights(&database.user, &held),
        Err(error) => Outcome::error(error),
    }
}

fn judge_rights(role: &str, held: &[Vec<String>]) -> Outcome {
    const RIGHTS: [&str; 6] =
        ["superuser", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS", "access to the server's files"];
    if held.is_empty() {
        return Outcome::fail(format!("there is no role `{role}`"));
    }
    let problems: Vec<String> = held
        .iter()
        .flat_map(|row| {
            let via = row.first().cloned().unwrap_or_default();
            row.iter().skip(1).zip(RIGHTS).filter(|(has, _)| *has == "t").map(move |(_, right)| {
                if via == role {
                    format!("`{role}` has {right}")
                } else {
                    format!("`{role}` has {right} through `{via}`")
                }
            })
        })
        .collect();
    Outcome::none(problems, held.len(), "roles, without such rights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    #[test]
    fn a_slow_answer_a_full_server_an_old_transaction_and_a_lock_fail() {
        assert_eq!(judge_answer("app", Duration::from_millis(3)).status, Status::Pass);
        assert_eq!(judge_answer("app", Duration::from_millis(101)).status, Status::Fail);
        assert_eq!(judge_activity(10, 100, 0, 0).status, Status::Pass);
        for (used, oldest, waiting) in [(80, 0, 0), (1, 60, 0), (1, 0, 1)] {
            assert_eq!(judge_activity(used, 100, oldest, waiting).status, Status::Fail);
        }
    }

    #[test]
    fn a_superuser_and_a_member_of_one_fail() {
        let row = |name: &str, rights: &str| {
            std::iter::once(name.to_owned()).chain(rights.chars().map(String::from)).collect::<Vec<_>>()
        };
        assert_eq!(judge_rights("app", &[row("app", "ffffff")]).status, Status::Pass);
        assert_eq!(judge_rights("app", &[row("app", "tfffff")]).status, Status::Fail);
        let member = judge_rights("app", &[row("app", "ffffff"), row("boss", "ftffff")]);
        assert!(member.found.contains("through `boss`"), "{}", member.found);
        assert_eq!(judge_rights("app", &[]).status, Status::Fail);
    }
}
