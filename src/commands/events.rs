//! `stagectl events`.

use anyhow::Result;
use futures_util::StreamExt as _;

use super::Context;
use super::containers::Place;
use super::logs::moment;
use crate::cli::EventsArgs;
use crate::clock;
use crate::engine::Happening;
use crate::exit;

pub async fn run(context: &Context, args: EventsArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let now = clock::now();
    let at = |flag, text: &Option<String>| text.as_deref().map(|text| moment(flag, text, now)).transpose();
    let (since, until) = (at("--since", &args.since)?, at("--until", &args.until)?);
    let mut happenings = Box::pin(engine.happenings(&project, since, until));
    // Ctrl-C is how a person ends it.
    while let Some(event) = tokio::select! {
        () = context.interrupt.wait() => None,
        event = happenings.next() => event,
    } {
        let event = event?;
        if !args.services.is_empty() && !args.services.contains(&event.service) {
            continue;
        }
        context.ui.data(&if context.ui.options.json { serde_json::to_string(&event)? } else { line(&event) });
    }
    Ok(exit::OK)
}

fn line(event: &Happening) -> String {
    let what =
        if event.kind == "container" { &event.name } else { &format!("{} {}", event.kind, event.name) };
    let code = event.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
    format!("{:.3}  {what}  {}{code}", event.time, event.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_with_its_exit_code() {
        let event = Happening {
            time: "2026-11-21T10:00:00.1234567Z".parse().unwrap(),
            kind: "container".into(),
            action: "die".into(),
            service: "web".into(),
            name: "shop-web-1".into(),
            id: "0123".into(),
            exit_code: Some(137),
        };
        assert_eq!(line(&event), "2026-11-21T10:00:00.123Z  shop-web-1  die (exit code 137)");
        let event = Happening { kind: "network".into(), exit_code: None, action: "connect".into(), ..event };
        assert_eq!(line(&event), "2026-11-21T10:00:00.123Z  network shop-web-1  connect");
    }
}
