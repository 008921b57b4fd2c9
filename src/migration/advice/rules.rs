//! The rules of advice as data: what each is called, whom it harms, how it is written safely.
//! `{table}`, `{column}`, `{index}`, `{type}`, `{constraint}` and `{definition}` are filled in. Pure.

/// Whom a statement harms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Readers and writers of a table with rows wait.
    BlocksAll,
    /// Writers wait.
    BlocksWrites,
    /// Values are gone that no down brings back.
    DataLoss,
    /// The application that runs now uses what is no longer there.
    BreaksCode,
    /// It stops on rows that are there.
    FailsOnRows,
    /// Nobody yet; something is left to do.
    Note,
}

impl Harm {
    pub const fn word(self) -> &'static str {
        match self {
            Self::BlocksAll => "blocks-all",
            Self::BlocksWrites => "blocks-writes",
            Self::DataLoss => "data-loss",
            Self::BreaksCode => "breaks-code",
            Self::FailsOnRows => "fails-on-rows",
            Self::Note => "note",
        }
    }
}

#[derive(Debug)]
pub struct Rule {
    pub id: &'static str,
    pub harm: Harm,
    pub title: &'static str,
    /// The safe way to write it.
    pub safe: &'static str,
}

const fn rule(id: &'static str, harm: Harm, title: &'static str, safe: &'static str) -> Rule {
    Rule { id, harm, title, safe }
}

