//! What became of a relation between two looks. Pure.

use super::look::Looked;
use crate::migration::trace::{Change, ColumnSeen, quoted};

/// What happened to a relation that was there before.
pub fn changes(before: &Looked, now: &Looked) -> Vec<Change> {
    let Some(kind) = now.kind.as_deref() else { return vec![Change::Dropped] };
    let mut changes = Vec::new();
    if before.file != now.file && before.file != 0 && now.file != 0 && matches!(kind, "r" | "m" | "i") {
        changes.push(Change::Rewritten);
    }
    if before.persistence != now.persistence {
        changes.push(Change::Persistence { to: now.persistence.clone() });
    }
    if (&before.schema, &before.name) != (&now.schema, &now.name) {
        let part = |text: &Option<String>| quoted(text.as_deref().unwrap_or_default());
        changes.push(Change::Renamed { to: format!("{}.{}", part(&now.schema), part(&now.name)) });
    }
    // An index is scanned row by row: that is no reading as a whole.
    if matches!(kind, "r" | "m") && now.scans > before.scans && now.read > before.read {
        changes.push(Change::Scanned { rows: now.read - before.read });
    }
    let (inserted, updated, deleted) = (
        (now.inserted - before.inserted).max(0),
        (now.updated - before.updated).max(0),
        (now.deleted - before.deleted).max(0),
    );
    if inserted + updated + deleted > 0 {
        changes.push(Change::Written { inserted, updated, deleted });
    }
    if let (Some(old), Some(new)) = (&before.columns, &now.columns) {
        changes.extend(columns(old, new));
    }
    changes
}

fn columns(old: &[ColumnSeen], new: &[ColumnSeen]) -> Vec<Change> {
    let mut changes = Vec::new();
    for before in old {
        let Some(now) = new.iter().find(|column| column.number == before.number) else {
            changes.push(Change::ColumnDropped(before.clone()));
            continue;
        };
        if before.name != now.name {
            changes.push(Change::ColumnRenamed { from: before.name.clone(), to: now.name.clone() });
        }
        if before.kind != now.kind {
            changes.push(Change::ColumnType {
                column: now.name.clone(),
                from: before.kind.clone(),
                to: now.kind.clone(),
            });
        }
        if !before.not_null && now.not_null {
            changes.push(Change::NotNullSet { column: now.name.clone() });
        }
    }
    let added = new.iter().filter(|now| !old.iter().any(|before| before.number == now.number));
    changes.extend(added.cloned().map(Change::ColumnAdded));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, file: u32, columns: &[&str]) -> Looked {
        Looked {
            schema: Some("public".into()),
            name: Some(name.into()),
            kind: Some("r".into()),
            file,
            columns: Some(columns.iter().filter_map(|line| ColumnSeen::parse(line)).collect()),
            ..Looked::default()
        }
    }

    #[test]
    fn what_became_of_a_table_is_named() {
        let before = table("t", 1, &["1\ta\tint\tt\tf", "2\tb\ttext\tf\tf", "3\tc\ttext\tf\tf"]);
        let now = table("T", 2, &["1\ta\tbigint\tt\tf", "2\td\ttext\tt\tf", "4\te\ttext\tf\tt"]);
        let found: Vec<String> = changes(&before, &now).iter().map(|change| format!("{change:?}")).collect();
        for word in [
            "Rewritten",
            "Renamed { to: \"public.\\\"T\\\"\" }",
            "ColumnDropped",
            "ColumnType",
            "NotNullSet",
            "ColumnAdded",
        ] {
            assert!(found.iter().any(|change| change.contains(word)), "{word} is not in {found:?}");
        }
        assert!(changes(&before, &before).is_empty());
        assert_eq!(changes(&before, &Looked::default()), [Change::Dropped]);
    }

    #[test]
    fn a_scan_is_one_that_read_rows() {
        let before = table("t", 1, &[]);
        let mut now = before.clone();
        now.scans = 1;
        assert!(changes(&before, &now).is_empty());
        now.read = 5;
        assert_eq!(changes(&before, &now), [Change::Scanned { rows: 5 }]);
    }
}
