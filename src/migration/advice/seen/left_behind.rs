//! What the catalogues say before and after: what has gone, and what is not valid. Pure.

use super::super::facts::Named;
use super::super::rules;
use super::{Finder, saying};

impl Finder<'_> {
    /// What the catalogues say before and after.
    pub(super) fn left_behind(&mut self) {
        let facts = self.facts;
        let is_in = |named: &Named, all: &std::collections::BTreeSet<Named>| {
            all.iter().any(|other| (&other.kind, &other.identity) == (&named.kind, &named.identity))
        };
        for named in facts.before.iter().filter(|named| !is_in(named, &facts.after)) {
            let handled = match named.kind.as_str() {
                "enum value" => facts.converted.contains(&named.name),
                "function" => false,
                // The view itself is named once.
                "column of a view" => !facts.before.iter().any(|view| {
                    view.kind == "relation" && view.name == named.name && is_in(view, &facts.after)
                }),
                // A table's fate is in the trace.
                "relation" => !named
                    .table
                    .and_then(|oid| self.trace.before.get(&oid))
                    .is_some_and(|r| matches!(r.kind.as_str(), "v" | "m" | "f")),
                _ => true,
            };
            if !handled {
                let seen = saying(self.trace, &named.name);
                self.add(
                    &rules::GONE,
                    seen,
                    &named.identity,
                    format!("seen: this {} is gone", named.kind),
                    &[],
                );
            }
        }
        for named in facts.after.iter().filter(|named| !named.valid) {
            if facts
                .before
                .iter()
                .any(|old| (&old.kind, &old.name, old.valid) == (&named.kind, &named.name, false))
            {
                continue;
            }
            let table = named.table.map(|oid| self.trace.name(oid)).unwrap_or_default();
            let seen = saying(self.trace, &named.name);
            if named.kind == "index" {
                self.add(
                    &rules::INVALID_INDEX,
                    seen,
                    &table,
                    "seen: not valid".to_owned(),
                    &[("index", &named.name)],
                );
            } else {
                self.add(
                    &rules::UNVALIDATED,
                    seen,
                    &table,
                    "seen: not validated".to_owned(),
                    &[("constraint", &named.name)],
                );
            }
        }
    }
}
