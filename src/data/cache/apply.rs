//! Carries the keys over: read, masked, scanned, staged, and put in place at once at the end.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use super::plan::{named, refusal, unmaskable};
use super::{BATCH, Caches, fields, rules};
use crate::config::data::{CacheAction, CacheRule};
use crate::data::mask::Masker;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::redis::copy::{Entry, Source, Target, Value};
use crate::report::cache_copy::{CacheRuleSummary, CacheSummary};

/// Copies the keys. `leaks` tells whether a text holds an original personal value or a real-looking
/// e-mail address; `run` names the run. Staging's keys change all at once, at the end, or not at all.
///
/// # Errors
/// `refused` for an undecided field, a leak, or two addresses of one server; `environment` when a server
/// does not answer. What was staged is removed.
pub async fn apply(
    caches: &Caches<'_>,
    masker: &Masker,
    leaks: &dyn Fn(&str) -> bool,
    run: &str,
    interrupt: &Interrupt,
) -> Result<CacheSummary> {
    let (source, target) = interrupt.guard(caches.connect()).await?;
    let copy = Copy { caches, masker, leaks, run, source, target: target.clone() };
    let result = interrupt.guard(copy.carry()).await;
    if result.is_err() {
        // The cause counts; the next run removes what is left.
        let _ = target.remove_staged().await;
    }
    result.context("copy Redis keys")
}

struct Copy<'a> {
    caches: &'a Caches<'a>,
    masker: &'a Masker,
    leaks: &'a dyn Fn(&str) -> bool,
    run: &'a str,
    source: Source,
    target: Target,
}

impl Copy<'_> {
    async fn carry(&self) -> Result<CacheSummary> {
        self.target.remove_staged().await?;
        let mut summary = CacheSummary::default();
        summary.rules.extend(self.caches.rules.iter().map(|rule| CacheRuleSummary {
            pattern: rule.pattern.clone(),
            action: rules::word(rule.action).to_owned(),
            ..CacheRuleSummary::default()
        }));
        // A scan can name a key twice. Only keys that cross are remembered: sessions can be millions.
        let mut seen = BTreeSet::new();
        let mut coming = BTreeMap::new();
        let mut cursor = 0;
        loop {
            let (next, keys) = self.source.scan(cursor).await?;
            let mut crossing = Vec::new();
            for (rule, key) in self.caches.sort(&keys) {
                match rule {
                    None => summary.unnamed += 1,
                    Some(at) if self.caches.rules[at].action == CacheAction::Skip => {
                        summary.rules[at].skipped += 1;
                    }
                    Some(_) if seen.insert(key.clone()) => crossing.push(key.clone()),
                    Some(_) => {}
                }
            }
            for batch in crossing.chunks(BATCH) {
                for entry in self.source.read(batch).await? {
                    let Some(at) = rules::of(self.caches.rules, &entry.key) else { continue };
                    let (key, ttl_ms) = (entry.key.clone(), entry.ttl_ms);
                    let count = &mut summary.rules[at];
                    if self.one(&self.caches.rules[at], entry, count).await? {
                        count.keys += 1;
                        coming.insert(key, ttl_ms);
                    } else {
                        count.skipped += 1;
                    }
                }
            }
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        let coming: Vec<_> = coming.into_iter().collect();
        summary.removed = self.target.put_in_place(self.run, &coming).await?;
        Ok(summary)
    }

    /// Stages one key, part by part. False when nothing of it is left.
    async fn one(&self, rule: &CacheRule, entry: Entry, count: &mut CacheRuleSummary) -> Result<bool> {
        let mut staged = false;
        let mut part = Some(entry);
        while let Some(entry) = part {
            part = self.source.next(&entry).await?;
            if let Some(value) = self.cleared(rule, &entry, count)? {
                self.target.stage(self.run, &[Entry { value, ..entry }]).await?;
                staged = true;
            }
        }
        Ok(staged)
    }

    /// What of the value may cross.
    fn cleared(
        &self,
        rule: &CacheRule,
        entry: &Entry,
        count: &mut CacheRuleSummary,
    ) -> Result<Option<Value>> {
        if matches!(entry.value, Value::Other(_)) {
            return Ok(None);
        }
        let unreadable = |cause| unmaskable(rule, &cause);
        let (value, crossing) = if rule.action == CacheAction::Copy {
            (Some(entry.value.clone()), fields::texts(&entry.value).map_err(unreadable)?)
        } else {
            let outcome = fields::mask(&entry.value, &rule.fields, self.masker).map_err(unreadable)?;
            if !outcome.undecided.is_empty() {
                return Err(refusal(&named(rule, outcome.undecided).collect::<Vec<_>>()).into());
            }
            count.masked_values += outcome.masked;
            (outcome.value, outcome.crossing)
        };
        if value.is_some() && (self.leaks)(&String::from_utf8_lossy(&entry.key)) {
            return Err(leak(rule, "name of a key", "keys keep their names: `action: skip`"));
        }
        if crossing.iter().any(|text| (self.leaks)(text)) {
            return Err(leak(rule, "value", "mask the field it stands in, or `action: skip`"));
        }
        Ok(value)
    }
}

fn leak(rule: &CacheRule, place: &str, hint: &str) -> anyhow::Error {
    Failure::refused(format!(
        "a {place} of `{}` holds a real person's data: nothing was written",
        rule.pattern
    ))
    .hint(format!("{hint}, in `cache_copy.rules` of stagectl.yml"))
    .into()
}
