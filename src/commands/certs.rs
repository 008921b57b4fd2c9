//! `stagectl certs`.

use anyhow::Result;

use super::Context;
use crate::cli::CertsArgs;
use crate::clock;
use crate::exit;
use crate::failure::Failure;
use crate::stack::certs;
use crate::store::Lock;

pub async fn run(context: &Context, args: CertsArgs) -> Result<u8> {
    let settings = context.settings()?;
    let Some(proxy) = &settings.config.proxy else {
        return Err(Failure::config(
            "stagectl.yml has no `proxy`: there is nothing to make a certificate for",
        )
        .hint("add the `proxy` section; `stagectl init --print` shows one")
        .into());
    };
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&settings.root, "certs")?) };
    let request = certs::request(&settings);
    let now = clock::now();
    let plan = certs::plan(&request, &certs::observe(&request)?, now, args.force);
    if !args.dry_run {
        certs::apply(&request, &plan, now, &context.ui)?;
        if !plan.is_empty() {
            context.ui.note(format!("`stagectl restart {}` makes the proxy read them", proxy.service));
        }
    }
    if context.ui.options.json {
        let mut document = plan.json();
        document["applied"] = (!args.dry_run).into();
        context.ui.data(&serde_json::to_string_pretty(&document)?);
    } else {
        context.ui.data(&plan.text());
    }
    Ok(exit::OK)
}
