//! The Docker Engine: the only place that knows `bollard`.

mod connect;
mod exec;
mod inspect;
mod stats;

pub use connect::Engine;
pub use exec::ExecOutput;
pub use inspect::{Bounds, Confinement, Inspected, InspectedNetwork, InspectedVolume, Mounted, Published};
pub use stats::Usage;
