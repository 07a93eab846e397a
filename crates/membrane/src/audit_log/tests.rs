mod repair;
mod waiting;
mod witnessed;

use std::path::PathBuf;

use membrane_log::{Finding, Hash};

use super::*;
use crate::flow::{self, CatalogRequest, Verified};
use crate::testing::{World, now, world};

impl World {
    /// Closes a run.
    async fn act(&self) -> RunId {
        let request = CatalogRequest { search: Some("phone".to_owned()), purpose: None };
        flow::show_catalog(&self.ctx("compliance:olga"), &self.hub, request).await.expect("found").0
    }

    async fn published(&self) -> Result<LogHead, AuditLogError> {
        self.hub.audit_log().publish(now()).await
    }

    async fn verified(&self) -> Result<Verified, String> {
        let verified = flow::verify_published(&self.ctx("compliance:olga"), &self.hub, None).await;
        verified.map(|(_, verified)| verified).map_err(|failure| failure.error.to_string())
    }

    fn object(&self, path: &str) -> PathBuf {
        PathBuf::from(&self.config.data.url).join("audit").join(path)
    }

    fn alter(&self, path: &str, place: usize) {
        let mut bytes = std::fs::read(self.object(path)).expect("an object");
        bytes[place] ^= 1;
        std::fs::write(self.object(path), bytes).expect("written");
    }

