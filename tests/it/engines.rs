//! The roads to an engine: TCP, TLS, docker contexts and ssh, each with real servers in front of
//! the real engine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::support::{Workspace, docker, engine_or_skip, eventually, free_port};

/// Where the engine under test listens.
fn socket() -> String {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock").to_owned()
}

/// A program that ends with its guard.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program; `None`, said loudly, where it is not installed, which is a failure in CI.
fn start(program: &str, args: &[&str]) -> Option<Program> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => Some(Program(child)),
        Err(error) => {
            assert!(std::env::var_os("STAGECTL_REQUIRE_ENGINE").is_none(), "{program}: {error}");
            eprintln!("SKIPPED: {program}: {error}");
            None
        }
    }
}

fn listens(port: u16) {
    let limit = std::time::Duration::from_secs(20);
    eventually("the server listens", limit, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
}

fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().expect("openssl");
    assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A CA, a server for 127.0.0.1 and a client that it has signed: ca.pem, server*.pem, cert.pem, key.pem.
fn certificates(folder: &Path) {
    fs_err::create_dir_all(folder).expect("a folder");
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(folder, &format!("req -x509 {ec} -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=test-ca"));
    for (key, certificate, extension) in [
        ("server-key.pem", "server.pem", "subjectAltName=IP:127.0.0.1"),
        ("key.pem", "cert.pem", "extendedKeyUsage=clientAuth"),
    ] {
        openssl(
            folder,
            &format!("req {ec} -keyout {key} -out request.pem -subj /CN=test -addext {extension}"),
        );
        openssl(
            folder,
            &format!(
                "x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -days 2 -copy_extensions copy -out {certificate}"
            ),
        );
    }
}

/// The workspace with a compose file and one container in the engine, made with the docker command line.
struct Shown {
    workspace: Workspace,
    container: String,
}

impl Shown {
    fn new(subject: &str) -> Self {
        let project = format!("stest-{subject}-{}", std::process::id());
        let workspace = Workspace::with_config(&format!("version: 1\nproject: {project}\nservices: {{}}\n"));
        let image = super::support::image("redis");
        workspace.write(
            "docker-compose.staging.yml",
            &format!("name: {project}\nservices:\n  one:\n    image: {image}\n"),
        );
        let project_label = format!("com.docker.compose.project={project}");
        let container = docker(&[
            "run",
            "--detach",
            "--name",
            &format!("{project}-one-1"),
            "--label",
            &project_label,
            "--label",
            "com.docker.compose.service=one",
            "--label",
            "com.docker.compose.container-number=1",
            &image,
            "sleep",
            "600",
        ]);
        Self { workspace, container }
    }

    /// `status` and `exec` through this environment: a plain answer, and a connection that is taken over.
    fn answers_through(&self, variables: &[(&str, &str)]) {
        let status = self.run(&["status", "--json"], variables);
        let status: serde_json::Value =
            serde_json::from_str(&status.0).unwrap_or_else(|_| panic!("{status:?}"));
        assert_eq!(status["containers"][0]["id"], self.container.as_str());
        let (stdout, stderr, code) = self.run(&["exec", "one", "sh", "-c", "echo hello; exit 7"], variables);
        assert_eq!((stdout.as_str(), code), ("hello\n", 7), "{stderr}");
    }

    /// The words of a `status` that must not find the engine.
    fn fails_through(&self, variables: &[(&str, &str)]) -> String {
        let (stdout, stderr, code) = self.run(&["status"], variables);
        assert_eq!(code, 4, "{stdout}{stderr}");
        stderr
    }

    fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> (String, String, i32) {
        let output = self
            .workspace
            .command(args)
            .env_remove("DOCKER_HOST")
            .env("HOME", self.workspace.path(""))
            .envs(variables.iter().copied())
            .output()
            .expect("run stagectl");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr), output.status.code().unwrap_or(-1))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.container]).output();
    }
}

