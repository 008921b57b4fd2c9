//! TLS: what a server negotiates, which certificate it shows, what it still accepts.
//! The only place that knows `rustls`; what rustls refuses to offer is asked with hand-made records.

mod answer;
mod certificate;
mod client;
mod handshake;
mod hello;
mod registry;
mod scan;

pub use answer::{Alert, Answer};
pub use certificate::{Certificate, KeyType};
pub use client::{Stream, Trust, connect};
pub use handshake::{Handshake, handshake, offers_early_data};
pub use hello::ClientHello;
pub use registry::{Group, Suite, Version};
pub use scan::{accepted_groups, accepted_suites, ask, compression};
