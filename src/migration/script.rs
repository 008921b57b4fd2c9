//! A file of a migration: its statements, whether it runs in one transaction, and what it must
//! not do because it would reach outside the clone. Pure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::statements::{self, Statement, Token};
use crate::config::migration::TransactionMode;
use crate::failure::Failure;

/// A parsed file.
#[derive(Debug, Clone)]
pub struct Script {
    /// As shown: relative to `stagectl.yml`.
    pub file: PathBuf,
    pub statements: Vec<Statement>,
    /// True: stagectl puts it in one transaction.
    pub wrapped: bool,
    /// Why it is or is not.
    pub transaction: String,
}

impl Script {
    /// Parses a file's text and decides about its transaction.
    pub fn parse(file: PathBuf, text: &str, mode: TransactionMode) -> Result<Self, Failure> {
        let statements = statements_of(&file, text)?;
        let (wrapped, transaction) = decide(&statements, mode).map_err(|(line, why)| {
            Failure::config(format!("{}:{line}: {why}", file.display()))
                .hint("set `migration.transaction: auto` in stagectl.yml")
        })?;
        Ok(Self { file, statements, wrapped, transaction })
    }

    /// The statements to run inside a transaction that is there already; its own BEGIN and COMMIT
    /// around all of it are left out. `None` where it cannot be run so.
    pub fn inside(&self) -> Option<&[Statement]> {
        if self.wrapped {
            return Some(&self.statements);
        }
        // A statement by itself does the same with a transaction around it, unless it forbids one.
        if let [only] = self.statements.as_slice()
            && !controls_transaction(only)
            && forbids_transaction(only, &[]).is_none()
        {
            return Some(&self.statements);
        }
        let [first, inner @ .., last] = self.statements.as_slice() else { return None };
        let begins = matches!(first.words().next(), Some("begin" | "start")) && first.words().count() <= 2;
        let commits = matches!(last.words().next(), Some("commit" | "end")) && last.words().count() <= 2;
        (begins && commits && !inner.iter().any(controls_transaction)).then_some(inner)
    }

    /// Parses a file that a tool puts into one transaction or does not, whatever stands in it: a
    /// statement that forbids one must fail here as it would there.
    pub fn of_tool(file: PathBuf, text: &str, wrapped: bool, why: &str) -> Result<Self, Failure> {
        let statements = statements_of(&file, text)?;
        let (wrapped, transaction) = match statements.iter().find(|s| controls_transaction(s)) {
            Some(own) => (false, format!("its own, from line {}", own.line)),
            None => (wrapped, why.to_owned()),
        };
        Ok(Self { file, statements, wrapped, transaction })
    }

    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Every name that the file says, quoted or not, in literals of code too: a table that is
    /// not among them is not this file's.
    pub fn names(&self) -> BTreeSet<String> {
        fn collect(tokens: &[Token], names: &mut BTreeSet<String>) {
            for token in tokens {
                match token {
                    Token::Word(name) | Token::Quoted(name) => drop(names.insert(name.clone())),
                    Token::Literal(code) if code.contains(char::is_whitespace) || code.contains('"') => {
                        for inner in statements::split(code).unwrap_or_default() {
                            collect(&inner.tokens, names);
                        }
                    }
                    Token::Literal(_) | Token::Symbol(_) => {}
                }
            }
        }
        let mut names = BTreeSet::new();
        for statement in &self.statements {
            collect(&statement.tokens, &mut names);
        }
        names
    }
}

fn statements_of(file: &Path, text: &str) -> Result<Vec<Statement>, Failure> {
    let shown = file.display();
    let statements = statements::split(text)
        .map_err(|error| Failure::config(format!("{shown}:{}: {}", error.line, error.problem)))?;
    for statement in &statements {
        if let Some(why) = reaches_outside(statement) {
            return Err(Failure::refused(format!(
                "{shown}:{}: {why}: `{}`",
                statement.line,
                statement.short()
            ))
            .hint("a test on a clone cannot hold such a statement; take it out of the migration"));
        }
    }
    Ok(statements)
}

