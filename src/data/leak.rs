//! The leak check: values that were masked are remembered for the run, in memory only, and looked
//! for in everything that the new database holds. What is found is named by place and count, never shown.

use std::collections::{BTreeMap, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::{Context as _, Result};
use futures_util::TryStreamExt as _;
use regex::Regex;

use super::lines::Lines;
use super::mask::{copytext, json};
use super::quiet::quiet;
use crate::config::masking::Strategy;
use crate::failure::Failure;
use crate::model::quote_identifier;
use crate::postgres::Session;

/// More values than this are not held; the copy is refused instead of being half checked.
const MOST_VALUES: usize = 4_000_000;
const EMAIL: &str = r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}";
const PHONE: &str = r"\+?\(?[0-9][0-9 ()/.\-]{7,18}[0-9]";
const COLUMNS: &str = include_str!("sql/scan_columns.sql");

/// The personal values that production's rows hold, lower-cased and without repetition.
#[derive(Default)]
pub struct Originals {
    values: HashSet<String>,
}

impl Originals {
    /// Remembers a value where finding it again would prove a leak: an address, a full name, a number of
    /// some length. Words that stand for many people, such as a city, prove nothing.
    ///
    /// # Errors
    /// Refuses when there are too many.
    pub fn add(&mut self, strategy: &Strategy, value: &str, patterns: &Patterns) -> Result<()> {
        let value = value.trim().to_lowercase();
        let chars = value.chars().count();
        let digits = value.chars().filter(char::is_ascii_digit).count();
        let letters = value.chars().filter(|c| c.is_alphabetic()).count();
        let telling = match strategy {
            Strategy::Name | Strategy::ShortName | Strategy::Username => {
                letters >= 6 || (value.contains(' ') && chars >= 6)
            }
            Strategy::Phone | Strategy::Card => digits >= 7,
            Strategy::Iban => digits >= 7 && letters >= 2,
            Strategy::Street | Strategy::Address => chars >= 8 && digits > 0 && letters >= 4,
            Strategy::Text | Strategy::Null | Strategy::Constant(_) | Strategy::Sql(_) => chars >= 16 && letters >= 6,
            Strategy::Token | Strategy::Hash => chars >= 8 && digits > 0,
            Strategy::Email | Strategy::Url => chars >= 6,
            Strategy::Ip => chars >= 7 && !value.starts_with("127.") && !value.starts_with("0."),
            Strategy::City
            | Strategy::Postcode
            | Strategy::DateShift
            | Strategy::DateOffset
            | Strategy::DateInYear
            | Strategy::Coordinate
            | Strategy::UserAgent
            | Strategy::Permutation
            // The text stays; what it holds by form is taken out below.
            | Strategy::Scrub => false,
            Strategy::Keep(_)
            | Strategy::Json(_)
            | Strategy::Elements(_)
            | Strategy::Xml(_)
            | Strategy::Hstore(_)
            | Strategy::Composite(_) => return Ok(()),
        };
        if matches!(
            strategy,
            Strategy::Text
                | Strategy::Scrub
                | Strategy::Address
                | Strategy::Null
                | Strategy::Constant(_)
                | Strategy::Sql(_)
        ) {
            self.values.extend(patterns.email.find_iter(&value).map(|found| found.as_str().to_owned()));
            self.values.extend(patterns.phone.find_iter(&value).map(|found| found.as_str().to_owned()));
        }
        if matches!(strategy, Strategy::Phone | Strategy::Card | Strategy::Iban) && telling {
            self.values.insert(value.chars().filter(char::is_ascii_alphanumeric).collect());
        }
        if telling {
            self.values.insert(value);
        }
        if self.values.len() > MOST_VALUES {
            return Err(Failure::refused(format!("more than {MOST_VALUES} personal values to prove absent"))
                .hint("copy fewer rows: --limit")
                .into());
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// # Errors
    /// When the automaton would be too large for memory.
    pub fn matcher(&self) -> Result<Matcher> {
        AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&self.values)
            .map(Matcher)
            .context("prepare the leak check")
    }
}

/// Finds any of the originals.
#[derive(Clone)]
pub struct Matcher(AhoCorasick);

impl Matcher {
    /// Whether an original stands in the text, whatever its case, as a whole word.
    pub fn finds(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.0.find_overlapping_iter(&text).any(|found| {
            let part_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !part_of_word(text[..found.start()].chars().next_back())
                && !part_of_word(text[found.end()..].chars().next())
        })
    }
}

/// What looks like an e-mail address or a phone number in free text.
pub struct Patterns {
    pub email: Regex,
    pub phone: Regex,
}

impl Patterns {
    pub fn new() -> Result<Self> {
        Ok(Self { email: Regex::new(EMAIL)?, phone: Regex::new(PHONE)? })
    }
}

/// Tells a text that must not reach staging: one that holds an original personal value, or an e-mail
/// address outside staging's own domain. The copies of rows and of Redis keys ask the same.
pub struct Detector<'m> {
    matcher: &'m Matcher,
    patterns: Patterns,
    own_domain: String,
}

