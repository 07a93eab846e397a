use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures::stream::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Acceptor, Patience};

/// Longer than any test: what waits for this waits in vain.
const LONG: Duration = Duration::from_secs(3600);

const PATIENT: Patience = Patience { connections_max: 100, header: LONG, idle: LONG };

async fn serve(app: Router, patience: Patience) -> (SocketAddr, DropGuard) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("listener");
    let address = listener.local_addr().expect("address");
    let stopping = CancellationToken::new();
    drop(tokio::spawn(Acceptor { listener, app, patience, stopping: stopping.clone() }.run()));
    (address, stopping.drop_guard())
}

/// Sends text, and reads until the server closes the connection.
async fn check(address: SocketAddr, sent: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(sent.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.map(|_| text)
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

#[tokio::test]
async fn a_request_is_answered() {
    let (address, _stopping) = serve(hello(), PATIENT).await;
    let text =
        check(address, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("answer");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("hello"), "{text}");
    let text = check(address, "what is this\r\n\r\n").await.expect("answer");
    assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
}

#[tokio::test]
async fn a_header_that_never_ends_and_a_silent_client_are_given_up() {
    let (address, _stopping) =
        serve(hello(), Patience { header: Duration::from_millis(50), ..PATIENT }).await;
    assert_eq!(check(address, "GET / HTTP/1.1\r\nhost: x\r\n").await.expect("a close"), "");
    assert_eq!(check(address, "").await.expect("a close"), "");
    // Also after an answer: a connection without a request is nobody's to keep.
    let text = check(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a close");
    assert!(text.ends_with("hello"), "{text}");
}

#[tokio::test]
async fn no_more_connections_are_served_at_once_than_allowed() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let busy = move || async move {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // The others get every chance to come in.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        now.fetch_sub(1, Ordering::SeqCst);
    };
    let app = Router::new().route("/", get(busy));
    let (address, _stopping) = serve(app, Patience { connections_max: 2, ..PATIENT }).await;
    let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answers = futures::future::join_all((0..6).map(|_| check(address, request))).await;
    for answer in answers {
        assert!(answer.expect("answer").starts_with("HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

/// A part of an answer, and then its end as `rest` has it.
fn answering(rest: fn() -> Body) -> Router {
    Router::new().route("/", get(move || async move { rest() }))
}

#[tokio::test]
async fn an_answer_that_is_broken_off_does_not_look_whole() {
    let cut = || {
        let parts = [Ok("a part"), Err(io::Error::other("broken off"))];
        Body::from_stream(futures::stream::iter(parts))
    };
    let (address, _stopping) = serve(answering(cut), PATIENT).await;
    // To a client of HTTP/1.0 the close of the connection is the end of the answer.
    for version in ["1.0", "1.1"] {
        let request = format!("GET / HTTP/{version}\r\nhost: x\r\nconnection: close\r\n\r\n");
        let error = check(address, &request).await.expect_err("a reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{version}");
    }
}

#[tokio::test]
async fn a_reader_who_stops_reading_loses_the_connection() {
    let endless = || Body::from_stream(futures::stream::repeat("x".repeat(1 << 16)).map(Ok::<_, Infallible>));
    let (address, _stopping) =
        serve(answering(endless), Patience { idle: Duration::from_millis(50), ..PATIENT }).await;
    let mut stream = TcpStream::connect(address).await.expect("connection");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("request");
    // Nothing is read: that the server gave the connection up is seen by writing, which it answers with a reset.
    while stream.write_all(b"x").await.is_ok() {
        tokio::task::yield_now().await;
    }
}
