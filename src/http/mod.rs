//! HTTP probes and bounded load, against this machine only.
//! The only place that knows `hyper`: raw paths, repeated headers and source addresses stay visible.

mod body;
mod client;
mod latency;
mod load;
mod request;
mod response;

pub use client::{Client, Connection, Target};
pub use latency::{Bucket, Latencies};
pub use load::{Load, LoadResult, run as load};
pub use request::Request;
pub use response::{Response, Timings};
