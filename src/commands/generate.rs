//! `stagectl generate`.

use anyhow::Result;

use super::Context;
use crate::cli::GenerateArgs;
use crate::exit;
use crate::stack::generate;
use crate::store::Lock;

pub async fn run(context: &Context, args: GenerateArgs) -> Result<u8> {
    let settings = context.settings()?;
    let writes = !args.dry_run && !args.check;
    let _lock = if writes { Some(Lock::acquire(&settings.root, "generate")?) } else { None };
    let observed = generate::observe(&settings)?;
    let plan = generate::plan(&settings, &observed)?;
    if context.ui.options.json {
        let mut document = plan.json();
        document["applied"] = writes.into();
        if writes {
            generate::apply(&settings, &plan, &context.ui)?;
        }
        context.ui.data(&serde_json::to_string_pretty(&document)?);
    } else if writes {
        context.ui.phase("generate files");
        generate::apply(&settings, &plan, &context.ui)?;
        context.ui.data(&summary(&plan));
    } else {
        context.ui.data(&plan.text(true));
    }
    Ok(if args.check && !plan.is_empty() { exit::NOT_READY } else { exit::OK })
}

fn summary(plan: &generate::Plan) -> String {
    if plan.is_empty() {
        return plan.text(false);
    }
    let changed = plan.changes().count();
    let mut out = format!("{changed} files written, {} unchanged", plan.actions.len() - changed);
    if !plan.secrets.is_empty() {
        out.push_str(&format!(", {} secrets made", plan.secrets.len()));
    }
    for name in &plan.kept_variables {
        out.push_str(&format!("\nkept in .env.staging: {name} (not in stagectl.yml)"));
    }
    out
}