pub const REWRITE_TYPE: Rule = rule(
    "MIG-ADV-001",
    Harm::BlocksAll,
    "a change of type writes the whole table anew while nobody can read it",
    "ALTER TABLE {table} ADD COLUMN {column}_new {type}; -- fill it in batches, keep it up to date by a trigger, \
     then in one short transaction: ALTER TABLE {table} DROP COLUMN {column}; ALTER TABLE {table} RENAME COLUMN {column}_new TO {column};",
);
pub const REWRITE_DEFAULT: Rule = rule(
    "MIG-ADV-002",
    Harm::BlocksAll,
    "a new column whose value differs per row writes the whole table anew",
    "ALTER TABLE {table} ADD COLUMN {column} {type}; ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT …; -- then fill the old rows in batches",
);
pub const REWRITE: Rule = rule(
    "MIG-ADV-003",
    Harm::BlocksAll,
    "the table is written anew while nobody can read it",
    "do it outside of the migration with pg_repack, or in a window when {table} is not used",
);
pub const REFRESH: Rule = rule(
    "MIG-ADV-004",
    Harm::BlocksAll,
    "REFRESH MATERIALIZED VIEW keeps readers out until it is done",
    "CREATE UNIQUE INDEX CONCURRENTLY ON {table} (…); REFRESH MATERIALIZED VIEW CONCURRENTLY {table};",
);
pub const PERSISTENCE: Rule = rule(
    "MIG-ADV-005",
    Harm::BlocksAll,
    "changing LOGGED to UNLOGGED or back writes the whole table anew; an unlogged table is empty after a crash",
    "make a new table with the wanted setting, copy in batches, swap the names in one short transaction",
);
pub const SCAN_NOT_NULL: Rule = rule(
    "MIG-ADV-006",
    Harm::BlocksAll,
    "SET NOT NULL reads every row while nobody can read the table",
    "ALTER TABLE {table} ADD CONSTRAINT {column}_not_null CHECK ({column} IS NOT NULL) NOT VALID; \
     -- in a later transaction: ALTER TABLE {table} VALIDATE CONSTRAINT {column}_not_null; \
     -- then: ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL; ALTER TABLE {table} DROP CONSTRAINT {column}_not_null;",
);
pub const SCAN_CHECK: Rule = rule(
    "MIG-ADV-007",
    Harm::BlocksAll,
    "every row is checked while nobody can read the table",
    "ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition} NOT VALID; -- in a later transaction: ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};",
);
pub const SCAN_FOREIGN_KEY: Rule = rule(
    "MIG-ADV-008",
    Harm::BlocksWrites,
    "every row is looked up in the other table while nobody can write to either",
    "ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition} NOT VALID; -- in a later transaction: ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};",
);
pub const SCAN_PARTITION: Rule = rule(
    "MIG-ADV-009",
    Harm::BlocksAll,
    "every row is checked against the partition's bounds while nobody can read the table",
    "ALTER TABLE {table} ADD CONSTRAINT {table}_bounds CHECK (…the bounds…) NOT VALID; ALTER TABLE {table} VALIDATE CONSTRAINT {table}_bounds; -- then ATTACH PARTITION reads nothing",
);
pub const INDEX: Rule = rule(
    "MIG-ADV-010",
    Harm::BlocksWrites,
    "CREATE INDEX keeps writers out until it is built",
    "CREATE INDEX CONCURRENTLY {index} ON {table} (…); -- outside of a transaction; drop it when it is left invalid",
);
pub const INDEX_EXCLUSIVE: Rule = rule(
    "MIG-ADV-011",
    Harm::BlocksAll,
    "the index of a constraint is built while nobody can read the table",
    "CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} (…); -- then: ALTER TABLE {table} ADD CONSTRAINT {index} UNIQUE USING INDEX {index};",
);
pub const REINDEX: Rule = rule(
    "MIG-ADV-012",
    Harm::BlocksAll,
    "REINDEX keeps writers out, and readers who would use the index",
    "REINDEX INDEX CONCURRENTLY {index};",
);
pub const DROP_INDEX: Rule = rule(
    "MIG-ADV-013",
    Harm::BlocksAll,
    "DROP INDEX waits for every query on the table, and everybody waits behind it",
    "DROP INDEX CONCURRENTLY {index};",
);
pub const EXPLICIT_LOCK: Rule = rule(
    "MIG-ADV-014",
    Harm::BlocksAll,
    "the table is locked by hand until the transaction ends",
    "take no lock by hand; lock the rows that matter with SELECT … FOR UPDATE, a batch at a time",
);
pub const WORK_UNDER_LOCK: Rule = rule(
    "MIG-ADV-015",
    Harm::BlocksAll,
    "rows are read or written while an earlier statement's ACCESS EXCLUSIVE lock keeps everybody out",
    "put this statement into a transaction of its own, after the one that changes {table}",
);
pub const UPDATE_ALL: Rule = rule(
    "MIG-ADV-016",
    Harm::BlocksWrites,
    "one statement updates most of the table: its rows stay locked until the end, and the table doubles",
    "UPDATE {table} SET … WHERE id > :last AND id <= :last + 5000; -- batch by batch, each in its own transaction",
);
pub const TRUNCATE: Rule = rule(
    "MIG-ADV-017",
    Harm::DataLoss,
    "the table is emptied",
    "copy what is still needed first (CREATE TABLE {table}_kept AS TABLE {table}), empty it in a later release",
);
pub const DELETE_ALL: Rule = rule(
    "MIG-ADV-018",
    Harm::DataLoss,
    "most rows of the table are deleted",
    "CREATE TABLE {table}_kept AS SELECT * FROM {table} WHERE …; -- then delete in batches",
);
pub const DROP_TABLE: Rule = rule(
    "MIG-ADV-019",
    Harm::DataLoss,
    "a table with rows is dropped",
    "ALTER TABLE {table} RENAME TO {table}_retired; -- drop it a release later, when nobody missed it",
);
pub const DROP_COLUMN: Rule = rule(
    "MIG-ADV-020",
    Harm::DataLoss,
    "a column that holds values is dropped",
    "stop using {column} first; copy it (CREATE TABLE kept AS SELECT key, {column} FROM {table}); drop it a release later",
);
pub const LOSSY_TYPE: Rule = rule(
    "MIG-ADV-021",
    Harm::DataLoss,
    "the new type cannot hold what the old one held",
    "ALTER TABLE {table} ADD COLUMN {column}_new {type}; -- fill it, keep {column} until nobody needs the old values",
);
pub const RENAME_TABLE: Rule = rule(
    "MIG-ADV-022",
    Harm::BreaksCode,
    "a table that running code uses gets another name",
    "in the same transaction: CREATE VIEW {table} AS TABLE the_new_name; -- drop the view when all code uses the new name",
);
pub const RENAME_COLUMN: Rule = rule(
    "MIG-ADV-023",
    Harm::BreaksCode,
    "a column that running code uses gets another name",
    "add the new column, write both (trigger), move the code, drop {column} a release later",
);
pub const OTHER_TYPE: Rule = rule(
    "MIG-ADV-024",
    Harm::BreaksCode,
    "a column gets a type of another kind, which running code does not expect",
    "ALTER TABLE {table} ADD COLUMN {column}_new {type}; -- write both, move the code, drop {column} a release later",
);
pub const DROP_EMPTY_COLUMN: Rule = rule(
    "MIG-ADV-025",
    Harm::BreaksCode,
    "a column is dropped that running code may still name",
    "release code that does not name {column} first",
);
pub const REQUIRED_COLUMN: Rule = rule(
    "MIG-ADV-026",
    Harm::FailsOnRows,
    "a new column is NOT NULL without a default: no row that is there, and no INSERT of running code, has a value for it",
    "ALTER TABLE {table} ADD COLUMN {column} {type}; -- fill it in batches, then NOT NULL as MIG-ADV-006 says",
);
pub const GONE: Rule = rule(
    "MIG-ADV-027",
    Harm::BreaksCode,
    "something that running code may use is no longer there under its name",
    "keep the old one beside the new one for a release",
);
pub const FAILED_ON_ROWS: Rule = rule(
    "MIG-ADV-028",
    Harm::FailsOnRows,
    "it stops on rows that are there",
    "repair the rows in an earlier migration, then add the rule NOT VALID and validate it later",
);
pub const INVALID_INDEX: Rule = rule(
    "MIG-ADV-029",
    Harm::FailsOnRows,
    "an index is left invalid: it costs every write and helps no query",
    "DROP INDEX CONCURRENTLY {index}; -- then build it again",
);
pub const UNVALIDATED: Rule = rule(
    "MIG-ADV-030",
    Harm::Note,
    "a constraint is left NOT VALID: old rows are not proven",
    "ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}; -- in a later migration",
);
pub const NO_LOCK_TIMEOUT: Rule = rule(
    "MIG-ADV-031",
    Harm::Note,
    "no lock_timeout is set: where a long query runs, ACCESS EXCLUSIVE waits, and everybody waits behind it",
    "SET lock_timeout = '2s'; -- before the first ALTER, and run the migration again when it gives up",
);
pub const SEVERAL_TABLES: Rule = rule(
    "MIG-ADV-032",
    Harm::Note,
    "one transaction keeps everybody out of several tables: it may deadlock with the application",
    "one table a transaction",
);
pub const NOT_RUN: Rule = rule(
    "MIG-ADV-033",
    Harm::Note,
    "this statement did not run, because one before it failed; by its words it is unsafe",
    "run the test again when the statement before it works",
);
