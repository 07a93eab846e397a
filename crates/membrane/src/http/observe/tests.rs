use std::time::Duration;

use axum::http::Method;
use tokio::sync::mpsc;

use super::{METHODS, Upkeep, method_name};

#[test]
fn only_the_methods_of_http_are_named() {
    let check = |typed: &str, expected: &str| {
        let method = Method::from_bytes(typed.as_bytes()).expect("method");
        assert_eq!(method_name(&method), expected, "{typed}");
    };
    for known in METHODS {
        check(known, known);
    }
    for typed in ["get", "PROPFIND", "CANARY-13800138001"] {
        check(typed, "other");
    }
}

#[tokio::test]
async fn upkeep_goes_on_until_it_is_dropped() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let upkeep = Upkeep::start(Duration::from_millis(1), move || {
        let _ = sender.send(());
    });
    for _ in 0..3 {
        assert_eq!(receiver.recv().await, Some(()));
    }
    drop(upkeep);
    // The work is dropped with its task: the sender goes, and what was sent before comes to an end.
    while receiver.recv().await.is_some() {}
}
