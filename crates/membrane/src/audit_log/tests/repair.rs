//! Objects that are put back from the ledger.

use membrane_log::Mended;
use membrane_log::memory::Memory;

use super::*;

impl World {
    async fn repaired(&self) -> Result<Vec<Mended>, String> {
        let repaired = flow::repair_log(&self.ctx("compliance:olga"), &self.hub).await;
        repaired.map(|(_, repaired)| repaired.mended).map_err(|failure| failure.error.code().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_or_taken_away_is_put_back() {
    let world = world(|_| ()).await;
    for _ in 0..4 {
        world.act().await;
    }
    world.published().await.expect("published");
    for _ in 0..2 {
        world.act().await;
    }
    world.published().await.expect("published");
    assert_eq!(world.repaired().await.expect("nothing to do"), []);
    let whole = copy_of(&world.object(""));
    // The newest bundle is gone, the newest tile and an older bundle are altered.
    std::fs::remove_file(world.object("tile/entries/000.p/6")).expect("removed");
    world.alter("tile/0/000.p/6", 40);
    world.alter("tile/entries/000.p/4", 40);
    let found = world.verified().await.expect("a report").report;
    assert!(!found.is_clean());
    let again = world.again().await;
    again.audit_log().publish(now()).await.expect_err("it cannot be carried on");
    let mended = world.repaired().await.expect("put back");
    let told: Vec<_> = mended.iter().map(|one| (one.path.as_str(), one.was_missing)).collect();
    let expected =
        [("tile/entries/000.p/6", true), ("tile/0/000.p/6", false), ("tile/entries/000.p/4", false)];
    assert_eq!(told, expected);
    for (path, _) in expected {
        let kept = std::fs::read(whole.path().join(path)).expect("kept");
        assert!(std::fs::read(world.object(path)).expect("an object") == kept, "{path}");
    }
    assert!(world.verified().await.expect("a report").report.is_clean());
    assert!(again.audit_log().publish(now()).await.expect("carried on").size > 6);
}

/// Of runs that the ledger has not as they were signed nothing is put back.
#[tokio::test(flavor = "multi_thread")]
async fn an_altered_ledger_puts_nothing_back() {
    let world = world(|_| ()).await;
    for _ in 0..3 {
        world.act().await;
    }
    world.published().await.expect("published");
    // Other runs, signed with the key of the hub: what it signed before somebody made the ledger anew.
    let identity = world.hub.audit_log().identity.clone();
    let mut signed = Log::create(Memory::default(), identity).await.expect("a log");
    signed.append(vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]).await.expect("appended");
    std::fs::write(world.object("checkpoint"), signed.checkpoint().as_bytes()).expect("written");
    std::fs::remove_file(world.object("tile/entries/000.p/3")).expect("removed");
    let told = world.hub.audit_log().repair().await;
    assert!(matches!(told, Err(AuditLogError::Disagree { size: 3 })), "{told:?}");
    assert_eq!(world.repaired().await.expect_err("refused"), "log_altered");
    // Of more runs than the ledger has.
    signed.append((0..9).map(|entry| vec![entry]).collect()).await.expect("appended");
    std::fs::write(world.object("checkpoint"), signed.checkpoint().as_bytes()).expect("written");
    let told = world.hub.audit_log().repair().await;
    assert!(matches!(told, Err(AuditLogError::LedgerSetBack { log: 12, .. })), "{told:?}");
    std::fs::remove_file(world.object("checkpoint")).expect("removed");
    let told = world.hub.audit_log().repair().await;
    assert!(matches!(told, Err(AuditLogError::Log(LogError::NoCheckpoint))), "{told:?}");
    assert!(!world.object("tile/entries/000.p/3").exists(), "nothing was put back");
}
