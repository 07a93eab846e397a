//! Witnesses over HTTP: such as cosign, such as refuse, and one that is down.

use std::sync::{Arc, Mutex as Lock};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use membrane_log::memory::Memory;
use membrane_log::witness::{Cosigner, WITNESSED};

use super::*;
use crate::hub::Hub;

/// What a witness was asked, and by whom it is answered.
#[derive(Clone)]
struct Booth {
    cosigner: Arc<Lock<Option<Cosigner>>>,
    /// The statuses that it answered with.
    answered: Arc<Lock<Vec<u16>>>,
}

impl Booth {
    /// Opens one on this machine that knows no log yet; returns its URL.
    async fn open() -> (Self, String) {
        let booth = Self { cosigner: Arc::default(), answered: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/witness", listener.local_addr().expect("an address"));
        let app = Router::new().route("/witness/add-checkpoint", post(answer)).with_state(booth.clone());
        drop(tokio::spawn(async move { axum::serve(listener, app).await }));
        (booth, url)
    }

    fn knows(&self, cosigner: Cosigner) {
        *self.cosigner.lock().expect("a lock") = Some(cosigner);
    }

    fn answered(&self) -> Vec<u16> {
        std::mem::take(&mut *self.answered.lock().expect("a lock"))
    }
}

async fn answer(State(booth): State<Booth>, body: Bytes) -> impl IntoResponse {
    let answer = {
        let mut cosigner = booth.cosigner.lock().expect("a lock");
        cosigner.as_mut().expect("a log").add_checkpoint(&body, 1_900_000_000)
    };
    let (status, kind, text) = answer.encode();
    booth.answered.lock().expect("a lock").push(status);
    (StatusCode::from_u16(status).expect("a status"), [(header::CONTENT_TYPE, kind)], text)
}

/// A witness of a log of that key.
fn cosigner(number: u8, log: &[String]) -> Cosigner {
    let name = Origin::new(&format!("witness.example/w{number}")).expect("a name");
    Cosigner::new(&name, &[number; 32], Trust::from_vkeys(log).expect("keys"))
}

/// The hub of a world, with witnesses.
async fn with_witnesses(world: &World, witnesses: &[(&str, u8)], min: u32) -> Hub {
    let mut config = world.config.clone();
    let keys = world.hub.audit_log().keys();
    let of = |(url, number): &(&str, u8)| format!("{url} {}", cosigner(*number, &keys).verifier());
    config.audit.witnesses = witnesses.iter().map(of).collect();
    config.audit.witnesses_min = min;
    Hub::open(&config, crate::testing::clock()).await.expect("hub")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_cosigned_as_it_grows() {
    let world = world(|_| ()).await;
    let (booth, url) = Booth::open().await;
    let keys = world.hub.audit_log().keys();
    booth.knows(cosigner(1, &keys));
    // The second is down; nobody waits for it, and it keeps no other.
    let hub = with_witnesses(&world, &[(url.as_str(), 1), ("http://127.0.0.1:9", 2)], 1).await;
    let log = hub.audit_log();
    log.ask_witnesses().await;
    assert_eq!(booth.answered(), [0_u16; 0], "there is nothing to cosign");
    for size in 1..4_u64 {
        let run = world.act().await;
        log.publish(now()).await.expect("published");
        log.ask_witnesses().await;
        assert_eq!(booth.answered(), [200]);
        // In the newest head, and beside it.
        let head = log.head().await.expect("a head").expect("some");
        assert_eq!((head.head().size, head.cosignatures().len()), (size, 1));
        assert_eq!(std::fs::read(world.object(WITNESSED)).expect("witnessed"), head.as_bytes());
        let proved = log.prove(&run, now()).await.expect("proof").expect("closed");
        let readers = log.trust().clone();
        ProofFile::parse(&proved.proof).expect("a proof").verify(&readers, &proved.entry).expect("cosigned");
        // It is not asked again for what it has cosigned.
        log.ask_witnesses().await;
        assert_eq!(booth.answered(), [0_u16; 0]);
    }
    // Another process does not know what it has cosigned, and is told.
    world.act().await;
    let other = with_witnesses(&world, &[(url.as_str(), 1)], 1).await;
    other.audit_log().publish(now()).await.expect("published");
    other.audit_log().ask_witnesses().await;
    assert_eq!(booth.answered(), [409, 200]);
    let report = verify(&other).await;
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.witnessed.map(|head| head.size), Some(4));
    // The log goes on, and what was cosigned is its beginning.
    world.act().await;
    other.audit_log().publish(now()).await.expect("published");
    let report = verify(&other).await;
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(
        (report.head.map(|head| head.size), report.witnessed.map(|head| head.size)),
        (Some(5), Some(4))
    );
    let both = with_witnesses(&world, &[(url.as_str(), 1), ("http://127.0.0.1:9", 2)], 2).await;
    let too_few = Finding::TooFewWitnesses { have: 1, need: 2 };
    assert_eq!(verify(&both).await.findings, [too_few]);
}

async fn verify(hub: &Hub) -> membrane_log::Report {
    let log = hub.audit_log();
    membrane_log::verify_full(&log.objects(), log.trust(), None, |_, _| ()).await.expect("read")
}

/// Of a log that a witness knows otherwise nothing is cosigned, and what was cosigned stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_has_forked_is_refused() {
    let world = world(|_| ()).await;
    let (booth, url) = Booth::open().await;
    let keys = world.hub.audit_log().keys();
    // Somebody with the key of the hub has shown the witness another log.
    let mut cosigner = cosigner(1, &keys);
    let identity = world.hub.audit_log().identity.clone();
    let mut other = Log::create(Memory::default(), identity).await.expect("a log");
    other.append(vec![b"another".to_vec()]).await.expect("appended");
    let asked = membrane_log::witness::AddCheckpoint {
        old_size: 0,
        proof: Vec::new(),
        checkpoint: other.checkpoint().as_bytes().to_vec(),
    };
    assert_eq!(cosigner.add_checkpoint(&asked.encode(), 1).encode().0, 200);
    booth.knows(cosigner);
    let hub = with_witnesses(&world, &[(url.as_str(), 1)], 0).await;
    let log = hub.audit_log();
    world.act().await;
    log.publish(now()).await.expect("published");
    // Of the same size; it tells its size first.
    log.ask_witnesses().await;
    assert_eq!(booth.answered(), [409, 409]);
    world.act().await;
    log.publish(now()).await.expect("published");
    log.ask_witnesses().await;
    assert_eq!(booth.answered(), [422]);
    assert!(!world.object(WITNESSED).exists());
    assert!(log.head().await.expect("a head").expect("some").cosignatures().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn witnesses_that_cannot_be_are_refused() {
    let world = world(|_| ()).await;
    let log_key = world.hub.audit_log().keys().remove(0);
    let of = |witnesses: &[String], min| {
        let mut config = world.config.clone();
        (config.audit.witnesses, config.audit.witnesses_min) = (witnesses.to_vec(), min);
        config
    };
    let good = format!("https://w.example {}", cosigner(1, std::slice::from_ref(&log_key)).verifier());
    for config in [
        of(&["https://w.example".to_owned()], 0),
        of(&[format!("https://w.example {log_key}")], 0),
        of(&[good], 2),
    ] {
        let told = Hub::open(&config, crate::testing::clock()).await.expect_err("refused").to_string();
        assert!(told.contains("[audit] witnesses cannot be used"), "{told}");
    }
}
