mod bounding;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use membrane_model::Limits;
use membrane_privacy::{ExactTotals, GroupKey, GroupTotals};
use proptest::prelude::*;

use super::*;
use crate::release::bounds::ReleaseOptions;
use crate::release::fixture::{
    Row, ask, lines_table, mechanism, options, products_table, totals_over, totals_within,
};

type Totals = BTreeMap<GroupKey, GroupTotals>;

async fn totals_with(
    sql: &str,
    options: &ReleaseOptions,
    tables: &[Arc<dyn TableProvider>],
) -> Result<ExactTotals, QueryError> {
    totals_within(sql, options, tables, &Limits::default()).await
}

async fn totals(sql: &str, partitions: &[Vec<Row>]) -> Totals {
    totals_with(sql, &options(1.0), &[lines_table(partitions)]).await.expect("totals").groups
}

/// Totals as text: `key: members values`.
async fn check(sql: &str, rows: &[Row], expected: &[&str]) {
    let found: Vec<String> = totals(sql, &[rows.to_vec()])
        .await
        .into_iter()
        .map(|(key, totals)| {
            let cell = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
            let key: Vec<String> = key.into_iter().map(cell).collect();
            format!("{}: {} {:?}", key.join("/"), totals.members, totals.values)
        })
        .collect();
    assert_eq!(found, expected, "{sql}");
}

fn row(member: u8) -> Row {
    Row { member: Some(member), ..Row::default() }
}

#[tokio::test]
async fn rows_are_clamped_then_parts() {
    let rows = [
        Row { amount: Some(100), ..row(1) },
        Row { amount: Some(9_999_999), ..row(1) },
        Row { amount: Some(-5), ..row(1) },
        Row { amount: None, ..row(2) },
        Row { member: None, ..row(0) },
    ];
    let sql = "SELECT COUNT(*), COUNT(amount), COUNT(DISTINCT member_no), SUM(amount) FROM lines";
    check(sql, &rows, &[": 2 [4, 3, 2, 50100]"]).await;
    // Ten rows of 400.00: three count, and the sum is what three rows can add.
    let many = vec![Row { amount: Some(40_000), ..row(1) }; 10];
    check(sql, &many, &[": 1 [3, 3, 1, 150000]"]).await;
}

#[tokio::test]
async fn every_kind_of_number_is_fixed_point() {
    let numbers = [
        Row { quantity: 7, weight: Some(1.23456), ..row(1) },
        Row { quantity: 999, weight: Some(f64::NAN), ..row(2) },
        Row { quantity: i64::MIN, weight: Some(f64::INFINITY), ..row(3) },
        Row { quantity: 0, weight: Some(f64::NEG_INFINITY), ..row(4) },
        Row { quantity: 0, weight: None, ..row(5) },
    ];
    check("SELECT SUM(quantity), SUM(weight), COUNT(weight) FROM lines", &numbers, &[": 5 [17, 202346, 4]"])
        .await;
}

#[tokio::test]
async fn keys_are_rendered_as_the_contract_writes_them() {
    let rows = [
        Row { region: "SH", month: None, gift: None, ..row(1) },
        Row { region: "XX", month: Some(""), gift: Some(true), ..row(2) },
    ];
    check("SELECT COUNT(*) FROM lines GROUP BY month", &rows, &["-: 1 [1]", ": 1 [1]"]).await;
    check("SELECT COUNT(*) FROM lines GROUP BY gift", &rows, &["-: 1 [1]", "true: 1 [1]"]).await;
    check("SELECT COUNT(*) FROM lines GROUP BY quantity, amount", &rows, &["1/1.00: 2 [2]"]).await;
    check(
        "SELECT COUNT(*) FROM lines GROUP BY date_trunc('quarter', ordered_at), date_part('hour', ordered_at)",
        &rows,
        &["2026-01-01T00:00:00Z/0: 2 [2]"],
    )
    .await;
    // A key that is not on the public list is nobody's business.
    check("SELECT COUNT(*) FROM lines GROUP BY region", &rows, &["SH: 1 [1]"]).await;
}

