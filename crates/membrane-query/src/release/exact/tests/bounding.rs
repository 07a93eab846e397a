//! Members are held to their bounds while rows come, and no one member decides whether a release is computed.

use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryPool, MemoryReservation, UnboundedMemoryPool,
};

use membrane_privacy::Mechanism;

use super::*;
use crate::release::fixture::{batch, mechanism_within, sampling};

fn started(
    question: &Question,
    mechanism: &Mechanism,
    memory: MemoryReservation,
) -> Result<Shards, QueryError> {
    let size = Size::start(mechanism.spec().size, mechanism.draw_size_limit()?, memory)?;
    let costs =
        Costs::new(question, mechanism.bounds().groups_max, mechanism.spec().rows_max, &Limits::default());
    Shards::new(question, mechanism.spec(), &sampling(), costs, &size, 1)
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
    assert_eq!((first.members, first.members_clipped), (10, 10));
    let first = first.groups;
    assert_eq!(first.values().map(|totals| totals.members).sum::<i64>(), 10);
    assert!(first.values().filter(|totals| totals.members > 0).count() > 1, "not all in one store");
}

/// Groups that are kept and let go again and again end as if they had come in any other order, and nothing is left of
/// those that were let go.
#[tokio::test]
async fn a_member_holds_no_more_groups_than_count() {
    let question = ask("SELECT SUM(quantity) FROM lines GROUP BY store_id").await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let mut rows: Vec<Row> =
        (0..200).flat_map(|store| [1, 2].map(|quantity| Row { store, quantity, ..row(1) })).collect();
    rows.extend((0..3).map(|store| Row { store, ..row(2) }));
    let mut found = Vec::new();
    for turn in [0, 1, 100, 399] {
        rows.rotate_left(turn);
        let picked = batch(&rows).project(&[12, 2, 5]).expect("columns");
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let memory = MemoryConsumer::new("test").register(&pool);
        let mut exact = started(&question, &mechanism, memory).expect("a start");
        let held = exact.absorb_one(&picked).expect("rows");
        assert_eq!(held.parts.members().count(), 2);
        let costs = Costs::new(
            &question,
            mechanism.bounds().groups_max,
            mechanism.spec().rows_max,
            &Limits::default(),
        );
        let (most, used) = (costs.group(KEY_BYTES_MAX), held.parts.size.used());
        assert!(used <= 2 * costs.member + 4 * most + 2 * costs.part(4), "{used} is not bounded");
        found.push(exact.finish(&mechanism).expect("totals"));
    }
    assert!(found.iter().all(|totals| *totals == found[0]));
    assert_eq!((found[0].members, found[0].members_clipped), (2, 2));
    let sums: Vec<i64> = found[0].groups.values().map(|totals| totals.values[0]).collect();
    assert_eq!(sums.iter().sum::<i64>(), 2 * 3 + 2, "two whole groups of each: {sums:?}");
}

#[tokio::test]
async fn all_memory_is_taken_before_the_first_row() {
    let question = ask("SELECT COUNT(*) FROM lines GROUP BY store_id").await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let size = usize::try_from(mechanism.spec().size.total_max).expect("a size");
    for (pool, fits) in [(size, true), (size - 1, false)] {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(pool));
        let memory = MemoryConsumer::new("test").register(&pool);
        let started = started(&question, &mechanism, memory);
        assert_eq!(started.is_ok(), fits);
        assert!(started.is_err() || pool.reserved() == size);
    }
}

/// A key that is longer than a group may be is in none; and what a member can hold is bounded by it.
#[tokio::test]
async fn rows_with_a_long_key_are_in_no_group() {
    const LONG: &str = concat!(
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    );
    let rows = [Row { month: Some(LONG), ..row(1) }, row(2)];
    check("SELECT COUNT(*) FROM lines GROUP BY month", &rows, &["2026-03: 1 [1]"]).await;
}

/// A machine that holds few: what many members need ends in an error, and what few need does not.
#[tokio::test]
async fn what_is_too_large_fails() {
    let limits = Limits { memory_bytes_max: 4 << 20, ..Limits::default() };
    let sql = "SELECT COUNT(*) FROM lines GROUP BY store_id";
    let mut wanted = options(4.0);
    wanted.groups_max = Some(2);
    let rows = |members: u16| -> Vec<Row> { (0..members).map(|number| Row { number, ..row(1) }).collect() };
    let with = async |members| totals_within(sql, &wanted, &[lines_table(&[rows(members)])], &limits).await;
    assert!(with(200).await.is_ok());
    assert_eq!(with(60_000).await.err(), Some(QueryError::Failed));
    // More groups of one member than there is room for are refused before anything is paid.
    wanted.groups_max = Some(10_000);
    let question = ask(sql).await.expect("a question");
    let refused = mechanism_within(&question, &wanted, &limits).err().map(|error| error.code());
    assert_eq!(refused, Some("release_parameters"));
}

