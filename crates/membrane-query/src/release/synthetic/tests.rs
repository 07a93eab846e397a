use super::*;
use crate::release::fixture::lines;

fn answer(rows: &[&[Option<&str>]]) -> ReleaseAnswer {
    let rows: Vec<Vec<Option<&str>>> = rows.iter().map(|row| row.to_vec()).collect();
    let stored = serde_json::json!({
        "format": 2, "columns": [], "rows": rows, "price": { "rho_nano": 1, "delta_atto": 0 }, "epsilon": 1.0, "delta": 1e-6,
        "mechanism": {
            "aggregates": [], "threshold": null, "cohort_min": null, "groups_max": 1, "rows_max": 1, "epsilon": 1.0, "delta": 1e-6,
            "price": { "rho_nano": 1, "delta_atto": 0 },
        },
        "datasets": [], "notes": [],
    });
    ReleaseAnswer::from_bytes(stored.to_string().as_bytes()).expect("an answer")
}

/// All columns of the lines.
fn visible() -> BTreeSet<ColumnName> {
    lines().columns.into_iter().map(|column| column.name).collect()
}

/// Whole numbers are written as such.
#[test]
fn values_are_written_as_columns_read_them() {
    assert_eq!(as_written("3.000000".to_owned(), &DataType::Int64), "3");
    assert_eq!(as_written("3.500000".to_owned(), &DataType::Decimal128(12, 2)), "3.500000");
    assert_eq!(as_written("SH".to_owned(), &DataType::Utf8), "SH");
}

/// What is hidden is in no part, and no other column depends on it.
#[test]
fn hidden_columns_are_not_asked_for() {
    let seen = ["channel", "amount"].into_iter().map(|name| name.parse().expect("a column name")).collect();
    let parts: Vec<String> = sandbox_parts(&lines(), &seen).into_iter().map(|part| part.sql).collect();
    assert_eq!(parts.len(), 4, "{parts:?}");
    assert!(!parts.iter().any(|sql| sql.contains("region") || sql.contains("gift")), "{parts:?}");
}

/// What may be asked of a dataset: nothing of what is sealed or tokenised, but how many members there are.
#[test]
fn parts_ask_what_a_contract_lists() {
    let parts: Vec<String> = sandbox_parts(&lines(), &visible()).into_iter().map(|part| part.sql).collect();
    assert_eq!(parts[0], "SELECT COUNT(DISTINCT member_no) AS n FROM lines");
    assert!(
        parts.contains(&"SELECT region, COUNT(*) AS n FROM lines GROUP BY region".to_owned()),
        "{parts:?}"
    );
    assert!(
        parts.contains(&"SELECT region, gift, COUNT(*) AS n FROM lines GROUP BY region, gift".to_owned())
    );
    assert!(
        parts
            .iter()
            .any(|sql| sql.contains("WITHIN GROUP (ORDER BY quantity)") && sql.ends_with("GROUP BY region"))
    );
    assert!(parts.iter().any(|sql| sql.contains("date_trunc('month', ordered_at)")));
    assert!(!parts.iter().any(|sql| sql.contains("pay_account") || sql.contains("discount")), "{parts:?}");
}

/// Seven quantiles of which the least two, the next three and the last two are the same.
fn quantiles(low: &'static str, middle: &'static str, high: &'static str) -> Vec<Option<&'static str>> {
    let cells = [low, low, middle, middle, middle, high, high];
    cells.iter().flat_map(|cell| [Some(*cell), None, None, None]).collect()
}

/// A sandbox of lines in two regions.
fn told() -> Synthetic {
    let part = |tells: Tells| SandboxPart { sql: String::new(), rows_max: None, bounds: None, tells };
    let name = |text: &str| text.parse::<ColumnName>().expect("a column name");
    let values = |column: &str, given: bool| part(Tells::Values { column: name(column), given });
    let quantity = [
        Some("SH"),
        Some("1"),
        None,
        None,
        None,
        Some("2"),
        None,
        None,
        None,
        Some("2"),
        None,
        None,
        None,
        Some("3"),
        None,
        None,
        None,
        Some("4"),
        None,
        None,
        None,
        Some("5"),
        None,
        None,
        None,
        Some("9"),
        None,
        None,
        None,
    ];
    let mut synthetic = Synthetic::default();
    synthetic.add(
        &lines(),
        &visible(),
        &[
            (part(Tells::Members), answer(&[&[Some("3000.0"), None, None, None]])),
            (part(Tells::RowsOfMember), answer(&[&quantiles("1", "2", "4")])),
            (values("region", false), answer(&[&[Some("SH"), Some("900")], &[Some("BJ"), Some("100")]])),
            (
                values("gift", true),
                answer(&[
                    &[Some("SH"), Some("true"), Some("10")],
                    &[Some("SH"), Some("false"), Some("0")],
                    &[Some("BJ"), Some("false"), Some("7")],
                ]),
            ),
            (part(Tells::Months(name("ordered_at"))), answer(&[&[Some("2026-03-01T00:00:00Z"), Some("5")]])),
            (part(Tells::Quantiles { column: name("quantity"), given: true }), answer(&[&quantity])),
        ],
    );
    synthetic
}

/// Rows are as the marginals say, and the same each time.
#[test]
fn rows_are_as_they_were_told() {
    let name = |text: &str| text.parse::<ColumnName>().expect("a column name");
    let synthetic = told();
    let marginals = &synthetic.datasets[&lines().name];
    let places = marginals.places(&lines().name);
    assert!((6_100..7_000).contains(&places.len()), "about two rows a member: {}", places.len());
    let of = |column: &str, root: Option<&str>| {
        let (column, root) = (name(column), root.map(str::to_owned));
        places
            .iter()
            .map(|place| marginals.value(&lines().name, &column, root.as_ref(), *place))
            .collect::<Vec<_>>()
    };
    let regions = of("region", None);
    let share = regions.iter().filter(|region| region.as_deref() == Some("SH")).count() * 100 / regions.len();
    assert!((87..=93).contains(&share), "{share}");
    assert!(of("gift", Some("SH")).iter().all(|gift| gift.as_deref() == Some("true")));
    assert!(of("gift", Some("BJ")).iter().all(|gift| gift.as_deref() == Some("false")));
    assert!(
        of("ordered_at", None)
            .iter()
            .flatten()
            .all(|at| at.starts_with("2026-03-") && at.ends_with("T00:00:00Z"))
    );
    let quantities = of("quantity", Some("SH"));
    let numbers: Vec<f64> = quantities.iter().flatten().map(|text| text.parse().expect("a number")).collect();
    assert!(numbers.iter().all(|number| (1.0..=9.0).contains(number)));
    let below = numbers.iter().filter(|number| **number <= 3.0).count() * 100 / numbers.len();
    assert!((46..=54).contains(&below), "half lies below the median: {below}");
    assert_eq!(regions, of("region", None));
}
