//! PRF-004, PRF-005, PRF-007 … PRF-009: the rate limit, tried out. All ask for a path that costs the
//! application nothing, and go past the pacing of the shared client.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use super::limit_verdict::{self as verdict, Budget, Burst};
use crate::config::proxy::Proxy;
use crate::http::{Client, Connection, Request};
use crate::report::{Answered, Plot, Status};
use crate::validation::facts::Facts;
use crate::validation::front::{Edge, is_limited};
use crate::validation::{Category, Check, Need, Outcome, Stage};

const BASE: Check = Check {
    stage: Stage::Burst,
    needs: &[Need::Http],
    timeout: Duration::from_secs(40),
    ..Check::base(Category::Performance)
};

pub const CHECKS: &[Check] = &[
    Check {
        id: "PRF-004",
        title: "a burst over the limit is answered with 429",
        quick: true,
        expected: "429 after at most proxy.rate_limit.burst requests (and what the rate adds), within a fifth",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, http block: `limit_req_zone $binary_remote_addr zone=per_address:10m \
                 rate=100r/m; limit_req_status 429;`, and in the locations \
                 `limit_req zone=per_address burst=20 nodelay;`",
        run: |facts| Box::pin(async move { report(burst(facts).await) }),
        ..BASE
    },
    Check {
        id: "PRF-005",
        title: "one client's burst does not limit another",
        expected: "while this machine has spent its budget, a client with another address is answered",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf: the key of limit_req_zone must be `$binary_remote_addr`",
        needs: &[Need::Http, Need::Engine],
        run: |facts| Box::pin(async move { report(two_clients(facts).await) }),
        ..BASE
    },
    Check {
        id: "PRF-007",
        title: "the limit recovers at its rate",
        expected: "after a burst, requests pass again at proxy.rate_limit.per_minute, within a fifth",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf: `limit_req_zone … rate=100r/m;` (proxy.rate_limit.per_minute in stagectl.yml)",
        run: |facts| Box::pin(async move { report(refill(facts).await) }),
        ..BASE
    },
    Check {
        id: "PRF-008",
        title: "sign-in routes have the stricter limit",
        expected: "429 after at most proxy.rate_limit.auth_burst requests, while other API routes still answer",
        remedy: "in stagectl.yml, proxy.routes: `- {path: /api/auth/, kind: auth, upstream: app}`, then \
                 `stagectl generate` and `stagectl restart` the proxy",
        run: |facts| Box::pin(async move { report(auth(facts).await) }),
        ..BASE
    },
    Check {
        id: "PRF-009",
        title: "an invented client address does not reset the limit",
        expected: "X-Forwarded-For, X-Real-IP and Forwarded of a visitor change nothing",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf: key the limit by `$binary_remote_addr`, and no `set_real_ip_from` for \
                 addresses that are not your own balancer's",
        run: |facts| Box::pin(async move { report(spoofed(facts).await) }),
        ..BASE
    },
];

fn report(outcome: Result<Outcome>) -> Outcome {
    outcome.unwrap_or_else(|error| Outcome::error(format!("{error:#}")))
}

/// The limit under test.
struct Limit<'a> {
    edge: &'a Edge,
    proxy: &'a Proxy,
    path: &'a str,
    general: Budget,
}

impl<'a> Limit<'a> {
    fn of(facts: &'a Facts) -> Result<Option<Self>> {
        let edge = facts.front.edge().map_err(anyhow::Error::msg)?;
        let proxy = facts.settings.config.proxy.as_ref().context("there is no proxy")?;
        let Some(path) = edge.paths.limited.as_deref() else { return Ok(None) };
        let rate = &proxy.rate_limit;
        let general = Budget { per_minute: rate.per_minute, burst: rate.burst };
        Ok((rate.per_minute > 0).then_some(Self { edge, proxy, path, general }))
    }

    /// Asks until the first refusal, at most twice the budget.
    async fn burst(&self, path: &str, budget: Budget) -> Result<Burst> {
        let mut asker = Asker::new(&self.edge.secure).await?;
        let started = Instant::now();
        let most = (budget.burst + 1) * 2 + 10;
        let mut answers = Vec::new();
        let mut refused = None;
        while refused.is_none() && answers.len() < most as usize {
            let status = asker.ask(&Request::get(path)).await?;
            answers.push(Answered { ms: millis(started.elapsed()), status });
            refused = is_limited(status).then_some(status);
        }
        let accepted = answers.len() as u32 - u32::from(refused.is_some());
        Ok(Burst { accepted, refused, elapsed: started.elapsed(), answers })
    }

