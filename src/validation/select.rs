//! Which checks run, which are listed as skipped, and why. Pure.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Category, Check};
use crate::config::validation::Waiver;
use crate::failure::Failure;

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub quick: bool,
    /// Ids, id prefixes such as `DB`, or categories. Empty: all.
    pub only: Vec<String>,
    pub skip: Vec<String>,
}

/// A check and, when it must not run, the reason.
#[derive(Clone, Copy)]
pub struct Planned<'a> {
    pub check: &'static Check,
    pub instead: Option<Instead<'a>>,
}

/// Why a check is not run, and so what its result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead<'a> {
    /// `--skip` names it.
    Asked,
    Waived(&'a Waiver),
    /// The waiver ran out: a failure, whatever the check's severity.
    Expired(&'a Waiver),
}

impl Instead<'_> {
    pub fn words(&self) -> String {
        match self {
            Self::Asked => "skipped on the command line".to_owned(),
            Self::Waived(Waiver { reason, owner, expires }) => {
                format!("waived by {owner} until {expires}: {reason}")
            }
            Self::Expired(Waiver { reason, owner, expires }) => {
                format!(
                    "the waiver of {owner} expired on {expires} ({reason}): repair it or renew the waiver"
                )
            }
        }
    }
}

/// Chooses among `checks`. What `--quick` or `--only` leave out is not listed; what `--skip` or a
/// waiver names is listed with the reason and never run. `today` decides whether a waiver still holds.
pub fn select<'a>(
    checks: &[&'static Check],
    selection: &Selection,
    waivers: &'a BTreeMap<String, Waiver>,
    today: Date,
) -> Result<Vec<Planned<'a>>, Failure> {
    for word in selection.only.iter().chain(&selection.skip) {
        if !checks.iter().any(|check| names(word, check)) {
            let categories: Vec<&str> = Category::ALL.iter().map(|category| category.word()).collect();
            return Err(Failure::usage(format!("there is no check or category `{word}`")).hint(format!(
                "categories: {}; `stagectl validate --list` shows the ids",
                categories.join(", ")
            )));
        }
    }
    for id in waivers.keys() {
        if !checks.iter().any(|check| check.id.eq_ignore_ascii_case(id)) {
            return Err(Failure::config(format!("validation.waivers: there is no check `{id}`"))
                .hint("`stagectl validate --list` shows the ids"));
        }
    }
    Ok(checks
        .iter()
        // A check that is named is wanted, quick or not.
        .filter(|check| {
            if selection.only.is_empty() {
                !selection.quick || check.quick
            } else {
                selection.only.iter().any(|word| names(word, check))
                    && (!selection.quick || check.quick || selection.only.iter().any(|word| word == check.id))
            }
        })
        .map(|check| {
            let waived = waivers.iter().find(|(id, _)| check.id.eq_ignore_ascii_case(id));
            let asked = selection.skip.iter().any(|word| names(word, check));
            let instead = match waived {
                _ if asked => Some(Instead::Asked),
                Some((_, waiver)) if waiver.expires < today => Some(Instead::Expired(waiver)),
                Some((_, waiver)) => Some(Instead::Waived(waiver)),
                None => None,
            };
            Planned { check, instead }
        })
        .collect())
}

/// Whether a word of the command line means the check: its id, its prefix or its category.
fn names(word: &str, check: &Check) -> bool {
    let prefix = check.id.split('-').next().unwrap_or_default();
    [check.id, prefix, check.category.word()].iter().any(|name| name.eq_ignore_ascii_case(word))
}
