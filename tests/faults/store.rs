//! S3 servers for tests, each on a free port of the loopback interface.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::installed;

pub(crate) const BUCKET: &str = "hub";

/// An S3 server, until it is dropped.
pub(crate) struct Store {
    child: Child,
    pub(crate) endpoint: String,
    _folder: Option<tempfile::TempDir>,
}

impl Store {
    /// A server in memory.
    pub(crate) fn moto() -> Self {
        let port = free_port();
        let words = ["-H".to_owned(), "127.0.0.1".to_owned(), "-p".to_owned(), port.to_string()];
        Self::start("moto_server", &words, port, None)
    }

    /// SeaweedFS, in a folder of its own.
    pub(crate) fn seaweed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port, filer, master, volume] = [0; 4].map(|_| seaweed_port());
        let words = [
            "mini".to_owned(),
            format!("-dir={}", folder.path().display()),
            "-ip=127.0.0.1".to_owned(),
            "-ip.bind=127.0.0.1".to_owned(),
            format!("-s3.port={port}"),
            format!("-filer.port={filer}"),
            format!("-master.port={master}"),
            format!("-volume.port={volume}"),
            "-webdav=false".to_owned(),
            "-admin.ui=false".to_owned(),
        ];
        Self::start("weed", &words, port, Some(folder))
    }

    fn start(program: &str, words: &[String], port: u16, folder: Option<tempfile::TempDir>) -> Self {
        let program = installed("", program);
        // The server ends by itself, even if the tests that started it were killed.
        let child = Command::new("timeout")
            .arg("1800")
            .arg(program)
            .args(words)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .current_dir(
                folder.as_ref().map_or_else(std::env::temp_dir, |folder| folder.path().to_path_buf()),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let store = Self { child, endpoint: format!("http://127.0.0.1:{port}"), _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(90);
        while !curl(&["--request", "PUT", &format!("{}/{BUCKET}", store.endpoint)]).1 {
            assert!(Instant::now() < deadline, "the S3 server is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        store
    }

    /// Puts an object.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let (_, done) = curl(&[
            "--request",
            "PUT",
            "--header",
            "Content-Type: text/csv",
            "--data-binary",
            text,
            &format!("{}/{BUCKET}/{name}", self.endpoint),
        ]);
        assert!(done, "{name}");
    }

    /// Removes every object.
    pub(crate) fn clear(&self) {
        for (name, _) in self.objects() {
            assert!(
                curl(&["--request", "DELETE", &format!("{}/{BUCKET}/{name}", self.endpoint)]).1,
                "{name}"
            );
        }
    }

    /// Every object: its name and its bytes.
    pub(crate) fn objects(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut after = String::new();
        loop {
            // The query is signed as it is written.
            let after_it = if after.is_empty() {
                String::new()
            } else {
                format!("&start-after={}", after.replace('/', "%2F"))
            };
            let listing = format!("{}/{BUCKET}?list-type=2{after_it}", self.endpoint);
            let (listing, listed) = curl(&[&listing]);
            assert!(listed);
            let listing = String::from_utf8(listing).unwrap();
            let names: Vec<String> = listing
                .split("<Key>")
                .skip(1)
                .filter_map(|rest| rest.split_once("</Key>"))
                .map(|(name, _)| name.to_owned())
                .collect();
            let Some(last) = names.last() else { return found };
            after = last.clone();
            for name in names {
                let (bytes, there) = curl(&[&format!("{}/{BUCKET}/{name}", self.endpoint)]);
                assert!(there, "{name}");
                found.push((name, bytes));
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // `timeout` passes the signal on.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A port whose neighbour ten thousand above, where SeaweedFS listens for gRPC, is free as well.
fn seaweed_port() -> u16 {
    loop {
        let port = 20_000 + free_port() % 30_000;
        let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
    }
}

/// Returns what a request brought, and whether it was answered well.
fn curl(words: &[&str]) -> (Vec<u8>, bool) {
    let signed = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "test:test"];
    let quiet = ["--silent", "--fail", "--max-time", "30"];
    let output = Command::new("curl").args(quiet).args(signed).args(words).output().unwrap();
    (output.stdout, output.status.success())
}
