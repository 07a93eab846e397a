//! A private PostgreSQL server for the tests: a new cluster in a temporary folder, on a free port of
//! the loopback interface, stopped at the end. Tests fail without PostgreSQL, unless they are told to do
//! without.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const WITHOUT: &str = "MEMBRANE_TEST_WITHOUT_POSTGRES";

/// Seconds after which a server stops even if the tests that started it were killed.
const SECONDS_MAX: &str = "600";

/// A running server.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

/// Who runs the server: PostgreSQL refuses to be run by root.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Server {
    /// Starts a server. None when the tests were told to do without.
    pub(crate) fn start() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "a test has no configuration but its environment")]
        let without = std::env::var(WITHOUT).is_ok_and(|value| value == "1");
        if without {
            return None;
        }
        let programs = programs().unwrap_or_else(|| {
            panic!(
                "PostgreSQL is not installed: install `postgresql`, or set {WITHOUT}=1 to test on SQLite only"
            )
        });
        let folder = tempfile::Builder::new().prefix("membrane-pg-").tempdir_in("/tmp").unwrap();
        let account = account(folder.path());
        if let Some(account) = account {
            chown(folder.path(), Some(account.user), Some(account.group)).unwrap();
        }
        let data = folder.path().join("data");
        let made = command(&programs.join("initdb"), account)
            .args([
                "--auth=trust",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--username=postgres",
                "--pgdata",
            ])
            .arg(&data)
            .current_dir("/")
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command(Path::new("timeout"), account)
            .args(["--signal=QUIT", SECONDS_MAX])
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-c", "unix_socket_directories="])
            // Durability is the ledger's to ask for, and the server's default must not decide it.
            .args(["-c", "synchronous_commit=off", "-c", "default_transaction_isolation=serializable"])
            .args(["-c", "fsync=off", "-c", "max_connections=200"])
            .current_dir("/")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, port, folder };
        server.wait_until_ready(&programs);
        Some(server)
    }

    fn wait_until_ready(&mut self, programs: &Path) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let ready = Command::new(programs.join("pg_isready"))
                .args(["-q", "-t", "5", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()
                .unwrap();
            if ready.success() {
                return;
            }
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "the server ended: {}", log());
            assert!(Instant::now() < deadline, "the server is not ready: {}", log());
            std::thread::yield_now();
        }
    }

    /// Returns the URL of a database; `postgres` is there from the start.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `timeout` passes the signal on: QUIT stops the server at once.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Returns the folder of the newest PostgreSQL that Debian's packages installed.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    found.sort_unstable();
    found.pop().map(|(_, folder)| folder)
}

/// Returns the account to run the server as, when the tests are run by root.
fn account(own: &Path) -> Option<Account> {
    if fs::metadata(own).unwrap().uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let line = accounts.lines().find(|line| line.starts_with("postgres:")).expect("the account `postgres`");
    let mut numbers = line.split(':').skip(2).map(|number| number.parse().unwrap());
    Some(Account { user: numbers.next().unwrap(), group: numbers.next().unwrap() })
}

fn command(program: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    if let Some(account) = account {
        command.uid(account.user).gid(account.group);
    }
    command
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