/// One member more, whose rows are the worst there can be, changes neither that a release is computed nor the error.
/// Near the limit the limit is drawn with noise, whose price says how little it tells (membrane-privacy).
#[tokio::test]
async fn one_member_more_changes_neither_success_nor_error() {
    let worst: Vec<Row> = (0..60_000_u32)
        .map(|index| {
            let [_, _, high, low] = index.to_be_bytes();
            let region = ["SH", "BJ", "GD", "XX", ""][usize::from(low) % 5];
            Row {
                member: Some(9),
                store: low,
                quantity: i64::from(index).wrapping_mul(i64::MAX / 7),
                amount: Some(if high % 2 == 0 { i128::MAX >> 1 } else { i128::MIN >> 1 }),
                weight: Some([f64::NAN, f64::INFINITY, f64::MIN, f64::MAX][usize::from(low) % 4]),
                at: if high % 2 == 0 { i64::MIN } else { i64::MAX - i64::from(index) },
                region,
                product: low,
                ..row(9)
            }
        })
        .collect();
    let others: Vec<Row> =
        (1..8).flat_map(|member| (0..9).map(move |store| Row { store, ..row(member) })).collect();
    let all: Vec<Row> = others.iter().chain(&worst).cloned().collect();
    let limits = [
        Limits { memory_bytes_max: 64 << 20, ..Limits::default() },
        Limits { groups_max: 20_000, ..Limits::default() },
    ];
    // What is held of each member besides its groups needs a larger machine.
    let larger = [Limits { memory_bytes_max: 256 << 20, ..Limits::default() }, limits[1]];
    for (shape, sql) in SHAPES.iter().enumerate() {
        for limits in &larger {
            for rows in [&others, &all] {
                let rows = std::slice::from_ref(rows);
                let found = shape_totals(shape, &shape_options(shape, 2, 3), rows, limits).await;
                assert_eq!(found.map(|_| ()), Ok(()), "{sql}");
            }
        }
    }
    for sql in [
        "SELECT ordered_at, quantity, store_id, COUNT(*) FROM lines GROUP BY 1, 2, 3",
        "SELECT date_trunc('hour', ordered_at), SUM(weight) FROM lines GROUP BY 1",
        "SELECT date_part('year', ordered_at), SUM(amount), AVG(weight) FROM lines GROUP BY 1",
    ] {
        for limits in &limits {
            for rows in [&others, &all] {
                let table = [lines_table(std::slice::from_ref(rows))];
                let found = totals_within(sql, &options(1.0), &table, limits).await;
                assert_eq!(found.map(|_| ()), Ok(()), "{sql}");
            }
        }
    }
}

/// What is counted covers what the tables hold, also just after they have doubled.
#[tokio::test]
async fn the_count_covers_what_is_held() {
    let question =
        ask("SELECT SUM(quantity), COUNT(*) FROM lines GROUP BY store_id, month").await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
    let memory = MemoryConsumer::new("test").register(&pool);
    let mut exact = started(&question, &mechanism, memory).expect("a start");
    for step in 0..60_u16 {
        let rows: Vec<Row> = (0..500)
            .flat_map(|number| [1, 2].map(|store| Row { number: step * 500 + number, store, ..row(1) }))
            .collect();
        let exact = exact.absorb_one(&batch(&rows).project(&[12, 2, 4, 5]).expect("columns")).expect("rows");
        let (held, used) = (exact.parts.bytes(), exact.parts.size.used());
        // A table that doubles holds the old one, half as large, for a moment.
        let held = u64::try_from(held + held / 2).expect("a size");
        // The first pieces of lists are made whole.
        assert!(held <= used + (1 << 20), "{held} of {used} after {step}");
    }
}

/// Days and instants that no calendar has are shown as the last ones that it has.
#[tokio::test]
async fn instants_of_no_calendar_are_held_within_it() {
    let rows = [Row { at: i64::MIN, ..row(1) }, Row { at: i64::MAX, ..row(2) }];
    let (first, last) = ("0001-01-01T00:00:00Z: 1 [1]", "9999-12-31T23:59:59.999999Z: 1 [1]");
    check("SELECT COUNT(*) FROM lines GROUP BY ordered_at", &rows, &[first, last]).await;
    let (first, last) = ("0001-01-01T00:00:00Z: 1 [1]", "9999-12-31T23:59:59.999999Z: 1 [1]");
    check("SELECT COUNT(*) FROM lines GROUP BY date_trunc('week', ordered_at)", &rows, &[first, last]).await;
}
