//! The frame: a header, rows of counted fields, an end mark.

use crate::data::mask::Unmaskable;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Signature, flags, length of the header's extension.
const HEADER: usize = 19;
/// Bit 16: rows carry an oid, as servers before 12 could send.
const WITH_OIDS: u32 = 1 << 16;

const BROKEN: Unmaskable = Unmaskable::Malformed("COPY stream");

/// Bytes that wait until a row is whole.
#[derive(Default)]
pub struct Rows {
    buffer: Vec<u8>,
    /// What stands before it has been taken.
    at: usize,
    started: bool,
    ended: bool,
}

impl Rows {
    pub fn push(&mut self, bytes: &[u8]) {
        // Mostly a message holds whole rows, and nothing has to move.
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next whole row and puts the places of its fields into `fields`; `None`: more must come.
    ///
    /// # Errors
    /// A stream that is no binary COPY, or goes on after its end.
    pub fn next(&mut self, fields: &mut Fields) -> Result<Option<&[u8]>, Unmaskable> {
        if !self.started && !self.start()? {
            return Ok(None);
        }
        let rest = &self.buffer[self.at..];
        let Some(count) = rest.first_chunk::<2>().map(|b| i16::from_be_bytes(*b)) else {
            return Ok(None);
        };
        if self.ended {
            return Err(BROKEN);
        }
        if count == -1 {
            self.at += 2;
            self.ended = true;
            return if self.at == self.buffer.len() { Ok(None) } else { Err(BROKEN) };
        }
        fields.clear();
        let mut at = 2;
        for _ in 0..usize::try_from(count).map_err(|_| BROKEN)? {
            let Some(length) = rest.get(at..).and_then(<[u8]>::first_chunk::<4>) else {
                return Ok(None);
            };
            at += 4;
            match i32::from_be_bytes(*length) {
                -1 => fields.push(None),
                length => {
                    let end = at + usize::try_from(length).map_err(|_| BROKEN)?;
                    fields.push(Some(at..end));
                    at = end;
                }
            }
            if at > rest.len() {
                return Ok(None);
            }
        }
        let row = self.at..self.at + at;
        self.at = row.end;
        Ok(Some(&self.buffer[row]))
    }

    /// Whether the end mark has come: a stream without it was cut.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn start(&mut self) -> Result<bool, Unmaskable> {
        let Some(header) = self.buffer[self.at..].first_chunk::<HEADER>() else { return Ok(false) };
        let number =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if !header.starts_with(SIGNATURE) || number(11) & WITH_OIDS != 0 {
            return Err(BROKEN);
        }
        let whole = HEADER + number(15) as usize;
        if self.buffer.len() - self.at < whole {
            return Ok(false);
        }
        self.at += whole;
        self.started = true;
        Ok(true)
    }
}

/// Where each field of a row stands in it; `None` is NULL.
pub type Fields = Vec<Option<std::ops::Range<usize>>>;

/// Appends the header.
pub fn put_start(out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[0; 8]);
}

/// Appends the end mark.
pub fn put_end(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i16).to_be_bytes());
}

/// Appends a field with its length; `None` is NULL.
pub fn put_field(value: Option<&[u8]>, out: &mut Vec<u8>) {
    match value {
        None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        Some(value) => {
            // PostgreSQL holds no value of 1 GiB or more.
            out.extend_from_slice(&(value.len() as i32).to_be_bytes());
            out.extend_from_slice(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Row = Vec<Option<Vec<u8>>>;

    fn stream(rows: &[Row]) -> Vec<u8> {
        let mut out = Vec::new();
        put_start(&mut out);
        for row in rows {
            out.extend_from_slice(&(row.len() as i16).to_be_bytes());
            for field in row {
                put_field(field.as_deref(), &mut out);
            }
        }
        put_end(&mut out);
        out
    }

    fn read(pieces: impl Iterator<Item = Vec<u8>>) -> Result<(Vec<Row>, bool), Unmaskable> {
        let (mut rows, mut fields, mut seen) = (Rows::default(), Fields::new(), Vec::new());
        for piece in pieces {
            rows.push(&piece);
            while let Some(row) = rows.next(&mut fields)? {
                seen.push(fields.iter().map(|at| at.clone().map(|at| row[at].to_vec())).collect());
            }
        }
        Ok((seen, rows.ended()))
    }

    proptest! {
        #[test]
        fn rows_come_whole_however_the_stream_is_cut(
            rows in prop::collection::vec(
                prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..20)), 0..4), 0..6),
            size in 1_usize..40,
        ) {
            let bytes = stream(&rows);
            let (seen, ended) = read(bytes.chunks(size).map(<[u8]>::to_vec)).unwrap();
            prop_assert!(ended);
            prop_assert_eq!(seen, rows);
        }
    }

    #[test]
    fn a_cut_or_foreign_stream_is_told() {
        let bytes = stream(&[vec![Some(b"a".to_vec())]]);
        let (_, ended) = read([bytes[..bytes.len() - 1].to_vec()].into_iter()).unwrap();
        assert!(!ended);
        assert_eq!(read([b"PGDUMP\n 0123456789abcdef".to_vec()].into_iter()), Err(BROKEN));
        assert_eq!(read([bytes.clone(), b"more".to_vec()].into_iter()), Err(BROKEN));
    }
}