/// Bo has ten lines of 100.00 where three count, Ann one of 400.00: the average of what counts is 700.00 over four
/// lines, and not 1,400.00 over four, where Bo's ten would weigh as three. The sum is told less the middle of the bounds,
/// 250.00, for each line.
#[tokio::test]
async fn the_average_is_not_moved_by_rows_that_do_not_count() {
    let mut rows = vec![Row { amount: Some(10_000), ..row(1) }; 10];
    rows.push(Row { amount: Some(40_000), ..row(2) });
    rows.push(Row { amount: None, ..row(1) });
    check("SELECT AVG(amount) FROM lines", &rows, &[": 2 [-30000, 4]"]).await;
    check("SELECT SUM(amount), AVG(amount) FROM lines", &rows, &[": 2 [140000, -30000, 4]"]).await;
    // A column that is never NULL is averaged over all rows: 10 less four times 5, of which three count.
    let quantities = [1, 2, 3, 4].map(|quantity| Row { quantity, ..row(1) });
    check("SELECT AVG(quantity) FROM lines", &quantities, &[": 1 [-8, 3]"]).await;
}

#[tokio::test]
async fn conditions_and_joins_come_first() {
    let lines = lines_table(&[vec![
        Row { product: 1, quantity: 1, ..row(1) },
        Row { product: 2, quantity: 2, ..row(1) },
        Row { product: 3, quantity: 3, ..row(2) },
    ]]);
    // Product 1 is listed three times: the first of its rows, sorted, stands for it, and its line counts once.
    let products = products_table(&[
        (1, Some("zed")),
        (1, Some("acme")),
        (2, None),
        (1, Some("acme")),
        (9, Some("none")),
    ]);
    for sql in [
        "SELECT p.brand, COUNT(*), SUM(l.quantity) FROM lines l JOIN products p ON l.product_id = p.product_id
         WHERE l.quantity BETWEEN 1 AND 2 AND (p.brand LIKE 'a%' OR p.brand IS NULL) GROUP BY p.brand",
        "SELECT brand, COUNT(*), SUM(quantity) FROM lines JOIN products USING (product_id)
         WHERE quantity < 3 GROUP BY brand",
    ] {
        let tables = [Arc::clone(&lines), Arc::clone(&products)];
        let found = totals_with(sql, &options(1.0), &tables).await.expect("totals").groups;
        let rows: Vec<_> = found.into_iter().map(|(key, totals)| (key[0].clone(), totals.values)).collect();
        assert_eq!(rows, [(None, vec![1, 2]), (Some("acme".to_owned()), vec![1, 1])]);
    }
    // In whatever order the statement names them.
    let sql = "SELECT brand, COUNT(*) FROM products JOIN lines USING (product_id) GROUP BY brand";
    let found = totals_with(sql, &options(1.0), &[products, lines]).await.expect("totals").groups;
    assert_eq!(found.into_values().map(|totals| totals.values[0]).collect::<Vec<_>>(), [1, 1]);
}

/// What must be equal of several joins is all equal, also where it names two tables; and rows about members are never held.
#[tokio::test]
async fn several_joins_hold_all_that_they_are_told() {
    let line = |region: &'static str| Row { product: 1, region, ..row(1) };
    let lines = lines_table(&[vec![line("SH"), line("BJ"), Row { product: 2, ..row(2) }]]);
    let products =
        products_table(&[(1, Some("a")), (2, Some("b")), (3, Some("ash")), (4, Some("bsh")), (5, Some("a"))]);
    for (join, expected) in [
        ("q.brand = p.brand || lower(l.region)", vec![("ash", 1), ("bsh", 1)]),
        ("q.brand = p.brand", vec![("a", 4), ("b", 1)]),
        (
            "q.brand = p.brand JOIN products r ON r.brand = q.brand || lower(l.region) AND r.kind = p.kind",
            vec![("a", 2), ("b", 1)],
        ),
    ] {
        let sql = format!(
            "SELECT q.brand, COUNT(*) FROM lines l JOIN products p ON l.product_id = p.product_id JOIN products q ON {join}
             GROUP BY q.brand"
        );
        let tables: Vec<_> = std::iter::once(&lines).chain([&products; 3]).map(Arc::clone).collect();
        let mut wanted = options(1.0);
        wanted.rows_max = Some(50);
        let found = totals_with(&sql, &wanted, &tables).await.expect("totals").groups;
        let rows: Vec<_> = found
            .iter()
            .map(|(key, totals)| (key[0].as_deref().expect("a brand"), totals.values[0]))
            .collect();
        assert_eq!(rows, expected, "{sql}");
    }
}

