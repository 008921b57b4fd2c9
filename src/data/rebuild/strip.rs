//! Takes away from an empty schema what would slow the load of its rows down.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Constraint, Index, Key, SETTINGS, Stripped};
use crate::data::model::TableName;
use crate::data::quiet::quiet;
use crate::postgres::Session;

const INDEXES: &str = include_str!("../sql/indexes.sql");
const KEYS: &str = include_str!("../sql/foreign_key_statements.sql");
/// Triggers that fire for a replica too.
const TRIGGERS: &str = "SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),
    format('ALTER TABLE %s ENABLE %s TRIGGER %I', tgrelid::regclass,
      CASE tgenabled WHEN 'A' THEN 'ALWAYS' ELSE 'REPLICA' END, tgname)
    FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0 AND tgenabled IN ('A', 'R') ORDER BY 1";

/// Takes foreign keys from every table, and indexes with their constraints from those tables of
/// which `large` is true. What something else depends on stays.
pub async fn strip(session: &Session, large: &(dyn Fn(&TableName) -> bool + Sync)) -> Result<Stripped> {
    let failed = quiet("set the indexes and keys aside");
    session.batch_execute(SETTINGS).await.map_err(&failed)?;
    let mut stripped = Stripped::default();
    for row in session.query(TRIGGERS, &[]).await.map_err(&failed)? {
        session.batch_execute(row.get(0)).await.map_err(&failed)?;
        stripped.triggers.push(row.get(1));
    }
    for row in session.query(KEYS, &[]).await.map_err(&failed)? {
        let key = Key {
            table: row.get(0),
            name: row.get(1),
            definition: row.get(2),
            later: row.get(3),
            comment: row.get(4),
        };
        let statement = format!("ALTER TABLE {} DROP CONSTRAINT {}", key.table, key.name);
        if drop(session, &statement).await? {
            stripped.keys.push(key);
        }
    }
    let mut gone: BTreeSet<u32> = BTreeSet::new();
    for row in session.query(INDEXES, &[]).await.map_err(&failed)? {
        let (top, root): (Option<u32>, Vec<String>) = (row.get(0), row.get(2));
        let [schema, name] = root.try_into().map_err(|_| anyhow::anyhow!("a table without a name"))?;
        let (constraint, definition): (Option<String>, Option<String>) = (row.get(7), row.get(8));
        let index = Index {
            name: row.get(1),
            table: row.get(3),
            create: row.get(4),
            partitioned: row.get(5),
            parent: row.get(6),
            constraint: constraint.zip(definition).map(|(name, definition)| Constraint {
                name,
                definition,
                using: row.get::<_, Option<String>>(9).unwrap_or_default(),
                comment: row.get(11),
            }),
            comment: row.get(10),
            collated: row.get(12),
        };
        // The part of an index that has gone has gone with it.
        let with_another = index.parent.is_some();
        let goes = if with_another {
            top.is_some_and(|top| gone.contains(&top))
        } else {
            let statement = match &index.constraint {
                Some(constraint) => {
                    format!("ALTER TABLE {} DROP CONSTRAINT {}", index.table, constraint.name)
                }
                None => format!("DROP INDEX {}", index.name),
            };
            large(&TableName { schema, name }) && drop(session, &statement).await?
        };
        if goes {
            gone.extend(top);
            stripped.indexes.push(index);
        }
    }
    session.batch_execute("RESET search_path").await.map_err(&failed)?;
    Ok(stripped)
}

/// False where something depends on it: a view that groups by a key, for one.
async fn drop(session: &Session, statement: &str) -> Result<bool> {
    match session.batch_execute(statement).await {
        Ok(()) => Ok(true),
        Err(error)
            if error.code() == Some(&tokio_postgres::error::SqlState::DEPENDENT_OBJECTS_STILL_EXIST) =>
        {
            Ok(false)
        }
        Err(error) => Err(quiet("set the indexes and keys aside")(error)),
    }
}
