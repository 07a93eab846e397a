//! Requests as an attacker writes them: byte for byte, also those that no HTTP library would send.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::Outcome;

/// Longer than a hub takes for a question by default.
const PATIENCE: Duration = Duration::from_secs(150);

/// Bytes of an answer that are looked at.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// Where a hub listens: plain HTTP.
#[derive(Debug, Clone)]
pub struct Address {
    host: String,
    port: u16,
}

/// Why nothing could be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one.
    #[error("not an address of a hub: expected http://HOST:PORT")]
    Address,
    /// The hub did not answer.
    #[error("the hub did not answer: {0}")]
    Io(io::ErrorKind),
}

impl Address {
    /// Reads `http://HOST:PORT`.
    ///
    /// # Errors
    /// [`ClientError::Address`].
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let url = Url::parse(text).map_err(|_| ClientError::Address)?;
        match (url.scheme(), url.host_str(), url.port_or_known_default()) {
            ("http", Some(host), Some(port)) => Ok(Self { host: host.to_owned(), port }),
            _ => Err(ClientError::Address),
        }
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The path, with what stands behind `?`.
    pub path: String,
    /// The headers, besides `Host`, `Connection` and the body's length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Sends it on a connection of its own and reads all that comes back.
    ///
    /// # Errors
    /// [`ClientError::Io`].
    pub async fn send(&self, to: &Address) -> Result<Outcome, ClientError> {
        let exchanged = timeout(PATIENCE, self.exchange(to)).await;
        let bytes = match exchanged {
            Ok(exchanged) => exchanged.map_err(|error| ClientError::Io(error.kind()))?,
            Err(_) => return Err(ClientError::Io(io::ErrorKind::TimedOut)),
        };
        Ok(read(bytes))
    }

    async fn exchange(&self, to: &Address) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect((to.host.as_str(), to.port)).await?;
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {}:{}\r\nconnection: close\r\n",
            self.method, self.path, to.host, to.port
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = !self.body.is_empty() || self.method == "POST";
        let stated =
            self.headers.iter().any(|(name, _)| matches!(*name, "content-length" | "transfer-encoding"));
        if length && !stated {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut sent = head.into_bytes();
        sent.extend_from_slice(&self.body);
        // A hub may answer, and hang up, before it has read all of it.
        let _ = stream.write_all(&sent).await;
        let mut bytes = Vec::new();
        match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await {
            Err(error) if bytes.is_empty() => Err(error),
            _ => Ok(bytes),
        }
    }
}

/// Takes an answer apart.
fn read(bytes: Vec<u8>) -> Outcome {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = match end.and_then(|end| bytes.split_at_checked(end.saturating_add(4))) {
        Some((head, body)) => (String::from_utf8_lossy(head).to_ascii_lowercase(), body),
        None => (String::new(), bytes.as_slice()),
    };
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let body = if head.contains("transfer-encoding: chunked") { joined(body) } else { body.to_vec() };
    Outcome::of_http(status, &body, bytes)
}

/// Puts the chunks of a body together.
fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = rest.get(..line).and_then(|line| std::str::from_utf8(line).ok());
        let Some(size) = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()) else { break };
        let start = line.saturating_add(2);
        let end = start.saturating_add(size);
        let Some(chunk) = rest.get(start..end).filter(|chunk| !chunk.is_empty()) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(end.saturating_add(2)..).unwrap_or_default();
    }
    body
}
