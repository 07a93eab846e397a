//! A file that cannot be taken in keeps no other waiting, and is not forgotten; what holds up all of a source is no file's fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use membrane::flow::{self, Asked, SourceTold};
use membrane_model::Clock;

use super::{ONE, STORES, THREE, TWO, look, put, rows, stores, told, world_at, write_sources};
use crate::policy::copy;
use crate::program::Program;
use crate::world::{World, repository};

/// A clock that a test moves.
#[derive(Debug, Clone)]
struct Moved(Arc<AtomicI64>);

impl Moved {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_770_000_000)))
    }

    fn go(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::SeqCst), 0).unwrap()
    }
}

async fn on_time(world: &World) -> Vec<String> {
    told(look(&world.hub, "stores", Asked::OnTime).await)
}

/// Where the source stands, as `membrane source list` has it.
async fn stands(world: &World) -> SourceTold {
    let (_, told) = flow::list_sources(&world.ctx("compliance:olga"), &world.hub).await.unwrap();
    told.into_iter().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_in_keeps_nothing_else_waiting() {
    let clock = Moved::new();
    let world = world_at(Arc::new(clock.clone()), &[("stores", STORES)]).await;
    put(&world, "a.csv", b"something else\nthan stores\n");
    put(&world, "bad.csv", &stores(&["x,x,x,x,x", "y,y,y,y,y", ONE]));
    put(&world, "good.csv", &stores(&[TWO]));
    let all = ["good.csv: 1 + 0", "a.csv: input_columns", "bad.csv: too_many_bad_rows"];
    assert_eq!(on_time(&world).await, all);
    let state = stands(&world).await.state.unwrap();
    assert_eq!((state.failures, state.behind.later, state.waiting), (0, 2, Some(2)));
    assert_eq!(state.fault.as_deref(), Some("too_many_bad_rows"));

    // They are tried again, each time after longer; what comes meanwhile does not wait for that.
    assert_eq!(on_time(&world).await, ["2 later"]);
    put(&world, "new.csv", &stores(&["S109,West,Wuhan,SH,2020-01-02"]));
    assert_eq!(on_time(&world).await, ["new.csv: 1 + 0", "2 later"]);
    for tries in 1..5 {
        clock.go((60 << tries) - 1);
        assert_eq!(on_time(&world).await, ["2 later"], "{tries}");
        clock.go(1);
        assert_eq!(on_time(&world).await, ["a.csv: input_columns", "bad.csv: too_many_bad_rows"]);
    }
    // Nobody is told the same for ever, but it is not well; whoever asks by hand gets another try.
    clock.go(86_400);
    assert_eq!(on_time(&world).await, ["2 left"]);
    let state = stands(&world).await.state.unwrap();
    assert_eq!((state.behind.left, state.fault.as_deref()), (2, Some("too_many_bad_rows")));
    assert_eq!(told(look(&world.hub, "stores", Asked::ByHand).await).len(), 2);
    assert_eq!(rows(&world).await, 2);
    put(&world, "a.csv", &stores(&[ONE]));
    put(&world, "bad.csv", &stores(&["x,x,x,x,x", THREE]));
    assert_eq!(on_time(&world).await, ["a.csv: 1 + 0", "bad.csv: 1 + 1"]);
    assert_eq!(rows(&world).await, 4);
    let state = stands(&world).await.state.unwrap();
    assert_eq!((state.waiting, state.fault), (Some(0), None));
}

/// No file has used up its tries when what was missing is there again.
#[tokio::test(flavor = "multi_thread")]
async fn what_holds_up_the_source_is_no_fault_of_a_file() {
    let clock = Moved::new();
    let world = world_at(Arc::new(clock.clone()), &[("stores", STORES)]).await;
    put(&world, "a.csv", &stores(&[ONE]));
    put(&world, "bb.csv", &stores(&[TWO, THREE]));
    // Nothing can be stored where the table is to be.
    let table = world.dir.path().join("data/tables/dim_stores");
    std::fs::create_dir_all(table.parent().unwrap()).unwrap();
    std::fs::write(&table, "in the way").unwrap();
    for tries in 1..8_u64 {
        let lines = on_time(&world).await;
        assert_eq!(lines.last().unwrap(), "held up", "{lines:?}");
        assert!(lines[0].ends_with("storage_failed"), "{lines:?}");
        let state = stands(&world).await.state.unwrap();
        assert_eq!((state.failures, state.fault.as_deref()), (tries, Some("storage_failed")));
        clock.go(3_600);
    }
    std::fs::remove_file(&table).unwrap();
    let mut lines = on_time(&world).await;
    lines.sort();
    assert_eq!(lines, ["a.csv: 1 + 0", "bb.csv: 2 + 0"]);
    assert_eq!(stands(&world).await.state.unwrap().failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn control_totals_that_do_not_come_are_told_of() {
    let clock = Moved::new();
    let with_totals = format!("{STORES}control_suffix: .control.json\ncontrol_wait_seconds: 600\n");
    let world = world_at(Arc::new(clock.clone()), &[("stores", &with_totals)]).await;
    put(&world, "a.csv", &stores(&[ONE]));
    put(&world, "b.csv", &stores(&[TWO, THREE]));
    put(&world, "b.csv.control.json", br#"{"rows": 2}"#);
    assert_eq!(on_time(&world).await, ["b.csv: 2 + 0", "1 awaited"]);
    let state = stands(&world).await.state.unwrap();
    assert_eq!((state.behind.awaited, state.fault), (1, None));
    clock.go(599);
    assert_eq!(on_time(&world).await, ["1 awaited"]);
    clock.go(1);
    assert_eq!(on_time(&world).await, ["a.csv: control_missing"]);
    // Told once, and seen for as long as it is so.
    assert_eq!(on_time(&world).await, ["1 missing"]);
    assert_eq!(told(look(&world.hub, "stores", Asked::ByHand).await), ["a.csv: control_missing"]);
    assert_eq!(on_time(&world).await, ["1 missing"]);
    let state = stands(&world).await.state.unwrap();
    assert_eq!((state.behind.missing, state.failures), (1, 0));
    assert_eq!(state.fault.as_deref(), Some("control_missing"));
    put(&world, "a.csv.control.json", br#"{"rows": 1}"#);
    assert_eq!(on_time(&world).await, ["a.csv: 1 + 0"]);
    let state = stands(&world).await.state.unwrap();
    assert_eq!((state.waiting, state.fault), (Some(0), None));
}

/// `membrane source list` says what is behind, and what to do about it.
#[test]
fn the_list_says_what_was_left() {
    let program = Program::new();
    let (catalog, inbox) = (program.path("catalog"), program.path("inbox"));
    copy(&repository().join("catalog"), &catalog);
    std::fs::create_dir_all(&inbox).unwrap();
    let source = STORES.replace("settle_seconds: 60", "settle_seconds: 0");
    write_sources(&catalog, &inbox, &[("stores", &source)]);
    let run = |words: &[&str]| {
        let mut command = program.bare();
        command.args(words).arg("--policies").arg(repository().join("policies"));
        command.arg("--catalog").arg(&catalog);
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    std::fs::write(inbox.join("a.csv"), b"something else\nthan stores\n").unwrap();
    std::fs::write(inbox.join("b.csv"), stores(&[ONE])).unwrap();
    let (code, _, told) = run(&["source", "run", "stores"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("what is behind it was taken in all the same"), "{told}");
    let (_, listed, _) = run(&["source", "list"]);
    assert!(listed.contains("goes on; files: 1 tried again later"), "{listed}");
    assert!(listed.contains("stores: input_columns: deliver the contract's columns"), "{listed}");
    assert!(!listed.contains("well"), "{listed}");
    for _ in 0..4 {
        run(&["source", "run", "stores"]);
    }
    let (_, listed, _) = run(&["source", "list"]);
    assert!(listed.contains("files: 1 left"), "{listed}");
}
