//! Indexes and keys around the load: the empty schema is whole first, then loses what would slow the load
//! down, and gets it back, several at a time, when the rows are there. The statements come from the new
//! database's own catalogue.

mod strip;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use super::quiet::quiet;
use crate::model::{DatabaseAddress, quote_literal};
use crate::postgres::{Session, connect};

pub use strip::strip;

/// `replica`: neither triggers nor event triggers of production's schema run here.
const SETTINGS: &str = "SET session_replication_role = replica; SET search_path = ''; SET lock_timeout = 0; SET statement_timeout = 0";
/// For each of the sessions that build.
const MEMORY: &str = "128MB";
const TABLES: &str =
    "SELECT c.oid::regclass::text, pg_relation_size(c.oid) + coalesce((SELECT sum(pg_relation_size(t.relid))
    FROM pg_partition_tree(c.oid) t WHERE t.isleaf AND t.relid <> c.oid), 0)::int8
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname !~ '^(pg_|information_schema$)' ORDER BY 2 DESC";

/// What was taken away.
#[derive(Debug, Default)]
pub struct Stripped {
    indexes: Vec<Index>,
    keys: Vec<Key>,
    /// Triggers that would fire even now, and the statements that switch them on again.
    triggers: Vec<String>,
}

#[derive(Debug, Clone)]
struct Index {
    name: String,
    table: String,
    create: String,
    partitioned: bool,
    /// The index of the partitioned table that it is a part of.
    parent: Option<String>,
    constraint: Option<Constraint>,
    comment: Option<String>,
}

#[derive(Debug, Clone)]
struct Constraint {
    name: String,
    definition: String,
    /// As made of an index that is there.
    using: String,
    comment: Option<String>,
}

#[derive(Debug, Clone)]
struct Key {
    table: String,
    name: String,
    definition: String,
    /// Added unproven and proven afterwards, which holds no lock that others wait for.
    later: bool,
    comment: Option<String>,
}

/// Statements that follow each other, under a name for errors.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Task {
    what: String,
    statements: Vec<String>,
}

impl Stripped {
    /// Builds everything again, gathers statistics, and proves the keys. `session` is one on the same database.
    pub async fn rebuild(self, session: &Session, target: &DatabaseAddress, jobs: usize) -> Result<()> {
        let sizes: BTreeMap<String, i64> = {
            session.batch_execute(SETTINGS).await.map_err(quiet("prepare to build indexes"))?;
            let rows = session.query(TABLES, &[]).await.map_err(quiet("list the tables"))?;
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        };
        run(target, jobs, self.builds(&sizes)).await?;
        for statement in self.attachments().iter().chain(&self.additions()).chain(&self.triggers) {
            session.batch_execute(statement).await.map_err(quiet("attach the indexes and keys"))?;
        }
        run(target, jobs, self.proofs(&sizes)).await?;
        for statement in self.comments() {
            session.batch_execute(&statement).await.map_err(quiet("comment the keys"))?;
        }
        session.batch_execute("RESET search_path").await.map_err(quiet("end the building"))
    }

    /// The indexes that hold rows, those of the largest tables first.
    fn builds(&self, sizes: &BTreeMap<String, i64>) -> Vec<Task> {
        let mut indexes: Vec<&Index> = self.indexes.iter().filter(|index| !index.partitioned).collect();
        indexes.sort_by_key(|index| std::cmp::Reverse(sizes.get(&index.table).copied().unwrap_or_default()));
        indexes
            .into_iter()
            .map(|index| Task {
                what: format!("build index {}", index.name),
                statements: vec![index.create.clone()],
            })
            .collect()
    }

    /// Constraints over built indexes, then the indexes of partitioned tables with their parts.
    fn attachments(&self) -> Vec<String> {
        let mut statements = Vec::new();
        for index in self.indexes.iter().filter(|index| !index.partitioned) {
            if let Some(Constraint { name, using, .. }) = &index.constraint {
                statements.push(format!("ALTER TABLE {} ADD CONSTRAINT {name} {using}", index.table));
            }
        }
        for index in self.indexes.iter().filter(|index| index.partitioned) {
            statements.push(match &index.constraint {
                Some(Constraint { name, definition, .. }) => {
                    format!("ALTER TABLE ONLY {} ADD CONSTRAINT {name} {definition}", index.table)
                }
                None => index.create.clone(),
            });
        }
        // Depth comes last in the list: parts are whole before they are attached.
        for index in self.indexes.iter().rev() {
            if let Some(parent) = &index.parent {
                statements.push(format!("ALTER INDEX {parent} ATTACH PARTITION {}", index.name));
            }
        }
        statements
    }

    /// Foreign keys that are proven later.
    fn additions(&self) -> Vec<String> {
        let later = self.keys.iter().filter(|key| key.later);
        later
            .map(|Key { table, name, definition, .. }| {
                format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")
            })
            .collect()
    }

    /// A task for each table: its statistics, then its keys. Two sessions must not work on one table here.
    fn proofs(&self, sizes: &BTreeMap<String, i64>) -> Vec<Task> {
        let mut tables: Vec<(&String, &i64)> = sizes.iter().collect();
        tables.sort_by_key(|(name, size)| (std::cmp::Reverse(**size), (*name).clone()));
        let mut tasks: Vec<Task> = tables
            .into_iter()
            .map(|(table, _)| {
                let keys = self.keys.iter().filter(|key| key.table == *table && key.later);
                let validate = |key: &Key| format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", key.name);
                let statements = std::iter::once(format!("ANALYZE {table}")).chain(keys.map(validate));
                Task { what: format!("prove the keys of {table}"), statements: statements.collect() }
            })
            .collect();
        let at_once: Vec<String> = self
            .keys
            .iter()
            .filter(|key| !key.later)
            .map(|key| format!("ALTER TABLE {} ADD CONSTRAINT {} {}", key.table, key.name, key.definition))
            .collect();
        if !at_once.is_empty() {
            // One after the other: each locks two tables, in an order of its own.
            tasks.insert(0, Task { what: "add foreign keys".to_owned(), statements: at_once });
        }
        tasks
    }

