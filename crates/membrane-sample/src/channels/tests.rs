use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use chrono::{Months, NaiveDate};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::identifiers::{identity_check, luhn_check};
use crate::{DirtyKind, SampleOptions, SampleReport, generate};

struct Sample {
    folder: tempfile::TempDir,
    report: SampleReport,
}

impl Sample {
    fn new(members: u64, dirty_rate: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SampleOptions { dirty_rate, ..SampleOptions::new(members, 7, folder.path()) };
        Self { report: generate(&options, &mut |_, _| {}).unwrap(), folder }
    }

    /// Returns the records of a CSV file, as maps. It knows no quotes but those around a cell.
    fn csv(&self, name: &str) -> Vec<HashMap<String, String>> {
        let text = fs::read_to_string(self.folder.path().join(name)).unwrap();
        let mut lines = text.lines();
        let header: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
        lines.map(|line| header.iter().cloned().zip(cells(line)).collect()).collect()
    }

    fn ndjson(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join(name)).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn parquet(&self, name: &str) -> RecordBatch {
        let file = File::open(self.folder.path().join(name)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().with_batch_size(1 << 20);
        reader.build().unwrap().next().unwrap().unwrap()
    }
}

fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    cells.push(cell);
    cells
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    batch
        .column_by_name(column)
        .unwrap()
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

fn set<'a>(values: &'a [Value], column: &str) -> BTreeSet<&'a str> {
    values.iter().filter_map(|value| value[column].as_str()).collect()
}

#[test]
fn clean_members_keep_every_rule() {
    let sample = Sample::new(1_500, 0.0);
    let members = sample.csv("crm_members.csv");
    assert_eq!(members.len(), 1_500);
    assert_eq!(members.iter().map(|member| &member["member_no"]).collect::<HashSet<_>>().len(), 1_500);
    for member in &members {
        assert_eq!(member.len(), 13);
        let phone = &member["phone"];
        assert!(phone.len() == 11 && phone.starts_with('1'), "{phone}");
        let number = &member["id_number"];
        if !number.is_empty() {
            assert_eq!(number.get(6..14).unwrap(), member["birth_date"].replace('-', ""));
            assert_eq!(number.get(17..).unwrap(), identity_check(number).to_string());
            let odd = number.get(16..17).unwrap().parse::<u32>().unwrap() % 2 == 1;
            assert!(member["gender"] == "unknown" || (member["gender"] == "male") == odd);
        }
        assert!(member["email"].is_empty() || member["email"].contains('@'));
        assert!(["SH", "BJ", "GD", "ZJ", "JS", "SC", "HB", "SN"].contains(&member["region"].as_str()));
        assert!(["true", "false"].contains(&member["marketing_consent"].as_str()));
        assert!(member["joined_on"].as_str() < "2026");
    }
}

#[test]
fn orders_are_the_sums_of_their_lines() {
    let sample = Sample::new(600, 0.0);
    let (orders, lines) = (sample.parquet("pos_orders.parquet"), sample.parquet("pos_order_lines.parquet"));
    let mut sums: BTreeMap<String, (i128, i64)> = BTreeMap::new();
    let amounts = lines.column_by_name("amount").unwrap().as_primitive::<Decimal128Type>();
    let quantities = lines.column_by_name("quantity").unwrap().as_primitive::<Int64Type>();
    for (index, order) in texts(&lines, "order_id").into_iter().enumerate() {
        assert!((0..=500_000).contains(&amounts.value(index)) && quantities.value(index) > 0);
        let sum = sums.entry(order.unwrap()).or_default();
        *sum = (sum.0 + amounts.value(index), sum.1 + quantities.value(index));
    }
    let amounts = orders.column_by_name("amount").unwrap().as_primitive::<Decimal128Type>();
    let items = orders.column_by_name("items").unwrap().as_primitive::<Int64Type>();
    assert_eq!(sums.len(), orders.num_rows(), "an order has no lines, or its id is not unique");
    for (index, order) in texts(&orders, "order_id").into_iter().enumerate() {
        assert_eq!(sums[&order.unwrap()], (amounts.value(index), items.value(index)));
    }
    assert!((2.2..3.8).contains(&(lines.num_rows() as f64 / orders.num_rows() as f64)));
}

