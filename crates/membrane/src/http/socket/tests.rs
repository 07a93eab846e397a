use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Socket;

const SHORT: Duration = Duration::from_millis(50);

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("listener");
    let address = listener.local_addr().expect("address");
    let client = TcpStream::connect(address).await.expect("client");
    (client, listener.accept().await.expect("server").0)
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_an_error() {
    let (client, server) = pair().await;
    let (mut socket, _orderly) = Socket::new(server, SHORT);
    let bytes = vec![b'x'; 64 << 20];
    let error = socket.write_all(&bytes).await.expect_err("more than the system's buffers hold");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(client);
}

#[tokio::test]
async fn a_client_that_takes_all_gets_all() {
    let (mut client, server) = pair().await;
    let (mut socket, orderly) = Socket::new(server, Duration::from_secs(60));
    let taking = tokio::spawn(async move {
        let mut taken = Vec::new();
        client.read_to_end(&mut taken).await.map(|_| taken.len())
    });
    socket.write_all(&vec![b'x'; 4 << 20]).await.expect("written");
    orderly.store(true, Ordering::Relaxed);
    drop(socket);
    assert_eq!(taking.await.expect("task").expect("a close, not a reset"), 4 << 20);
}

#[tokio::test]
async fn what_did_not_end_orderly_is_reset() {
    let (mut client, server) = pair().await;
    let (mut socket, _orderly) = Socket::new(server, SHORT);
    socket.write_all(b"a part").await.expect("written");
    drop(socket);
    let error = client.read_to_end(&mut Vec::new()).await.expect_err("a reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}
