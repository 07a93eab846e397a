use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool, UnboundedMemoryPool};
use membrane_model::Limits;
use proptest::prelude::*;

use super::*;
use crate::release::bounds::ReleaseOptions;
use crate::release::fixture::{Row, ask, batch, lines_table, mechanism, options, products_table, sampling};
use crate::release::{plan, rows};

type Totals = BTreeMap<GroupKey, GroupTotals>;

async fn totals_with(
    sql: &str,
    options: &ReleaseOptions,
    tables: &[Arc<dyn TableProvider>],
) -> Result<Totals, QueryError> {
    let question = ask(sql).await?;
    let mechanism = mechanism(&question, options)?;
    let plan = rows::plan(&question, tables)?;
    let exact = plan::exact(&question, &mechanism, &plan, &Limits::default()).await?;
    exact.finish(&mechanism, &sampling())
}

async fn totals(sql: &str, partitions: &[Vec<Row>]) -> Totals {
    totals_with(sql, &options(1.0), &[lines_table(partitions)]).await.expect("totals")
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
    // Ten rows of 400.00: three count, in the number as in the sum.
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

#[tokio::test]
async fn conditions_and_joins_come_first() {
    let lines = lines_table(&[vec![
        Row { product: 1, quantity: 1, ..row(1) },
        Row { product: 2, quantity: 2, ..row(1) },
        Row { product: 3, quantity: 3, ..row(2) },
    ]]);
    // Product 1 is listed twice: its line counts twice, for the same member, within the same bounds.
    let products = products_table(&[(1, Some("acme")), (1, Some("acme")), (2, None), (9, Some("none"))]);
    let sql = "SELECT p.brand, COUNT(*), SUM(l.quantity) FROM lines l JOIN products p ON l.product_id = p.product_id
               WHERE l.quantity BETWEEN 1 AND 2 AND (p.brand LIKE 'a%' OR p.brand IS NULL) GROUP BY p.brand";
    let found = totals_with(sql, &options(1.0), &[lines, products]).await.expect("totals");
    let rows: Vec<_> = found.into_iter().map(|(key, totals)| (key[0].clone(), totals.values)).collect();
    assert_eq!(rows, [(None, vec![1, 2]), (Some("acme".to_owned()), vec![2, 2])]);
}

#[tokio::test]
async fn nobody_gives_no_totals() {
    let nothing = |totals: Totals| totals.values().all(|total| total.members == 0 && total.values == [0]);
    assert!(nothing(totals("SELECT COUNT(*) FROM lines", &[vec![]]).await));
    let without_member = Row { member: None, ..Row::default() };
    assert!(nothing(totals("SELECT COUNT(*) FROM lines", &[vec![without_member]]).await));
    assert!(totals("SELECT COUNT(*) FROM lines GROUP BY store_id", &[vec![]]).await.is_empty());
}

/// With one group per member, ten members of ten stores each keep one; which one differs between members
/// and does not change from run to run.
#[tokio::test]
async fn groups_beyond_the_bound_are_left_out_by_a_keyed_choice() {
    let mut wanted = options(1.0);
    wanted.groups_max = Some(1);
    let rows: Vec<Row> =
        (0..10).flat_map(|member| (0..10).map(move |store| Row { store, ..row(member) })).collect();
    let sql = "SELECT COUNT(*) FROM lines GROUP BY store_id";
    let first = totals_with(sql, &wanted, &[lines_table(std::slice::from_ref(&rows))]).await.expect("totals");
    let again = totals_with(sql, &wanted, &[lines_table(&[rows])]).await.expect("totals");
    assert_eq!(first, again);
    assert_eq!(first.values().map(|totals| totals.members).sum::<i64>(), 10);
    assert!(first.values().filter(|totals| totals.members > 0).count() > 1, "not all in one store");
}

#[tokio::test]
async fn memory_comes_from_the_pool_and_groups_are_limited() {
    let question = ask("SELECT COUNT(*) FROM lines GROUP BY store_id").await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let stores: Vec<Row> = (0..100).map(|store| Row { store, ..row(1) }).collect();
    let full = batch(&stores);
    let picked = full.project(&[12, 2]).expect("columns");
    let absorb = |pool: Arc<dyn MemoryPool>, groups_max| {
        let memory = MemoryConsumer::new("test").register(&pool);
        Exact::new(&question, &mechanism, groups_max, memory).and_then(|mut exact| exact.absorb(&picked))
    };
    assert_eq!(absorb(Arc::new(UnboundedMemoryPool::default()), 100), Ok(()));
    assert_eq!(absorb(Arc::new(UnboundedMemoryPool::default()), 99), Err(QueryError::Failed));
    assert_eq!(absorb(Arc::new(GreedyMemoryPool::new(1000)), 100), Err(QueryError::Failed));
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

const SHAPES: [&str; 6] = [
    "SELECT COUNT(*), COUNT(amount), COUNT(DISTINCT member_no), SUM(amount), SUM(weight) FROM lines",
    "SELECT region, COUNT(*), SUM(amount) FROM lines GROUP BY region",
    "SELECT store_id, COUNT(*), SUM(amount), AVG(weight) FROM lines GROUP BY store_id",
    "SELECT store_id, month, COUNT(DISTINCT member_no), COUNT(amount) FROM lines GROUP BY store_id, month",
    "SELECT quantity, SUM(amount) FROM lines WHERE amount > 1.5 OR month IS NULL GROUP BY quantity",
    "SELECT p.brand, COUNT(*), SUM(l.amount) FROM lines l JOIN products p ON l.product_id = p.product_id GROUP BY p.brand",
];

fn tables(rows: &[Vec<Row>]) -> Vec<Arc<dyn TableProvider>> {
    vec![lines_table(rows), products_table(&[(1, Some("a")), (1, Some("b")), (1, Some("c")), (2, None)])]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Remove one member: the totals that the mechanism is given stay within the declared distances.
    #[test]
    fn neighbours_are_as_close_as_declared(
        rows in prop::collection::vec(any_row(), 0..60),
        gone in 1_u8..6,
        shape in 0..SHAPES.len(),
        groups_max in 1_u32..4,
        rows_max in 1_u32..4,
    ) {
        let mut wanted = options(1.0);
        (wanted.groups_max, wanted.rows_max) = (Some(groups_max), Some(rows_max));
        let fewer: Vec<Row> = rows.iter().filter(|row| row.member != Some(gone)).cloned().collect();
        let (all, fewer, mechanism) = block_on(async {
            let question = ask(SHAPES[shape]).await.expect("a question");
            let mechanism = mechanism(&question, &wanted).expect("a mechanism");
            let all = totals_with(SHAPES[shape], &wanted, &tables(&[rows])).await.expect("totals");
            let fewer = totals_with(SHAPES[shape], &wanted, &tables(&[fewer])).await.expect("totals");
            (all, fewer, mechanism)
        });
        let summary = mechanism.describe().expect("a summary");
        let nothing = GroupTotals { members: 0, values: vec![0; summary.aggregates.len()] };
        let keys: BTreeSet<&GroupKey> = all.keys().chain(fewer.keys()).collect();
        let mut touched = 0;
        for key in keys {
            let (one, other) = (all.get(key).unwrap_or(&nothing), fewer.get(key).unwrap_or(&nothing));
            touched += u32::from(one != other);
            prop_assert!((one.members - other.members).abs() <= 1);
            for (index, aggregate) in summary.aggregates.iter().enumerate() {
                prop_assert!((one.values[index] - other.values[index]).abs() <= aggregate.contribution_max);
            }
        }
        prop_assert!(touched <= summary.groups_max);
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
            let one = totals_with(SHAPES[shape], &options(1.0), &tables(&[rows])).await.expect("totals");
            let other = totals_with(SHAPES[shape], &options(1.0), &tables(&partitions)).await.expect("totals");
            (one, other)
        });
        prop_assert_eq!(one, other);
    }
}
