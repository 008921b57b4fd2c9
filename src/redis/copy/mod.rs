//! Keys out of one Redis, which is only read, into another, where they appear all at once.

mod source;
mod target;

pub use source::Source;
pub use target::Target;

/// A key's value, or a part of a long one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(Vec<u8>),
    Hash(Vec<(Vec<u8>, Vec<u8>)>),
    List(Vec<Vec<u8>>),
    Set(Vec<Vec<u8>>),
    /// Members with their scores, as the server writes them.
    SortedSet(Vec<(Vec<u8>, String)>),
    /// A stream, or a type of a module.
    Other(String),
}

/// One key as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Vec<u8>,
    /// Milliseconds left; `None` lives for ever.
    pub ttl_ms: Option<i64>,
    pub value: Value,
    /// Where the next part of a long value begins.
    pub more: Option<u64>,
}

/// What stagectl keeps in the twin's Redis for itself begins with this.
pub const OWN: &str = "stagectl:";

/// Tells two servers apart, whatever the addresses that lead to them.
async fn run_id(connection: &mut redis::aio::MultiplexedConnection) -> anyhow::Result<String> {
    let text: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
    text.lines()
        .find_map(|line| line.trim_end().strip_prefix("run_id:"))
        .map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("the server does not tell its run_id"))
}
