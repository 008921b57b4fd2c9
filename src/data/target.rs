//! Whether a database may be replaced at all. A `--from` and `--to` in the wrong order are the most
//! dangerous mistake of a copy: what is not known to be staging is not touched.

use anyhow::{Context as _, Result};

use super::identity;
use crate::failure::Failure;
use crate::model::DatabaseAddress;
use crate::postgres::{APPLICATION, Session, connect_if_exists, connect_url_read_only, failure};

/// The line in a database's comment that says so.
pub const MARK: &str = "stagectl: staging";

/// Words in a database's name that no production has.
const STAGING: [&str; 9] =
    ["staging", "stage", "stg", "test", "testing", "dev", "development", "sandbox", "qa"];

/// Words in a host's or database's name that say the contrary.
const PRODUCTION: [&str; 4] = ["prod", "production", "prd", "live"];

const OBSERVE: &str = include_str!("sql/target.sql");

/// What is known about the database that would be replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// `None` where the server has no such database.
    pub found: Option<Found>,
    /// Production's comment has our mark: it is somebody's staging.
    pub source_is_marked: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub marked: bool,
    /// Tables, views and large objects but for the twin's own books.
    pub objects: i64,
    /// Sessions of others.
    pub sessions: i64,
}

/// Looks at both sides. Changes nothing.
///
/// # Errors
/// Refuses when both are one database.
pub async fn observe(source: &str, target: &DatabaseAddress) -> Result<Target> {
    let read = async |session: &Session| -> Result<Found> {
        let row = session.query_one(OBSERVE, &[&MARK, &APPLICATION]).await;
        let row = row.map_err(|error| failure("look at the database", &error))?;
        Ok(Found { marked: row.get(0), objects: row.get(1), sessions: row.get(2) })
    };
    let source = connect_url_read_only(source).await.context("open production")?;
    let found = match connect_if_exists(target).await.context("open staging")? {
        Some(session) => {
            identity::refuse_same(&source, &session).await?;
            Some(read(&session).await?)
        }
        None => None,
    };
    Ok(Target { found, source_is_marked: read(&source).await?.marked })
}

/// `HOST/DATABASE`, as `--this-is-staging` wants it.
pub fn place(address: &DatabaseAddress) -> String {
    format!("{}/{}", address.host, address.name)
}

impl Target {
    /// Refuses a database that is not known to be staging.
    ///
    /// `sure` is what the user has confirmed, as [`place`] writes it.
    pub fn allow(&self, address: &DatabaseAddress, sure: Option<&str>) -> Result<(), Failure> {
        let place = place(address);
        let confirm = format!("if it is staging, say so once: `--this-is-staging {place}`");
        if let Some(sure) = sure {
            if sure == place {
                return Ok(());
            }
            return Err(Failure::refused(format!("`--this-is-staging {sure}`, but `--to` is {place}"))
                .hint("are `--from` and `--to` in the right order?"));
        }
        let Some(found) = &self.found else { return Ok(()) };
        if found.marked {
            return Ok(());
        }
        if self.source_is_marked {
            return Err(Failure::refused(format!(
                "`--from` is a staging database, and {place} is not known to be one"
            ))
            .hint("are `--from` and `--to` in the right order?")
            .hint(confirm));
        }
        let named = is_named(&address.name, &STAGING) && !is_named(&place, &PRODUCTION);
        if found.objects == 0 || named {
            return Ok(());
        }
        Err(Failure::refused(format!(
            "{place} is not known to be staging, and its {} tables, views and large objects would be replaced",
            found.objects
        ))
        .hint("are `--from` and `--to` in the right order?")
        .hint(confirm))
    }
}

/// Whether one of the words stands in the name, alone or with a number.
fn is_named(name: &str, words: &[&str]) -> bool {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        words.contains(&word)
    })
}

/// A database's comment with the mark in it.
pub fn marked(comment: Option<&str>) -> String {
    match comment {
        Some(comment) if comment.lines().any(|line| line == MARK) => comment.to_owned(),
        Some(comment) if !comment.is_empty() => format!("{comment}\n{MARK}"),
        _ => MARK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> DatabaseAddress {
        DatabaseAddress {
            host: "db.example".into(),
            port: 5432,
            name: name.into(),
            user: "u".into(),
            password: String::new().into(),
            encryption: crate::model::Encryption::Prefer,
        }
    }

    fn full() -> Found {
        Found { objects: 12, ..Found::default() }
    }

    #[test]
    fn only_what_is_known_to_be_staging_is_replaced() {
        let target = |found| Target { found, source_is_marked: false };
        let shop = address("shop");
        assert!(target(None).allow(&shop, None).is_ok(), "nothing is there");
        assert!(target(Some(Found::default())).allow(&shop, None).is_ok(), "it is empty");
        assert!(target(Some(Found { marked: true, ..full() })).allow(&shop, None).is_ok());
        let refused = target(Some(full())).allow(&shop, None).unwrap_err();
        assert!(refused.hints.iter().any(|hint| hint.contains("--this-is-staging db.example/shop")));
        let beside = DatabaseAddress { host: "prod-2.example".into(), ..address("test") };
        assert!(target(Some(full())).allow(&beside, None).is_err(), "a test database of production's server");
        for (name, known) in [
            ("shop_staging", true),
            ("Test2", true),
            ("dev-shop", true),
            ("latest", false),
            ("stages", false),
        ] {
            assert_eq!(target(Some(full())).allow(&address(name), None).is_ok(), known, "{name}");
        }
    }

    #[test]
    fn sides_in_the_wrong_order_are_refused() {
        let swapped = Target { found: Some(full()), source_is_marked: true };
        // Even a name does not help: a production called so is replaced by nobody.
        let refused = swapped.allow(&address("test"), None).unwrap_err();
        assert!(refused.hints[0].contains("order"));
        // The habit of confirming names the host, which is another one then.
        let habit = swapped.allow(&address("shop"), Some("staging.example/shop"));
        assert!(habit.unwrap_err().to_string().contains("`--to` is db.example/shop"));
        assert!(swapped.allow(&address("shop"), Some("db.example/shop")).is_ok());
    }

    #[test]
    fn a_comment_keeps_what_stands_in_it() {
        assert_eq!(marked(None), MARK);
        assert_eq!(marked(Some("of the shop")), format!("of the shop\n{MARK}"));
        assert_eq!(marked(Some(&marked(Some("of the shop")))), format!("of the shop\n{MARK}"));
    }
}
