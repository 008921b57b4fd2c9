//! The Redis half of `stagectl copy-data`: planned before any row is copied, applied after the swap.

use anyhow::Result;

use super::Context;
use crate::config::Settings;
use crate::data::apply::Proof;
use crate::data::cache::{self, CachePlan, Caches};
use crate::data::leak::Detector;
use crate::data::prepare::Prepared;
use crate::model::CacheAddress;
use crate::report::cache_copy::CacheSummary;

/// Both servers, where stagectl.yml names both.
fn servers(settings: &Settings) -> Result<Option<(String, CacheAddress)>> {
    let production = settings.config.production.as_ref();
    let Some(url) = production.and_then(|production| production.redis_url.as_deref()) else {
        return Ok(None);
    };
    let url = settings.expand(url)?;
    Ok(settings.cache()?.filter(|_| !url.is_empty()).map(|staging| (url, staging)))
}

/// What would cross. Writes nothing; `None` where there is no Redis on either side.
pub async fn plan(prepared: &Prepared, settings: &Settings) -> Result<Option<CachePlan>> {
    let Some((url, staging)) = servers(settings)? else { return Ok(None) };
    let rules = &settings.config.cache_copy.rules;
    let caches = Caches { production_url: &url, staging: &staging, rules };
    Ok(Some(cache::plan(&caches, &prepared.job.masker()?).await?))
}

/// Carries the keys over, with the masks of the rows and the same values looked for.
pub async fn apply(
    context: &Context,
    settings: &Settings,
    proof: &Proof,
    run: &str,
) -> Result<Option<CacheSummary>> {
    let Some((url, staging)) = servers(settings)? else { return Ok(None) };
    let caches = Caches { production_url: &url, staging: &staging, rules: &settings.config.cache_copy.rules };
    let detector = Detector::new(&proof.matcher, &settings.config.copy.email_domain);
    let leaks = |text: &str| detector.finds(text);
    let ui = &context.ui;
    ui.phase("Copy the cache");
    ui.step_started("cache", "copy Redis keys");
    let start = std::time::Instant::now();
    let summary = cache::apply(&caches, &proof.masker, &leaks, run, &context.interrupt).await?;
    let keys: u64 = summary.rules.iter().map(|rule| rule.keys).sum();
    let masked: u64 = summary.rules.iter().map(|rule| rule.masked_values).sum();
    let behind = summary.unnamed + summary.rules.iter().map(|rule| rule.skipped).sum::<u64>();
    let what = format!("copy {keys} Redis keys, {masked} values masked; {behind} keys stay behind");
    ui.step_done("cache", &what, start.elapsed().as_millis() as u64);
    Ok(Some(summary))
}
