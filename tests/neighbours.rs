//! Two hubs that differ by all rows of one member, who has all that one can have, are asked the same: what a partner is
//! told besides the numbers is the same, and so is what the hubs write to their logs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use membrane_sample::{SampleOptions, generate};
use serde_json::{Value, json};

use crate::program::{Program, text};
use crate::world::repository;

/// Asked besides the statements of the partners' page: keys from the data, nothing at all, and what is refused.
const MORE: [&str; 13] = [
    "SELECT region, category, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines GROUP BY ROLLUP (region, category)",
    "SELECT store_id, COUNT(*) AS n, SUM(amount) AS s FROM pos_orders GROUP BY store_id",
    "SELECT product_id, ordered_month, COUNT(*) AS n FROM pos_order_lines GROUP BY product_id, ordered_month",
    "SELECT COUNT(*) AS n, SUM(amount * quantity) AS s FROM pos_order_lines WHERE amount / (quantity - 100) IS NULL",
    "SELECT order_id, COUNT(*) AS n FROM pos_order_lines GROUP BY order_id",
    "SELECT n, COUNT(*) AS m FROM (SELECT member_no, COUNT(*) AS n FROM pos_orders GROUP BY member_no) t GROUP BY n",
    "SELECT MEDIAN(amount) AS m, MAX(amount) AS top FROM pos_orders WHERE store_id = 'S999'",
    "SELECT region, COUNT(*) AS n FROM pos_orders WHERE round(amount / (items - 9), 1) > 1 OR length(order_id) < 99 GROUP BY region",
    "SELECT region, COUNT(*) AS n FROM pos_orders GROUP BY region HAVING COUNT(*) > 1000000",
    "SELECT MAX(order_id) AS m FROM pos_orders",
    "SELECT * FROM pos_orders",
    "SELECT COUNT(*) AS n FROM pos_orders WHERE phone = '1'",
    "SELECT row_number() OVER (ORDER BY amount) AS r FROM pos_orders",
];

/// Orders and their lines: of one member who is there in both hubs, and of the other one.
fn deliveries(with: bool) -> [(&'static str, String); 2] {
    let mut orders =
        "order_id,member_no,store_id,region,ordered_at,channel,items,amount,payment_account,buyer_is_minor\n"
            .to_owned();
    let mut lines = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n".to_owned();
    let mut bring = |number: usize, member: &str, region: &str, store: &str, at: &str| {
        let order = format!("O{number:013}");
        writeln!(orders, "{order},{member},{store},{region},{at}T00:00:00Z,store,9,5000.00,,false").unwrap();
        for line in 1..=3 {
            let (product, month) = (number % 40 + 90_000, at.get(..7).unwrap());
            writeln!(
                lines,
                "{order},{line},{member},,{store},{region},P{product},snacks,100,5000.00,{at}T23:59:59Z,{month},false"
            )
            .unwrap();
        }
    };
    bring(1, "M00000001", "SH", "S001", "2025-03-04");
    if with {
        let regions = ["SH", "BJ", "GD", "ZJ", "JS", "SC", "HB", "SN"];
        let days = ["1970-01-01", "2025-01-31", "2025-06-30", "2025-12-31", "2199-12-31"];
        for number in 2..200 {
            let store = format!("S{:03}", 999 - number % 50);
            let (region, day) = (regions[number % regions.len()], days[number % days.len()]);
            bring(number, "M77777777", region, &store, day);
        }
    }
    [("pos_orders", orders), ("pos_order_lines", lines)]
}

/// What a hub told and logged.
struct Told {
    answers: Vec<Value>,
    log: BTreeMap<String, usize>,
}

fn asked(with: bool, statements: &[String]) -> Told {
    let mut program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "info");
    for key in ["RELEASE_RHO_MAX", "PARTNER_RHO", "PARTNER_RHO_MONTH", "PARTNER_DATASET_RHO"] {
        program = program.with_env(&format!("MEMBRANE__PRIVACY__{key}"), "1000");
    }
    for key in ["PARTNER_DATASET_RHO_MONTH", "DATASET_RHO", "DATASET_RHO_MONTH"] {
        program = program.with_env(&format!("MEMBRANE__PRIVACY__{key}"), "1000");
    }
    let sample = program.path("sample");
    let report = generate(&SampleOptions::new(60, 7, &sample), &mut |_, _| {}).unwrap();
    for file in report
        .files
        .iter()
        .filter(|file| file.dataset.starts_with("pos_") || file.dataset.starts_with("dim_"))
    {
        program.ok(&["ingest", &file.dataset, text(&sample.join(&file.name))]);
    }
    for (dataset, delivery) in deliveries(with) {
        let path = program.path(&format!("{dataset}.csv"));
        std::fs::write(&path, delivery).unwrap();
        let done = program.json(&["ingest", dataset, text(&path)]);
        assert_eq!(done["rows_quarantined"], 0, "{done}");
    }
    let bearer = program.bearer("partner:acme");
    let served = program.serve();
    let mut answers = Vec::new();
    for sql in statements {
        for dry_run in [true, false] {
            let body = json!({ "sql": sql, "epsilon": 1.0, "dry_run": dry_run }).to_string();
            let more = ["--header", "Content-Type: application/json", "--data", &body];
            let reply = String::from_utf8(served.curl("/v1/release", Some(&bearer), &more)).unwrap();
            let (head, body) = reply.split_once("\r\n\r\n").unwrap();
            answers.push(shape(sql, head.lines().next().unwrap(), serde_json::from_str(body).unwrap()));
        }
    }
    let log = String::from_utf8(served.stop()).unwrap();
    let mut counted = BTreeMap::new();
    for line in log.lines() {
        *counted.entry(words(line)).or_insert(0) += 1;
    }
    Told { answers, log: counted }
}