#[test]
fn an_engine_is_reached_over_tcp_and_over_tls_with_certificates_of_both_sides() {
    if !engine_or_skip() {
        return;
    }
    let shown = Shown::new("tls");
    let plain = free_port();
    let forward = format!("UNIX-CONNECT:{}", socket());
    let Some(_plain) =
        start("socat", &[&format!("TCP-LISTEN:{plain},bind=127.0.0.1,fork,reuseaddr"), &forward])
    else {
        return;
    };
    listens(plain);
    shown.answers_through(&[("DOCKER_HOST", &format!("tcp://127.0.0.1:{plain}"))]);

    let certs = shown.workspace.path("certs");
    certificates(&certs);
    let file = |name: &str| certs.join(name).display().to_string();
    let (cert, key, ca) = (file("server.pem"), file("server-key.pem"), file("ca.pem"));
    let port = free_port();
    let listen = format!(
        "OPENSSL-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,cert={cert},key={key},cafile={ca},verify=1"
    );
    let Some(tls) = start("socat", &[&listen, &forward]) else { return };
    listens(port);
    let host = format!("tcp://127.0.0.1:{port}");
    let folder = certs.display().to_string();
    let all =
        [("DOCKER_HOST", host.as_str()), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", folder.as_str())];
    shown.answers_through(&all);

    // Without TLS, without a client certificate, and with a CA that has not signed the server.
    let words = shown.fails_through(&all[..1]);
    assert!(words.contains("from DOCKER_HOST") && words.contains("set DOCKER_TLS_VERIFY"), "{words}");
    let other = shown.workspace.path("other");
    certificates(&other);
    let stranger = other.display().to_string();
    let words = shown.fails_through(&[all[0], all[1], ("DOCKER_CERT_PATH", &stranger)]);
    assert!(words.contains(&format!("{host} with TLS")) && words.contains("certificate"), "{words}");
    fs_err::remove_file(other.join("cert.pem")).expect("remove");
    fs_err::copy(&ca, other.join("ca.pem")).expect("copy");
    let words = shown.fails_through(&[all[0], all[1], ("DOCKER_CERT_PATH", &stranger)]);
    assert!(words.contains("does not answer"), "{words}");

    // The same engine as a context of docker's own making, in use and by name.
    let config = shown.workspace.path(".docker").display().to_string();
    let made = Command::new("docker")
        .args(["context", "create", "far", "--docker"])
        .arg(format!("host={host},ca={ca},cert={},key={}", file("cert.pem"), file("key.pem")))
        .env("DOCKER_CONFIG", &config)
        .output()
        .expect("docker context create");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    shown.answers_through(&[("DOCKER_CONTEXT", "far")]);
    let used = Command::new("docker")
        .args(["context", "use", "far"])
        .env("DOCKER_CONFIG", &config)
        .env_remove("DOCKER_HOST")
        .output()
        .expect("docker context use");
    assert!(used.status.success());
    shown.answers_through(&[]);
    drop(tls);
    let words = shown.fails_through(&[]);
    assert!(words.contains("the docker context `far`, which `docker context use` has chosen"), "{words}");
    let (_, words, code) = shown.run(&["status"], &[("DOCKER_CONTEXT", "nowhere")]);
    assert!(code == 3 && words.contains("the docker context `nowhere`"), "{code}: {words}");
}

/// An sshd of its own, with its own keys, that lets this user in.
struct Sshd {
    _program: Program,
    port: u16,
    folder: PathBuf,
}

impl Sshd {
    fn start(folder: &Path, option: &str) -> Option<Self> {
        fs_err::create_dir_all(folder).ok()?;
        for key in ["host", "client"] {
            let file = folder.join(key);
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file).output();
            assert!(made.is_ok_and(|made| made.status.success()), "ssh-keygen makes a key");
        }
        fs_err::rename(folder.join("client.pub"), folder.join("authorized_keys")).ok()?;
        // sshd wants this folder when it runs as root.
        let _ = fs_err::create_dir_all("/run/sshd");
        let port = free_port();
        let path = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nMaxSessions 4\nMaxStartups 2\n{option}\n",
            path("host"),
            path("authorized_keys")
        );
        fs_err::write(folder.join("sshd_config"), config).ok()?;
        let program = start("/usr/sbin/sshd", &["-D", "-E", &path("log"), "-f", &path("sshd_config")])?;
        listens(port);
        Some(Self { _program: program, port, folder: folder.to_owned() })
    }

    /// A folder with an `ssh` that knows this server and its key, to stand first in PATH.
    fn client(&self) -> String {
        let bin = self.folder.join("bin");
        fs_err::create_dir_all(&bin).expect("a folder");
        let path = |name: &str| self.folder.join(name).display().to_string();
        let script = format!(
            "#!/bin/sh\nexec /usr/bin/ssh -F none -i {} -o IdentitiesOnly=yes \
             -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \"$@\"\n",
            path("client")
        );
        fs_err::write(bin.join("ssh"), script).expect("write");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs_err::set_permissions(bin.join("ssh"), mode).expect("chmod");
        format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default())
    }

    /// How many connections the server has let in.
    fn connections(&self) -> usize {
        let log = fs_err::read_to_string(self.folder.join("log")).unwrap_or_default();
        log.lines().filter(|line| line.contains("Accepted publickey")).count()
    }
}

#[test]
fn an_engine_behind_ssh_is_reached_over_one_connection() {
    if !engine_or_skip() {
        return;
    }
    let shown = Shown::new("ssh");
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    for (name, option) in
        [("forwarding", "AllowStreamLocalForwarding yes"), ("forbidden", "AllowStreamLocalForwarding no")]
    {
        let Some(sshd) = Sshd::start(&shown.workspace.path(name), option) else { return };
        let path = sshd.client();
        let host = format!("ssh://{user}@127.0.0.1:{}{}", sshd.port, socket());
        shown.answers_through(&[("DOCKER_HOST", &host), ("PATH", &path)]);
        // One for `status`, one for `exec`, whatever each of them asked.
        assert_eq!(sshd.connections(), 2, "{name}");
    }
    let Some(sshd) = Sshd::start(&shown.workspace.path("closed"), "DenyUsers *") else { return };
    let host = format!("ssh://{user}@127.0.0.1:{}", sshd.port);
    let words = shown.fails_through(&[("DOCKER_HOST", &host), ("PATH", &sshd.client())]);
    assert!(words.contains("ssh to 127.0.0.1") && words.contains("Permission denied"), "{words}");
    assert!(words.contains("from DOCKER_HOST"), "{words}");
    let left = Command::new("pgrep").args(["-fc", &format!("stagectl-ssh-.*{}", sshd.port)]).output();
    assert!(left.is_ok_and(|left| left.stdout.starts_with(b"0")), "no ssh is left behind");
}
