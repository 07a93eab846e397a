//! Inputs that break, or are none: nothing is left of them.

use super::*;

/// Gives some bytes, then an error.
struct Broken(Vec<u8>);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let count = self.0.len().min(to.remaining());
        to.put_slice(&self.0.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_cut_off_leaves_nothing() {
    let world = World::new().await;
    let bytes = csv(100_000).into_bytes();
    let stream = InputSource::Stream(Box::pin(Broken(bytes)));
    let error = world.bring(stream, Format::Csv).await.unwrap_err();
    assert_eq!(error.code(), "input_unreadable");
    assert_eq!((world.visible("tables"), world.data_files()), (0, 0));
    // The whole delivery afterwards is as if nothing had been.
    let report = world.file("members.csv", csv(1000).as_bytes()).await.unwrap();
    assert_eq!(report.rows_accepted, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_the_whole_input_leave_nothing() {
    let world = World::new().await;
    for (name, bytes, code) in [
        ("a.csv", b"phone,name\n1,2\n".to_vec(), "input_columns"),
        ("a.csv", b"x\n1\n".to_vec(), "input_columns"),
        ("a.csv", b"m\0e\0".to_vec(), "input_encoding"),
        ("a.json", b"[{\"member_no\":\"M000001\"}, 1".to_vec(), "input_cut_off"),
        ("a.csv.gz", b"\x1f\x8bnot much more".to_vec(), "input_malformed"),
        ("a.avro", b"Obj\x01 and not much more".to_vec(), "input_malformed"),
        ("a.xlsx", b"PK and not much more".to_vec(), "input_malformed"),
        ("a.ndjson", b"hello\n".to_vec(), "input_malformed"),
        ("a.parquet", b"PAR1 and not much more".to_vec(), "input_malformed"),
        ("a.arrow", b"hello world".to_vec(), "input_malformed"),
    ] {
        let error = world.file(name, &bytes).await.unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
    }
    let missing = InputSource::File(world.folder.path().join("missing.csv"));
    let error = world.bring(missing, Format::Csv).await.unwrap_err();
    assert_eq!(error.to_string(), "could not read the input: entity not found");
    assert_eq!((world.visible("tables"), world.data_files()), (0, 0));
    // An empty delivery is one too.
    let report = world.file("empty.csv", b"member_no,phone\n").await.unwrap();
    assert_eq!((report.rows_read, report.version), (0, Some(TableVersion(1))));
}

/// A pipe that is given as a file: it was read once for its fingerprint, and then there was nothing left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_in_place_of_a_file_loses_nothing() {
    let world = World::new().await;
    let pipe = world.folder.path().join("members.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = world.bring(InputSource::File(pipe), Format::Csv).await.unwrap_err();
    assert!(matches!(error, IngestError::NotAFile), "{error:?}");
    assert_eq!((world.visible("tables"), world.data_files()), (0, 0), "no empty delivery was committed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_leaves_nothing() {
    let world = World::new().await;
    let bytes = csv(100_000).into_bytes();
    let stream = InputSource::Stream(Box::pin(Broken(bytes)));
    let reached = Arc::new(tokio::sync::Notify::new());
    struct Tell(Arc<tokio::sync::Notify>);
    impl Progress for Tell {
        fn rows(&self, _: u64, _: u64) {
            self.0.notify_one();
        }
    }
    let tell = Tell(Arc::clone(&reached));
    let (permit, dataset) = (world.permit().await, world.dataset());
    let input = Input::new(stream, Format::Csv, None, came());
    tokio::select! {
        _ = ingest(&world.hub, &permit, &dataset, input, &tell) => {}
        () = reached.notified() => {}
    }
    // The stages end by themselves; then nothing is left.
    while world.data_files() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.visible("tables"), 0);
}