/// Seven joins of one product table: one line stays one row, whatever the product table holds.
#[tokio::test]
async fn joins_do_not_multiply_rows() {
    let lines = lines_table(&[vec![Row { product: 1, ..row(1) }]]);
    let products: Vec<(u8, Option<&str>)> = (0..50).map(|_| (1, Some("acme"))).collect();
    let mut sql = "SELECT COUNT(*) FROM lines l".to_owned();
    let mut tables = vec![lines];
    for number in 0..7 {
        sql.push_str(&format!(" JOIN products p{number} ON p{number}.product_id = l.product_id"));
        tables.push(products_table(&products));
    }
    let mut wide = options(1.0);
    wide.rows_max = Some(1_000);
    let found = totals_with(&sql, &wide, &tables).await.expect("totals");
    assert_eq!(found.groups.values().map(|totals| totals.values[0]).collect::<Vec<_>>(), [1]);
}

/// What is computed of a member's rows has room for large values, however many decimals the expression has.
#[tokio::test]
async fn sums_of_a_member_hold_large_values_of_many_decimals() {
    let mut wanted = options(1.0);
    for name in ["s", "m", "l"] {
        wanted.bounds.insert(name.parse().expect("a column name"), (0.0, 10_000.0));
    }
    let rows: Vec<Row> = [90_000, 30_000].map(|amount| Row { amount: Some(amount), ..row(1) }).to_vec();
    // Ten decimals: 900.00 and 300.00.
    let sql =
        "SELECT SUM(s) AS s, SUM(m) AS m, SUM(l) AS l FROM (SELECT member_no, SUM(amount / 1.0 / 1.0) AS s,
        AVG(amount / 1.0 / 1.0) AS m, MAX(amount / 1.0 / 1.0) AS l FROM lines GROUP BY member_no) t";
    let found = totals_with(sql, &wanted, &[lines_table(&[rows])]).await.expect("totals").groups;
    let question = ask(sql).await.expect("a question");
    let spec = mechanism(&question, &wanted).expect("a mechanism").spec().aggregates.clone();
    let scales: Vec<i8> = spec.iter().filter_map(|one| one.kind.row_bounds()).map(|one| one.scale).collect();
    let values: Vec<i64> = found.into_values().next().expect("a group").values;
    let whole: Vec<i64> = values
        .iter()
        .zip(&scales)
        .map(|(value, scale)| value / 10_i64.pow(u32::from(scale.unsigned_abs())))
        .collect();
    assert_eq!(whole, [1_200, 600, 900], "{values:?} at {scales:?}");
}

#[tokio::test]
async fn nobody_gives_no_totals() {
    let nothing = |totals: Totals| totals.values().all(|total| total.members == 0 && total.values == [0]);
    assert!(nothing(totals("SELECT COUNT(*) FROM lines", &[vec![]]).await));
    let without_member = Row { member: None, ..Row::default() };
    assert!(nothing(totals("SELECT COUNT(*) FROM lines", &[vec![without_member]]).await));
    assert!(totals("SELECT COUNT(*) FROM lines GROUP BY store_id", &[vec![]]).await.is_empty());
}

/// A key that no calendar has is held within it, whether a row comes or not: whether one does decides numbers and nothing
/// else.
#[tokio::test]
async fn whether_a_row_comes_decides_numbers_and_nothing_else() {
    for sql in [
        "SELECT CASE WHEN amount >= 0 THEN DATE '-0005-03-01' ELSE DATE '2026-01-01' END AS k, COUNT(*) FROM lines GROUP BY 1",
        "SELECT CASE WHEN amount >= 0 THEN CAST(DATE '-0005-03-01' AS TIMESTAMP) ELSE TIMESTAMP '2026-01-01' END AS k, COUNT(*)
         FROM lines GROUP BY 1",
        "SELECT k, COUNT(*) FROM (SELECT member_no, DATE '-0005-03-01' AS k FROM lines GROUP BY member_no, DATE '-0005-03-01') t
         GROUP BY k",
        "SELECT k, COUNT(*) FROM (SELECT member_no, DATE '-0005-03-01' AS k FROM lines UNION ALL
         SELECT member_no, ordered_on FROM lines) u GROUP BY k",
        "SELECT CASE WHEN gift THEN 1.50 ELSE 2 END AS k, COUNT(*) FROM lines GROUP BY 1",
        "SELECT CASE WHEN gift THEN -0.0 ELSE -1 END AS k, COUNT(*) FROM lines GROUP BY 1",
        "SELECT CASE WHEN gift THEN '' ELSE 'x' END AS k, COUNT(*) FROM lines GROUP BY 1",
        "SELECT gift, CASE WHEN gift THEN true END AS k, COUNT(*) FROM lines GROUP BY 1, 2",
    ] {
        for rows in [vec![], vec![row(1)]] {
            let lines = lines_table(&[rows]);
            let found = totals_with(sql, &options(1.0), &[Arc::clone(&lines), lines]).await;
            assert!(found.is_ok(), "{sql}");
        }
    }
}

