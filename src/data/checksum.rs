//! What a table's rows amount to, in whatever order they come: the workers add up what they read, the
//! proof adds up what arrived.

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::quality::FixedState;

use super::model::{Column, Table};
use crate::config::masking::Strategy;

/// Rows, and a sum over their fields. Sums of streams in the same format can be compared; two different
/// sets of rows agree by chance once in 2^64.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checksum {
    pub rows: u64,
    sum: u64,
}

impl Checksum {
    /// Adds a row: its untouched columns as [`untouched`] lists them; `None` is NULL.
    pub fn row<'f>(&mut self, fields: impl IntoIterator<Item = Option<&'f [u8]>>) {
        let mut hasher = FixedState::default().build_hasher();
        for field in fields {
            match field {
                // Lengths keep `ab, c` and `a, bc` apart.
                Some(bytes) => {
                    hasher.write_u64(bytes.len() as u64);
                    hasher.write(bytes);
                }
                None => hasher.write_u64(u64::MAX),
            }
        }
        self.rows += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }

    /// Adds the rows of another part of the same table.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// The columns that cross as they are, in the table's order.
pub fn untouched<'t>(
    table: &'t Table,
    rule: impl Fn(&Column) -> Option<&'t Strategy>,
) -> impl Iterator<Item = &'t Column> {
    table
        .columns
        .iter()
        .filter(move |column| !column.generated && matches!(rule(column), None | Some(Strategy::Keep(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Option<&str>]]) -> Checksum {
        let mut sum = Checksum::default();
        for row in rows {
            sum.row(row.iter().map(|field| field.map(str::as_bytes)));
        }
        sum
    }

    #[test]
    fn the_order_and_the_parts_make_no_difference() {
        let (a, b): (&[Option<&str>], &[Option<&str>]) = (&[Some("1"), None], &[Some("2"), Some("x")]);
        assert_eq!(sum(&[a, b]), sum(&[b, a]));
        let mut parts = sum(&[a]);
        parts.merge(sum(&[b]));
        assert_eq!(parts, sum(&[a, b]));
    }

    #[test]
    fn any_change_of_a_row_shows() {
        let whole = sum(&[&[Some("ab"), Some("c")], &[Some("1"), None]]);
        for other in [
            sum(&[&[Some("a"), Some("bc")], &[Some("1"), None]]),
            sum(&[&[Some("ab"), None], &[Some("1"), Some("c")]]),
            sum(&[&[Some("ab"), Some("c")], &[Some("1"), Some("")]]),
            sum(&[&[Some("ab"), Some("c")], &[Some("1"), None], &[Some("1"), None]]),
            sum(&[&[Some("c"), Some("ab")], &[Some("1"), None]]),
        ] {
            assert_ne!(whole, other);
        }
    }
}
