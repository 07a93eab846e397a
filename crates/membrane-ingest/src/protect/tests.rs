//! What is stored opens again with the right key, and shows nothing without it.

use arrow::array::Array as _;
use arrow::array::{AsArray, BinaryArray};
use membrane_ledger::Ledger;
use membrane_model::{Generalisation, SubjectId};
use tempfile::TempDir;

use super::*;
use crate::fixture::{ledger, members, runtime, vault};
use crate::resolve::Resolver;
use crate::subjects::Subjects;

struct World {
    ledger: Ledger,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { ledger: runtime().block_on(ledger(folder.path())), folder }
    }

    fn subjects(&self, dataset: &Dataset) -> Option<Subjects> {
        let subject = dataset.subject.as_ref()?;
        Some(Subjects::new(self.ledger.clone(), vault(), runtime().handle().clone(), dataset, subject))
    }

    fn protect(&self, dataset: &Dataset, checked: Checked) -> Protected {
        let schemas =
            (Arc::new(membrane_lake::stored_schema(dataset)), Arc::new(membrane_lake::quarantine_schema()));
        let protector = Protector::new(dataset, &vault(), schemas, "run 1".to_owned()).unwrap();
        let resolved = Resolver::new(dataset, self.subjects(dataset)).resolve(checked).unwrap();
        protector.protect(&resolved).unwrap()
    }

    /// Opens a cell of a column with the key that the ledger keeps.
    fn open(&self, dataset: &Dataset, column: &str, subject: &[u8], cell: &[u8]) -> String {
        self.open_in(&ColumnContext::new(&dataset.name, &column.parse().unwrap()), subject, cell)
    }

    fn open_in(&self, context: &ColumnContext, subject: &[u8], cell: &[u8]) -> String {
        let subject = SubjectId::try_from(subject).unwrap();
        let keys = runtime().block_on(self.ledger.data_keys(&[subject])).unwrap();
        let (bucket, wrapped) = keys.get(&subject).unwrap();
        let buckets = runtime().block_on(self.ledger.bucket_keys(&[*bucket])).unwrap();
        let bucket_key = vault().open_bucket(*bucket, buckets.get(bucket).unwrap()).unwrap();
        let key = bucket_key.open_data_key(&subject, wrapped).unwrap();
        let mut text = Vec::new();
        key.cipher().open_in(context, &subject, cell, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// Three rows of two members.
fn checked(dataset: &Dataset) -> Checked {
    let amounts = texts(&[Some("12.50"), None, Some("3")]);
    let amounts = value::coerce(&amounts, dataset.columns[4].logical_type, &mut |_| panic!()).unwrap();
    let days = value::coerce(&texts(&[None, None, Some("2026-03-01")]), LogicalType::Date, &mut |_| panic!());
    Checked {
        columns: vec![
            texts(&[Some("M0001"), Some("M0002"), Some("M0001")]),
            texts(&[Some("+86 138-0000-0001"), None, Some("13800000001")]),
            texts(&[Some("Ana@Example.com"), Some(""), None]),
            texts(&[Some("gold"), None, Some("silver")]),
            amounts,
            days.unwrap(),
        ],
        rows: 3,
        bad: Vec::new(),
    }
}

fn binary<'a>(batch: &'a RecordBatch, column: &str) -> &'a BinaryArray {
    batch.column_by_name(column).unwrap().as_binary::<i32>()
}

#[test]
fn rows_are_stored_as_the_contract_says() {
    let (world, dataset) = (World::new(), members());
    let rows = world.protect(&dataset, checked(&dataset)).rows.unwrap();
    assert_eq!(*rows.schema(), membrane_lake::stored_schema(&dataset));

    let subjects = binary(&rows, "_subject");
    let expected = vault().subject_id(&"member_no".parse().unwrap(), b"M0001");
    assert_eq!(subjects.value(0), expected.as_bytes());
    assert_eq!(subjects.value(0), subjects.value(2));
    assert_ne!(subjects.value(0), subjects.value(1));

    let numbers = binary(&rows, "member_no__token");
    assert_eq!(numbers.value(1), vault().tokenizer("member_no").token(b"M0002"));
    let phones = binary(&rows, "phone__token");
    assert_eq!(phones.value(0), vault().tokenizer("phone").token(b"13800000001"));
    assert_eq!(phones.value(0), phones.value(2), "one phone, however it was written");
    assert!(phones.is_null(1));

    let sealed = binary(&rows, "phone__sealed");
    assert_eq!(world.open(&dataset, "phone", subjects.value(0), sealed.value(0)), "+86 138-0000-0001");
    assert!(sealed.is_null(1));
    let emails = binary(&rows, "email__sealed");
    assert_eq!(world.open(&dataset, "email", subjects.value(0), emails.value(0)), "Ana@Example.com");
    assert_eq!(world.open(&dataset, "email", subjects.value(1), emails.value(1)), "");
    let numbers = binary(&rows, "member_no__sealed");
    assert_eq!(world.open(&dataset, "member_no", subjects.value(2), numbers.value(2)), "M0001");
    assert_ne!(numbers.value(0), numbers.value(2), "no two seals are equal");
    assert_eq!(rows.column_by_name("tier").unwrap().as_string::<i32>().value(0), "gold");

    for column in rows.columns().iter().filter_map(|column| column.as_binary_opt::<i32>()) {
        let bytes = column.value_data();
        for clear in ["M000", "0000", "Ana@"] {
            assert!(!bytes.windows(4).any(|window| window == clear.as_bytes()), "{clear}");
        }
    }
}

