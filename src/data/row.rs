//! A row's place, which holds still within a snapshot, so that no table needs a primary key.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// The partition's oid (the table's own where it has none) and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    pub partition: u32,
    pub place: Tid,
}

/// A block and an item in it: PostgreSQL's `tid`, in the order of the disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tid(u64);

impl Tid {
    pub fn new(block: u32, item: u16) -> Self {
        Self(u64::from(block) << 16 | u64::from(item))
    }

    fn parts(self) -> (u32, u16) {
        ((self.0 >> 16) as u32, self.0 as u16)
    }

    /// Reads `(12,3)`.
    pub fn parse(text: &str) -> Option<Self> {
        let (block, item) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
        Some(Self::new(block.parse().ok()?, item.parse().ok()?))
    }
}

/// `(12,3)`, as SQL reads it.
impl fmt::Display for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, item) = self.parts();
        write!(f, "({block},{item})")
    }
}

impl fmt::Debug for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ToSql for Tid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let (block, item) = self.parts();
        out.put_u32(block);
        out.put_u16(item);
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TID
    }

    to_sql_checked!();
}

impl FromSql<'_> for Tid {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let (block, item) = raw.split_at_checked(4).ok_or("a tid of another length")?;
        Ok(Self::new(u32::from_be_bytes(block.try_into()?), u16::from_be_bytes(item.try_into()?)))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::TID
    }
}

/// The places in each partition, in the order of the disk.
pub fn by_partition(rows: &BTreeSet<RowId>) -> BTreeMap<u32, Vec<Tid>> {
    let mut places: BTreeMap<u32, Vec<Tid>> = BTreeMap::new();
    for row in rows {
        places.entry(row.partition).or_default().push(row.place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_is_written_and_sorts_as_on_disk() {
        for (block, item) in [(0, 1), (7, 65_535), (u32::MAX, 1)] {
            let place = Tid::new(block, item);
            assert_eq!(Tid::parse(&place.to_string()), Some(place));
            let mut raw = BytesMut::new();
            place.to_sql(&Type::TID, &mut raw).unwrap();
            assert_eq!(Tid::from_sql(&Type::TID, &raw).unwrap(), place);
        }
        assert!(Tid::new(1, 9) < Tid::new(2, 1) && Tid::new(2, 1) < Tid::new(2, 2));
        assert_eq!(Tid::parse("1,2"), None);
    }
}