    /// Spends the general budget; false if that is not to be done.
    async fn spend(&self) -> Result<bool> {
        Ok(self.burst(self.path, self.general).await?.refused.is_some())
    }

    /// Whether the general limit lets three more requests through: one alone may be a refill.
    async fn is_open(&self) -> Result<bool> {
        let mut asker = Asker::new(&self.edge.secure).await?;
        let mut open = true;
        for _ in 0..3 {
            open &= !is_limited(asker.ask(&Request::get(self.path)).await?);
        }
        Ok(open)
    }

    /// The time in which the general limit gains so many requests.
    fn gains(&self, requests: u32) -> Duration {
        let most = requests.min(self.general.burst + 1);
        Duration::from_secs_f64(60.0 * f64::from(most) / f64::from(self.general.per_minute.max(1)))
            .min(Duration::from_secs(20))
    }
}

/// As many requests must pass before a refusal is a limit, not a wall.
const TELLING: u32 = 3;
const UNSPENT: &str = "the limit was not met (see PRF-004)";
const UNLIMITED: &str = "no route is limited (proxy.routes, proxy.rate_limit.per_minute)";

/// One request after the other on one connection, reopened when the server closes it.
struct Asker<'a> {
    client: &'a Client,
    connection: Connection,
}

impl<'a> Asker<'a> {
    async fn new(client: &'a Client) -> Result<Self> {
        Ok(Self { client, connection: client.open().await? })
    }

    async fn ask(&mut self, request: &Request) -> Result<u16> {
        if !self.connection.is_closed()
            && let Ok(answer) = self.connection.send(request).await
        {
            return Ok(answer.status);
        }
        self.connection = self.client.open().await?;
        Ok(self.connection.send(request).await?.status)
    }
}

async fn burst(facts: &Facts) -> Result<Outcome> {
    let Some(limit) = Limit::of(facts)? else { return Ok(Outcome::skip(UNLIMITED)) };
    let mut seen = limit.burst(limit.path, limit.general).await?;
    if seen.accepted < TELLING {
        // Other checks have spent the budget: some of it must be back before its end proves anything.
        tokio::time::sleep(limit.gains(TELLING + 1)).await;
        seen = limit.burst(limit.path, limit.general).await?;
    }
    Ok(verdict::burst(&seen, limit.general).plot(drawn(seen.answers, limit.general)))
}

async fn refill(facts: &Facts) -> Result<Outcome> {
    let Some(limit) = Limit::of(facts)? else { return Ok(Outcome::skip(UNLIMITED)) };
    if !limit.spend().await? {
        return Ok(Outcome::skip(UNSPENT));
    }
    let per_minute = limit.general.per_minute;
    let token = Duration::from_secs_f64(60.0 / f64::from(per_minute.max(1)));
    // What four seconds should let through, and a few at least; twice that time is patience enough.
    let wanted = (per_minute * 4 / 60).max(4);
    let pause = (token / 20).clamp(Duration::from_millis(1), Duration::from_millis(50));
    let end = Instant::now() + (token * wanted * 2).clamp(Duration::from_secs(2), Duration::from_secs(30));
    let mut asker = Asker::new(&limit.edge.secure).await?;
    let started = Instant::now();
    let mut times = Vec::new();
    let mut answers = Vec::new();
    while (times.len() as u32) < wanted && Instant::now() < end {
        let status = asker.ask(&Request::get(limit.path)).await?;
        answers.push(Answered { ms: millis(started.elapsed()), status });
        if is_limited(status) {
            tokio::time::sleep(pause).await;
        } else {
            times.push(started.elapsed());
        }
    }
    // What had been saved up is spent: from here on only the rate lets requests through.
    Ok(verdict::refill(&times, per_minute).plot(drawn(answers, Budget { per_minute, burst: 0 })))
}

