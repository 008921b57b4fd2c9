//! What the words of a statement say, for statements that did not run. Pure.

use std::path::Path;

use super::{Finding, rules};
use crate::migration::statements::Statement;

/// A finding about a statement that did not run.
pub fn by_words(file: &Path, statement: &Statement) -> Option<Finding> {
    let why = unsafe_words(statement)?;
    Some(Finding {
        rule: rules::NOT_RUN.id,
        harm: rules::NOT_RUN.harm,
        title: rules::NOT_RUN.title,
        place: format!("{}:{}", file.display(), statement.line),
        statement: statement.short(),
        object: statement.short(),
        seen: format!("not seen: {why}"),
        safe: rules::NOT_RUN.safe.to_owned(),
    })
}

/// Why a statement looks unsafe.
fn unsafe_words(statement: &Statement) -> Option<&'static str> {
    let says = |words: &[&str]| statement.says(words);
    let concurrently = statement.words().any(|word| word == "concurrently");
    let alters = statement.starts_with(&["alter", "table"]);
    let creates_index = says(&["create", "index"]) || says(&["create", "unique", "index"]);
    let adds = says(&["add", "constraint"]) || alters && (says(&["check"]) || says(&["foreign", "key"]));
    Some(match () {
        () if creates_index && !concurrently => "CREATE INDEX keeps writers out",
        () if says(&["drop", "index"]) && !concurrently => "DROP INDEX keeps everybody out",
        () if says(&["drop", "table"]) || alters && says(&["drop", "column"]) => "it drops data",
        () if statement.starts_with(&["truncate"]) => "it empties a table",
        () if alters && says(&["rename"]) => "it renames what running code uses",
        () if alters && (says(&["type"]) || says(&["set", "data", "type"])) => {
            "a change of type may write the table anew"
        }
        () if alters && says(&["set", "not", "null"]) => {
            "SET NOT NULL reads every row under ACCESS EXCLUSIVE"
        }
        () if alters && adds && !says(&["not", "valid"]) && !says(&["using", "index"]) => {
            "a constraint is checked on every row under a lock"
        }
        () if statement.starts_with(&["vacuum", "full"]) || statement.starts_with(&["cluster"]) => {
            "the table is written anew"
        }
        () if statement.starts_with(&["lock"]) => "it locks a table by hand",
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::statements::split;

    #[test]
    fn words_tell_the_usual_suspects() {
        let found = |sql: &str| unsafe_words(&split(sql).unwrap()[0]).is_some();
        for sql in [
            "CREATE UNIQUE INDEX a ON t (b)",
            "ALTER TABLE t DROP COLUMN a",
            "ALTER TABLE t ALTER a SET NOT NULL",
            "TRUNCATE t",
        ] {
            assert!(found(sql), "{sql}");
        }
        for sql in [
            "CREATE INDEX CONCURRENTLY a ON t (b)",
            "ALTER TABLE t ADD a int",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        ] {
            assert!(!found(sql), "{sql}");
        }
    }
}