    /// Opens the same hub anew, as another process would.
    async fn again(&self) -> crate::hub::Hub {
        crate::hub::Hub::open(&self.config, crate::testing::clock()).await.expect("hub")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_log_is_the_ledgers() {
    let world = world(|_| ()).await;
    let empty = world.published().await.expect("nothing yet");
    assert_eq!(empty.size, 0);
    let first = world.act().await;
    assert_eq!(world.published().await.expect("one").size, 1);
    for _ in 0..5 {
        world.act().await;
    }
    let ledger = world.hub.ledger().log_head().await.expect("head");
    assert_eq!(world.published().await.expect("six"), ledger);
    assert_eq!(world.published().await.expect("again"), ledger);
    let other = world.again().await;
    assert_eq!(other.audit_log().publish(now()).await.expect("by another"), ledger);
    world.act().await;
    let verified = world.verified().await.expect("unaltered");
    assert!(verified.report.is_clean(), "{:?}", verified.report);
    // Six that were there and the one that was published then; the run that verifies is closed behind what it verified.
    assert_eq!(verified.report.entries_checked, 7);
    let proved = world.hub.audit_log().prove(&first, now()).await.expect("proof").expect("closed");
    let file = ProofFile::parse(&proved.proof).expect("a proof");
    let trust = Trust::from_vkeys(&world.hub.audit_log().keys()).expect("keys");
    file.verify(&trust, &proved.entry).expect("in the log");
    file.verify(&trust, b"{}").expect_err("another entry");
    let entry = String::from_utf8(proved.entry).expect("text");
    assert!(entry.contains(&first.to_string()) && entry.contains("compliance:olga"), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_is_found_and_nothing_is_signed_over_it() {
    let world = world(|_| ()).await;
    for _ in 0..4 {
        world.act().await;
    }
    world.published().await.expect("published");
    let kept = std::fs::read(world.object("tile/entries/000.p/4")).expect("a bundle");
    world.alter("tile/entries/000.p/4", 40);
    let verified = world.verified().await.expect("a report");
    let is_first = |finding: &Finding| matches!(finding, Finding::AlteredEntry { index: 0 });
    assert!(verified.report.findings.iter().any(is_first), "{:?}", verified.report.findings);
    let head = std::fs::read(world.object("checkpoint")).expect("a head");
    world.act().await;
    let told = world.again().await.audit_log().publish(now()).await;
    assert!(told.as_ref().is_err_and(AuditLogError::is_fault), "{told:?}");
    assert_eq!(std::fs::read(world.object("checkpoint")).expect("a head"), head);
    std::fs::write(world.object("tile/entries/000.p/4"), kept).expect("put back");
    assert!(world.verified().await.expect("a report").report.is_clean());
    let size = world.hub.audit_log().head().await.expect("head").expect("some").head().size;
    let kept = std::fs::read(world.object("checkpoint")).expect("a head");
    std::fs::remove_file(world.object("checkpoint")).expect("removed");
    world.act().await;
    let other = world.again().await;
    let gone = other.audit_log().publish(now()).await;
    assert!(matches!(gone, Err(AuditLogError::Gone { .. })), "{gone:?}");
    std::fs::write(world.object("checkpoint"), kept).expect("put back");
    let other = world.again().await;
    let head = other.audit_log().publish(now()).await.expect("goes on");
    assert!(head.size > size);
}

/// A log that was set back, with a ledger that was not, and the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn ledger_and_log_that_disagree_are_told_apart() {
    let world = world(|_| ()).await;
    world.act().await;
    world.published().await.expect("published");
    let early = copy_of(&world.object(""));
    world.act().await;
    let later = world.published().await.expect("published");
    let late = copy_of(&world.object(""));
    put_back(&early, world.object(""));
    world.act().await;
    // The ledger has all that was published: the log is carried on as it was.
    let head = world.again().await.audit_log().publish(now()).await.expect("carried on");
    assert_eq!(head.size, 3);
    assert!(world.verified().await.expect("a report").report.is_clean());
    put_back(&late, world.object(""));
    let agreed = world.hub.audit_log().agrees(TreeHead { size: later.size, root: root(&later) }).await;
    agreed.expect("the ledger's");
    let mut wrong = root(&later);
    wrong.0[0] ^= 1;
    let told = world.hub.audit_log().agrees(TreeHead { size: later.size, root: wrong }).await;
    assert!(matches!(told, Err(AuditLogError::Disagree { size: 2 })), "{told:?}");
    let told = world.hub.audit_log().agrees(TreeHead { size: 99, root: root(&later) }).await;
    assert!(matches!(told, Err(AuditLogError::LedgerSetBack { log: 99, .. })), "{told:?}");
    // What was published once, and neither has now.
    let lost = LogHead { size: 99, root: "00".repeat(32) };
    world.hub.ledger().note_published(&lost, now()).await.expect("noted");
    let told = world.again().await.audit_log().publish(now()).await;
    assert!(matches!(told, Err(AuditLogError::SetBack { published: 99, found: 2 })), "{told:?}");
}

/// A clock that was set back is told of, and the log goes on: what is in it is in the order in which it was closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_is_told_of() {
    let world = world(|_| ()).await;
    let log = world.hub.audit_log();
    // Each time is held against that of the publication before it, which is what the ledger notes.
    for (minutes, is_late) in [(0, false), (-4, false), (-10, true), (-9, false), (-60, true), (0, false)] {
        world.act().await;
        let head = log.publish(now() + chrono::TimeDelta::minutes(minutes)).await.expect("published");
        assert_eq!(log.standing.is_late(), is_late, "{minutes}");
        assert_eq!(head, world.hub.ledger().log_head().await.expect("head"));
    }
    assert!(world.verified().await.expect("unaltered").report.is_clean());
}

/// Of many processes that publish one log each run is published once.
#[tokio::test(flavor = "multi_thread")]
async fn many_publish_together() {
    let world = world(|_| ()).await;
    let hubs = [world.again().await, world.again().await, world.again().await];
    for _ in 0..6 {
        world.act().await;
        let published = hubs.each_ref().map(|hub| hub.audit_log().publish(now()));
        for told in futures::future::join_all(published).await {
            told.expect("published");
        }
    }
    let verified = world.verified().await.expect("unaltered");
    assert!(verified.report.is_clean(), "{:?}", verified.report.findings);
    assert_eq!(verified.report.entries_checked, 6);
}

/// What is more than one commit takes is published as it is committed, and what full tiles have followed is removed for all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_is_published_and_tidied_up() {
    let world = world(|_| ()).await;
    for _ in 0..3 {
        world.act().await;
    }
    world.published().await.expect("published");
    assert!(world.object("tile/entries/000.p/3").exists());
    while world.hub.ledger().log_head().await.expect("ledger").size <= GROUP_ENTRIES_MAX + 8 {
        world.act().await;
    }
    let head = world.published().await.expect("published");
    assert!(head.size > GROUP_ENTRIES_MAX && world.object("tile/entries/000").exists());
    assert!(!world.object("tile/entries/000.p/3").exists());
    assert!(world.verified().await.expect("unaltered").report.is_clean());
}

/// The next key signs beside the one before, then alone; whoever has either can check meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn one_key_follows_another() {
    let world = world(|_| ()).await;
    world.act().await;
    world.published().await.expect("published");
    let first = world.hub.audit_log().keys();
    let mut config = world.config.clone();
    for (key, signing) in [(2, 2), (2, 1)] {
        (config.audit.key, config.audit.keys_signing) = (key, signing);
        let hub = crate::hub::Hub::open(&config, crate::testing::clock()).await.expect("hub");
        world.act().await;
        hub.audit_log().publish(now()).await.expect("published");
        let keys = hub.audit_log().keys();
        assert_eq!(keys.len(), usize::try_from(signing).expect("few"));
        let bytes = std::fs::read(world.object("checkpoint")).expect("a head");
        for key in &keys {
            Trust::from_vkeys(&[key]).expect("a key").open(&bytes).expect("signed");
        }
        assert_eq!(Trust::from_vkeys(&first).expect("a key").open(&bytes).is_ok(), signing == 2);
    }
}

fn root(head: &LogHead) -> Hash {
    let mut root = [0; 32];
    hex::decode_to_slice(&head.root, &mut root).expect("a hash");
    Hash(root)
}

fn copy_of(folder: &std::path::Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("folder");
    put_back(folder, copy.path());
    copy
}

fn put_back(from: impl AsRef<std::path::Path>, to: impl AsRef<std::path::Path>) {
    let (from, to) = (from.as_ref(), to.as_ref());
    if to.exists() {
        std::fs::remove_dir_all(to).expect("removed");
    }
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder") {
        let path = entry.expect("entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            put_back(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}
