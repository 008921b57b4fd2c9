//! The proxy as a client sees it. A request that meets the rate limit waits for its refill, so that
//! checks that read do not starve each other; checks of the limit itself go past this.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OnceCell, Semaphore};

use super::load::LoadRun;
use super::surfaces::{Paths, Surface};
use crate::config::ConfigFile;
use crate::config::proxy::RouteKind;
use crate::http::{Client, Request, Response};

/// How long a request waits for the refill of a limit: a run right after another finds it spent, and
/// some thirty requests then share what comes back.
const REFILL_PATIENCE: Duration = Duration::from_secs(25);
/// For checks that send requests under the limit, in their turn.
pub const LIMITED_TIMEOUT: Duration = Duration::from_secs(40);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Below the proxy's limit of connections per address.
const PARALLEL: usize = 8;

type Answer = Result<Arc<Response>, String>;

/// Clients of the proxy, and the answers that checks share.
#[derive(Debug)]
pub struct Edge {
    pub secure: Client,
    /// The HTTP port, where it is published.
    pub plain: Option<Client>,
    /// The application's own port, where it is published.
    pub app: Option<Client>,
    pub paths: Paths,
    config: ConfigFile,
    answers: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
    /// Each answer of 500 or more: `METHOD PATH` and status.
    server_errors: Mutex<BTreeMap<String, u16>>,
    sent: std::sync::atomic::AtomicUsize,
    slots: Semaphore,
    pub(super) load: OnceCell<Result<Arc<LoadRun>, String>>,
}

impl Edge {
    pub fn new(secure: Client, plain: Option<Client>, app: Option<Client>, config: ConfigFile) -> Self {
        Self {
            secure,
            plain,
            app,
            paths: Paths::of(&config),
            config,
            answers: Mutex::default(),
            server_errors: Mutex::default(),
            sent: std::sync::atomic::AtomicUsize::new(0),
            slots: Semaphore::new(PARALLEL),
            load: OnceCell::new(),
        }
    }

    /// GET through the proxy, once for all checks.
    pub async fn shared(&self, path: &str) -> Answer {
        let cell = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(path.to_owned()).or_default())
        };
        cell.get_or_init(|| async { self.send(&Request::get(path)).await.map(Arc::new) }).await.clone()
    }

    /// One request through the proxy, over HTTPS.
    pub async fn send(&self, request: &Request) -> Result<Response, String> {
        self.send_by(&self.secure, request).await
    }

    /// One request through one of the clients.
    pub async fn send_by(&self, client: &Client, request: &Request) -> Result<Response, String> {
        let end = Instant::now() + REFILL_PATIENCE;
        loop {
            let slot = self.slots.acquire().await.map_err(|error| error.to_string())?;
            let answer = client.send(request).await.map_err(|error| format!("{error:#}"))?;
            self.note(request, answer.status);
            if !is_limited(answer.status) || Instant::now() >= end {
                return Ok(answer);
            }
            drop(slot);
            tokio::time::sleep(self.refill(&request.path)).await;
        }
    }

    fn note(&self, request: &Request, status: u16) {
        self.sent.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // A 503 may be a limit with the wrong status: that is a check of its own.
        if status >= 500 && !is_limited(status) {
            let mut errors = self.server_errors.lock().unwrap_or_else(PoisonError::into_inner);
            errors.insert(format!("{} {}", request.method, request.path), status);
        }
    }

    /// How many requests went out, and which were answered with 500 or more.
    pub fn server_errors(&self) -> (usize, BTreeMap<String, u16>) {
        let errors = self.server_errors.lock().unwrap_or_else(PoisonError::into_inner);
        (self.sent.load(std::sync::atomic::Ordering::Relaxed), errors.clone())
    }

    /// The time in which the limit of this path lets one more request through.
    pub fn refill(&self, path: &str) -> Duration {
        let Some(proxy) = &self.config.proxy else { return Duration::ZERO };
        let per_minute = match self.paths.kind(path) {
            RouteKind::Auth => proxy.rate_limit.auth_per_minute,
            _ => proxy.rate_limit.per_minute,
        };
        Duration::from_secs_f64(60.0 / f64::from(per_minute.max(1)))
            .clamp(Duration::from_millis(20), LONGEST_PAUSE)
    }

    /// The kinds of answers that a visitor meets: page, static file, API, and both kinds of 404.
    pub async fn surfaces(&self) -> Result<Vec<Surface>, String> {
        let mut wanted = vec![
            ("page", self.paths.page.clone()),
            ("health", self.paths.health.clone()),
            ("unknown page", self.paths.unknown_page.clone()),
            ("unknown API route", self.paths.unknown_api.clone()),
        ];
        if let Some(api) = &self.paths.api {
            wanted.push(("API", api.clone()));
        }
        let page = self.shared(&self.paths.page).await?;
        wanted.extend(super::assets(&page.text()).into_iter().next().map(|path| ("static file", path)));
        let all = wanted.into_iter().map(|(name, path)| async move {
            self.shared(&path).await.map(|response| Surface { name, path, response })
        });
        futures_util::future::try_join_all(all).await
    }
}

/// 429, or the 503 that nginx says when nobody told it otherwise.
pub fn is_limited(status: u16) -> bool {
    matches!(status, 429 | 503)
}
