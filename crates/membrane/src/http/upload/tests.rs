use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use tokio::io::AsyncReadExt;

use super::{impatient, upload};

async fn check(body: Body, bytes_max: usize, expected: Result<&str, io::ErrorKind>) {
    let mut text = String::new();
    let read = upload(body, bytes_max, Duration::from_millis(50)).read_to_string(&mut text).await;
    assert_eq!(read.map(|_| text.as_str()).map_err(|error| error.kind()), expected);
}

fn chunks(last: Option<io::ErrorKind>) -> Body {
    let good = ["ab", "cd"].map(|text| Ok(Bytes::from_static(text.as_bytes())));
    let last = last.map(|kind| Err(io::Error::from(kind)));
    Body::from_stream(futures::stream::iter(good.into_iter().chain(last)))
}

#[tokio::test]
async fn a_body_is_read_to_its_end() {
    check(chunks(None), 4, Ok("abcd")).await;
    check(Body::empty(), 4, Ok("")).await;
}

#[tokio::test]
async fn a_body_that_is_too_long_is_an_error() {
    check(chunks(None), 3, Err(io::ErrorKind::FileTooLarge)).await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_an_error() {
    check(chunks(Some(io::ErrorKind::ConnectionReset)), 100, Err(io::ErrorKind::UnexpectedEof)).await;
}

#[tokio::test]
async fn a_body_that_pauses_for_too_long_is_an_error() {
    let stuck = chunks(None).into_data_stream().chain(futures::stream::pending());
    check(Body::from_stream(stuck), 100, Err(io::ErrorKind::TimedOut)).await;
}

#[tokio::test]
async fn an_impatient_body_is_whole_or_given_up() {
    let long = Duration::from_secs(3600);
    assert_eq!(axum::body::to_bytes(impatient(chunks(None), long), 100).await.unwrap(), "abcd");
    let stuck = || Body::from_stream(chunks(None).into_data_stream().chain(futures::stream::pending()));
    assert!(axum::body::to_bytes(impatient(stuck(), Duration::from_millis(10)), 100).await.is_err());
    // An upload tells that apart from one that was cut off.
    let mut read = upload(impatient(stuck(), Duration::from_millis(10)), 100, long);
    let error = read.read_to_string(&mut String::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}
