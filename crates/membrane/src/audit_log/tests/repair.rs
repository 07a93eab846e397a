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
    assert!(!world.object("tile/entries/000.p/3").exists(), "nothing was put back");
}

/// The head that was signed last is known by the commit and by the ledger's note: what lies in its place need not be.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_put_back() {
    let world = world(|_| ()).await;
    world.act().await;
    world.published().await.expect("published");
    let old = std::fs::read(world.object("checkpoint")).expect("a head");
    // From a head that is two commits old nothing leads to the newest.
    world.act().await;
    world.published().await.expect("published");
    for _ in 0..2 {
        world.act().await;
    }
    let newest = world.published().await.expect("published");
    let damages: [(&str, &dyn Fn()); 5] = [
        ("older", &|| std::fs::write(world.object("checkpoint"), &old).expect("written")),
        ("missing", &|| std::fs::remove_file(world.object("checkpoint")).expect("removed")),
        ("torn", &|| std::fs::write(world.object("checkpoint"), b"torn").expect("written")),
        ("without a commit", &|| {
            std::fs::write(world.object("checkpoint"), &old).expect("written");
            std::fs::write(world.object("pending"), b"torn").expect("written");
        }),
        ("with a torn commit", &|| std::fs::write(world.object("pending"), b"torn").expect("written")),
    ];
    for (damage, make) in damages {
        make();
        let again = world.again().await;
        let told = again.audit_log().publish(now()).await.expect_err(damage);
        assert!(told.is_fault(), "{damage}: {told:?}");
        // Acts of a hub that is at work come in between.
        let size = world.hub.ledger().log_head().await.expect("ledger").size;
        let mended = world.repaired().await.expect(damage);
        let told: Vec<_> = mended.iter().map(|one| (one.path.as_str(), one.was_missing)).collect();
        let expected: &[_] = match damage {
            "missing" => &[("checkpoint", true)],
            "without a commit" => &[("checkpoint", false), ("pending", false)],
            "with a torn commit" => &[("pending", false)],
            _ => &[("checkpoint", false)],
        };
        assert_eq!(told, expected, "{damage}");
        let trust = Trust::from_vkeys(&world.hub.audit_log().keys()).expect("keys");
        let bytes = std::fs::read(world.object("checkpoint")).expect("a head");
        assert!(head_of(trust.open(&bytes).expect("signed").head()).size >= newest.size.min(size));
        assert!(again.audit_log().publish(now()).await.expect("carried on").size > newest.size);
        assert!(world.verified().await.expect("a report").report.is_clean(), "{damage}");
    }
}

/// Where no signature is left, the ledger alone could be any: nothing is signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_any_signature_is_not_put_back() {
    let world = world(|_| ()).await;
    world.act().await;
    world.published().await.expect("published");
    std::fs::remove_file(world.object("checkpoint")).expect("removed");
    std::fs::write(world.object("pending"), b"torn").expect("written");
    let told = world.hub.audit_log().repair().await;
    assert!(matches!(told, Err(AuditLogError::Gone { size: 1 })), "{told:?}");
    assert!(!world.object("checkpoint").exists());
}

/// Where nothing is known of any head, none is made up.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_never_was_is_not_put_back() {
    let world = world(|_| ()).await;
    world.act().await;
    let told = world.hub.audit_log().repair().await;
    assert!(matches!(told, Err(AuditLogError::Log(LogError::NoCheckpoint))), "{told:?}");
}