#[test]
fn sales_refer_to_what_is_there() {
    let sample = Sample::new(600, 0.0);
    let lines = sample.parquet("pos_order_lines.parquet");
    let known = |name: &str, column: &str| -> HashSet<String> {
        sample.csv(name).into_iter().map(|mut row| row.remove(column).unwrap()).collect()
    };
    for (column, known) in [
        ("member_no", known("crm_members.csv", "member_no")),
        ("store_id", known("dim_stores.csv", "store_id")),
        ("product_id", known("dim_products.csv", "product_id")),
        ("category", known("dim_products.csv", "category")),
        ("region", known("dim_stores.csv", "region")),
    ] {
        assert!(texts(&lines, column).into_iter().all(|value| known.contains(&value.unwrap())), "{column}");
    }
    for account in texts(&lines, "pay_account").into_iter().flatten() {
        assert_eq!(account.get(18..).unwrap(), luhn_check(account.get(..18).unwrap()).to_string());
    }
    let times = lines.column_by_name("ordered_at").unwrap().as_primitive::<TimestampMicrosecondType>();
    for (index, month) in texts(&lines, "ordered_month").into_iter().enumerate() {
        assert_eq!(times.value_as_datetime(index).unwrap().format("%Y-%m").to_string(), month.unwrap());
    }
}

/// An order says of its buyer what the CRM's birth date says of the day of the order, a late order too.
#[test]
fn orders_know_minors_by_their_birth_date() {
    let sample = Sample::new(3_000, 0.0);
    let late = Sample::new(3_000, 0.1);
    for (sample, members) in
        [(&sample, sample.csv("crm_members.csv")), (&late, sample.csv("crm_members.csv"))]
    {
        let born: HashMap<&str, NaiveDate> = members
            .iter()
            .map(|row| (row["member_no"].as_str(), row["birth_date"].parse().unwrap()))
            .collect();
        for name in ["pos_orders.parquet", "pos_order_lines.parquet"] {
            let rows = sample.parquet(name);
            let flags = rows.column_by_name("buyer_is_minor").unwrap().as_boolean();
            let times = rows.column_by_name("ordered_at").unwrap().as_primitive::<TimestampMicrosecondType>();
            assert_eq!(flags.null_count(), 0);
            for (index, member) in texts(&rows, "member_no").into_iter().enumerate() {
                let day = times.value_as_datetime(index).unwrap().date();
                let minor = member.is_some_and(|no| day < born[no.as_str()] + Months::new(18 * 12));
                assert_eq!(flags.value(index), minor, "{name} {index}");
            }
            let share = flags.true_count() as f64 / rows.num_rows() as f64;
            assert!((0.01..0.06).contains(&share), "{name}: {share}");
        }
    }
}

#[test]
fn ground_truth_is_what_the_channels_show() {
    let sample = Sample::new(1_200, 0.0);
    let truth = sample.csv("ground-truth/identities.csv");
    let known = |channel: &str, kind: &str| -> BTreeSet<&str> {
        let rows = truth.iter().filter(|row| row["channel"] == channel && row["identity_kind"] == kind);
        rows.map(|row| row["identity"].as_str()).collect()
    };
    let app = sample.ndjson("app_events.ndjson");
    let mini = sample.ndjson("mini_program_events.ndjson");
    let web = sample.ndjson("web_events.ndjson");
    let social = sample.ndjson("social_follows.ndjson");
    assert_eq!(set(&app, "app_user_id"), known("app", "app_user_id"));
    assert_eq!(set(&mini, "openid"), known("mini_program", "openid"));
    assert_eq!(set(&social, "unionid"), known("social", "unionid"));
    for (seen, known) in [
        (set(&web, "cookie_id"), known("web", "cookie_id")),
        (set(&app, "phone"), known("app", "phone")),
        (set(&mini, "phone"), known("mini_program", "phone")),
        (set(&mini, "unionid"), known("mini_program", "unionid")),
        (set(&web, "email"), known("web", "email")),
    ] {
        // Not every cookie of a visitor is used, and not every number is told.
        assert!(
            seen.is_subset(&known) && seen.len() * 10 > known.len() * 4,
            "{} of {}",
            seen.len(),
            known.len()
        );
    }
    let shared = |left: BTreeSet<&str>, right: BTreeSet<&str>| left.intersection(&right).count();
    assert!(shared(known("crm", "phone"), known("app", "phone")) > 300, "nothing joins the app to the CRM");
    assert!(shared(known("social", "unionid"), known("mini_program", "unionid")) > 100);
}

