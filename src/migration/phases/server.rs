//! Prerequisites of the server: its version, rights, quiet, disk, standbys and extensions.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::prerequisites::check;
use crate::engine::Engine;
use crate::migration::clone::Clones;
use crate::migration::statements::{Statement, Token};
use crate::migration::step::Step;
use crate::migration::verdict::Check;
use crate::report::CheckResult;

/// The oldest server that DROP DATABASE … WITH (FORCE) runs on.
const OLDEST: i32 = 130_000;
/// Transactions older than this hold up a clone and a migration alike.
const LONG_TRANSACTION_SECONDS: f64 = 30.0;
/// A standby that is further behind than this, in bytes of log, would fall further with a migration on top.
const LAG_BYTES: i64 = 64 * 1024 * 1024;

pub(super) async fn version(clones: &Clones) -> Result<(CheckResult, String)> {
    let check =
        check(3, "server version", "PostgreSQL 13 or newer", "run the twin on the version of production");
    let row = clones
        .admin()
        .query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
            &[],
        )
        .await
        .context("ask the server's version")?;
    let (number, text): (i32, String) = (row.get(0), row.get(1));
    Ok((judge_version(check, number, &text), text))
}

fn judge_version(check: Check, number: i32, text: &str) -> CheckResult {
    let found = format!("PostgreSQL {text}");
    if number >= OLDEST { check.pass(found) } else { check.fail(found) }
}

pub(super) async fn rights(clones: &Clones, is_twin: bool) -> Result<CheckResult> {
    let (user, database) = (&clones.migrates_as(), &clones.admin_address.name);
    let check = check(
        4,
        "rights",
        "the migration's role is no superuser and may create in the database; the administrator sees every row",
        "let the application's role own the staging database, and give it no superuser rights",
    );
    let rows = clones
        .admin()
        .query(
            "SELECT r.rolsuper, has_database_privilege(r.oid, d.oid, 'CREATE'), a.rolsuper OR a.rolbypassrls, a.rolsuper OR a.rolcreatedb
             FROM pg_roles r, pg_database d, pg_roles a WHERE r.rolname = $1 AND d.datname = $2 AND a.rolname = current_user",
            &[user, database],
        )
        .await?;
    let Some(row) = rows.first() else {
        return Ok(check.fail(format!("there is no role `{user}` or no database `{database}`")));
    };
    let (superuser, creates, sees, makes): (bool, bool, bool, bool) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    let mut wrong = Vec::new();
    if superuser && !is_twin && creates && makes {
        let found = format!("`{user}` is a superuser, which row security and missing rights do not stop");
        return Ok(check.evidence(["give the role of production with --role".to_owned()]).warn(found));
    }
    if superuser {
        wrong.push(format!("`{user}` is a superuser: what it may do here, production's role may not"));
    }
    if !creates {
        wrong.push(format!("`{user}` may not create schemas in `{database}`"));
    }
    // With one role for everything, the fingerprint itself refuses where rows would be hidden.
    if !sees && is_twin {
        wrong.push("the administrator does not see rows behind row security".to_owned());
    }
    if !makes {
        wrong.push("the administrator may not create databases".to_owned());
    }
    Ok(check.none_of(wrong, &format!("`{user}` runs the migration"), "wrong rights"))
}

pub(super) async fn quiet(clones: &Clones) -> Result<CheckResult> {
    let check = check(
        5,
        "no long transactions",
        "no transaction older than 30 s and no prepared one in the staging database",
        "end the sessions that are named, or wait for them",
    );
    let rows = clones
        .admin()
        .query(
            "SELECT format('process %s of %s: %s for %s s', pid, coalesce(nullif(application_name, ''), 'unnamed'), state, extract(epoch FROM now() - xact_start)::int)
             FROM pg_stat_activity WHERE datname = $1 AND extract(epoch FROM now() - xact_start)::float8 > $2
             UNION ALL SELECT format('prepared transaction %s', gid) FROM pg_prepared_xacts WHERE database = $1",
            &[&clones.admin_address.name, &LONG_TRANSACTION_SECONDS],
        )
        .await?;
    Ok(check.none_of(rows.iter().map(|row| row.get(0)).collect(), "none", "long transactions"))
}

/// The clones of one run at their most, and some air for the log of a rewrite.
const CLONES_AT_ONCE: i64 = 5;

pub(super) async fn space(clones: &Clones, container: Option<&str>) -> Result<CheckResult> {
    let check = check(
        6,
        "free disk",
        "the server's disk has room for five databases of this size",
        "free some space on the disk of the database's volume",
    );
    let Some(container) = container else {
        return Ok(check.skip("the server is none of stagectl's, and SQL does not tell"));
    };
    let row = clones
        .admin()
        .query_one(
            "SELECT pg_database_size($1::name), current_setting('data_directory')",
            &[&clones.admin_address.name],
        )
        .await
        .context("ask for the database's size")?;
    let (size, folder): (i64, String) = (row.get(0), row.get(1));
    let kilobytes = match free_kilobytes(container, &folder).await {
        Ok(kilobytes) => kilobytes,
        Err(error) => return Ok(check.skip(format!("it cannot be seen from here: {error:#}"))),
    };
    let found = format!("{} MB free, {} MB a clone", kilobytes / 1024, size / 1024 / 1024);
    Ok(if kilobytes * 1024 < size * CLONES_AT_ONCE { check.fail(found) } else { check.pass(found) })
}

