//! The logs of containers, line by line.

use std::collections::HashMap;

use anyhow::Result;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptions;
use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;

use super::{Engine, failed};

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    pub follow: bool,
    /// Only the last lines; `None` is all.
    pub tail: Option<u64>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// One line of a container's output, without its line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub stderr: bool,
    /// When it was written; `None` where the log driver does not keep it.
    pub time: Option<Timestamp>,
    pub text: String,
}

impl Engine {
    /// Streams a container's lines; ends with the log, or with the container when following.
    pub fn logs(
        &self,
        container: &str,
        query: &LogQuery,
    ) -> impl Stream<Item = Result<LogLine>> + Send + use<> {
        let options = LogsOptions {
            follow: query.follow,
            stdout: true,
            stderr: true,
            since: query.since.map_or(0, seconds),
            until: query.until.map_or(0, seconds),
            timestamps: true,
            tail: query.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
        };
        let chunks = Box::pin(self.docker.logs(container, Some(options)));
        let pending: HashMap<bool, String> = HashMap::new();
        futures_util::stream::unfold(
            (chunks, pending, false),
            |(mut chunks, mut pending, ended)| async move {
                if ended {
                    return None;
                }
                let mut lines = Vec::new();
                let mut ended = false;
                match chunks.next().await {
                    Some(Ok(chunk)) => {
                        let stderr = matches!(chunk, LogOutput::StdErr { .. });
                        let rest = pending.entry(stderr).or_default();
                        rest.push_str(&String::from_utf8_lossy(&chunk.into_bytes()));
                        while let Some(at) = rest.find('\n') {
                            let text = rest[..at].trim_end_matches('\r').to_owned();
                            rest.drain(..=at);
                            lines.push(Ok(line(stderr, &text)));
                        }
                    }
                    Some(Err(error)) => {
                        lines.push(Err(failed("read logs", error)));
                        ended = true;
                    }
                    None => {
                        ended = true;
                        for (stderr, text) in pending.drain().filter(|(_, text)| !text.is_empty()) {
                            lines.push(Ok(line(stderr, &text)));
                        }
                    }
                }
                Some((futures_util::stream::iter(lines), (chunks, pending, ended)))
            },
        )
        .flatten()
    }

    /// The last lines of a container, oldest first.
    pub async fn last_lines(&self, container: &str, count: u64) -> Result<Vec<String>> {
        let query = LogQuery { tail: Some(count), ..LogQuery::default() };
        let mut lines = Vec::new();
        let mut stream = Box::pin(self.logs(container, &query));
        while let Some(line) = stream.next().await {
            lines.push(line?.text);
        }
        Ok(lines)
    }
}

fn seconds(at: Timestamp) -> i32 {
    i32::try_from(at.as_second()).unwrap_or(i32::MAX)
}

/// The engine puts the time before each line.
fn line(stderr: bool, text: &str) -> LogLine {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    match first.parse() {
        Ok(time) => LogLine { stderr, time: Some(time), text: rest.to_owned() },
        Err(_) => LogLine { stderr, time: None, text: text.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parted_from_its_time() {
        let with = line(false, "2026-11-21T10:00:00.123456789Z hello  there");
        assert_eq!(with.time.unwrap().to_string(), "2026-11-21T10:00:00.123456789Z");
        assert_eq!(with.text, "hello  there");
        assert_eq!(line(true, "2026-11-21T10:00:00Z ").text, "");
        assert_eq!(
            line(true, "no time here"),
            LogLine { stderr: true, time: None, text: "no time here".into() }
        );
    }
}