#[test]
fn every_type_can_be_sealed_and_made_coarser() {
    let (world, mut dataset) = (World::new(), members());
    dataset.columns[4].protection = Protection::Sealed;
    dataset.columns[5].protection = Protection::Generalise(Generalisation::Year);
    dataset.columns[3].protection = Protection::Drop;
    let rows = world.protect(&dataset, checked(&dataset)).rows.unwrap();
    assert!(rows.column_by_name("tier").is_none());
    let (subjects, amounts) = (binary(&rows, "_subject"), binary(&rows, "amount__sealed"));
    assert_eq!(world.open(&dataset, "amount", subjects.value(2), amounts.value(2)), "3.00");
    let days = value::canonical_text(rows.column_by_name("joined_on").unwrap(), LogicalType::Date).unwrap();
    assert_eq!(days.value(2), "2026-01-01");
}

#[test]
fn keys_stay_the_same_and_two_writers_agree() {
    let (world, dataset) = (World::new(), members());
    let mut one = world.subjects(&dataset).unwrap();
    let mut other = world.subjects(&dataset).unwrap();
    let names = ["M0001", "M0002", "M0003"];
    let sealed_by = |subjects: &mut Subjects| {
        let entries = subjects.resolve(names.into_iter().map(|name| (name, true))).unwrap();
        let context = ColumnContext::new(&dataset.name, &"email".parse().unwrap());
        let mut cells = Vec::new();
        for entry in entries {
            let mut cell = Vec::new();
            entry.key().unwrap().cipher().seal_in(&context, &entry.id, b"x", &mut cell).unwrap();
            cells.push((*entry.id.as_bytes(), cell));
        }
        cells
    };
    // Both make keys at once; whoever comes second takes the first one's.
    let (one, other) = std::thread::scope(|scope| {
        let first = scope.spawn(|| sealed_by(&mut one));
        let second = scope.spawn(|| sealed_by(&mut other));
        (first.join().unwrap(), second.join().unwrap())
    });
    for (subject, cell) in one.iter().chain(&other) {
        assert_eq!(world.open(&dataset, "email", subject, cell), "x");
    }
    let later = sealed_by(&mut world.subjects(&dataset).unwrap());
    assert_eq!(later.len(), 3);
    for (subject, cell) in &later {
        assert_eq!(world.open(&dataset, "email", subject, cell), "x");
    }
    assert!(world.folder.path().join("ledger.sqlite").exists());
}

#[test]
fn a_trimmed_cache_finds_everything_again() {
    let (world, dataset) = (World::new(), members());
    let mut subjects = world.subjects(&dataset).unwrap();
    let names: Vec<String> = (0..5000).map(|number| format!("M{number:04}")).collect();
    let all = || names.iter().map(|name| (name.as_str(), true));
    let ids: Vec<SubjectId> = subjects.resolve(all()).unwrap().iter().map(|entry| entry.id).collect();
    let second = world.subjects(&dataset).unwrap().resolve(all().rev()).unwrap();
    for (entry, id) in second.iter().rev().zip(&ids) {
        assert_eq!(entry.id, *id);
        entry.key().unwrap();
    }
    // 5,000 subjects need two buckets.
    let keys = runtime().block_on(world.ledger.data_keys(&ids)).unwrap();
    let buckets: std::collections::HashSet<_> = keys.values().map(|(bucket, _)| *bucket).collect();
    assert_eq!((keys.len(), buckets.len()), (5000, 2));
}

/// A key for a subject of whom nothing is sealed would only have to be destroyed again.
#[test]
fn only_what_is_sealed_needs_a_key() {
    let (world, mut dataset) = (World::new(), members());
    dataset.columns[0].protection = Protection::Token;
    dataset.columns[1].protection = Protection::Token;
    let mut checked = checked(&dataset);
    checked.columns[2] = texts(&[Some("Ana@Example.com"), None, None]);
    let rows = world.protect(&dataset, checked).rows.unwrap();
    let (subjects, emails) = (binary(&rows, "_subject"), binary(&rows, "email__sealed"));
    assert_eq!(world.open(&dataset, "email", subjects.value(0), emails.value(0)), "Ana@Example.com");
    assert!(emails.is_null(1) && emails.is_null(2) && emails.value(1).is_empty());
    let known = [0, 1].map(|row| SubjectId::try_from(subjects.value(row)).unwrap());
    let keys = runtime().block_on(world.ledger.data_keys(&known)).unwrap();
    assert!(keys.contains_key(&known[0]) && !keys.contains_key(&known[1]));
}

