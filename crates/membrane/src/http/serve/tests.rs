use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures::StreamExt;
use membrane_ledger::RunFilter;
use membrane_model::PrincipalId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

use super::{Listening, listen};
use crate::config::Config;
use crate::http::accept::Patience;
use crate::tasks::Tasks;
use crate::testing::{now, world};

const LONG: Duration = Duration::from_secs(3600);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

async fn start(app: Router, tasks: &Tasks, shutdown: Duration) -> Listening {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("listener");
    let patience = Patience { connections_max: 100, header: LONG, idle: LONG };
    Listening::start(listener, app, patience, tasks.clone(), shutdown).expect("listening")
}

async fn ask(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connection");
    stream.write_all(REQUEST).await.expect("request");
    stream
}

/// Waits until nobody listens any more.
async fn closed(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn requests_finish_after_listening_has_stopped() {
    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, waited) = (entered.clone(), go_on.clone());
    let slow = move || async move {
        told.notify_one();
        waited.notified().await;
        "done"
    };
    let listening = start(Router::new().route("/", get(slow)), &Tasks::default(), LONG).await;
    let address = listening.address();
    let mut stream = ask(address).await;
    entered.notified().await;
    let stopping = tokio::spawn(listening.stop());
    closed(address).await;
    go_on.notify_one();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("answer");
    assert!(text.ends_with("done"), "{text}");
    assert!(stopping.await.expect("task"), "all finished in time");
}

#[tokio::test]
async fn answers_that_do_not_finish_are_broken_off_and_their_bodies_dropped() {
    let tasks = Tasks::default();
    let (sender, dropped) = oneshot::channel::<()>();
    let once = Arc::new(std::sync::Mutex::new(Some((sender, tasks.guard()))));
    let endless = move || {
        // Dropped with the body; the guard is work that ends then, as the closing of a run does.
        let kept = once.lock().expect("lock").take();
        let first = futures::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"a part"))]);
        let never = futures::stream::pending().map(move |part| {
            let _ = &kept;
            part
        });
        async move { Body::from_stream(first.chain(never)) }
    };
    let listening = start(Router::new().route("/", get(endless)), &tasks, Duration::ZERO).await;
    let mut stream = ask(listening.address()).await;
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).await.expect("an answer begins");
    assert!(!listening.stop().await, "not all finished");
    assert!(dropped.await.is_err(), "the body is dropped");
    assert_eq!(tasks.count(), 0);
    assert!(stream.read_to_end(&mut Vec::new()).await.is_err(), "the answer does not look whole");
}

#[tokio::test]
async fn connections_without_a_request_do_not_delay_the_stop() {
    let world = world(|config| config.server.address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
    let listening = listen(world.hub.clone(), &world.config.server).await.expect("listening");
    let address = listening.address();
    let _silent = TcpStream::connect(address).await.expect("connection");
    let mut kept = TcpStream::connect(address).await.expect("connection");
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("request");
    let mut begun = [0; 15];
    kept.read_exact(&mut begun).await.expect("answer");
    assert_eq!(&begun, b"HTTP/1.1 200 OK");
    let stopped = tokio::time::timeout(Duration::from_secs(20), listening.stop()).await;
    assert_eq!(stopped, Ok(true), "sooner than the 30 seconds that requests get");
}

#[tokio::test]
async fn a_server_that_is_dropped_listens_no_more() {
    let listening = start(Router::new(), &Tasks::default(), LONG).await;
    let address = listening.address();
    drop(listening);
    closed(address).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_broken_off_leaves_no_open_run() {
    let change = |config: &mut Config| {
        config.server.address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.server.shutdown_seconds = 0;
    };
    let world = world(change).await;
    let hub = world.hub.clone();
    let listening = listen(hub.clone(), &world.config.server).await.expect("listening");
    let ingestor: PrincipalId = "service:ingestor".parse().expect("principal");
    let bearer = hub.bearers().issue(&ingestor, "test", 1, now()).expect("bearer");
    let mut stream = TcpStream::connect(listening.address()).await.expect("connection");
    let head = format!(
        "POST /v1/ingest/dim_stores HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\ncontent-type: text/csv\r\n\
         content-length: 1000000\r\n\r\nstore_id,name,"
    );
    stream.write_all(head.as_bytes()).await.expect("request");
    let runs = async || {
        // The hub builds tags meanwhile.
        let filter = RunFilter { principal: Some(ingestor.clone()), dataset: None, limit: 10 };
        hub.ledger().runs(filter).await.expect("runs")
    };
    while runs().await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!listening.stop().await, "the delivery did not finish");
    assert_eq!(hub.tasks().count(), 0);
    let runs = runs().await;
    assert_eq!(runs.iter().map(|run| run.status.as_str()).collect::<Vec<_>>(), ["fail"]);
}
