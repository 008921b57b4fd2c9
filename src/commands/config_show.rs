//! `stagectl config`.

use anyhow::Result;

use super::Context;
use crate::config::redacted;
use crate::exit;

pub async fn run(context: &Context) -> Result<u8> {
    let document = redacted::document(&context.settings()?)?;
    context.ui.data(&if context.ui.options.json {
        serde_json::to_string_pretty(&document)?
    } else {
        serde_yaml::to_string(&document)?
    });
    Ok(exit::OK)
}