    fn comments(&self) -> Vec<String> {
        let mut statements = Vec::new();
        let on = |name: &str, table: &str, text: &str| {
            format!("COMMENT ON CONSTRAINT {name} ON {table} IS {}", quote_literal(text))
        };
        for index in &self.indexes {
            if let Some(text) = &index.comment {
                statements.push(format!("COMMENT ON INDEX {} IS {}", index.name, quote_literal(text)));
            }
            if let Some(Constraint { name, comment: Some(text), .. }) = &index.constraint {
                statements.push(on(name, &index.table, text));
            }
        }
        statements.extend(
            self.keys.iter().filter_map(|key| Some(on(&key.name, &key.table, key.comment.as_ref()?))),
        );
        statements
    }
}

/// Runs tasks with several sessions; the first error ends them all.
async fn run(target: &DatabaseAddress, jobs: usize, tasks: Vec<Task>) -> Result<()> {
    let count = jobs.min(tasks.len());
    // Few tasks leave cores of the server idle: then each index may be built by more than one process.
    let helpers = if tasks.len() < jobs { 2 } else { 0 };
    let settings = format!(
        "{SETTINGS}; SET maintenance_work_mem = '{MEMORY}'; SET max_parallel_maintenance_workers = {helpers}"
    );
    let (tasks, next) = (Arc::new(tasks), Arc::new(AtomicUsize::new(0)));
    let mut workers = JoinSet::new();
    for _ in 0..count {
        let (tasks, next, target, settings) =
            (Arc::clone(&tasks), Arc::clone(&next), target.clone(), settings.clone());
        workers.spawn(async move {
            let session = connect(&target).await?;
            session.batch_execute(&settings).await.map_err(quiet("prepare to build"))?;
            while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                for statement in &task.statements {
                    session.batch_execute(statement).await.map_err(quiet(&task.what))?;
                }
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        let result = ended.context("a worker ended early").and_then(|result| result);
        if result.is_err() {
            workers.shutdown().await;
            return result;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str, table: &str, partitioned: bool, parent: Option<&str>, key: Option<&str>) -> Index {
        Index {
            name: name.into(),
            table: table.into(),
            create: format!("create {name}"),
            partitioned,
            parent: parent.map(Into::into),
            constraint: key.map(|key| Constraint {
                name: key.into(),
                definition: "PRIMARY KEY (id)".into(),
                using: format!("PRIMARY KEY USING INDEX {name}"),
                comment: None,
            }),
            comment: None,
        }
    }

    fn stripped() -> Stripped {
        let key = |table: &str, name: &str, later| Key {
            table: table.into(),
            name: name.into(),
            definition: "FOREIGN KEY (a) REFERENCES b".into(),
            later,
            comment: Some("it's".into()),
        };
        Stripped {
            indexes: vec![
                index("root_pk", "root", true, None, Some("root_pk")),
                index("small", "t", false, None, None),
                index("leaf_pk", "leaf", false, Some("root_pk"), Some("leaf_pk")),
            ],
            keys: vec![key("t", "t_fk", true), key("root", "root_fk", false)],
            triggers: vec![],
        }
    }

    #[test]
    fn indexes_of_large_tables_are_built_first_and_parts_attached_last() {
        let sizes = BTreeMap::from([("t".to_owned(), 1), ("leaf".to_owned(), 9)]);
        let stripped = stripped();
        let builds: Vec<String> = stripped.builds(&sizes).into_iter().map(|task| task.what).collect();
        assert_eq!(builds, ["build index leaf_pk", "build index small"]);
        assert_eq!(
            stripped.attachments(),
            [
                "ALTER TABLE leaf ADD CONSTRAINT leaf_pk PRIMARY KEY USING INDEX leaf_pk",
                "ALTER TABLE ONLY root ADD CONSTRAINT root_pk PRIMARY KEY (id)",
                "ALTER INDEX root_pk ATTACH PARTITION leaf_pk",
            ]
        );
    }

    #[test]
    fn keys_of_one_table_are_proven_by_one_session() {
        let sizes = BTreeMap::from([("t".to_owned(), 1), ("u".to_owned(), 2)]);
        let stripped = stripped();
        assert_eq!(
            stripped.additions(),
            ["ALTER TABLE t ADD CONSTRAINT t_fk FOREIGN KEY (a) REFERENCES b NOT VALID"]
        );
        let proofs = stripped.proofs(&sizes);
        assert_eq!(
            proofs[0].statements,
            ["ALTER TABLE root ADD CONSTRAINT root_fk FOREIGN KEY (a) REFERENCES b"]
        );
        assert_eq!(proofs[1].statements, ["ANALYZE u"]);
        assert_eq!(proofs[2].statements, ["ANALYZE t", "ALTER TABLE t VALIDATE CONSTRAINT t_fk"]);
        assert!(stripped.comments()[0].ends_with("IS 'it''s'"));
    }
}
