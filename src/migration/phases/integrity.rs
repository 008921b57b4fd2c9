//! Integrity after up: every key and check holds for every row, nothing is left unvalidated,
//! no row is gone, no guard was dropped on the way.

use anyhow::{Context as _, Result};

use super::UP_STOPPED;
use crate::migration::fingerprint::State;
use crate::migration::lab::Lab;
use crate::migration::verdict::{Category, Check};
use crate::postgres::{Session, explain};
use crate::report::CheckResult;

fn check(number: u32, title: &str, expected: &str, remedy: &str) -> Check {
    Check::new(Category::Integrity, number, title, expected, remedy)
}

/// Per foreign key: its name and the rows that point nowhere, NOT VALID and switched-off keys too.
const FOREIGN_KEYS: &str = "
SELECT format('%s on %s', c.conname, c.conrelid::regclass),
  format('SELECT count(*) FROM ONLY %s f WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
    c.conrelid::regclass,
    (SELECT string_agg(format('f.%I IS NOT NULL', a.attname), ' AND ') FROM unnest(c.conkey) k JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k),
    c.confrelid::regclass,
    (SELECT string_agg(format('p.%I = f.%I', b.attname, a.attname), ' AND ') FROM unnest(c.conkey, c.confkey) AS k (f, p)
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.f
      JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.p))
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE c.contype = 'f' AND t.relkind = 'r'";

/// Per check constraint: its name and the rows that break it.
const CHECKS: &str = "
SELECT format('%s on %s', c.conname, c.conrelid::regclass),
  format('SELECT count(*) FROM ONLY %s WHERE NOT (%s)', c.conrelid::regclass, pg_get_expr(c.conbin, c.conrelid))
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.contype = 'c' AND t.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

const NOT_VALID: &str = "
SELECT format('%s on %s', conname, conrelid::regclass) FROM pg_constraint WHERE NOT convalidated";

const INVALID_INDEXES: &str = "
SELECT format('%s on %s', indexrelid::regclass, indrelid::regclass) FROM pg_index WHERE NOT (indisvalid AND indisready AND indislive)";

pub async fn run(lab: &mut Lab) -> Result<Vec<CheckResult>> {
    let migrated = lab.migrated().await?;
    let Some(after) = &migrated.state else {
        return Ok(vec![check(1, "foreign keys", "every key points to a row", "").error(UP_STOPPED)]);
    };
    let (before_session, session) =
        (lab.clones.as_admin(&lab.base).await?, lab.clones.as_admin(&migrated.clone).await?);
    let mut results = Vec::new();
    for (number, title, list, remedy) in [
        (1, "foreign keys", FOREIGN_KEYS, "repair or delete the rows in the up before the key is added"),
        (2, "check constraints", CHECKS, "repair the rows in the up before the constraint is added"),
    ] {
        let check =
            check(number, title, "every row satisfies every one of them, validated or not", remedy).blocker();
        let (count, broken) = violations(&session, list).await?;
        results.push(check.none_of(broken, &format!("{count} hold"), "broken"));
    }
    for (number, title, list, remedy, severe) in [
        (
            3,
            "validated constraints",
            NOT_VALID,
            "add ALTER TABLE … VALIDATE CONSTRAINT, in this migration or the next",
            false,
        ),
        (
            4,
            "valid indexes",
            INVALID_INDEXES,
            "drop the index and create it again; a cut CREATE INDEX CONCURRENTLY leaves such",
            true,
        ),
    ] {
        let check = check(number, title, "up leaves none that is not valid", remedy);
        let old = names(&before_session, list).await?;
        let new: Vec<String> =
            names(&session, list).await?.into_iter().filter(|name| !old.contains(name)).collect();
        results.push(match (new.is_empty(), severe) {
            (true, _) => check.pass(format!("none new, {} from before", old.len())),
            (false, true) => check.none_of(new, "", "not valid"),
            (false, false) => {
                let found = format!("{} not validated", new.len());
                check.evidence(new).warn(found)
            }
        });
    }
    results.push(row_counts(lab, after));
    results.push(guards(lab, after));
    results.push(contents(lab, after));
    Ok(results)
}

