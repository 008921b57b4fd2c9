//! The choice of an engine as a table: environment and files in, endpoint and reason out.

use std::collections::HashMap;

use super::*;

/// sha256 of `far`.
const FAR: &str = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";

fn chosen(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Result<String, String> {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    let files: HashMap<&str, &str> = files.iter().copied().collect();
    let sources = Sources {
        variable: &|name| variables.get(name).map(|&value| value.to_owned()),
        read: &|path| files.get(path.to_str()?).map(|&text| text.to_owned()),
        is_folder: &|path| files.keys().any(|file| Path::new(file).parent() == Some(path)),
    };
    sources
        .choose()
        .map(|endpoint| {
            let tls = match &endpoint.address {
                Address::Tcp { tls: Some(tls), .. } => {
                    format!(" [{} verify={}]", tls.folder.display(), tls.verify)
                }
                Address::Ssh(ssh) => format!(" [{}]", ssh.socket),
                _ => String::new(),
            };
            format!("{endpoint}{tls} {}", endpoint.origin)
        })
        .map_err(|failure| failure.message)
}

fn meta(host: &str, skip: bool) -> (String, String) {
    let text =
        format!(r#"{{"Name":"far","Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":{skip}}}}}}}"#);
    (format!("/home/me/.docker/contexts/meta/{FAR}/meta.json"), text)
}

const HOME: (&str, &str) = ("HOME", "/home/me");

#[test]
fn without_a_word_the_local_socket_is_meant() {
    let default = "the default: no DOCKER_HOST and no docker context is set";
    let expected = format!("unix:///var/run/docker.sock {default}");
    assert_eq!(chosen(&[], &[]).unwrap(), expected);
    assert_eq!(chosen(&[HOME, ("DOCKER_HOST", "")], &[]).unwrap(), expected);
    assert_eq!(chosen(&[HOME, ("DOCKER_CONTEXT", "default")], &[]).unwrap(), expected);
    let config = ("/home/me/.docker/config.json", r#"{"auths":{}}"#);
    assert_eq!(chosen(&[HOME], &[config]).unwrap(), expected);
}

#[test]
fn docker_host_goes_before_every_context() {
    let config = ("/home/me/.docker/config.json", r#"{"currentContext":"far"}"#);
    let variables = [HOME, ("DOCKER_HOST", "unix:///run/mine.sock"), ("DOCKER_CONTEXT", "far")];
    assert_eq!(chosen(&variables, &[config]).unwrap(), "unix:///run/mine.sock from DOCKER_HOST");
}

#[test]
fn the_named_context_goes_before_the_one_in_use() {
    let (path, text) = meta("ssh://me@far.example:2222", false);
    let config = ("/home/me/.docker/config.json", r#"{"currentContext":"other"}"#);
    assert_eq!(
        chosen(&[HOME, ("DOCKER_CONTEXT", "far")], &[config, (&path, &text)]).unwrap(),
        "ssh://me@far.example:2222 [/var/run/docker.sock] from the docker context `far` of DOCKER_CONTEXT"
    );
    let config = ("/home/me/.docker/config.json", r#"{"currentContext":"far"}"#);
    assert_eq!(
        chosen(&[HOME], &[config, (&path, &text)]).unwrap(),
        "ssh://me@far.example:2222 [/var/run/docker.sock] \
         from the docker context `far`, which `docker context use` has chosen"
    );
}

#[test]
fn a_context_brings_its_own_certificates() {
    let (path, text) = meta("tcp://far.example:2376", false);
    let folder = format!("/home/me/.docker/contexts/tls/{FAR}/docker");
    let ca = format!("{folder}/ca.pem");
    let variables = [HOME, ("DOCKER_CONTEXT", "far")];
    let with = chosen(&variables, &[(&path, &text), (&ca, "PEM")]).unwrap();
    assert!(with.starts_with(&format!("tcp://far.example:2376 with TLS [{folder} verify=true]")), "{with}");
    let without = chosen(&variables, &[(&path, &text)]).unwrap();
    assert!(without.starts_with("tcp://far.example:2376 from"), "{without}");
    let (path, text) = meta("tcp://far.example", true);
    let any = chosen(&variables, &[(&path, &text)]).unwrap();
    assert!(any.starts_with(&format!("tcp://far.example:2376 with TLS [{folder} verify=false]")), "{any}");
}

#[test]
fn the_variables_of_docker_ask_for_tls() {
    let host = ("DOCKER_HOST", "tcp://far.example");
    assert_eq!(chosen(&[HOME, host], &[]).unwrap(), "tcp://far.example:2375 from DOCKER_HOST");
    assert_eq!(
        chosen(&[HOME, host, ("DOCKER_TLS_VERIFY", "1")], &[]).unwrap(),
        "tcp://far.example:2376 with TLS [/home/me/.docker verify=true] from DOCKER_HOST"
    );
    assert_eq!(
        chosen(&[HOME, host, ("DOCKER_TLS", "1"), ("DOCKER_CERT_PATH", "/certs")], &[]).unwrap(),
        "tcp://far.example:2376 with TLS [/certs verify=false] from DOCKER_HOST"
    );
    assert_eq!(
        chosen(&[("DOCKER_CONFIG", "/etc/d"), host, ("DOCKER_TLS_VERIFY", "1")], &[]).unwrap(),
        "tcp://far.example:2376 with TLS [/etc/d verify=true] from DOCKER_HOST"
    );
}

#[test]
fn addresses_in_all_their_forms() {
    let read =
        |host: &str| chosen(&[("DOCKER_HOST", host)], &[]).map(|text| text.replace(" from DOCKER_HOST", ""));
    assert_eq!(read("tcp://[::1]:2375").unwrap(), "tcp://::1:2375");
    assert_eq!(read("tcp://127.0.0.1:2375/").unwrap(), "tcp://127.0.0.1:2375");
    assert_eq!(read("ssh://far").unwrap(), "ssh://far [/var/run/docker.sock]");
    assert_eq!(read("ssh://far/").unwrap(), "ssh://far [/var/run/docker.sock]");
    assert_eq!(
        read("ssh://me@far:22/run/user/1000/docker.sock").unwrap(),
        "ssh://me@far:22 [/run/user/1000/docker.sock]"
    );
    for (bad, why) in [
        ("/var/run/docker.sock", "it has no scheme"),
        ("unix://docker.sock", "starts with `/`"),
        ("tcp://:2375", "names no host"),
        ("tcp://far:port", "`port` is no port"),
        ("ssh://me:secret@far", "a password does not belong"),
        ("ssh://-oProxyCommand=x", "does not start with `-`"),
        ("npipe:////./pipe/docker_engine", "Windows"),
        ("fd://", "`fd` is not known"),
    ] {
        let error = read(bad).unwrap_err();
        assert!(error.contains(why), "{bad}: {error}");
    }
}

#[test]
fn a_context_that_is_not_there_is_named() {
    let error = chosen(&[HOME, ("DOCKER_CONTEXT", "far")], &[]).unwrap_err();
    assert_eq!(error, "the docker context `far`: there is none in /home/me/.docker");
}
