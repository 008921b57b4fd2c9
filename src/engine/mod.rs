//! The Docker Engine: the only place that knows `bollard`.

mod connect;
mod exec;

pub use connect::Engine;
pub use exec::ExecOutput;
