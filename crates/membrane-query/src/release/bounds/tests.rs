use super::*;
use crate::release::fixture::{ask, mechanism, mechanism_within, options};

async fn check(sql: &str, change: impl FnOnce(&mut ReleaseOptions), expected: &str) {
    let mut options = options(1.0);
    change(&mut options);
    let question = ask(sql).await.expect("a question");
    let found = match mechanism(&question, &options) {
        Ok(mechanism) => {
            let spec = mechanism.spec();
            let kinds: Vec<String> = spec
                .aggregates
                .iter()
                .map(|aggregate| match aggregate.kind.row_bounds() {
                    Some(RowBounds { lower, upper, scale }) => {
                        format!("{}[{lower},{upper}]e{scale}", aggregate.name)
                    }
                    None => aggregate.name.clone(),
                })
                .collect();
            format!("{}x{} {}", spec.groups_max, spec.rows_max, kinds.join(" "))
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expected, "{sql}");
}

#[tokio::test]
async fn bounds_come_from_the_contract_or_the_request() {
    let by_store = "SELECT SUM(amount) FROM lines GROUP BY store_id";
    check(by_store, |_| (), "2x3 sum_amount[0,50000]e2").await;
    check(by_store, |options| options.groups_max = Some(7), "7x3 sum_amount[0,50000]e2").await;
    check(by_store, |options| options.rows_max = Some(1), "2x1 sum_amount[0,50000]e2").await;
    let wide = |options: &mut ReleaseOptions| {
        options.bounds.insert("amount".parse().expect("a column name"), (-0.5, 4999.99));
    };
    check(by_store, wide, "2x3 sum_amount[-50,499999]e2").await;
    check("SELECT SUM(quantity) FROM lines", |_| (), "1x3 sum_quantity[0,10]e0").await;
    check("SELECT SUM(weight) FROM lines", |_| (), "1x3 sum_weight[-10000,200000]e4").await;
    check(
        "SELECT SUM(price), COUNT(brand) FROM lines JOIN products USING (product_id)",
        |_| (),
        "1x3 sum_price[0,10000]e2 count_brand",
    )
    .await;
}

#[tokio::test]
async fn missing_and_senseless_bounds_are_refused() {
    let discount = "SELECT AVG(discount) FROM lines";
    let missing = "a release cannot have SUM or AVG of something without bounds `discount`: state bounds in the contract (`membrane.privacy.bounds`) or with the request, for its columns or for the column of the answer";
    check(discount, |_| (), missing).await;
    let senseless = "a release cannot have the bounds of a column `discount`: state two numbers, the smaller one first, that fit the column's type";
    for bounds in [(1.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (0.0, 1e18)] {
        let set = |options: &mut ReleaseOptions| {
            options.bounds.insert("discount".parse().expect("a column name"), bounds);
        };
        check(discount, set, senseless).await;
    }
    check("SELECT COUNT(*) FROM visits", |options| options.rows_max = Some(2), "1x2 count").await;
    // Decimals are left out where they do not fit, and what does not fit without any is refused.
    let many = |options: &mut ReleaseOptions| options.rows_max = Some(1 << 20);
    check("SELECT SUM(amount) FROM lines", many, "1x1048576 sum_amount[0,500]e0").await;
    let wide = |options: &mut ReleaseOptions| {
        options.rows_max = Some(1 << 20);
        options.bounds.insert("amount".parse().expect("a column name"), (0.0, 5_000.0));
    };
    let overflow = "the bounds of `sum_amount` are too wide: rows per member times the larger bound must stay below 2147483648";
    check("SELECT SUM(amount) FROM lines", wide, overflow).await;
}

/// Bounds that neither the request nor a contract states are left to a pilot, and so are all when that is asked for.
#[tokio::test]
async fn bounds_that_nobody_states_need_a_pilot() {
    let pilot = "a release cannot have bounds that nobody states: a pilot";
    for sql in [
        "SELECT COUNT(*) FROM visits",
        "SELECT SUM(discount) FROM lines",
        "SELECT region, SUM(discount), COUNT(*) FROM lines GROUP BY region",
    ] {
        check(sql, |_| (), pilot).await;
    }
    let choose = |options: &mut ReleaseOptions| options.choose_bounds = true;
    check("SELECT COUNT(*) FROM lines", choose, pilot).await;
    let share = |options: &mut ReleaseOptions| {
        options.shares.insert("n".parse().expect("a column name"), 0.02);
    };
    check("SELECT COUNT(*) AS n FROM lines", share, pilot).await;
    // What is stated is not chosen, and of one group there is nothing to choose.
    let both = |options: &mut ReleaseOptions| {
        options.choose_bounds = true;
        (options.rows_max, options.groups_max) = (Some(2), Some(3));
    };
    check("SELECT COUNT(*) FROM lines", both, "1x2 count").await;
    check("SELECT COUNT(DISTINCT member_no) FROM visits", |_| (), "1x1 members").await;
}

/// Bounds that would have no effect are told before they are paid for.
#[tokio::test]
async fn bounds_of_other_columns_are_refused() {
    let of = |name: &'static str| {
        move |options: &mut ReleaseOptions| {
            options.bounds.insert(name.parse().expect("a column name"), (0.0, 1.0));
        }
    };
    let refused = |name: &str| {
        format!(
            "a release cannot have bounds of a column that it does not sum: `{name}`: state bounds for columns of SUM and AVG, or for columns of the answer that show them, and only for those"
        )
    };
    check("SELECT SUM(amount) FROM lines", of("amuont"), &refused("amuont")).await;
    check("SELECT SUM(amount) FROM lines", of("quantity"), &refused("quantity")).await;
    check("SELECT COUNT(amount) FROM lines", of("amount"), &refused("amount")).await;
    check("SELECT AVG(amount) FROM lines", of("amount"), "1x3 avg_amount_sum[0,100]e2 avg_amount_count")
        .await;
}

/// Where one value has bounds by two names, none of them wins silently.
#[tokio::test]
async fn different_bounds_of_one_value_are_refused() {
    let of = |all: &'static [(&'static str, f64)]| {
        move |options: &mut ReleaseOptions| {
            let bounds =
                all.iter().map(|(name, upper)| (name.parse().expect("a column name"), (0.0, *upper)));
            options.bounds.extend(bounds);
        }
    };
    let different = |names: &str| {
        format!(
            "a release cannot have different bounds of one value under two names: {names}: state them once, by either name"
        )
    };
    let sales = "SELECT SUM(amount) AS sales FROM lines";
    check(sales, of(&[("amount", 1.0), ("sales", 2.0)]), &different("`sales`, `amount`")).await;
    check(sales, of(&[("amount", 2.0), ("sales", 2.0)]), "1x3 sales[0,200]e2").await;
    check(sales, of(&[("sales", 2.0)]), "1x3 sales[0,200]e2").await;
    let twice = "SELECT SUM(amount) AS a, SUM(amount) AS b FROM lines";
    check(twice, of(&[("a", 1.0), ("b", 2.0)]), &different("`a`, `b`")).await;
    check(twice, of(&[("a", 2.0), ("b", 2.0)]), "1x3 a[0,200]e2").await;
    // A sum and an average of one column may have bounds of their own.
    let both = "SELECT SUM(amount) AS s, AVG(amount) AS m FROM lines";
    check(both, of(&[("s", 1.0), ("m", 2.0)]), "1x3 s[0,100]e2 m_sum[0,200]e2 m_count").await;
    check(both, of(&[("s", 1.0), ("amount", 2.0)]), &different("`s`, `amount`")).await;
    // What a variance is made of has the same bounds, also where an average shows it.
    let moments = "SELECT AVG(amount) AS m, STDDEV(amount) AS d FROM lines";
    let bounded = "1x3 m_sum[0,200]e2 m_count d_squares[0,200]e2";
    check(moments, of(&[("m", 2.0)]), bounded).await;
    check(moments, of(&[("d", 2.0)]), bounded).await;
    check(moments, of(&[("m", 1.0), ("d", 2.0)]), &different("`d`, `m`")).await;
}