fn drawn(requests: Vec<Answered>, budget: Budget) -> Plot {
    Plot::Limit { requests, burst: budget.burst, per_minute: budget.per_minute }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

async fn spoofed(facts: &Facts) -> Result<Outcome> {
    let Some(limit) = Limit::of(facts)? else { return Ok(Outcome::skip(UNLIMITED)) };
    if !limit.spend().await? {
        return Ok(Outcome::skip(UNSPENT));
    }
    let mut asker = Asker::new(&limit.edge.secure).await?;
    let started = Instant::now();
    let sent = 10;
    let mut accepted = 0;
    for last in 1..=sent {
        // Of the block that RFC 5737 keeps for documents: nobody's address.
        let invented = format!("203.0.113.{last}");
        let request = Request::get(limit.path)
            .header("x-forwarded-for", &invented)
            .header("x-real-ip", &invented)
            .header("forwarded", &format!("for={invented}"));
        if !is_limited(asker.ask(&request).await?) {
            accepted += 1;
        }
    }
    Ok(verdict::spoofed(accepted, sent, started.elapsed(), limit.general))
}

async fn auth(facts: &Facts) -> Result<Outcome> {
    let Some(limit) = Limit::of(facts)? else { return Ok(Outcome::skip(UNLIMITED)) };
    let Some(path) = limit.edge.paths.auth.as_deref() else {
        return Ok(Outcome::skip("proxy.routes has no route of kind auth"));
    };
    let rate = &limit.proxy.rate_limit;
    let budget = Budget { per_minute: rate.auth_per_minute, burst: rate.auth_burst };
    // Requests to sign-in routes count for the general limit too, which must not be the one that refuses:
    // it needs time to recover, and more of it where its rate is lower than it should be.
    let rest = limit.gains((rate.auth_burst + 1) * 2 + 4);
    let mut outcome = Outcome::error("the limit was not tried");
    for patience in [1, 2] {
        tokio::time::sleep(rest * patience).await;
        let seen = limit.burst(path, budget).await?;
        outcome = verdict::stricter(&seen, budget, limit.is_open().await?);
        if outcome.status != Status::Error {
            break;
        }
    }
    Ok(outcome)
}

/// The second client is a process in the proxy's own container: docker's forwarding gives every client on
/// this machine the same address, so that another loopback address would prove nothing.
async fn two_clients(facts: &Facts) -> Result<Outcome> {
    let Some(limit) = Limit::of(facts)? else { return Ok(Outcome::skip(UNLIMITED)) };
    let engine = facts.engine.as_ref().map_err(|_| anyhow!("the engine does not answer"))?;
    let container = facts
        .containers_of(&limit.proxy.service)
        .find(|container| container.state.running)
        .with_context(|| format!("`{}` has no running container", limit.proxy.service))?;
    let (name, port) = (&limit.edge.secure.target.name, limit.proxy.https_listen);
    let url = format!("https://{name}:{port}{}", limit.path);
    let resolve = format!("{name}:{port}:127.0.0.1");
    let mut command = vec!["curl", "--silent", "--insecure", "--max-time", "5", "--resolve", &resolve];
    for _ in 0..REQUESTS {
        command.extend(["--output", "/dev/null", "--write-out", "%{http_code}\\n", &url]);
    }
    // The first client goes on asking while the second asks, so that no refill blurs the answer.
    if !limit.spend().await? {
        return Ok(Outcome::skip(UNSPENT));
    }
    let pressing = press(&limit);
    tokio::pin!(pressing);
    let output = tokio::select! {
        output = engine.exec(&container.id, &command) => output?,
        error = &mut pressing => return Err(error),
    };
    if matches!(output.code, 126 | 127) {
        return Ok(Outcome::skip(format!("there is no curl in {} to be the second client", container.name)));
    }
    let statuses: Vec<u16> = output.stdout.lines().filter_map(|line| line.trim().parse().ok()).collect();
    let answered: Vec<u16> = statuses.into_iter().filter(|status| *status != 0).collect();
    if answered.is_empty() {
        return Ok(Outcome::error(format!("the second client got no answer: {}", output.stderr.trim())));
    }
    Ok(verdict::isolated(&answered))
}

const REQUESTS: usize = 5;

/// Asks without pause until it fails.
async fn press(limit: &Limit<'_>) -> anyhow::Error {
    let work = async {
        let mut asker = Asker::new(&limit.edge.secure).await?;
        loop {
            asker.ask(&Request::get(limit.path)).await?;
        }
    };
    let result: Result<std::convert::Infallible> = work.await;
    match result {
        Ok(never) => match never {},
        Err(error) => error,
    }
}
