use std::fs;
use std::path::Path;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit};
use membrane_privacy::{AggregateKind, AggregateSummary, NoiseDrawn, NoiseSummary, SizeSummary};

use super::*;

fn column(name: &str, role: ReleaseRole, kind: ReleaseType) -> ReleaseColumn {
    ReleaseColumn { name: name.into(), role, kind }
}

fn clipping() -> NoiseSummary {
    NoiseSummary { sensitivity: 1.5, sigma: 28.25, half_width95: 56, noise: NoiseDrawn::Gaussian }
}

fn size() -> SizeSummary {
    let noise = NoiseDrawn::Gaussian;
    SizeSummary { member_max: 4_825, total_max: 805_306_368, sigma: 155_648.5, noise }
}

fn sample() -> ReleaseAnswer {
    let row = |cells: [Option<&str>; 7]| cells.iter().map(|cell| cell.map(str::to_owned)).collect();
    let price = Price { rho_nano: 24_358_123, delta_atto: 499_999_000_000 };
    ReleaseAnswer {
        format: FORMAT,
        columns: vec![
            column("month", ReleaseRole::Key, ReleaseType::String),
            column("week", ReleaseRole::Key, ReleaseType::Timestamp),
            column("day", ReleaseRole::Key, ReleaseType::Date),
            column("gift", ReleaseRole::Key, ReleaseType::Boolean),
            column("n", ReleaseRole::Value, ReleaseType::Integer),
            column("s", ReleaseRole::Low95, ReleaseType::Decimal(2)),
            column("s_sd", ReleaseRole::Sd, ReleaseType::Number),
        ],
        rows: vec![
            row([None, None, None, None, Some("-3"), Some("-0.50"), Some("12.5000")]),
            row([
                Some("2026-03"),
                Some("2026-03-02T00:00:00Z"),
                Some("2026-03-01"),
                Some("true"),
                Some("120"),
                Some("1234.56"),
                Some("12.5000"),
            ]),
        ],
        price,
        epsilon: 0.9987,
        delta: 1e-6,
        mechanism: MechanismSummary {
            aggregates: vec![AggregateSummary {
                name: "sum_amount".into(),
                kind: AggregateKind::Sum { lower: 0, upper: 50_000, scale: 2 },
                contribution_max: 150_000,
                sensitivity: 212_132.034_355_964_3,
                sigma: 961_067.25,
                half_width95: 1_883_658,
                noise: NoiseDrawn::Gaussian,
                target95: None,
                levels: Vec::new(),
                layers: None,
            }],
            threshold: Some(83),
            cohort_min: Some(50),
            groups_max: 2,
            rows_max: 3,
            epsilon: 0.9987,
            delta: 1e-6,
            price,
            clipping: Some(clipping()),
            size: Some(size()),
            pure_epsilon: None,
            selection: None,
        },
        datasets: vec![ReleasedDataset {
            dataset: "lines".parse().expect("a dataset name"),
            version: Some(TableVersion(7)),
        }],
        notes: vec!["groups below the threshold are not shown".into()],
        unit: Some(PrivacyUnit {
            dataset: "lines".parse().expect("a dataset name"),
            identity: "member_no".parse().expect("an identity kind"),
        }),
        clipped: Some(ClippedShare { share: 0.125, low95: 0.0625, high95: 0.1875 }),
        counted: None,
        reuse: None,
    }
}

/// The sample as it was stored before form 2.
fn sample_1() -> ReleaseAnswer {
    let mut sample = ReleaseAnswer { format: 1, unit: None, clipped: None, ..sample() };
    (sample.mechanism.clipping, sample.mechanism.size) = (None, None);
    sample
}

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/release/answer").join(name);
    let golden = fs::read(path).expect("read the golden file");
    golden.strip_suffix(b"\n").unwrap_or(&golden).to_vec()
}

/// What is stored today must be readable for as long as releases are kept: a change here needs a new
/// `FORMAT` and a reader of the old one.
#[test]
fn the_stored_form_is_the_golden_one() {
    let written = sample().to_bytes().expect("bytes");
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&golden("golden.json")));
    assert_eq!(ReleaseAnswer::from_bytes(&golden("golden.json")), Ok(sample()));
}

#[test]
fn what_was_stored_in_the_first_form_is_read() {
    assert_eq!(ReleaseAnswer::from_bytes(&golden("golden-1.json")), Ok(sample_1()));
    assert_eq!(sample_1().to_batch().map(|batch| batch.num_rows()), Ok(2));
}

#[test]
fn another_form_is_refused() {
    let later = ReleaseAnswer { format: FORMAT + 1, ..sample() };
    assert_eq!(ReleaseAnswer::from_bytes(&later.to_bytes().expect("bytes")), Err(QueryError::Failed));
    let none = ReleaseAnswer { format: 0, ..sample() };
    assert_eq!(ReleaseAnswer::from_bytes(&none.to_bytes().expect("bytes")), Err(QueryError::Failed));
    assert_eq!(ReleaseAnswer::from_bytes(b"{}"), Err(QueryError::Failed));
}

#[test]
fn the_batch_has_the_types_of_the_columns() {
    let batch = sample().to_batch().expect("a batch");
    assert_eq!(batch.num_rows(), 2);
    assert!(batch.columns()[..4].iter().all(|array| array.is_null(0) && array.is_valid(1)));
    assert_eq!(batch.column(4).as_primitive::<Int64Type>().values(), &[-3, 120]);
    assert_eq!(batch.column(5).as_primitive::<Decimal128Type>().values(), &[-50, 123_456]);
    assert_eq!(batch.column(5).data_type(), &DataType::Decimal128(38, 2));
    assert_eq!(batch.column(1).data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    assert_eq!(batch.column(2).data_type(), &DataType::Date32);
}

#[test]
fn a_batch_of_no_rows_keeps_its_columns() {
    let empty = ReleaseAnswer { rows: Vec::new(), ..sample() };
    let batch = empty.to_batch().expect("a batch");
    assert_eq!((batch.num_rows(), batch.num_columns()), (0, 7));
}

#[test]
fn a_cell_of_another_type_is_refused() {
    let mut wrong = sample();
    wrong.rows[0][4] = Some("many".into());
    assert_eq!(wrong.to_batch(), Err(QueryError::Failed));
}

/// Days and instants of no calendar, which answers of the first form may have.
#[test]
fn every_day_and_instant_can_be_shown() {
    let mut far = sample();
    let cells = |date: &str, instant: &str| {
        let mut row = sample().rows[1].clone();
        (row[1], row[2]) = (Some(instant.to_owned()), Some(date.to_owned()));
        row
    };
    far.rows = vec![
        cells("12345-06-07", "12345-06-07T08:09:10.000011Z"),
        cells("-001-01-01", "-290308-12-21T19:59:05.224192Z"),
        cells("5881580-07-11", "294247-01-10T04:00:54.775807Z"),
    ];
    let batch = far.to_batch().expect("a batch");
    assert_eq!(batch.column(2).as_primitive::<Date32Type>().value(2), i32::MAX);
    assert_eq!(batch.column(1).null_count() + batch.column(2).null_count(), 0);
}