fn any_row() -> impl Strategy<Value = Row> {
    let amount = prop_oneof![
        Just(None),
        Just(Some(999_999_999_i128)),
        Just(Some(-999_999_999)),
        (-9_i128..90_000).prop_map(Some)
    ];
    let month = prop_oneof![Just(None), Just(Some("2026-03")), Just(Some(""))];
    (0_u8..6, 0_u8..5, amount, month, any::<Option<f64>>(), 0_i64..9).prop_map(
        |(member, store, amount, month, weight, quantity)| Row {
            member: (member > 0).then_some(member),
            region: ["SH", "BJ", "GD", "XX", ""][usize::from(store)],
            store,
            amount,
            month,
            weight,
            quantity,
            ..Row::default()
        },
    )
}

/// The rows of a member who has all that one can have: more groups and rows than any bound, and values at the ends of their
/// types.
fn heavy(member: u8) -> Vec<Row> {
    const LONG: &str = "a key that is longer than any that counts, a key that is longer than any that counts, a key that is longer \
                        than any that counts, a key that is longer than any that counts, a key that is longer than any that counts, ...";
    fn pick<T: Copy, const N: usize>(from: [T; N], number: usize) -> T {
        from[number % N]
    }
    let of = |number: usize| Row {
        member: Some(member),
        number: 0,
        region: pick(["SH", "", "BJ", LONG, "GD"], number),
        store: u8::try_from(number % 7).expect("a small number"),
        month: pick([None, Some(""), Some("2026-03"), Some(LONG)], number / 3),
        quantity: pick([i64::MIN, -1, 0, 1, 3, i64::MAX], number / 2),
        amount: pick([None, Some(999_999_999_999), Some(-999_999_999_999), Some(0)], number / 5),
        weight: pick([Some(f64::NAN), Some(f64::INFINITY), Some(f64::MIN), None, Some(f64::MAX)], number / 4),
        gift: pick([None, Some(true), Some(false)], number),
        at: pick([i64::MIN, 0, 1_772_323_200_000_000, i64::MAX], number / 6),
        product: u8::try_from(number % 5).expect("a small number"),
    };
    (0..240).map(of).collect()
}

