//! `stagectl logs`.

use std::collections::BTreeMap;
use std::future::ready;

use anyhow::Result;
use futures_util::stream::{BoxStream, SelectAll, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use super::Context;
use super::containers::Place;
use crate::cli::LogsArgs;
use crate::clock;
use crate::compose::scalar;
use crate::engine::{Container, Engine, Happening, LogLine, LogQuery};
use crate::exit;
use crate::failure::Failure;
use crate::stack::twin;
use crate::ui::Styles;

pub async fn run(context: &Context, args: LogsArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let now = clock::now();
    let at = |flag, text: &Option<String>| text.as_deref().map(|text| moment(flag, text, now)).transpose();
    let query = LogQuery {
        follow: args.follow,
        tail: args.tail.and_then(|lines| lines.0),
        since: at("--since", &args.since)?,
        until: at("--until", &args.until)?,
    };
    let containers = twin::containers(&engine, &project, &args.services).await?;
    if containers.is_empty() && !args.follow {
        context.ui.note("there are no containers: `stagectl up` starts them");
        return Ok(exit::OK);
    }
    let mut printer = Printer::new(context, &args, &containers);
    let work = async {
        if args.follow {
            follow(&engine, &project, &args.services, containers, &query, &mut printer).await
        } else {
            in_order(&engine, &containers, &query, &mut printer).await
        }
    };
    // Ctrl-C is how a person ends `logs --follow`.
    tokio::select! {
        () = context.interrupt.wait() => {}
        result = work => result?,
    }
    Ok(exit::OK)
}

type Lines = BoxStream<'static, (String, Result<LogLine>)>;

fn lines(engine: &Engine, id: &str, query: &LogQuery) -> Lines {
    let (owner, since) = (id.to_owned(), query.since);
    engine
        .logs(id, query)
        // The engine counts in whole seconds.
        .filter(move |line| ready(!matches!(line, Ok(line) if line.time.is_some() && line.time < since)))
        .map(move |line| (owner.clone(), line))
        .boxed()
}

/// The lines of all containers in the order in which they were written.
async fn in_order(
    engine: &Engine,
    containers: &[Container],
    query: &LogQuery,
    printer: &mut Printer<'_>,
) -> Result<()> {
    let mut heads = Vec::new();
    for container in containers {
        let mut rest = lines(engine, &container.id, query);
        if let Some((id, line)) = rest.next().await {
            heads.push((id, line?, rest));
        }
    }
    while let Some(earliest) = (0..heads.len()).min_by_key(|&index| heads[index].1.time) {
        let (id, line, rest) = &mut heads[earliest];
        printer.print(id, line);
        match rest.next().await {
            Some((_, next)) => *line = next?,
            None => drop(heads.swap_remove(earliest)),
        }
    }
    Ok(())
}

/// The lines as they come, also those of containers that start later or again.
async fn follow(
    engine: &Engine,
    project: &str,
    services: &[String],
    containers: Vec<Container>,
    query: &LogQuery,
    printer: &mut Printer<'_>,
) -> Result<()> {
    let mut starts = engine
        .happenings(project, None, None)
        .filter(|event| ready(!matches!(event, Ok(event) if event.action != "start")))
        .boxed();
    let mut open: SelectAll<Lines> =
        containers.iter().map(|container| lines(engine, &container.id, query)).collect();
    loop {
        tokio::select! {
            Some((id, line)) = open.next() => printer.print(&id, &line?),
            start = starts.next() => {
                let Some(start) = start else { return Ok(()) };
                let Happening { id, service, time, .. } = start?;
                if !services.is_empty() && !services.contains(&service) {
                    continue;
                }
                if let Some(container) = engine.container(&id).await? {
                    printer.add(&container);
                    // What it wrote before was shown already, when it ran the last time.
                    let query = LogQuery { tail: None, since: Some(time), ..query.clone() };
                    open.push(lines(engine, &id, &query));
                }
            }
        }
    }
}

/// Puts the container's name before each line.
struct Printer<'a> {
    context: &'a Context,
    /// By container id.
    names: BTreeMap<String, (String, String)>,
    width: usize,
    prefix: bool,
    times: bool,
    colour: bool,
}

impl<'a> Printer<'a> {
    fn new(context: &'a Context, args: &LogsArgs, containers: &[Container]) -> Self {
        let mut printer = Self {
            context,
            names: BTreeMap::new(),
            width: 0,
            prefix: !args.no_log_prefix,
            times: args.timestamps,
            colour: !args.no_color,
        };
        for container in containers {
            printer.add(container);
        }
        printer
    }

    fn add(&mut self, container: &Container) {
        // As short as it can be and still tell replicas apart.
        let short = container.name.strip_prefix(&format!("{}-", container.project()));
        let short = short.unwrap_or(&container.name).to_owned();
        self.width = self.width.max(short.chars().count());
        self.names.insert(container.id.clone(), (short, container.service().to_owned()));
    }

    fn print(&self, id: &str, line: &LogLine) {
        let Some((name, service)) = self.names.get(id) else { return };
        if self.context.ui.options.json {
            let document = serde_json::json!({
                "service": service,
                "container": name,
                "time": line.time,
                "stream": if line.stderr { "stderr" } else { "stdout" },
                "line": line.text,
            });
            self.context.ui.data(&document.to_string());
            return;
        }
        let mut text = String::new();
        if self.prefix {
            let padded = format!("{name:width$} |", width = self.width);
            let style =
                Styles::of_series(self.names.keys().position(|other| other == id).unwrap_or_default());
            text += &if self.colour { Styles::paint(style, &padded) } else { padded };
            text.push(' ');
        }
        if let (true, Some(time)) = (self.times, line.time) {
            text += &format!("{time} ");
        }
        self.context.ui.data(&(text + &line.text));
    }
}

/// A time, or an age such as `10m` before `now`.
pub fn moment(flag: &str, text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    scalar::duration(text)
        .and_then(|age| now.checked_sub(SignedDuration::try_from(age).ok()?).ok())
        .ok_or_else(|| {
            Failure::usage(format!("{flag}: `{text}` is neither a time nor an age"))
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
        let moment = |text| moment("--since", text, now);
        assert_eq!(moment("10m").unwrap().to_string(), "2026-11-21T09:50:00Z");
        assert_eq!(moment("2026-11-20T00:00:00Z").unwrap().to_string(), "2026-11-20T00:00:00Z");
        assert!(moment("yesterday").is_err());
    }
}