/// Asks `df` in the database's container: SQL does not tell.
async fn free_kilobytes(container: &str, folder: &str) -> Result<i64> {
    let output = Engine::connect().await?.exec(container, &["df", "-Pk", folder]).await?;
    let line = output.stdout.lines().nth(1).unwrap_or_default();
    line.split_whitespace()
        .nth(3)
        .and_then(|field| field.parse().ok())
        .with_context(|| format!("df in {container} says: {}{}", output.stdout.trim(), output.stderr.trim()))
}

/// Standbys that are far behind, and slots that hold back the log for nobody.
const LAG: &str = "
SELECT format('standby %s is %s MB of log behind', coalesce(nullif(application_name, ''), client_addr::text, 'unnamed'),
  pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint / 1048576)
FROM pg_stat_replication WHERE pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) > $1::bigint
UNION ALL
SELECT format('the slot %s is not in use and holds back %s MB of log', slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint / 1048576)
FROM pg_replication_slots WHERE NOT active AND pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > $1::bigint";

/// Whether the server is a primary whose standbys follow.
pub(super) async fn standbys(clones: &Clones) -> Result<CheckResult> {
    let check = check(
        11,
        "replication",
        "the server takes writes, and no standby or slot is more than 64 MB of log behind",
        "let the standbys catch up, and drop slots that nobody uses",
    );
    let row = clones
        .admin()
        .query_one("SELECT pg_is_in_recovery(), (SELECT count(*) FROM pg_stat_replication)", &[])
        .await
        .context("ask for standbys")?;
    let (is_standby, count): (bool, i64) = (row.get(0), row.get(1));
    if is_standby {
        return Ok(check.fail("this server is a standby: no database can be made on it"));
    }
    let behind = clones.admin().query(LAG, &[&LAG_BYTES]).await.context("ask how far standbys are behind")?;
    let behind: Vec<String> = behind.iter().map(|row| row.get(0)).collect();
    let found = format!("{count} standbys, {} too far behind", behind.len());
    Ok(if behind.is_empty() { check.pass(found) } else { check.evidence(behind).warn(found) })
}

/// Whether the role could make an extension that the server offers; no row: the server has it not.
const EXTENSION: &str = "
SELECT bool_or(e.superuser AND NOT e.trusted) AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = $2)
FROM pg_available_extension_versions e WHERE e.name = $1 GROUP BY e.name";

/// Whether the server offers the extensions that the steps make, to the migration's role.
pub(super) async fn extensions(clones: &Clones, base: &str, steps: &[Step]) -> Result<CheckResult> {
    let check = check(
        12,
        "extensions",
        "the server offers every extension that the steps make, and the migration's role may make it",
        "install its package beside the server, or let an administrator run CREATE EXTENSION before",
    );
    let scripts = steps.iter().filter_map(|step| step.up.script());
    let wanted: BTreeSet<String> =
        scripts.flat_map(|script| &script.statements).filter_map(extension_made).collect();
    let session = clones.as_admin(base).await?;
    let mut wrong = Vec::new();
    for name in &wanted {
        let there = "SELECT FROM pg_extension WHERE extname = $1";
        if session.query_opt(there, &[name]).await.context("list the extensions")?.is_some() {
            continue;
        }
        match session
            .query_opt(EXTENSION, &[name, &clones.migrates_as()])
            .await
            .context("look for an extension")?
        {
            None => wrong.push(format!("the server does not offer `{name}`")),
            Some(row) if row.get(0) => {
                wrong.push(format!(
                    "only a superuser may make `{name}`, and `{}` is none",
                    clones.migrates_as()
                ));
            }
            Some(_) => {}
        }
    }
    Ok(check.none_of(wrong, &format!("{} made by the steps", wanted.len()), "extensions that cannot be made"))
}

/// The name in `CREATE EXTENSION [IF NOT EXISTS] name`.
fn extension_made(statement: &Statement) -> Option<String> {
    if !statement.starts_with(&["create", "extension"]) {
        return None;
    }
    let skipped = if statement.says(&["if", "not", "exists"]) { 5 } else { 2 };
    match statement.tokens.get(skipped)? {
        Token::Word(name) | Token::Quoted(name) => Some(name.clone()),
        Token::Literal(_) | Token::Symbol(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::statements::split;
    use crate::report::Status;

    #[test]
    fn a_server_that_cannot_end_sessions_to_drop_a_database_is_too_old() {
        let judge = |number, text| judge_version(check(3, "server version", "", ""), number, text);
        assert_eq!(judge(120_022, "12.22").status, Status::Fail);
        assert_eq!(judge(130_000, "13.0").status, Status::Pass);
    }

    #[test]
    fn the_extensions_that_a_step_makes_are_known_by_name() {
        let sql = "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public; create extension citext; CREATE TABLE extension (a int)";
        let names: Vec<String> = split(sql).unwrap().iter().filter_map(extension_made).collect();
        assert_eq!(names, ["uuid-ossp", "citext"]);
    }
}
