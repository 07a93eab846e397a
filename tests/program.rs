//! The one binary, run as a person or a script would run it, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::RwLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::policy::copy;
use crate::world::repository;

/// What the folders hold is served, unproved, unless a test says otherwise: proving takes seconds.
pub(crate) const SERVE: &str = "MEMBRANE__POLICIES__SERVE";

/// Held while a child is started: whoever must know that none has a copy of its sockets waits for all of them.
pub(crate) static SPAWNS: RwLock<()> = RwLock::new(());

/// Starts a command, and returns once it is the other program.
pub(crate) fn spawn(command: &mut Command) -> Child {
    let _started = SPAWNS.read().unwrap();
    command.spawn().unwrap()
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped())).wait_with_output().unwrap()
}

/// A hub that is used through the command line only.
pub(crate) struct Program {
    pub(crate) dir: TempDir,
    environment: Vec<(String, String)>,
    catalog: PathBuf,
}

impl Program {
    pub(crate) fn new() -> Self {
        let catalog = repository().join("catalog");
        Self { dir: tempfile::tempdir().unwrap(), environment: Vec::new(), catalog }
    }

    /// Gives the hub a catalog of its own: that of this repository, and these sources beside it.
    pub(crate) fn with_sources(mut self, sources: &[(&str, &str)]) -> Self {
        self.catalog = self.path("catalog");
        copy(&repository().join("catalog"), &self.catalog);
        std::fs::create_dir_all(self.catalog.join("sources")).unwrap();
        for (name, text) in sources {
            std::fs::write(self.catalog.join("sources").join(format!("{name}.yaml")), text).unwrap();
        }
        self
    }

    /// Sets a variable for every command.
    pub(crate) fn with_env(mut self, key: &str, value: &str) -> Self {
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// A command in the hub's folder, with its catalog and the policies of this repository.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(words)
            .arg("--catalog")
            .arg(&self.catalog)
            .arg("--policies")
            .arg(repository().join("policies"))
            .env(SERVE, "folder")
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        for (key, value) in &self.environment {
            command.env(key, value);
        }
        command
    }

    /// The program in the hub's folder, and nothing said.
    pub(crate) fn bare(&self) -> Command {
        let mut command = Command::new(binary());
        command.env(SERVE, "folder").current_dir(self.dir.path()).stdin(Stdio::null());
        for (key, value) in &self.environment {
            command.env(key, value);
        }
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        output(&mut self.command(words))
    }

    /// Runs a command that must succeed and returns what it printed.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must succeed and reads its JSON.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.ok(&words)).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// A hub that serves, until it is stopped.
pub(crate) struct Served {
    child: Child,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) base: String,
    log: PathBuf,
}

impl Program {
    /// Starts the server on a free port and waits until it says where it listens.
    pub(crate) fn serve(&self) -> Served {
        self.serve_by(self.command(&["serve", "--address", "127.0.0.1:0"]), "serve.log")
    }

    /// Starts the server by a command of one's own, with a log of this name.
    pub(crate) fn serve_by(&self, mut command: Command, log: &str) -> Served {
        let log = self.path(log);
        let file = std::fs::File::create(&log).unwrap();
        let mut child = spawn(command.stdout(file.try_clone().unwrap()).stderr(file));
        let deadline = Instant::now() + Duration::from_secs(60);
        let base = loop {
            let text = std::fs::read_to_string(&log).unwrap();
            let told = text.lines().find_map(|line| line.strip_prefix("membrane listens on "));
            if let Some(base) = told.filter(|_| text.ends_with('\n')) {
                break base.to_owned();
            }
            assert!(child.try_wait().unwrap().is_none(), "the server ended: {text}");
            assert!(Instant::now() < deadline, "the server does not listen: {text}");
            std::thread::yield_now();
        };
        Served { child, base, log }
    }

    /// Issues a bearer.
    pub(crate) fn bearer(&self, principal: &str) -> String {
        self.json(&["bearer", principal])["bearer"].as_str().unwrap().to_owned()
    }
}

impl Served {
    /// Asks SQL as an analyst, and returns the rows.
    pub(crate) fn rows(&self, bearer: &str, sql: &str) -> Value {
        let body = json!({"sql": sql, "purpose": "marketing_analysis"}).to_string();
        let words = ["--header", "Content-Type: application/json", "--data-binary", &body];
        let (status, told) = answer(&self.curl("/v1/query", Some(bearer), &words));
        assert_eq!(status, 200, "{told}");
        told["rows"].clone()
    }

    /// Asks the server through curl and returns every byte that came back, headers first.
    pub(crate) fn curl(&self, path: &str, bearer: Option<&str>, more: &[&str]) -> Vec<u8> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--include", "--max-time", "60", &format!("{}{path}", self.base)]);
        if let Some(bearer) = bearer {
            command.args(["--header", &format!("Authorization: Bearer {bearer}")]);
        }
        output(command.args(more)).stdout
    }

    /// Returns the number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops the server as an operator would and returns its log.
    pub(crate) fn stop(mut self) -> Vec<u8> {
        output(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        assert!(self.child.wait().unwrap().success());
        std::fs::read(&self.log).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary beside the tests; the Makefile builds it before them.
pub(crate) fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.ancestors().nth(2).map(|folder| folder.join("membrane")).unwrap();
    assert!(path.exists(), "{} is not built: cargo build --workspace --bins", path.display());
    path
}

/// Takes an answer of curl apart.
pub(crate) fn answer(bytes: &[u8]) -> (u16, Value) {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{text}")))
}

/// Returns a number that a variable of the environment has, for runs that are longer than usual.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration but its environment")]
pub(crate) fn number_of(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).map_or(otherwise, |value| value.parse().unwrap())
}

/// Returns a program of the virtual environment that `make setup-test` makes; `part` names another one beside it.
#[expect(clippy::disallowed_methods, reason = "a test has no configuration but its environment")]
pub(crate) fn installed(part: &str, program: &str) -> PathBuf {
    let mut folder = std::env::var_os("MEMBRANE_TEST_VENV").unwrap_or_else(|| {
        Path::new(&std::env::var_os("HOME").unwrap()).join(".cache/membrane-venv").into_os_string()
    });
    folder.push(part);
    let path = Path::new(&folder).join("bin").join(program);
    assert!(path.exists(), "`{}` is not there: `make setup-test` installs it", path.display());
    path
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
