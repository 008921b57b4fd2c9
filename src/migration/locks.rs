//! Lock modes: which ones keep whom out. Pure.

/// A table-level lock mode, from weakest to strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl LockMode {
    /// Parses pg_locks' word, such as `AccessExclusiveLock`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "AccessShareLock" => Self::AccessShare,
            "RowShareLock" => Self::RowShare,
            "RowExclusiveLock" => Self::RowExclusive,
            "ShareUpdateExclusiveLock" => Self::ShareUpdateExclusive,
            "ShareLock" => Self::Share,
            "ShareRowExclusiveLock" => Self::ShareRowExclusive,
            "ExclusiveLock" => Self::Exclusive,
            "AccessExclusiveLock" => Self::AccessExclusive,
            _ => return None,
        })
    }

    /// The words of the manual.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// Whom the mode keeps waiting.
    pub const fn blocks(self) -> &'static str {
        match self {
            Self::AccessShare => "DROP, TRUNCATE, most ALTER TABLE",
            Self::RowShare => "DDL",
            Self::RowExclusive => "CREATE INDEX and other DDL",
            Self::ShareUpdateExclusive => "VACUUM, ANALYZE, DDL",
            Self::Share => "INSERT, UPDATE, DELETE",
            Self::ShareRowExclusive => "INSERT, UPDATE, DELETE and DDL",
            Self::Exclusive => "INSERT, UPDATE, DELETE, SELECT FOR UPDATE",
            Self::AccessExclusive => "everything, SELECT too",
        }
    }

    /// True where the application's writes wait.
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }

    /// True where the application's reads wait.
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }
}

/// A lock that a statement took on something that was there before the migration.
#[derive(Debug, Clone, PartialEq)]
pub struct LockTaken {
    /// The relation's object number, which no renaming changes.
    pub oid: u32,
    /// Quoted and qualified.
    pub relation: String,
    /// `table`, `index`, `sequence` and the like.
    pub kind: String,
    pub mode: LockMode,
    /// From the statement's start to the end of its transaction.
    pub held_ms: f64,
    pub blocks: String,
}

impl LockTaken {
    pub fn line(&self) -> String {
        format!(
            "{} on {} {}, {:.1} ms: blocks {}",
            self.mode.words(),
            self.kind,
            self.relation,
            self.held_ms,
            self.blocks
        )
    }
}

/// pg_class.relkind in words.
pub fn relation_kind(kind: &str) -> &'static str {
    match kind {
        "r" | "p" => "table",
        "i" | "I" => "index",
        "S" => "sequence",
        "v" => "view",
        "m" => "materialized view",
        "f" => "foreign table",
        _ => "relation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_strongest_mode_keeps_readers_out() {
        let modes =
            ["AccessShareLock", "RowExclusiveLock", "ShareLock", "ExclusiveLock", "AccessExclusiveLock"];
        let parsed: Vec<LockMode> = modes.iter().map(|m| LockMode::parse(m).unwrap()).collect();
        assert_eq!(
            parsed.iter().map(|m| m.blocks_reads()).collect::<Vec<_>>(),
            [false, false, false, false, true]
        );
        assert_eq!(
            parsed.iter().map(|m| m.blocks_writes()).collect::<Vec<_>>(),
            [false, false, true, true, true]
        );
        assert!(LockMode::parse("SIReadLock").is_none());
    }
}
