use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;

use super::super::{Acknowledged, RecordCounts};
use super::*;

fn head(number: i64) -> SegmentHead {
    let began = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let principal = "service:ingestor".parse().unwrap();
    SegmentHead::new(("stream/abc", number), "app_events".parse().unwrap(), (principal, None), began)
}

fn record(number: u8) -> Record {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![i64::from(number), 2]));
    let cells: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&[number; 40][..]), None]));
    let rows = RecordBatch::try_from_iter([("n", numbers), ("c", cells)]).unwrap();
    let answer = Acknowledged { read: 2, accepted: 2, ..Acknowledged::default() };
    Record {
        came: DateTime::from_timestamp(1_700_000_000 + i64::from(number), 5_000).unwrap(),
        rows: vec![rows],
        bad: Vec::new(),
        ids: vec![[number; 16], [number ^ 0xff; 16]],
        name: number.is_multiple_of(2).then_some(([number; 16], [number; 32])),
        counts: RecordCounts { answer, newest: Some(i64::from(number)), ..RecordCounts::default() },
    }
}

fn same(one: &Record, other: &Record) {
    assert_eq!((one.came, &one.rows, &one.bad), (other.came, &other.rows, &other.bad));
    assert_eq!((&one.ids, one.name, &one.counts), (&other.ids, other.name, &other.counts));
}

fn written(folder: &Path, records: u8) -> PathBuf {
    let mut segment = Segment::create(folder, &head(7)).unwrap();
    for number in 0..records {
        segment.append([&record(number)]).unwrap();
    }
    segment.path().to_path_buf()
}

#[test]
fn what_is_appended_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder.path().join("app_events"), 3);
    assert_eq!(segments_in(&folder.path().join("app_events")).unwrap(), std::slice::from_ref(&path));
    let found = read_segment(&path).unwrap().unwrap();
    assert_eq!((found.head, found.torn, found.is_seen), (head(7), 0, false));
    assert_eq!(found.records.len(), 3);
    for (number, found) in found.records.iter().enumerate() {
        same(found, &record(u8::try_from(number).unwrap()));
    }
}

#[test]
fn a_segment_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 1);
    assert_eq!(Segment::create(folder.path(), &head(7)).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn once_committed_its_ids_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 3);
    retire_segment(&path, &head(7), &[record(0), record(1), record(2)]).unwrap();
    assert!(!path.exists());
    let found = segments_in(folder.path()).unwrap();
    let seen = read_segment(&found[0]).unwrap().unwrap();
    assert!(seen.is_seen && seen.records.iter().all(|record| record.rows.is_empty()));
    assert_eq!((&seen.records[1].ids, seen.records[2].name), (&record(1).ids, record(2).name));
}

/// The end of a record that was being written is looked through once, whatever lengths seem to stand in it.
#[test]
fn a_long_torn_end_is_quick() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    for number in 0..2_000_000_u32 {
        bytes.extend((number * 44 % 8_000_000).to_be_bytes());
    }
    std::fs::write(&path, bytes).unwrap();
    let found = read_segment(&path).unwrap().unwrap();
    assert_eq!((found.records.len(), found.torn, found.is_damaged), (1, 8_000_000, false));
}

/// A record that stands within another one is none, as it has the mark of no segment that its sender knows.
#[test]
fn a_record_within_a_torn_one_is_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 1);
    let other = SegmentHead { stream: "stream/def".to_owned(), ..head(7) };
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(head(7).mark());
    bytes.extend(u32::MAX.to_be_bytes());
    frame(&mut bytes, other.mark(), &record(3).encode().unwrap());
    std::fs::write(&path, bytes).unwrap();
    let found = read_segment(&path).unwrap().unwrap();
    assert_eq!((found.records.len(), found.is_damaged), (1, false));
}

#[test]
fn ids_go_when_they_are_not_to_be_known_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 1);
    retire_segment(&path, &head(7), &[record(0)]).unwrap();
    written(folder.path(), 1);
    let seen = path.with_extension(SEEN);
    let now = DateTime::<Utc>::from(std::fs::metadata(seen).unwrap().modified().unwrap());
    purge_seen(folder.path(), now - chrono::TimeDelta::hours(1)).unwrap();
    assert_eq!(segments_in(folder.path()).unwrap().len(), 2);
    purge_seen(folder.path(), now + chrono::TimeDelta::hours(1)).unwrap();
    assert_eq!(segments_in(folder.path()).unwrap(), [path], "what is not committed stays");
}

#[test]
fn what_is_damaged_before_whole_records_is_left_out_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 3);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let found = read_segment(&path).unwrap().unwrap();
    assert!(found.is_damaged && found.torn == 0);
    let came: Vec<_> = found.records.iter().map(|record| record.came).collect();
    assert_eq!(came, [record(0).came, record(2).came], "the others are there");
    keep_damaged(&path).unwrap();
    assert_eq!(std::fs::read(path.with_extension("damaged")).unwrap(), bytes);
    assert_eq!(segments_in(folder.path()).unwrap(), [path], "what is kept for people is no segment");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A process that is killed leaves a beginning of what it wrote: the whole records of it are there, and nothing else.
    #[test]
    fn of_a_torn_segment_the_whole_records_are_left(cut in 0.0_f64..1.0, filler in prop::collection::vec(any::<u8>(), 0..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), 3);
        let bytes = std::fs::read(&path).unwrap();
        let mut ends = vec![bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1];
        for number in 0..3 {
            ends.push(ends[ends.len() - 1] + 28 + record(number).encode().unwrap().len());
        }
        prop_assert_eq!(ends[3], bytes.len());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        let kept = (bytes.len() as f64 * cut) as usize;
        let mut torn = bytes[..kept].to_vec();
        torn.extend(filler);
        std::fs::write(&path, torn).unwrap();
        let whole = ends.iter().filter(|end| **end <= kept).count();
        match read_segment(&path) {
            Ok(Some(found)) => prop_assert_eq!(found.records.len() + 1, whole),
            // Not even the head is whole.
            Ok(None) | Err(_) => prop_assert_eq!(whole, 0),
        }
    }
}