impl<'m> Detector<'m> {
    pub fn new(matcher: &'m Matcher, email_domain: &str) -> Result<Self> {
        let own_domain = format!("@{}", email_domain.to_lowercase());
        Ok(Self { matcher, patterns: Patterns::new()?, own_domain })
    }

    pub fn finds(&self, text: &str) -> bool {
        let foreign =
            |address: regex::Match<'_>| !address.as_str().to_lowercase().ends_with(&self.own_domain);
        self.matcher.finds(text) || self.patterns.email.find_iter(text).any(foreign)
    }
}

/// What the scan of the new database found.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    pub bytes: u64,
    /// Rows by `table.column`.
    pub hits: BTreeMap<String, u64>,
}

struct ScannedColumn {
    name: String,
    is_bytes: bool,
    is_json: bool,
}

/// Reads every table and materialized view of a database.
pub async fn scan(session: &Session, detector: &Detector<'_>) -> Result<Scan> {
    let mut tables: BTreeMap<(String, String), Vec<ScannedColumn>> = BTreeMap::new();
    for row in session.query(COLUMNS, &[]).await.map_err(quiet("list the columns"))? {
        let base: String = row.get(3);
        tables.entry((row.get(0), row.get(1))).or_default().push(ScannedColumn {
            name: row.get(2),
            is_bytes: base == "bytea",
            is_json: base == "json",
        });
    }
    let mut scan = Scan::default();
    for ((schema, table), columns) in &tables {
        let list: Vec<String> = columns.iter().map(|column| quote_identifier(&column.name)).collect();
        let statement = format!(
            "COPY (SELECT {} FROM ONLY {}.{}) TO STDOUT",
            list.join(", "),
            quote_identifier(schema),
            quote_identifier(table)
        );
        let stream = session.copy_out(&statement).await.map_err(quiet("read the new database"))?;
        futures_util::pin_mut!(stream);
        let mut lines = Lines::default();
        while let Some(chunk) = stream.try_next().await.map_err(quiet("read the new database"))? {
            scan.bytes += chunk.len() as u64;
            lines.push(&chunk);
            while let Some(line) = lines.next() {
                for (field, column) in copytext::fields(line).zip(columns) {
                    let Some(text) = copytext::decode(field)? else { continue };
                    if leaks(&text, column, detector) {
                        let prefix = if schema == "public" { String::new() } else { format!("{schema}.") };
                        *scan.hits.entry(format!("{prefix}{table}.{}", column.name)).or_default() += 1;
                    }
                }
            }
        }
    }
    Ok(scan)
}

fn leaks(text: &str, column: &ScannedColumn, detector: &Detector<'_>) -> bool {
    if detector.finds(text) {
        return true;
    }
    // `json` keeps escapes such as \u00e9 as they were written.
    if column.is_json {
        return json::strings(text).is_ok_and(|strings| strings.iter().any(|text| detector.finds(text)));
    }
    column.is_bytes && detector.finds(&String::from_utf8_lossy(&unhex(text)))
}

/// `\x616263` as bytes.
fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.bytes().skip(2).filter_map(|b| (b as char).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn originals(values: &[(Strategy, &str)]) -> Matcher {
        let (mut originals, patterns) = (Originals::default(), Patterns::new().unwrap());
        for (strategy, value) in values {
            originals.add(strategy, value, &patterns).unwrap();
        }
        originals.matcher().unwrap()
    }

    #[test]
    fn originals_are_found_in_any_case_as_whole_words() {
        let matcher = originals(&[
            (Strategy::Email, "Jane@Real.example"),
            (Strategy::Name, "Jané Doe"),
            (Strategy::Phone, "+49 170 1234567"),
            (Strategy::Text, "call me at bob@real.example, please"),
        ]);
        for text in ["to jane@real.EXAMPLE.", "JANÉ DOE, Berlin", "tel:491701234567", "bob@real.example"] {
            assert!(matcher.finds(text), "{text}");
        }
        for text in ["xjane@real.examples", "nobody", ""] {
            assert!(!matcher.finds(text), "{text}");
        }
    }

    #[test]
    fn words_that_prove_nothing_are_not_kept() {
        let matcher =
            originals(&[(Strategy::City, "Berlin"), (Strategy::Phone, "110"), (Strategy::Name, "Al")]);
        assert!(!matcher.finds("Berlin 110 Al"));
    }

    #[test]
    fn bytes_and_escapes_are_read() {
        let matcher = originals(&[(Strategy::Email, "jané@real.example")]);
        let detector = Detector::new(&matcher, "staging.local").unwrap();
        let column = |is_bytes, is_json| ScannedColumn { name: "c".into(), is_bytes, is_json };
        let hex: String = "jané@real.example".bytes().fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
        assert!(leaks(&format!("\\x{hex}"), &column(true, false), &detector));
        assert!(leaks(r#"{"a":"jan\u00e9@real.example"}"#, &column(false, true), &detector));
        assert!(leaks("write to x@other.example", &column(false, false), &detector));
        assert!(!leaks("ab12@staging.local", &column(false, false), &detector));
    }
}
