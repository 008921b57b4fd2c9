//! Images built from a compose file: what `build` asks for, as the engine's own builder takes it.

mod context;
mod ignore;
mod request;

pub use context::BuildContext;
pub use request::{Build, Source, requested};