/// Two spellings of one identifier are one subject, with one key.
#[test]
fn spellings_of_one_identifier_share_a_key() {
    let (world, mut dataset) = (World::new(), members());
    dataset.subject.as_mut().unwrap().kind = "phone".parse().unwrap();
    let mut subjects = world.subjects(&dataset).unwrap();
    let spelt = ["13800000001", "+86 138-0000-0001", "13800000001"];
    let entries = subjects.resolve(spelt.into_iter().map(|name| (name, true))).unwrap();
    assert!(entries.iter().all(|entry| entry.id == entries[0].id && entry.key().is_ok()));
    let keys = runtime().block_on(world.ledger.data_keys(&[entries[0].id])).unwrap();
    assert_eq!(keys.len(), 1);
}

#[test]
fn bad_rows_are_sealed_for_their_subject_or_nobody() {
    let (world, dataset) = (World::new(), members());
    let bad = |position, subject: Option<&str>| BadRow {
        position,
        reasons: "wrong_type:amount".to_owned(),
        row: format!("{{\"phone\":\"1380000000{position}\"}}").into_bytes(),
        subject: subject.map(str::to_owned),
    };
    let checked = Checked {
        columns: Vec::new(),
        rows: 0,
        bad: vec![bad(1, Some("M0001")), bad(2, None), bad(3, Some("M0002"))],
    };
    let protected = world.protect(&dataset, checked);
    assert!(protected.rows.is_none());
    let rows = protected.bad.unwrap();
    let (subjects, cells) = (binary(&rows, "_subject"), binary(&rows, "row__sealed"));
    let context = ColumnContext::rows_set_aside(&dataset.name);
    assert_eq!(world.open_in(&context, subjects.value(0), cells.value(0)), r#"{"phone":"13800000001"}"#);
    assert_eq!(world.open_in(&context, subjects.value(2), cells.value(2)), r#"{"phone":"13800000003"}"#);
    assert!(subjects.is_null(1));
    let mut text = Vec::new();
    let key = vault().quarantine_key(&dataset.name);
    key.cipher().open_in(&context, &NOBODY, cells.value(1), &mut text).unwrap();
    assert_eq!(text, br#"{"phone":"13800000002"}"#);
    let positions = rows.column_by_name("position").unwrap();
    assert_eq!(positions.as_primitive::<arrow::datatypes::Int64Type>().values(), &[1, 2, 3]);
}

/// Tokens that lie in tables: they never change, whatever the code, and neither does a standard change them.
#[test]
fn stored_tokens_stay_what_they_are() {
    let world = World::new();
    let token_of = |standard: Option<&str>, delivered: &str| {
        let mut dataset = members();
        dataset.columns.truncate(2);
        dataset.columns[1].standard = standard.map(|standard| standard.parse().unwrap());
        let dataset = Arc::new(dataset);
        let mut checker =
            crate::check::Checker::new(Arc::clone(&dataset), std::env::temp_dir(), None).unwrap();
        let batch = crate::decode::Delivered {
            positions: vec![1],
            columns: vec![texts(&[Some("M0001")]), texts(&[Some(delivered)])],
            mistyped: Vec::new(),
            malformed: Vec::new(),
        };
        let rows = world.protect(&dataset, checker.check(batch).unwrap()).rows.unwrap();
        let sealed = binary(&rows, "phone__sealed").value(0);
        let opened = world.open(&dataset, "phone", binary(&rows, "_subject").value(0), sealed);
        (hex::encode(binary(&rows, "phone__token").value(0)), opened)
    };
    let mobile = "694911e37e3ca51bb900348b56f0f01c";
    for delivered in ["13800000001", "+86 138-0000-0001", "008613800000001"] {
        assert_eq!(token_of(None, delivered), (mobile.to_owned(), delivered.to_owned()));
        assert_eq!(token_of(Some("phone(CN)"), delivered), (mobile.to_owned(), "+8613800000001".to_owned()));
    }
    let abroad = "1274e6d4d1992ac6d0dc95820fa221de";
    assert_eq!(token_of(None, "+442071838750").0, abroad);
    assert_eq!(
        token_of(Some("phone(CN)"), "0044 20 7183 8750"),
        (abroad.to_owned(), "+442071838750".to_owned())
    );
}