fn decide(statements: &[Statement], mode: TransactionMode) -> Result<(bool, String), (u32, String)> {
    let own = statements.iter().find(|s| controls_transaction(s));
    let forbids = statements.iter().find_map(|s| forbids_transaction(s, statements).map(|why| (s.line, why)));
    match mode {
        TransactionMode::Never => Ok((false, "each statement by itself, as configured".to_owned())),
        TransactionMode::Always => match (own, forbids) {
            (Some(own), _) => {
                Err((own.line, "the file has its own transaction, so it cannot be put in one".to_owned()))
            }
            (_, Some((line, why))) => {
                Err((line, format!("{why}, so the file cannot be put in one transaction")))
            }
            (None, None) => Ok((true, "one transaction, as configured".to_owned())),
        },
        TransactionMode::Auto => Ok(match (own, forbids) {
            (Some(own), _) => (false, format!("its own, from line {}", own.line)),
            (_, Some((line, why))) => (false, format!("none: {why} (line {line})")),
            (None, None) => (true, "one transaction".to_owned()),
        }),
    }
}

/// BEGIN, COMMIT and their kin.
pub fn controls_transaction(statement: &Statement) -> bool {
    matches!(statement.words().next(), Some("begin" | "commit" | "end" | "rollback" | "abort"))
        && !statement.starts_with(&["rollback", "to"])
        || statement.starts_with(&["start", "transaction"])
}

/// Why a statement cannot stand in a transaction block.
fn forbids_transaction(statement: &Statement, all: &[Statement]) -> Option<String> {
    let first = statement.words().next()?;
    let concurrently = statement.words().any(|w| w == "concurrently")
        && matches!(first, "create" | "drop" | "reindex" | "alter");
    if concurrently && !statement.says(&["materialized", "view"]) {
        return Some("CONCURRENTLY forbids a transaction".to_owned());
    }
    if first == "vacuum" {
        return Some("VACUUM forbids a transaction".to_owned());
    }
    if first == "cluster" && statement.tokens.len() == 1 {
        return Some("CLUSTER of everything forbids a transaction".to_owned());
    }
    if first == "reindex" && statement.words().any(|w| w == "database" || w == "system" || w == "schema") {
        return Some("REINDEX of a whole database forbids a transaction".to_owned());
    }
    if statement.starts_with(&["alter", "type"]) && statement.says(&["add", "value"]) {
        let label = added_label(statement)?;
        let used =
            all.iter().filter(|s| s.line > statement.line).any(|s| s.text.contains(&format!("'{label}'")));
        return used.then(|| format!("the new enum value '{label}' is used further down"));
    }
    None
}

fn added_label(statement: &Statement) -> Option<&str> {
    let at = statement.tokens.iter().position(|t| *t == Token::Word("value".into()))?;
    statement.tokens[at..].iter().find_map(|token| match token {
        Token::Literal(label) => Some(label.as_str()),
        _ => None,
    })
}

/// Statements on what all databases of a server share would change more than the clone.
fn reaches_outside(statement: &Statement) -> Option<&'static str> {
    let mut words = statement.words();
    let (first, second) = (words.next()?, words.next().unwrap_or_default());
    match (first, second) {
        ("create" | "alter" | "drop" | "comment", _) if statement.says(&["on", "database"]) => {
            Some("changes a database, which all clones and staging share by name")
        }
        ("create" | "alter" | "drop", "database") => Some("changes a database of the server"),
        ("create" | "alter" | "drop", "role" | "user" | "group") if !statement.says(&["user", "mapping"]) => {
            Some("changes a role, which all databases of the server share")
        }
        ("create" | "alter" | "drop", "tablespace") => Some("changes a tablespace of the server"),
        ("alter", "system") => Some("changes the server's configuration"),
        ("grant" | "revoke", _) if statement.says(&["on", "database"]) || grants_role(statement) => {
            Some("changes rights that all databases of the server share")
        }
        ("drop" | "reassign", "owned") => Some("reaches objects that all databases share"),
        ("copy", _) if statement.words().any(|w| w == "program") => Some("runs a program on the server"),
        _ => None,
    }
}