const SHAPES: [&str; 30] = [
    "SELECT COUNT(*), COUNT(amount), COUNT(DISTINCT member_no), SUM(amount), SUM(weight) FROM lines",
    "SELECT region, COUNT(*), SUM(amount) FROM lines GROUP BY region",
    "SELECT store_id, COUNT(*), SUM(amount), AVG(amount), AVG(weight), AVG(quantity) FROM lines GROUP BY store_id",
    "SELECT store_id, month, COUNT(DISTINCT member_no), COUNT(amount) FROM lines GROUP BY store_id, month",
    "SELECT quantity, SUM(amount) FROM lines WHERE amount > 1.5 OR month IS NULL GROUP BY quantity",
    "SELECT p.brand, COUNT(*), SUM(l.amount) FROM lines l JOIN products p ON l.product_id = p.product_id GROUP BY p.brand",
    // Expressions, each of which could fail or overflow in plain SQL.
    "SELECT SUM(quantity * quantity - 7), SUM(amount / quantity) AS ratio, SUM(weight * amount), AVG(amount * amount) FROM lines",
    "SELECT floor(amount / 10), COUNT(*), SUM(CASE WHEN gift THEN amount ELSE weight END) FROM lines GROUP BY 1",
    "SELECT CASE WHEN amount < 5 THEN 'small' WHEN weight > 0 THEN 'heavy' ELSE month END AS band, COUNT(*) FROM lines GROUP BY 1",
    "SELECT upper(region) || left(store_id, 1), COUNT(*) FROM lines WHERE quantity % (quantity - 3) = 0 OR length(region) > 1 GROUP BY 1",
    "SELECT date_trunc('month', ordered_at), COUNT(*) FILTER (WHERE gift IS NOT TRUE) FROM lines GROUP BY 1",
    // Datasets without subject that match many rows, or none.
    "SELECT p.brand, COUNT(*), SUM(p.price) FROM lines l LEFT JOIN products p ON l.product_id = p.product_id AND p.brand = 'a' GROUP BY p.brand",
    "SELECT p.kind, COUNT(*) FROM lines l JOIN products p ON p.kind = 'dry' AND p.brand = lower(l.region) GROUP BY p.kind",
    "SELECT COUNT(*) FROM lines WHERE product_id NOT IN (SELECT product_id FROM products) AND member_no IN (SELECT member_no FROM visits)",
    "SELECT p.brand, q.kind, COUNT(*), SUM(l.amount) FROM lines l JOIN products p ON l.product_id = p.product_id JOIN products q ON q.brand = p.brand GROUP BY 1, 2",
    "SELECT COUNT(*), SUM(q.price) FROM lines l JOIN products p ON l.product_id = p.product_id JOIN products q ON q.brand = left(p.brand || l.region, 1) JOIN products r ON r.brand = q.brand",
    // One member in two datasets.
    "SELECT l.region, COUNT(*), SUM(v.amount) FROM lines l JOIN visits v ON l.member_no = v.member_no GROUP BY l.region",
    "SELECT v.store_id, COUNT(*) FROM lines l LEFT JOIN visits v ON v.member_no = l.member_no AND v.quantity = l.quantity AND v.gift GROUP BY v.store_id",
    "SELECT store_id, COUNT(*) FROM lines l WHERE NOT EXISTS (SELECT 1 FROM visits v WHERE v.member_no = l.member_no AND v.store_id = l.store_id) GROUP BY store_id",
    "SELECT region, COUNT(*), AVG(amount) FROM (SELECT member_no, region, amount FROM lines UNION ALL SELECT member_no, store_id, quantity FROM visits) u GROUP BY region",
    // Groups of each member.
    "SELECT AVG(n), SUM(s), AVG(m) FROM (SELECT member_no, COUNT(*) AS n, SUM(amount) AS s, AVG(weight) AS m FROM lines GROUP BY member_no) t",
    "SELECT n, COUNT(*) FROM (SELECT member_no, COUNT(*) AS n FROM lines GROUP BY member_no HAVING SUM(quantity) > 2) t GROUP BY n",
    "SELECT store_id, COUNT(*), SUM(q) FROM (SELECT member_no, store_id, MAX(quantity) AS q, MIN(ordered_on) AS d FROM lines GROUP BY member_no, store_id) t WHERE d IS NOT NULL OR q > 3 GROUP BY store_id",
    "SELECT c, COUNT(*) FROM (SELECT member_no, COUNT(DISTINCT store_id) AS c FROM lines GROUP BY member_no) t GROUP BY c",
    "SELECT l.region, AVG(m.n), COUNT(*) FROM lines l JOIN (SELECT member_no, COUNT(*) AS n FROM visits GROUP BY member_no) m ON m.member_no = l.member_no GROUP BY l.region",
    // Aggregates of values that are kept, or squared.
    "SELECT region, COUNT(DISTINCT store_id), COUNT(DISTINCT amount), VAR_POP(amount), STDDEV(weight) FROM lines GROUP BY region",
    "SELECT MEDIAN(amount), MAX(amount), MIN(quantity), AVG(amount) FROM lines",
    "SELECT store_id, percentile_cont(0.9) WITHIN GROUP (ORDER BY amount), MEDIAN(weight), COUNT(DISTINCT month) FROM lines GROUP BY store_id",
    "SELECT region, MEDIAN(n), COUNT(DISTINCT n) FROM (SELECT member_no, region, COUNT(*) AS n FROM lines GROUP BY member_no, region) t GROUP BY region",
    "SELECT DATE '2026-03-01' - last AS days, COUNT(*) FROM (SELECT member_no, MAX(ordered_on) AS last FROM lines GROUP BY member_no) t GROUP BY 1",
];

