//! What the tests share: the binary, a workspace, real servers in containers that go
//! with their guards, and waiting for a condition.

mod container;
mod faulty_engine;
mod mounts;
mod postgres;
mod redis;
mod stack;
mod wait;
mod workspace;

#[allow(unused_imports, reason = "each subject takes what it needs")]
pub use self::{
    container::{Container, docker, engine_or_skip, free_port, image},
    faulty_engine::{FaultyEngine, WORDS as FAULT},
    mounts::with_own_mounts,
    postgres::Postgres,
    redis::Redis,
    stack::{Stack, compose_or_skip},
    wait::eventually,
    workspace::{Outcome, Workspace},
};
