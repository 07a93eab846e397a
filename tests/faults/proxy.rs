//! A proxy between the hub and an S3 server that breaks what passes through it, as a seed says or as it is told.
//!
//! One request a connection: it reads a request whole, decides what becomes of it, forwards it, and answers. So every fault is of
//! one request, and it is known of each whether the server had it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The longest time that one side may pause.
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// It is forwarded some time later.
    Late,
    /// The connection is broken before the server has it.
    ResetBefore,
    /// The server has done it, and the connection is broken before the answer.
    ResetAfter,
    /// The server is busy, and does not do it: 503.
    SlowDown,
    /// The server fails before doing it: 500.
    Fails,
    /// The server has done it, and what is in front of it says 500.
    FailsAfter,
    /// The answer ends in the middle.
    Cut,
    /// It waits until all are let go. Never of the seed's choice.
    Held,
}

impl Fault {
    /// Those of the seed's choice.
    pub(crate) const ALL: [Self; 7] = [
        Self::Late,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::SlowDown,
        Self::Fails,
        Self::FailsAfter,
        Self::Cut,
    ];
}

/// What the proxy does to what passes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Requests in a thousand that meet a fault of the seed's choice.
    pub(crate) per_mille: AtomicU64,
    /// Bytes a second of one direction of one connection; 0: as many as go.
    pub(crate) bytes_per_second: AtomicU64,
    /// `If-None-Match` is taken off: the server never hears of it.
    pub(crate) strips_condition: AtomicBool,
    /// What becomes of the next requests of this method with this in their path, one after the other.
    pub(crate) aimed: Mutex<Vec<(&'static str, &'static str, Fault)>>,
    /// How many requests wait.
    pub(crate) waiting: AtomicUsize,
    /// Whether they are let go.
    pub(crate) let_go: AtomicBool,
}

/// The proxy, until it is dropped.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    pub(crate) plan: Arc<Plan>,
    met: Arc<[AtomicUsize; Fault::ALL.len()]>,
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts between a free port and an upstream, `http://HOST:PORT`.
    pub(crate) fn start(upstream: &str, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let upstream: SocketAddr = upstream.strip_prefix("http://").unwrap().parse().unwrap();
        let (plan, stopped) = (Arc::new(Plan::default()), Arc::new(AtomicBool::new(false)));
        let met: Arc<[AtomicUsize; Fault::ALL.len()]> = Arc::default();
        let (its_plan, its_met, its_stop) = (Arc::clone(&plan), Arc::clone(&met), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for (number, client) in (0_u64..).zip(listener.incoming()) {
                if its_stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(client) = client else { continue };
                let (plan, met) = (Arc::clone(&its_plan), Arc::clone(&its_met));
                // Whoever breaks a connection hears of it; the proxy goes on.
                std::thread::spawn(move || {
                    let _ = pass(client, upstream, (&plan, met.as_slice()), mix(seed ^ mix(number)));
                });
            }
        });
        Self { endpoint: format!("http://{address}"), plan, met, address, stopped }
    }

    /// How many requests met a fault.
    pub(crate) fn met(&self, fault: Fault) -> usize {
        self.met[place(fault)].load(Ordering::SeqCst)
    }

    /// Lets the next requests of a method with this in their path meet these faults.
    pub(crate) fn aim(&self, method: &'static str, part: &'static str, faults: &[Fault]) {
        self.plan.aimed.lock().unwrap().extend(faults.iter().map(|fault| (method, part, *fault)));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn place(fault: Fault) -> usize {
    Fault::ALL.iter().position(|known| *known == fault).unwrap()
}

/// Splitmix64: numbers that look drawn, and are the same for the same seed.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn decide(plan: &Plan, head: &str, drawn: u64) -> Option<Fault> {
    let line = head.lines().next().unwrap_or_default();
    let mut aimed = plan.aimed.lock().unwrap();
    if let Some(at) =
        aimed.iter().position(|(method, part, _)| line.starts_with(method) && line.contains(part))
    {
        return Some(aimed.remove(at).2);
    }
    let hit = drawn % 1000 < plan.per_mille.load(Ordering::SeqCst);
    let count = u64::try_from(Fault::ALL.len()).unwrap();
    hit.then(|| Fault::ALL[usize::try_from((drawn / 1000) % count).unwrap()])
}