/// GRANT of a role to a role has no ON.
fn grants_role(statement: &Statement) -> bool {
    !statement.words().any(|word| word == "on")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(sql: &str, mode: TransactionMode) -> Result<Script, Failure> {
        Script::parse("m/up.sql".into(), sql, mode)
    }

    #[test]
    fn a_file_is_wrapped_unless_something_forbids_it() {
        for (sql, wrapped) in [
            ("ALTER TABLE t ADD c int; UPDATE t SET c = 1", true),
            ("BEGIN; ALTER TABLE t ADD c int; COMMIT", false),
            ("CREATE INDEX CONCURRENTLY i ON t (c)", false),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", true),
            ("ALTER TABLE p DETACH PARTITION q CONCURRENTLY", false),
            ("VACUUM t", false),
            ("ALTER TYPE e ADD VALUE 'x'", true),
            ("ALTER TYPE e ADD VALUE 'x'; \nUPDATE t SET c = 'x'", false),
            ("DO $$ BEGIN NULL; END $$", true),
        ] {
            assert_eq!(parse(sql, TransactionMode::Auto).unwrap().wrapped, wrapped, "{sql}");
        }
    }

    #[test]
    fn a_transaction_around_all_of_a_file_is_taken_off_inside_another() {
        let count = |sql: &str| parse(sql, TransactionMode::Auto).unwrap().inside().map(<[Statement]>::len);
        assert_eq!(count("BEGIN; SELECT 1; COMMIT"), Some(1));
        assert_eq!(count("SELECT 1; SELECT 2"), Some(2));
        assert_eq!(count("BEGIN; SELECT 1; COMMIT; SELECT 2"), None);
        assert_eq!(count("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT"), None);
        assert_eq!(count("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT"), None);
        assert_eq!(count("CREATE INDEX CONCURRENTLY i ON t (c)"), None);
    }

    #[test]
    fn always_is_refused_where_it_cannot_be() {
        let error = parse("SELECT 1;\nVACUUM t", TransactionMode::Always).unwrap_err();
        assert!(error.message.starts_with("m/up.sql:2:"), "{}", error.message);
        assert!(parse("BEGIN; COMMIT", TransactionMode::Always).is_err());
        assert!(!parse("SELECT 1", TransactionMode::Never).unwrap().wrapped);
    }

    #[test]
    fn what_reaches_outside_the_clone_is_refused() {
        for sql in [
            "DROP DATABASE staging_db",
            "ALTER DATABASE staging_db SET x = 1",
            "CREATE ROLE r",
            "ALTER USER u PASSWORD 'x'",
            "GRANT a TO b",
            "GRANT CONNECT ON DATABASE d TO r",
            "ALTER SYSTEM SET x = 1",
            "DROP OWNED BY r",
            "COMMENT ON DATABASE d IS 'x'",
            "COPY t TO PROGRAM 'cat'",
        ] {
            assert!(parse(sql, TransactionMode::Auto).is_err(), "{sql}");
        }
        for sql in
            ["GRANT SELECT ON t TO r", "CREATE USER MAPPING FOR u SERVER s", "CREATE TABLE role (x int)"]
        {
            parse(sql, TransactionMode::Auto).unwrap();
        }
    }

    #[test]
    fn names_are_found_in_code_too() {
        let names = parse(
            "DO $$ BEGIN UPDATE \"User\" SET role = 1; END $$; ALTER TABLE Orders ADD c int",
            TransactionMode::Auto,
        )
        .unwrap()
        .names();
        assert!(names.contains("User") && names.contains("orders"), "{names:?}");
    }
}
