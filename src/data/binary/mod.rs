//! The binary format of COPY: whole rows out of the pieces a server sends, fields to the text that masks
//! take and back. Memory holds one row, whatever the table.

mod array;
mod codec;
mod rows;
mod time;

pub use codec::Codec;
pub use rows::{Fields, Rows, put_end, put_field, put_start};
