//! Who the user is at a registry, as `docker login` has left it.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What `docker login` calls Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";
/// A helper's word for: the secret is an identity token.
const TOKEN: &str = "<token>";

/// The part of `config.json` about registries.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: HashMap<String, Auth>,
    creds_store: String,
    cred_helpers: HashMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase", default)]
struct Auth {
    /// `user:password` in Base64.
    auth: String,
    identitytoken: String,
}

/// What a helper program answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// The registry of an image, as `config.json` names it.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => match host {
            "docker.io" | "index.docker.io" => HUB,
            host => host,
        },
        _ => HUB,
    }
}

/// The credentials for an image's registry; `None` where nobody has logged in.
pub(super) async fn credentials(folder: Option<&Path>, image: &str) -> Option<DockerCredentials> {
    let text = fs_err::read_to_string(folder?.join("config.json")).ok()?;
    let config: Config = serde_json::from_str(&text).ok()?;
    let registry = registry(image);
    let helper = config.cred_helpers.get(registry).or(Some(&config.creds_store)).filter(|h| !h.is_empty());
    if let Some(helper) = helper
        && let Some(answer) = ask(helper, registry).await
    {
        return Some(from_helper(registry, answer));
    }
    from_file(&config, registry)
}

fn from_file(config: &Config, registry: &str) -> Option<DockerCredentials> {
    // Older logins wrote the whole address.
    let bare = |name: &str| {
        let name = name.trim_start_matches("https://").trim_start_matches("http://");
        name.trim_end_matches('/').to_owned()
    };
    let found = config.auths.iter().find(|(name, _)| bare(name) == bare(registry));
    let (_, entry) = found?;
    let server = Some(registry.to_owned());
    if !entry.identitytoken.is_empty() {
        let identitytoken = Some(entry.identitytoken.clone());
        return Some(DockerCredentials {
            identitytoken,
            serveraddress: server,
            ..DockerCredentials::default()
        });
    }
    let text = String::from_utf8(STANDARD.decode(&entry.auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(DockerCredentials {
        username: Some(user.to_owned()),
        password: Some(password.to_owned()),
        serveraddress: server,
        ..DockerCredentials::default()
    })
}

fn from_helper(registry: &str, answer: Answer) -> DockerCredentials {
    let server = Some(registry.to_owned());
    if answer.username == TOKEN {
        let identitytoken = Some(answer.secret);
        return DockerCredentials { identitytoken, serveraddress: server, ..DockerCredentials::default() };
    }
    DockerCredentials {
        username: Some(answer.username),
        password: Some(answer.secret),
        serveraddress: server,
        ..DockerCredentials::default()
    }
}

/// Runs `docker-credential-HELPER get`; the registry goes in on stdin.
async fn ask(helper: &str, registry: &str) -> Option<Answer> {
    let mut child = Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    input.write_all(registry.as_bytes()).await.ok()?;
    drop(input);
    let output = child.wait_with_output().await.ok()?;
    serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_registry() {
        assert_eq!(registry("postgres:15"), HUB);
        assert_eq!(registry("team/app"), HUB);
        assert_eq!(registry("docker.io/team/app"), HUB);
        assert_eq!(registry("localhost/app"), "localhost");
        assert_eq!(registry("localhost:5000/app:1"), "localhost:5000");
        assert_eq!(registry("ghcr.io/team/app@sha256:00"), "ghcr.io");
    }

    #[test]
    fn a_login_is_found_in_every_form_that_docker_writes() {
        let config: Config = serde_json::from_value(serde_json::json!({ "auths": {
            "https://ghcr.io/": { "auth": STANDARD.encode("me:pass:word") },
            "example.org:5000": { "identitytoken": "token" },
        }}))
        .unwrap();
        let found = from_file(&config, "ghcr.io").unwrap();
        assert_eq!((found.username.as_deref(), found.password.as_deref()), (Some("me"), Some("pass:word")));
        let found = from_file(&config, "example.org:5000").unwrap();
        assert_eq!((found.identitytoken.as_deref(), found.username), (Some("token"), None));
        assert!(from_file(&config, HUB).is_none());
        let token = Answer { username: TOKEN.to_owned(), secret: "t".to_owned() };
        assert_eq!(from_helper("r", token).identitytoken.as_deref(), Some("t"));
    }
}
