//! The Redis half of the copy: which keys cross, masked with the same key as the tables, so that the
//! same address has the same mask in both.

mod apply;
mod fields;
mod plan;
mod rules;

pub use apply::apply;
pub use plan::{CachePlan, CacheRulePlan, UndecidedField, plan};

use anyhow::Result;

use crate::config::data::CacheRule;
use crate::failure::Failure;
use crate::model::CacheAddress;
use crate::redis::copy::{OWN, Source, Target};

/// Keys whose values are held at one time.
const BATCH: usize = 50;

/// The two servers, and the rules between them.
#[derive(Clone, Copy)]
pub struct Caches<'a> {
    /// `production.redis_url`, expanded. Holds a password.
    pub production_url: &'a str,
    pub staging: &'a CacheAddress,
    /// `cache_copy.rules`.
    pub rules: &'a [CacheRule],
}

impl Caches<'_> {
    /// Connects to both.
    ///
    /// # Errors
    /// `refused` when both are one server, whatever the names that lead there.
    async fn connect(&self) -> Result<(Source, Target)> {
        let source = Source::connect(self.production_url).await?;
        let target = Target::connect(self.staging).await?;
        if source.run_id().await? == target.run_id().await? {
            return Err(Failure::refused("production's Redis and staging's are the same server")
                .hint("give staging a Redis of its own, and check `production.redis_url`")
                .into());
        }
        Ok((source, target))
    }

    /// The keys of one scan step that a rule names, by rule. stagectl's own names never cross.
    fn sort<'k>(&self, keys: &'k [Vec<u8>]) -> Vec<(Option<usize>, &'k Vec<u8>)> {
        let foreign = keys.iter().filter(|key| !key.starts_with(OWN.as_bytes()));
        foreign.map(|key| (rules::of(self.rules, key), key)).collect()
    }
}