async fn names(session: &Session, sql: &str) -> Result<Vec<String>> {
    Ok(session.query(sql, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// How many were looked at, and those with rows that break them.
async fn violations(session: &Session, list: &str) -> Result<(usize, Vec<String>)> {
    let found = session.query(list, &[]).await.context("list the constraints")?;
    let mut broken = Vec::new();
    for row in &found {
        let (name, sql): (String, String) = (row.get(0), row.get(1));
        match session.query_one(&sql, &[]).await {
            Ok(row) => {
                let count: i64 = row.get(0);
                if count > 0 {
                    broken.push(format!("{name}: {count} rows"));
                }
            }
            Err(error) => broken.push(format!("{name}: {}", explain(&error))),
        }
    }
    Ok((found.len(), broken))
}

fn row_counts(lab: &Lab, after: &State) -> CheckResult {
    let check = check(
        5,
        "row counts",
        "no table that was there has more or fewer rows, but for those in `migration.row_changes`",
        "correct the up, or name the table in `migration.row_changes` if that is meant",
    )
    .blocker();
    let meant = |name: &str| {
        let plain = name.replace('"', "");
        lab.inputs.config.row_changes.iter().any(|t| *t == plain || plain.ends_with(&format!(".{t}")))
    };
    let mut wrong = Vec::new();
    for (name, table) in &lab.before.data.tables {
        match after.data.tables.get(name) {
            Some(now) if now.rows != table.rows && !meant(name) => {
                wrong.push(format!("{name}: {} rows before, {} now", table.rows, now.rows));
            }
            None if table.rows > 0 && !meant(name) => {
                wrong.push(format!("{name} is gone, with {} rows", table.rows));
            }
            _ => {}
        }
    }
    check.none_of(
        wrong,
        &format!("{} tables as before", lab.before.data.tables.len()),
        "tables whose rows changed",
    )
}

fn guards(lab: &Lab, after: &State) -> CheckResult {
    let check = check(
        6,
        "guards are kept",
        "no constraint, unique index, trigger or policy of before is gone or switched off",
        "put it back at the end of the up, unless the migration is meant to drop it",
    );
    let gone: Vec<String> = lab
        .before
        .schema
        .objects
        .iter()
        .filter_map(|((kind, identity), definition)| {
            let guard = matches!(kind.as_str(), "constraint" | "trigger" | "policy")
                || (kind == "index" && definition.contains("UNIQUE"));
            let now = after.schema.objects.get(&(kind.clone(), identity.clone()));
            let off = now.is_some_and(|now| now.contains("enabled D") && !definition.contains("enabled D"));
            match (guard, now, off) {
                (true, None, _) => Some(format!("{kind} {identity} is gone")),
                (true, _, true) => Some(format!("{kind} {identity} is switched off")),
                _ => None,
            }
        })
        .collect();
    let found = format!("{} are gone or off", gone.len());
    if gone.is_empty() { check.pass("all are there") } else { check.evidence(gone).warn(found) }
}

fn contents(lab: &Lab, after: &State) -> CheckResult {
    let check = check(
        7,
        "untouched tables",
        "tables that the migration does not name hold the same rows",
        "look for a trigger or a cascading key that reaches them",
    );
    let wrong: Vec<String> = crate::migration::fingerprint::data_differences(&lab.before.data, &after.data)
        .into_iter()
        .filter(|d| !lab.tables.iter().any(|table| table.quoted == d.table))
        .filter(|d| lab.before.data.tables.contains_key(&d.table))
        .map(|d| d.line())
        .collect();
    let found = format!("{} changed", wrong.len());
    if wrong.is_empty() { check.pass("the same") } else { check.evidence(wrong).warn(found) }
}