/// Bounds of a column are told apart from those of what is made of it: they would do nothing beside them.
#[tokio::test]
async fn bounds_beside_those_of_an_expression_are_refused() {
    let of = |names: &'static [&'static str]| {
        move |options: &mut ReleaseOptions| {
            let upper = |name: &str| if name == "amount" { 90.0 } else { 900.0 };
            let bounds = names.iter().map(|name| (name.parse().expect("a column name"), (0.0, upper(name))));
            options.bounds.extend(bounds);
        }
    };
    let turnover = "SELECT SUM(amount * quantity) AS turnover FROM lines";
    let refused = "a release cannot have bounds of a column of the answer beside those of what it is made of: `turnover`, \
                   `amount`: state bounds for the column of the answer, or for the columns that it is made of";
    check(turnover, of(&["turnover", "amount"]), refused).await;
    check(turnover, of(&["turnover"]), "1x3 turnover[0,90000]e2").await;
    check(turnover, of(&["amount"]), "1x3 turnover[0,90000]e2").await;
    // Another column goes by them.
    let both = "SELECT SUM(amount * quantity) AS turnover, SUM(amount) AS sales FROM lines";
    check(both, of(&["turnover", "amount"]), "1x3 turnover[0,90000]e2 sales[0,9000]e2").await;
}

/// In how many groups a member may count is said where memory bounds it, and what is said goes.
#[tokio::test]
async fn the_greatest_number_of_groups_is_told() {
    let question =
        ask("SELECT store_id, COUNT(*) AS n FROM lines GROUP BY store_id").await.expect("a question");
    let limits = Limits { memory_bytes_max: 64 << 20, ..Limits::default() };
    let within = |groups_max: u32| {
        let options = ReleaseOptions { groups_max: Some(groups_max), ..options(0.1) };
        mechanism_within(&question, &options, &limits)
    };
    let Err(QueryError::MemberTooLarge { groups_max: Some(most) }) = within(100_000) else {
        panic!("a member in 100,000 groups takes too much");
    };
    assert!(within(most).is_ok(), "{most}");
    assert!(within(most + most / 50 + 2).is_err(), "{most}");
    let small = Limits { memory_bytes_max: 1 << 12, ..limits };
    let refused = mechanism_within(&question, &options(0.1), &small).expect_err("no group fits");
    assert_eq!(refused, QueryError::MemberTooLarge { groups_max: None });
    assert!(refused.to_string().contains("`[limits] memory_bytes_max`"), "{refused}");
}