/// Computes the totals of a shape: rows with an odd store are visits, the others lines.
async fn shape_totals(
    shape: usize,
    options: &ReleaseOptions,
    rows: &[Vec<Row>],
    limits: &Limits,
) -> Result<ExactTotals, QueryError> {
    let part = |odd: bool| -> Vec<Vec<Row>> {
        let of = |rows: &Vec<Row>| rows.iter().filter(|row| (row.store % 2 == 1) == odd).cloned().collect();
        rows.iter().map(of).collect()
    };
    let sql = SHAPES[shape];
    let (lines, visits) = if sql.contains("visits") {
        (lines_table(&part(false)), lines_table(&part(true)))
    } else {
        (lines_table(rows), lines_table(&[vec![]]))
    };
    let products =
        products_table(&[(1, Some("a")), (1, Some("b")), (1, Some("c")), (2, None), (3, Some("sh"))]);
    let mut table = |name: &str| {
        Some(Arc::clone(match name {
            "lines" => &lines,
            "visits" => &visits,
            _ => &products,
        }))
    };
    totals_over(sql, options, &mut table, limits).await
}

/// Bounds for whatever the shapes sum.
fn shape_options(shape: usize, groups_max: u32, rows_max: u32) -> ReleaseOptions {
    let mut wanted = options(1.0);
    (wanted.groups_max, wanted.rows_max) = (Some(groups_max), Some(rows_max));
    if SHAPES[shape].contains(" AS ratio") {
        wanted.bounds.insert("ratio".parse().expect("a column name"), (-5.0, 20.0));
    }
    wanted
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Remove one member, or one who has all that one can have: the totals that the mechanism is given stay within the declared
    /// distances, and nothing fails that did not fail before.
    #[test]
    fn neighbours_are_as_close_as_declared(
        mut rows in prop::collection::vec(any_row(), 0..60),
        gone in 1_u8..6,
        is_heavy in any::<bool>(),
        shape in 0..SHAPES.len(),
        groups_max in 1_u32..4,
        rows_max in 1_u32..4,
    ) {
        let wanted = shape_options(shape, groups_max, rows_max);
        if is_heavy {
            rows.extend(heavy(gone));
        }
        let fewer: Vec<Row> = rows.iter().filter(|row| row.member != Some(gone)).cloned().collect();
        let (all, fewer, mechanism) = block_on(async {
            let question = ask(SHAPES[shape]).await.expect("a question");
            let mechanism = mechanism(&question, &wanted).expect("a mechanism");
            let limits = Limits::default();
            let all = shape_totals(shape, &wanted, &[rows], &limits).await.expect("totals");
            let fewer = shape_totals(shape, &wanted, &[fewer], &limits).await.expect("totals");
            (all, fewer, mechanism)
        });
        let distances = mechanism.distances(&all, &fewer);
        prop_assert!(mechanism.are_neighbours(&all, &fewer).expect("totals"), "{}: {distances:?}", SHAPES[shape]);
    }

    /// The same rows in any order, batch and partition give the same bits.
    #[test]
    fn totals_do_not_depend_on_how_rows_lie(
        rows in prop::collection::vec(any_row(), 0..60),
        shape in 0..SHAPES.len(),
        parts in 1_usize..5,
        turn in any::<prop::sample::Index>(),
    ) {
        let mut turned = rows.clone();
        turned.rotate_left(turn.index(rows.len().max(1)));
        turned.reverse();
        let size = turned.len().div_ceil(parts).max(1);
        let partitions: Vec<Vec<Row>> = turned.chunks(size).map(<[Row]>::to_vec).collect();
        let partitions = if partitions.is_empty() { vec![vec![]] } else { partitions };
        let (one, other) = block_on(async {
            let (wanted, limits) = (shape_options(shape, 2, 3), Limits::default());
            let one = shape_totals(shape, &wanted, &[rows], &limits).await.expect("totals");
            let other = shape_totals(shape, &wanted, &partitions, &limits).await.expect("totals");
            (one, other)
        });
        prop_assert_eq!(one, other);
    }
}