/// An answer without its numbers: the rows of public keys by their keys, of others nothing, as noise says which they are.
fn shape(sql: &str, status: &str, mut body: Value) -> Value {
    let all = !sql.contains("HAVING") && !sql.contains("LIMIT");
    let public = all && body["mechanism"]["threshold"].is_null() && body["rows"].is_array();
    let keys: Vec<String> = body["columns"].as_array().map_or_else(Vec::new, |columns| {
        let keys = columns.iter().filter(|column| column["role"] == "key");
        keys.map(|column| column["name"].as_str().unwrap().to_owned()).collect()
    });
    let rows = body["rows"].as_array().filter(|_| public).cloned().unwrap_or_default();
    let mut shown: Vec<Vec<Value>> =
        rows.iter().map(|row| keys.iter().map(|key| row[key].clone()).collect()).collect();
    // Sorted by released values, as the statement may ask.
    shown.sort_by_key(|row| json!(row).to_string());
    if let Some(fields) = body.as_object_mut() {
        for field in ["run", "rows", "row_count", "clipped"] {
            fields.remove(field);
        }
        fields.insert("keys".to_owned(), json!(shown));
        // A receipt signs the numbers as well: what is the same is what it speaks of.
        if let Some(receipt) = fields.remove("receipt") {
            let signed: Value = serde_json::from_str(receipt["body"].as_str().unwrap()).unwrap();
            let speaks_of: Vec<String> = signed.as_object().unwrap().keys().cloned().collect();
            fields.insert("receipt".to_owned(), json!(speaks_of));
        }
        if let Some(notes) = fields.get_mut("notes").and_then(Value::as_array_mut) {
            // The share that the bounds cut is released with noise, as values are; where those are 0 is told of them, and runs
            // have numbers of their own.
            let of_numbers = [
                "of about ",
                "there are too few members to tell, through the noise",
                "noise took more off than there was",
                "an answer of run ",
            ];
            notes.retain(|note| of_numbers.iter().all(|words| !note.as_str().unwrap().contains(words)));
        }
        if let Some(error) = fields.get_mut("error").and_then(Value::as_object_mut) {
            error.remove("run");
        }
    }
    json!([status, body])
}

/// A line of the log without times, numbers and ids.
fn words(line: &str) -> String {
    let is_hex = |word: &str| word.len() >= 4 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let words = line.split(|letter: char| !letter.is_alphanumeric());
    let told = words.filter(|word| !is_hex(word) && !word.contains(|letter: char| letter.is_ascii_digit()));
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_told_besides_the_numbers_is_the_same_with_and_without_a_member() {
    let page = std::fs::read_to_string(repository().join("docs/partners.md")).unwrap();
    let of_page = page.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let statements: Vec<String> = of_page.chain(MORE).map(str::to_owned).collect();
    let (one, other) = std::thread::scope(|scope| {
        let with = scope.spawn(|| asked(true, &statements));
        (asked(false, &statements), with.join().unwrap())
    });
    let mut refused = 0;
    for ((one, other), sql) in
        one.answers.iter().zip(&other.answers).zip(statements.iter().flat_map(|sql| [sql, sql]))
    {
        assert_eq!(one, other, "{sql}");
        refused += usize::from(!one[1]["error"].is_null());
        assert!(one[1]["error"].is_null() || MORE[8..].contains(&sql.as_str()), "{sql}: {one}");
    }
    // Four statements are refused, each twice: all others are answered.
    assert_eq!(refused, 8);
    assert!(one.log.values().sum::<usize>() > statements.len(), "{:?}", one.log);
    assert_eq!(one.log, other.log);
}
