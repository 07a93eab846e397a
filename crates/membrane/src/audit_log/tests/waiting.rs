//! Answers that wait until they are published.

use super::*;
use crate::config::Answers;
use crate::error::{Error, Failure};

async fn waiting() -> World {
    world(|config| config.audit.answers = Answers::Published).await
}

async fn committing() -> World {
    world(|config| config.audit.answers = Answers::Committed).await
}

impl World {
    /// The size of the signed head as it lies on the store.
    fn signed_size(&self) -> u64 {
        let trust = Trust::from_vkeys(&self.hub.audit_log().keys()).expect("keys");
        let bytes = std::fs::read(self.object("checkpoint")).expect("a head");
        trust.open(&bytes).expect("signed").head().size
    }

    /// The size of the tree that the last commit is of, whether it is published or not.
    fn committed_size(&self) -> u64 {
        let pending = std::fs::read(self.object("pending")).expect("a commit");
        let head = String::from_utf8_lossy(&pending).into_owned();
        let origin = head.lines().skip(3).take(1).collect::<String>();
        assert!(origin.starts_with("membrane/"), "{origin}");
        head.lines().nth(4).expect("a size").parse().expect("a number")
    }

    async fn leaf(&self, run: &RunId) -> u64 {
        self.hub.ledger().leaf_of(run).await.expect("ledger").expect("closed")
    }

    async fn try_to_act(&self) -> Result<RunId, Failure> {
        let request = CatalogRequest { search: Some("phone".to_owned()), purpose: None };
        flow::show_catalog(&self.ctx("compliance:olga"), &self.hub, request).await.map(|(run, _)| run)
    }

    /// Puts a file where the folder of the log was: nothing can be read or written there.
    fn block(&self) -> tempfile::TempDir {
        let kept = copy_of(&self.object(""));
        std::fs::remove_dir_all(self.object("")).expect("removed");
        std::fs::write(self.object("").with_file_name("audit"), b"no folder").expect("blocked");
        kept
    }

