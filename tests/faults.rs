//! Storage that fails, and storage that must not be used: what the hub does through a proxy that breaks what passes.

mod fenced;
mod lost;
pub(crate) mod proxy;
pub(crate) mod store;
mod writers;

use std::sync::atomic::Ordering;

use proxy::Proxy;
use store::Store;

use crate::backends::on_s3;

/// A server that never hears of the condition lets two commits overwrite each other.
#[test]
fn storage_that_ignores_conditions_is_refused_at_each_start() {
    let store = Store::moto();
    let proxy = Proxy::start(&store.endpoint, 1);
    proxy.plan.strips_condition.store(true, Ordering::SeqCst);
    let program = on_s3(&proxy.endpoint);
    let refused = |words: &[&str]| {
        let output = program.run(words);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains("`s3://hub/members/`") && error.contains("honours conditional puts"),
            "{error}"
        );
        assert!(error.ends_with("code storage_unsafe\n"), "{error}");
        assert!(!error.contains("127.0.0.1"), "{error}");
    };
    std::fs::write(program.path("stores.csv"), "store_id,name,city,region,opened_on\n").unwrap();
    refused(&["runs"]);
    refused(&["serve", "--address", "127.0.0.1:0"]);
    refused(&["ingest", "dim_stores", "stores.csv"]);
    assert!(store.objects().is_empty(), "nothing is left in it");
    // The same server, once it hears of them, is fine; and is found out when it does no more.
    proxy.plan.strips_condition.store(false, Ordering::SeqCst);
    program.ok(&["runs"]);
    let left: Vec<String> = store.objects().into_iter().map(|(name, _)| name).collect();
    assert!(left.iter().any(|name| name.starts_with("members/_membrane/atomic-")), "{left:?}");
    assert!(!left.iter().any(|name| name.contains("probe")), "{left:?}");
    proxy.plan.strips_condition.store(true, Ordering::SeqCst);
    refused(&["runs"]);
}