fn pass(
    mut client: TcpStream,
    upstream: SocketAddr,
    (plan, met): (&Plan, &[AtomicUsize]),
    drawn: u64,
) -> io::Result<()> {
    client.set_read_timeout(Some(PAUSE_MAX))?;
    let rate = plan.bytes_per_second.load(Ordering::SeqCst);
    let (head, rest) = read_head(&mut client)?;
    let fault = decide(plan, &head, drawn);
    if let Some(fault) = fault.filter(|fault| *fault != Fault::Held) {
        met[place(fault)].fetch_add(1, Ordering::SeqCst);
    }
    if fault == Some(Fault::ResetBefore) {
        // What the client still sends is met by a reset.
        return Ok(());
    }
    if head.to_ascii_lowercase().contains("expect: 100-continue") {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = read_body(&mut client, &head, rest, rate)?;
    match fault {
        Some(Fault::Held) => {
            plan.waiting.fetch_add(1, Ordering::SeqCst);
            while !plan.let_go.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Some(Fault::Late) => std::thread::sleep(Duration::from_millis(20 + drawn % 180)),
        Some(Fault::SlowDown) => return refuse(&mut client, "503 Slow Down", "SlowDown"),
        Some(Fault::Fails) => return refuse(&mut client, "500 Internal Server Error", "InternalError"),
        _ => {}
    }
    let answer = forward(upstream, &head, &body, plan.strips_condition.load(Ordering::SeqCst))?;
    match fault {
        Some(Fault::ResetAfter) => Ok(()),
        Some(Fault::FailsAfter) => refuse(&mut client, "500 Internal Server Error", "InternalError"),
        Some(Fault::Cut) => {
            let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
            client.write_all(&answer[..end + (answer.len() - end) / 2])
        }
        _ => write_at(&mut client, &answer, rate),
    }?;
    client.shutdown(Shutdown::Both)
}

/// Reads up to the blank line, and what came with it of the body.
fn read_head(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        match client.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

fn read_body(client: &mut TcpStream, head: &str, mut body: Vec<u8>, rate: u64) -> io::Result<Vec<u8>> {
    let length = header(head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut piece = [0; 16 << 10];
    while body.len() < length {
        match client.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                throttle(read, rate);
                body.extend_from_slice(&piece[..read]);
            }
        }
    }
    Ok(body)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

/// Sends a request on and returns the answer whole. The connection is closed after it, so that its end is the answer's.
fn forward(upstream: SocketAddr, head: &str, body: &[u8], strips: bool) -> io::Result<Vec<u8>> {
    let dropped = |line: &str| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        name == "connection" || name == "expect" || (strips && name == "if-none-match")
    };
    let mut kept: String = head
        .lines()
        .filter(|line| !line.is_empty() && !dropped(line))
        .map(|line| format!("{line}\r\n"))
        .collect();
    kept.push_str("Connection: close\r\n\r\n");
    let mut server = TcpStream::connect(upstream)?;
    server.set_read_timeout(Some(PAUSE_MAX))?;
    server.write_all(kept.as_bytes())?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    if answer.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
}

fn refuse(client: &mut TcpStream, status: &str, code: &str) -> io::Result<()> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>later</Message></Error>");
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    client.write_all((head + &body).as_bytes())
}

fn write_at(client: &mut TcpStream, bytes: &[u8], rate: u64) -> io::Result<()> {
    for piece in bytes.chunks(16 << 10) {
        throttle(piece.len(), rate);
        client.write_all(piece)?;
    }
    Ok(())
}

/// Takes the time that so many bytes take.
fn throttle(bytes: usize, rate: u64) {
    if let Some(micros) = (u64::try_from(bytes).unwrap() * 1_000_000).checked_div(rate) {
        std::thread::sleep(Duration::from_micros(micros));
    }
}