    fn unblock(&self, kept: &tempfile::TempDir) {
        std::fs::remove_file(self.object("").with_file_name("audit")).expect("removed");
        put_back(kept, self.object(""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_leaves_when_its_run_is_published() {
    let world = waiting().await;
    for _ in 0..3 {
        let run = world.act().await;
        assert!(world.signed_size() > world.leaf(&run).await);
    }
    // A refusal is an answer as well.
    let request = flow::QueryRequest {
        sql: "SELECT * FROM canary".to_owned(),
        purpose: Some("marketing_analysis".parse().expect("a purpose")),
        on_behalf_of: None,
        parameters: Vec::new(),
    };
    let refused = flow::query(&world.ctx("analyst:ana"), &world.hub, request).await.err().expect("refused");
    assert!(world.signed_size() > world.leaf(&refused.run.expect("a run")).await);
    let report = world.verified().await.expect("unaltered").report;
    assert!(report.is_clean(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_together_are_published_together() {
    let world = waiting().await;
    let acts = (0..24).map(|_| async {
        let run = world.try_to_act().await.expect("answered");
        assert!(world.signed_size() > world.leaf(&run).await);
    });
    futures::future::join_all(acts).await;
    assert_eq!(world.signed_size(), 24);
    assert!(world.hub.audit_log().standing.attempts() <= 24);
    // As by a hub that serves: the note in the ledger comes later, by the keeper.
    world.hub.audit_log().keep();
    let run = world.act().await;
    assert!(world.signed_size() > world.leaf(&run).await);
    let noted = async || world.hub.ledger().last_published().await.expect("ledger").expect("noted").0.size;
    assert_eq!(noted().await, 24);
    world.published().await.expect("published");
    assert_eq!(noted().await, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_published_is_not_answered() {
    let world = waiting().await;
    world.act().await;
    let kept = world.block();
    let failed = world.try_to_act().await.expect_err("not published");
    assert!(matches!(failed.error, Error::Unpublished(_)), "{:?}", failed.error);
    assert_eq!((failed.error.code(), failed.error.status().as_u16()), ("log_unavailable", 503));
    assert!(world.hub.audit_log().how().is_failing);
    // It is on record all the same.
    assert_eq!(world.leaf(&failed.run.expect("a run")).await, 1);
    // Many that wait for a store that is down are told together.
    let told = futures::future::join_all((0..6).map(|_| world.try_to_act())).await;
    assert!(
        told.iter().all(|told| told.as_ref().is_err_and(|failed| failed.error.code() == "log_unavailable"))
    );
    world.unblock(&kept);
    let run = world.act().await;
    assert!(world.signed_size() > world.leaf(&run).await);
    assert!(!world.hub.audit_log().how().is_failing);
    assert!(world.verified().await.expect("unaltered").report.is_clean());
}

/// A commit is enough, and it is what is published: by the keeper, and by whoever opens the log after a crash.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_leaves_when_its_run_is_committed() {
    let world = committing().await;
    world.hub.audit_log().keep();
    world.published().await.expect("begun");
    for _ in 0..3 {
        let run = world.act().await;
        assert!(world.committed_size() > world.leaf(&run).await);
        assert_eq!(world.signed_size(), 0);
    }
    let acts = (0..24).map(|_| async {
        let run = world.try_to_act().await.expect("answered");
        assert!(world.committed_size() > world.leaf(&run).await);
    });
    futures::future::join_all(acts).await;
    assert_eq!((world.committed_size(), world.signed_size()), (27, 0));
    // As if this one were killed: nothing is left of it but what lies on the store.
    let other = world.again().await;
    other.audit_log().publish(now()).await.expect("published");
    assert_eq!(world.signed_size(), 27);
    // That another one went on is found, and what is committed then is on top of it.
    let run = world.act().await;
    assert_eq!((world.committed_size(), world.leaf(&run).await), (28, 27));
    let before = world.hub.ledger().log_head().await.expect("ledger");
    assert_eq!(world.published().await.expect("published"), before);
    assert_eq!(world.signed_size(), 28);
    assert!(world.verified().await.expect("unaltered").report.is_clean());
}

/// So much that is committed is published without waiting for the keeper's second.
#[tokio::test(flavor = "multi_thread")]
async fn much_that_is_committed_is_published_soon() {
    let world = committing().await;
    let log = world.hub.audit_log();
    log.keep();
    let acts = async {
        for _ in 0..8 {
            futures::future::join_all((0..16).map(|_| world.try_to_act())).await;
        }
        while world.object("checkpoint").exists() && world.signed_size() < 64 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = log.keep_carrying() => {}
        () = acts => {}
    }
    assert!(world.signed_size() >= 64);
    assert_eq!(world.committed_size(), 128);
}

/// While the log cannot be written nothing is answered, and afterwards everything is.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_committed_is_not_answered() {
    let world = committing().await;
    world.act().await;
    let kept = world.block();
    let told = futures::future::join_all((0..6).map(|_| world.try_to_act())).await;
    let is_told = |told: &Result<_, Failure>| {
        told.as_ref().is_err_and(|failed| failed.error.code() == "log_unavailable")
    };
    assert!(told.iter().all(is_told));
    assert!(world.hub.audit_log().how().is_failing);
    world.unblock(&kept);
    let run = world.act().await;
    assert!(world.committed_size() > world.leaf(&run).await);
    world.published().await.expect("published");
    assert!(!world.hub.audit_log().how().is_failing);
    assert!(world.verified().await.expect("unaltered").report.is_clean());
}

/// Where answers do not wait, the hub works on.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_is_answered() {
    let world = world(|_| ()).await;
    world.published().await.expect("begun");
    let kept = world.block();
    world.act().await;
    world.published().await.expect_err("blocked");
    assert!(world.hub.audit_log().how().is_failing);
    world.act().await;
    world.unblock(&kept);
    assert_eq!(world.published().await.expect("published").size, 2);
}
