//! Indexes and keys around the load: the empty schema is whole first, then loses what would slow the load
//! down, and gets it back, several at a time, when the rows are there. The statements come from the new
//! database's own catalogue.

mod run;
mod strip;

use std::collections::BTreeMap;

use anyhow::Result;

use self::run::{Task, Work, run};
use super::quiet::quiet;
use crate::model::{DatabaseAddress, quote_literal};
use crate::postgres::Session;

pub use strip::strip;

/// `replica`: neither triggers nor event triggers of production's schema run here. Nothing has to be on
/// the disk before the swap is, and that takes all before it along.
const SETTINGS: &str = "SET session_replication_role = replica; SET search_path = ''; SET lock_timeout = 0; SET statement_timeout = 0; SET synchronous_commit = off; SET jit = off";
const TABLES: &str =
    "SELECT c.oid::regclass::text, coalesce(pg_partition_root(c.oid), c.oid)::regclass::text,
    pg_relation_size(c.oid) + coalesce((SELECT sum(pg_relation_size(t.relid))
    FROM pg_partition_tree(c.oid) t WHERE t.isleaf AND t.relid <> c.oid), 0)::int8
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^(pg_|information_schema$)'";
/// To sort texts as people do takes so much longer than numbers.
const COLLATED: i64 = 6;

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
    /// Holds texts.
    collated: bool,
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

/// A table as it is filled.
#[derive(Debug, Clone)]
struct Table {
    /// The table that it is a partition of, or itself.
    root: String,
    /// Bytes, with those of its partitions.
    size: i64,
}

type Tables = BTreeMap<String, Table>;

impl Stripped {
    /// Builds everything again, gathers statistics, and proves the keys. `session` is one on the same database.
    pub async fn rebuild(self, session: &Session, target: &DatabaseAddress, jobs: usize) -> Result<()> {
        let tables: Tables = {
            session.batch_execute(SETTINGS).await.map_err(quiet("prepare to build indexes"))?;
            let rows = session.query(TABLES, &[]).await.map_err(quiet("list the tables"))?;
            rows.iter().map(|row| (row.get(0), Table { root: row.get(1), size: row.get(2) })).collect()
        };
        run(target, jobs, self.builds(&tables)).await?;
        for statement in self.additions().iter().chain(&self.triggers) {
            session.batch_execute(statement).await.map_err(quiet("add the keys"))?;
        }
        run(target, jobs, self.proofs(&tables)).await?;
        for statement in self.comments() {
            session.batch_execute(&statement).await.map_err(quiet("comment the keys"))?;
        }
        session.batch_execute("RESET search_path").await.map_err(quiet("end the building"))
    }

    /// The indexes that hold rows; when all those of a table are there, its constraints and statistics.
    fn builds(&self, tables: &Tables) -> Work {
        let mut work = Work::default();
        for index in self.indexes.iter().filter(|index| !index.partitioned) {
            let table = tables.get(&index.table);
            let size = table.map_or(0, |table| table.size);
            work.add_to(
                table.map_or(&index.table, |table| &table.root),
                Task {
                    cost: if index.collated { size.saturating_mul(COLLATED) } else { size },
                    what: format!("build index {}", index.name),
                    statements: vec![index.create.clone()],
                },
            );
        }
        for (name, Table { root, size }) in tables {
            if name == root {
                let mut statements = self.attachments(root, tables);
                statements.push(format!("ANALYZE {root}"));
                work.then(root, Task { cost: *size, what: format!("analyze {root}"), statements });
            }
        }
        work
    }