#[test]
fn dirt_is_what_the_report_says() {
    let sample = Sample::new(4_000, 0.05);
    for file in &sample.report.files {
        let share = file.rows_dirty() as f64 / file.rows as f64;
        if file.dataset.starts_with("dim_") {
            assert_eq!(file.rows_dirty(), 0, "master data is clean");
        } else {
            // Five standard deviations of the smallest file.
            assert!((0.03..0.07).contains(&share), "{}: {share}", file.name);
        }
        if file.name.ends_with(".ndjson") {
            let broken = file.dirty.get(&DirtyKind::BrokenLine).copied().unwrap_or(0);
            assert_eq!(sample.ndjson(&file.name).len() as u64 + broken, file.rows, "{}", file.name);
        }
        if file.name.ends_with(".parquet") {
            let path = sample.folder.path().join(&file.name);
            let metadata = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
            assert_eq!(metadata.metadata().file_metadata().num_rows(), i64::try_from(file.rows).unwrap());
        }
        assert_eq!(size(sample.folder.path(), &file.name), file.bytes);
        assert!(file.rows_broken() <= file.rows_dirty());
    }
    let orders = &sample.report.file("pos_orders").unwrap().dirty;
    let nulls = sample.parquet("pos_orders.parquet").column_by_name("member_no").unwrap().null_count();
    assert_eq!(orders[&DirtyKind::MissingRequired], nulls as u64);
    let events = sample.ndjson("app_events.ndjson");
    let ids = events.iter().map(|event| event["event_id"].as_str().unwrap()).collect::<HashSet<_>>().len();
    let dirty = &sample.report.file("app_events").unwrap().dirty;
    assert_eq!(dirty[&DirtyKind::Duplicate], (events.len() - ids) as u64);
    let late = events.iter().filter(|event| event["occurred_at"].as_str().unwrap_or("").starts_with("2024"));
    assert_eq!(dirty[&DirtyKind::Late], late.count() as u64);
}

/// An order that is late has its lines with it, and no line is late without its order.
#[test]
fn late_orders_are_late_as_a_whole() {
    let sample = Sample::new(3_000, 0.1);
    let (orders, lines) = (sample.parquet("pos_orders.parquet"), sample.parquet("pos_order_lines.parquet"));
    let times = |batch: &RecordBatch| {
        let times = batch.column_by_name("ordered_at").unwrap().as_primitive::<TimestampMicrosecondType>();
        times.values().to_vec()
    };
    let of_orders: HashMap<String, i64> =
        texts(&orders, "order_id").into_iter().map(Option::unwrap).zip(times(&orders)).collect();
    let is_late = |micros: i64| micros < 1_735_689_600_000_000;
    let months = texts(&lines, "ordered_month");
    let mut late = 0;
    for ((order, time), month) in texts(&lines, "order_id").into_iter().zip(times(&lines)).zip(months) {
        assert_eq!(of_orders[&order.unwrap()], time);
        assert_eq!(month.unwrap().starts_with("2024-"), is_late(time));
        late += u64::from(is_late(time));
    }
    assert!(late > 100, "{late}");
    assert_eq!(sample.report.file("pos_order_lines").unwrap().dirty[&DirtyKind::Late], late);
    let late = u64::try_from(of_orders.values().filter(|time| is_late(**time)).count()).unwrap();
    assert_eq!(sample.report.file("pos_orders").unwrap().dirty[&DirtyKind::Late], late);
}

/// The platform knows a person once, however often the person registered with the company.
#[test]
fn a_person_has_one_openid_and_one_unionid() {
    let sample = Sample::new(6_000, 0.0);
    let mut ids: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let truth = sample.csv("ground-truth/identities.csv");
    for row in &truth {
        let (person, kind) = (row["person_id"].clone(), row["identity_kind"].clone());
        if kind == "member_no" {
            *numbers.entry(person).or_default() += 1;
        } else if kind == "openid" || kind == "unionid" {
            ids.entry((person, kind)).or_default().insert(row["identity"].clone());
        }
    }
    assert!(ids.values().all(|ids| ids.len() == 1));
    let twice = numbers.iter().filter(|(_, count)| **count == 2).map(|(person, _)| person);
    let with_openid = twice.filter(|person| ids.contains_key(&((*person).clone(), "openid".to_owned())));
    assert!(with_openid.count() > 20, "nobody registered twice and uses the mini-program");
    let rows = truth.len();
    let distinct: BTreeSet<Vec<&String>> = truth
        .iter()
        .map(|row| ["person_id", "channel", "identity_kind", "identity"].map(|it| &row[it]).to_vec())
        .collect();
    assert_eq!(distinct.len(), rows, "an identity is written once");
}

#[test]
fn late_rows_are_of_the_same_month_a_year_before() {
    for (now, before) in [
        ("2025-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2025-01-31T23:59:59Z", "2024-01-31T23:59:59Z"),
        ("2025-02-28T12:00:00Z", "2024-02-28T12:00:00Z"),
        ("2025-03-01T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2025-12-31T23:59:59Z", "2024-12-31T23:59:59Z"),
    ] {
        let micros = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_micros();
        assert_eq!(super::pos_orders::year_before(micros(now)), micros(before));
    }
}

fn size(folder: &Path, name: &str) -> u64 {
    fs::metadata(folder.join(name)).unwrap().len()
}
