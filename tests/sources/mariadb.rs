//! A private MariaDB server for the tests: new data in a temporary folder, on a free port of the loopback interface, stopped at
//! the end.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server.
pub(super) struct MariaDb {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl MariaDb {
    pub(super) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("membrane-my-").tempdir_in("/tmp").unwrap();
        let data = folder.path().join("data");
        let made = Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db", "--user=root"])
            .output()
            .expect("mariadb-install-db: make setup-test");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        // The server ends by itself, even if the tests that started it were killed.
        let child = Command::new("timeout")
            .args(["600", "mariadbd", "--no-defaults", "--user=root"])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", folder.path().join("socket").display()))
            .arg(format!("--port={port}"))
            .args(["--bind-address=127.0.0.1", "--skip-networking=0", "--character-set-server=utf8mb4"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port, folder };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !server.try_run("SELECT 1") {
            assert!(Instant::now() < deadline, "MariaDB is not ready");
            std::thread::yield_now();
        }
        server.run("CREATE DATABASE shop; CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'pass'; GRANT SELECT ON shop.* TO reader@'127.0.0.1'");
        server
    }

    /// Returns the URL by which a hub reads.
    pub(super) fn url(&self) -> String {
        format!("mysql://reader:pass@127.0.0.1:{}/shop", self.port)
    }

    fn try_run(&self, sql: &str) -> bool {
        let socket = format!("--socket={}", self.folder.path().join("socket").display());
        let output = Command::new("mariadb")
            .args(["--no-defaults", "--user=root", &socket, "--execute", sql])
            .output();
        output.unwrap().status.success()
    }

    pub(super) fn run(&self, sql: &str) {
        assert!(self.try_run(sql), "{sql}");
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // `timeout` passes the signal on.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