    /// Constraints over the built indexes of a table and its partitions, then the indexes of partitioned
    /// tables with their parts.
    fn attachments(&self, root: &str, tables: &Tables) -> Vec<String> {
        let mut statements = Vec::new();
        let own: Vec<&Index> = self
            .indexes
            .iter()
            .filter(|index| tables.get(&index.table).is_some_and(|table| table.root == root))
            .collect();
        for index in own.iter().filter(|index| !index.partitioned) {
            if let Some(Constraint { name, using, .. }) = &index.constraint {
                statements.push(format!("ALTER TABLE {} ADD CONSTRAINT {name} {using}", index.table));
            }
        }
        for index in own.iter().filter(|index| index.partitioned) {
            statements.push(match &index.constraint {
                Some(Constraint { name, definition, .. }) => {
                    format!("ALTER TABLE ONLY {} ADD CONSTRAINT {name} {definition}", index.table)
                }
                None => index.create.clone(),
            });
        }
        // Depth comes last in the list: parts are whole before they are attached.
        for index in own.iter().rev() {
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

    /// A task for each table with keys: two sessions must not work on one table here.
    fn proofs(&self, tables: &Tables) -> Work {
        let mut work = Work::default();
        let mut of_table: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        // One after the other: each locks two tables, in an order of its own.
        let mut at_once = Vec::new();
        for Key { table, name, definition, later, .. } in &self.keys {
            if *later {
                of_table
                    .entry(table)
                    .or_default()
                    .push(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"));
            } else {
                at_once.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"));
            }
        }
        if !at_once.is_empty() {
            work.add(Task { cost: i64::MAX, what: "add foreign keys".to_owned(), statements: at_once });
        }
        for (table, statements) in of_table {
            let size = tables.get(table).map_or(0, |table| table.size);
            work.add(Task {
                cost: size.saturating_mul(statements.len() as i64),
                what: format!("prove the keys of {table}"),
                statements,
            });
        }
        work
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
            collated: false,
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

    fn tables(list: &[(&str, &str, i64)]) -> Tables {
        let table =
            |&(name, root, size): &(&str, &str, i64)| (name.into(), Table { root: root.into(), size });
        list.iter().map(table).collect()
    }

    /// In the order in which one session would take them.
    fn order(mut work: Work) -> Vec<Task> {
        let mut tasks = Vec::new();
        while let Some((task, group)) = work.take() {
            work.done(group.as_ref());
            tasks.push(task);
        }
        tasks
    }

    #[test]
    fn indexes_of_large_tables_are_built_first_and_their_parts_attached_at_once() {
        let tables = tables(&[("root", "root", 9), ("leaf", "root", 9), ("t", "t", 1)]);
        let tasks = order(stripped().builds(&tables));
        let whats: Vec<&str> = tasks.iter().map(|task| task.what.as_str()).collect();
        assert_eq!(whats, ["build index leaf_pk", "analyze root", "build index small", "analyze t"]);
        assert_eq!(
            tasks[1].statements,
            [
                "ALTER TABLE leaf ADD CONSTRAINT leaf_pk PRIMARY KEY USING INDEX leaf_pk",
                "ALTER TABLE ONLY root ADD CONSTRAINT root_pk PRIMARY KEY (id)",
                "ALTER INDEX root_pk ATTACH PARTITION leaf_pk",
                "ANALYZE root",
            ]
        );
    }

    #[test]
    fn indexes_over_texts_start_before_those_over_numbers() {
        let mut stripped = stripped();
        stripped.indexes[1].collated = true;
        let tables = tables(&[("root", "root", 9), ("leaf", "root", 9), ("t", "t", 5)]);
        assert_eq!(order(stripped.builds(&tables))[0].what, "build index small");
    }

    #[test]
    fn keys_of_one_table_are_proven_by_one_session() {
        let tables = tables(&[("root", "root", 9), ("t", "t", 1)]);
        let stripped = stripped();
        assert_eq!(
            stripped.additions(),
            ["ALTER TABLE t ADD CONSTRAINT t_fk FOREIGN KEY (a) REFERENCES b NOT VALID"]
        );
        let statements: Vec<String> =
            order(stripped.proofs(&tables)).into_iter().flat_map(|task| task.statements).collect();
        assert_eq!(
            statements,
            [
                "ALTER TABLE root ADD CONSTRAINT root_fk FOREIGN KEY (a) REFERENCES b",
                "ALTER TABLE t VALIDATE CONSTRAINT t_fk",
            ]
        );
        assert!(stripped.comments()[0].ends_with("IS 'it''s'"));
    }
}
