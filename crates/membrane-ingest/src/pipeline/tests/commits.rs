//! Commits: once, all or nothing, in the name of a run that is open.

use super::*;
use crate::check::{BadRow, Checked};

fn named(dataset: &Dataset, text: &str) -> DeliveryName {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(text.as_bytes());
    DeliveryName::new(&vault(), dataset, &digest.into(), None, None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_the_commits_is_settled_by_the_next_run() {
    let world = World::new().await;
    let text = csv(500) + "M900002,13977700124,Li,1.005\n";
    let name = named(&world.dataset(), &text);
    // What a killed process leaves: the quarantine is committed, the table is not.
    let (permit, dataset) = (world.permit().await, world.dataset());
    let mut quarantine = world.hub.lake.append(&permit, &dataset, Target::Quarantine).await.unwrap();
    let table = world.hub.lake.append(&permit, &dataset, Target::Table).await.unwrap();
    let bad =
        BadRow { position: 501, reasons: "wrong_type:amount".to_owned(), row: b"{}".to_vec(), subject: None };
    let schemas = (Arc::clone(table.schema()), Arc::clone(quarantine.schema()));
    let protector = Protector::new(&dataset, &world.hub.vault, schemas, permit.run_id().to_string()).unwrap();
    let checked = Checked { columns: Vec::new(), rows: 0, bad: vec![bad] };
    let resolved = Resolver::new(&dataset, None).resolve(checked).unwrap();
    quarantine.write(protector.protect(&resolved).unwrap().bad.unwrap()).await.unwrap();
    quarantine.commit(name.in_quarantine(), 1).await.unwrap();
    table.abort().await;
    assert_eq!((world.visible("tables"), world.visible("quarantine")), (0, 1));

    let report = world.file("members.csv", text.as_bytes()).await.unwrap();
    assert!(!report.already);
    assert_eq!((report.rows_accepted, report.rows_quarantined), (500, 1));
    assert_eq!((world.visible("tables"), world.visible("quarantine")), (500, 1));
    assert_eq!(report.quarantine_version, Some(TableVersion(1)));
}

/// Killed between the commits, and the contract changed before the next run: the rows that are bad now are
/// other ones. They used to be dropped, for the quarantine had the delivery's name already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_a_changed_contract_sets_aside_are_kept() {
    let world = World::new().await;
    let text = csv(500) + "M900002,13977700124,Li,1.005\nM900003,13977700125,,2.00\n";
    let mut strict = Dataset::clone(&world.dataset());
    strict.columns[2].required = true;
    strict.version = "1.1.0".to_owned();
    let name = named(&world.dataset(), &text);
    assert_ne!(name.in_quarantine(), named(&strict, &text).in_quarantine());
    let (permit, dataset) = (world.permit().await, world.dataset());
    let quarantine = world.hub.lake.append(&permit, &dataset, Target::Quarantine).await.unwrap();
    quarantine.commit(name.in_quarantine(), 1).await.unwrap();

    let path = world.folder.path().join("members.csv");
    fs::write(&path, &text).unwrap();
    let bring = async |dataset: Dataset| {
        let reader = InputSource::File(path.clone());
        let input = Input::new(reader, Format::Csv, None, came());
        ingest(&world.hub, &world.permit().await, &Arc::new(dataset), input, &crate::Silent).await.unwrap()
    };
    // A required column is required in the table too; here only the rule matters.
    let mut checked = strict.clone();
    checked.columns[2].required = false;
    checked.columns[2].rules.length_max = Some(2);
    let report = bring(checked.clone()).await;
    assert!(!report.already);
    assert_eq!(report.rows_quarantined, 501, "every name but one is too long");
    assert_eq!(world.visible("quarantine"), 501);

    // The delivery is in the table now: the same contract says no more, another one says that it differs.
    let again = bring(checked).await;
    assert!(again.already && !again.contract_changed);
    let again = bring(Dataset::clone(&world.dataset())).await;
    assert!(again.already && again.contract_changed);
    assert_eq!((again.version, again.quarantine_version), (None, None));
}

/// Gives some bytes, waits until it may go on, then gives the rest.
struct Held {
    first: Option<Vec<u8>>,
    rest: Vec<u8>,
    reached: tokio::sync::mpsc::UnboundedSender<()>,
    go_on: tokio::sync::mpsc::UnboundedReceiver<()>,
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if let Some(first) = self.first.take() {
            to.put_slice(&first);
            return Poll::Ready(Ok(()));
        }
        if !self.go_on.is_closed() {
            let _ = self.reached.send(());
            match self.go_on.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(_) => self.go_on.close(),
            }
        }
        let count = self.rest.len().min(to.remaining());
        to.put_slice(&self.rest.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

/// The hub took the process for dead and closed its run: it lives, and must not commit in that run's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_abandoned_commits_nothing() {
    let world = World::new().await;
    let text = csv(3000) + "M900002,13977700124,Li,1.005\n";
    let (first, rest) = text.split_at(1000);
    let (reached, mut is_reached) = tokio::sync::mpsc::unbounded_channel();
    let (let_go, go_on) = tokio::sync::mpsc::unbounded_channel();
    let held = Held { first: Some(first.into()), rest: rest.into(), reached, go_on };
    let input = Input::new(InputSource::Stream(Box::pin(held)), Format::Csv, None, came());
    let (permit, dataset) = (world.permit().await, world.dataset());
    let abandon = async {
        is_reached.recv().await.unwrap();
        let later = Utc.with_ymd_and_hms(2026, 3, 2, 0, 0, 0).unwrap();
        assert_eq!(world.hub.ledger.abandon_stale_runs(later, later).await.unwrap().len(), 1);
        let_go.send(()).unwrap();
    };
    let (report, ()) = tokio::join!(ingest(&world.hub, &permit, &dataset, input, &crate::Silent), abandon);
    let error = report.unwrap_err();
    assert!(matches!(error, IngestError::Ledger(membrane_ledger::LedgerError::RunNotOpen)), "{error:?}");
    assert_eq!((world.visible("tables"), world.visible("quarantine"), world.data_files()), (0, 0, 0));
    // The delivery itself is as if nothing had been.
    let report = world.file("members.csv", text.as_bytes()).await.unwrap();
    assert_eq!((report.rows_accepted, report.rows_quarantined), (3000, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_delivery_twice_at_once_is_added_once() {
    let world = World::new().await;
    let text = csv(5000);
    let one = world.file("one.csv", text.as_bytes());
    let other = world.file("other.csv", text.as_bytes());
    let (one, other) = tokio::join!(one, other);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.already, other.already);
    assert_eq!((world.visible("tables"), world.data_files()), (5000, 1));
}

/// A delivery that is there already is known while its rows are still being read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_file_stops_early_and_leaves_nothing() {
    let world = World::new().await;
    let text = csv(200_000);
    let first = world.file("members.csv", text.as_bytes()).await.unwrap();
    assert_eq!(first.rows_accepted, 200_000);
    let again = world.file("again.csv", text.as_bytes()).await.unwrap();
    assert!(again.already && again.rows_read == 0);
    assert_eq!(first.edges, again.edges, "it is the same delivery");
    assert_eq!((world.visible("tables"), world.data_files()), (200_000, 1));
    assert!(files_below(&world.folder.path().join("scratch")).is_empty());
}
