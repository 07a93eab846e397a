//! What deliveries are called shows nothing of them.

use super::*;

/// What a deliverer calls a delivery may be somebody's name or number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_delivery_is_called_is_in_no_record() {
    let world = World::new().await;
    let text = csv(300);
    let path = world.folder.path().join("CANARY 13977700123.csv");
    fs::write(&path, &text).unwrap();
    let streamed = InputSource::Stream(Box::pin(Cursor::new(text.into_bytes())));
    for (reader, source) in [
        (InputSource::File(path.clone()), None),
        (InputSource::File(path.clone()), Some("CANARY 13977700123".to_owned())),
        (streamed, Some("CANARY".to_owned())),
    ] {
        let input = Input::new(reader, Format::Csv, source, came());
        let permit = world.permit().await;
        let report = ingest(&world.hub, &permit, &world.dataset(), input, &crate::Silent).await.unwrap();
        assert!(!report.already);
        let shown = format!("{report:?}");
        assert!(!shown.contains("CANARY") && !shown.contains("1397770"), "{shown}");
    }
    fs::remove_file(path).unwrap();
    world.hub.ledger.disconnect().await;
    for path in files_below(world.folder.path()) {
        let bytes = fs::read(&path).unwrap();
        for canary in ["CANARY", "1397770"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} in {}", path.display());
        }
    }
}

/// A body of one telephone number: whoever sees the log must not be able to find it by trying.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_has_no_hash_that_can_be_tried() {
    let world = World::new().await;
    let text = csv(1);
    world.file("members.csv", text.as_bytes()).await.unwrap();
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(text.as_bytes()));
    let logs: Vec<String> = files_below(&world.folder.path().join("data"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert!(
        logs.iter().any(|log| log.contains("ingest/members/"))
            && logs.iter().all(|log| !log.contains(&digest))
    );
}
