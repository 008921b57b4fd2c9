//! `stagectl logs`.

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::select_all;
use jiff::{SignedDuration, Timestamp};

use super::Context;
use super::containers::Place;
use crate::cli::LogsArgs;
use crate::clock;
use crate::compose::scalar;
use crate::engine::{Container, LogLine, LogQuery};
use crate::exit;
use crate::failure::Failure;
use crate::stack::twin;

pub async fn run(context: &Context, args: LogsArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let since = args.since.as_deref().map(|text| moment(text, clock::now())).transpose()?;
    let query = LogQuery { follow: args.follow, tail: args.tail, since };
    let containers = twin::containers(&engine, &project, &args.services).await?;
    if containers.is_empty() {
        context.ui.note("there are no containers: `stagectl up` starts them");
        return Ok(exit::OK);
    }
    let width = containers.iter().map(|container| container.name.len()).max().unwrap_or_default();
    let mut lines =
        select_all(containers.iter().map(|container| {
            Box::pin(engine.logs(&container.id, &query).map(move |line| (container, line)))
        }));
    // Ctrl-C is how a person ends `logs --follow`.
    while let Some((container, line)) = tokio::select! {
        () = context.interrupt.wait() => None,
        line = lines.next() => line,
    } {
        show(context, container, width, &line?);
    }
    Ok(exit::OK)
}

fn show(context: &Context, container: &Container, width: usize, line: &LogLine) {
    if context.ui.options.json {
        let document = serde_json::json!({
            "service": container.service(),
            "container": container.name,
            "stream": if line.stderr { "stderr" } else { "stdout" },
            "line": line.text,
        });
        context.ui.data(&document.to_string());
    } else {
        context.ui.data(&format!("{:width$} | {}", container.name, line.text));
    }
}

/// A time, or an age such as `10m` before `now`.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    scalar::duration(text)
        .and_then(|age| now.checked_sub(SignedDuration::try_from(age).ok()?).ok())
        .ok_or_else(|| {
            Failure::usage(format!("--since: `{text}` is neither a time nor an age"))
                .hint("write `2026-11-21T10:00:00Z` or `10m`")
                .into()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_takes_a_time_or_an_age() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        assert_eq!(moment("10m", now).unwrap().to_string(), "2026-11-21T09:50:00Z");
        assert_eq!(moment("2026-11-20T00:00:00Z", now).unwrap().to_string(), "2026-11-20T00:00:00Z");
        assert!(moment("yesterday", now).is_err());
    }
}
