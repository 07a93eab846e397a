//! Releases through the flow that serves partners: paid before they are drawn, repeated for free, refused past the
//! budget, and as near to the truth as their error bars say.

use std::time::{Duration, Instant};

use membrane::error::Failure;
use membrane::flow::{self, ReleaseRequest, Released};
use serde_json::Value;

use crate::world::{World, files_with};

const BY_REGION: &str =
    "SELECT region, COUNT(*) AS lines, SUM(amount) AS sales FROM pos_order_lines GROUP BY region";

async fn release(world: &World, partner: &str, sql: &str, epsilon: f64) -> Result<Released, Failure> {
    let request = ReleaseRequest { sql: sql.to_owned(), epsilon: Some(epsilon), ..ReleaseRequest::default() };
    flow::release(&world.ctx(partner), &world.hub, request).await
}

/// The rows of an answer, as its stored JSON has them.
fn stored(released: &Released) -> Value {
    serde_json::to_value(released.answer.as_ref().unwrap()).unwrap()
}

/// A number of a stored answer; decimals are texts.
fn number(cell: &Value) -> f64 {
    cell.as_f64().or_else(|| cell.as_str()?.parse().ok()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_is_paid_for_once() {
    let (world, _) = World::populated(300).await;
    let first = release(&world, "partner:acme", BY_REGION, 1.0).await.unwrap();
    assert!(first.charged.rho_nano > 0 && first.charged == first.price);
    let paid = world.spent().await;
    let again = release(&world, "partner:acme", &BY_REGION.to_lowercase(), 1.0).await.unwrap();
    assert_eq!(again.charged.rho_nano, 0);
    assert_eq!(stored(&again), stored(&first), "the same answer, byte for byte");
    assert_eq!(again.replay_of, Some(first.run));
    assert_eq!(world.spent().await, paid);
    // Another partner draws noise of its own and pays.
    let other = release(&world, "partner:globex", BY_REGION, 1.0).await.unwrap();
    assert_ne!(stored(&other)["rows"], stored(&first)["rows"]);
    assert!(world.spent().await > paid);
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_budget_nothing_is_answered_and_nothing_charged() {
    let world = World::with(|config| config.privacy.partner_rho = 0.03).await;
    world.populate(100).await;
    release(&world, "partner:acme", BY_REGION, 0.9).await.unwrap();
    let paid = world.spent().await;
    let sql = "SELECT category, COUNT(*) AS lines FROM pos_order_lines GROUP BY category";
    let refused = release(&world, "partner:acme", sql, 0.9).await.unwrap_err();
    assert_eq!(refused.error.code(), "over_budget");
    assert_eq!(world.spent().await, paid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_price_and_touches_nothing() {
    let (world, _) = World::populated(100).await;
    let request = ReleaseRequest { sql: BY_REGION.to_owned(), dry_run: true, ..ReleaseRequest::default() };
    let told = flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap();
    assert!(told.price.rho_nano > 0 && told.answer.is_none());
    let mechanism = told.mechanism.as_ref().expect("a mechanism");
    assert!(mechanism.aggregates.iter().all(|aggregate| aggregate.half_width95 > 0));
    assert_eq!(world.spent().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_bounded_or_seen_is_refused_before_it_costs() {
    let (world, _) = World::populated(100).await;
    for sql in [
        "SELECT * FROM pos_order_lines",
        "SELECT order_id FROM pos_order_lines",
        "SELECT region, MAX(product_id) FROM pos_order_lines GROUP BY region",
        "SELECT member_no, COUNT(*) FROM pos_order_lines GROUP BY member_no",
        "SELECT region, AVG(line_no) FROM pos_order_lines GROUP BY region",
        "SELECT COUNT(*) FROM crm_members",
        "SELECT COUNT(*) FROM pos_order_lines WHERE sqrt(quantity - 2) > 0",
        "SELECT COUNT(*) FROM pos_order_lines WHERE pay_account = '6222027777001233'",
        "SELECT COUNT(*) FROM dim_products",
    ] {
        let refused = release(&world, "partner:acme", sql, 1.0).await;
        assert!(refused.is_err(), "{sql}");
    }
    assert_eq!(world.spent().await, 0);
    let analyst = release(&world, "analyst:ana", BY_REGION, 1.0).await;
    assert!(analyst.is_err(), "an analyst has no releases");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_one_member_is_not_shown() {
    let (world, _) = World::populated(300).await;
    let sql = "SELECT order_id, COUNT(*) AS lines FROM pos_order_lines GROUP BY order_id";
    let released = release(&world, "partner:acme", sql, 1.0).await.unwrap();
    assert_eq!(released.answer.unwrap().rows.len(), 0, "every order has one member");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_near_the_truth_and_say_how_near() {
    let (world, _) = World::populated(600).await;
    // Bounds wide enough that nothing is clipped: what is left is noise, six deviations at most but for 1 in 5e8.
    let request = ReleaseRequest {
        sql: BY_REGION.to_owned(),
        epsilon: Some(2.0),
        rows_max: Some(2000),
        groups_max: Some(8),
        bounds: [("amount".parse().unwrap(), (0.0, 5000.0))].into(),
        ..ReleaseRequest::default()
    };
    let released = flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap();
    let answer = released.answer.as_ref().unwrap();
    assert_eq!(answer.rows.len(), 8, "every public region is there");
    let stored = stored(&released);
    for row in stored["rows"].as_array().unwrap() {
        let cell = |index: usize| number(&row[index]);
        let region = row[0].as_str().unwrap();
        // What minors bought is in none of it.
        let sql =
            format!("SELECT count(*) FROM pos_order_lines WHERE region = '{region}' AND NOT buyer_is_minor");
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let truth = world.count("analyst:lee", &sql).await as f64;
        let (value, low, high, sd) = (cell(1), cell(2), cell(3), cell(4));
        assert!(low < value && value < high && sd > 0.0);
        assert!((value - truth).abs() < 6.0 * sd + 1.0, "{region}: {value} for {truth}, sd {sd}");
    }
}

/// A world in which budgets are no matter.
async fn rich() -> World {
    let world = World::with(|config| config.privacy = config.privacy.clone().unlimited()).await;
    world.populate(400).await;
    world
}

/// What a partner asks in ordinary SQL is what an analyst counts, but for the noise: six deviations at most but for 1 in 5e8.
#[tokio::test(flavor = "multi_thread")]
async fn ordinary_sql_is_near_the_truth() {
    let world = rich().await;
    let adults = "NOT buyer_is_minor";
    for (sql, truth) in [
        (
            "SELECT COUNT(*) AS n FROM (SELECT member_no, COUNT(*) AS n FROM pos_orders GROUP BY member_no HAVING COUNT(*) >= 3) t",
            format!(
                "SELECT count(*) FROM (SELECT member_no, count(*) AS n FROM pos_orders WHERE {adults} GROUP BY member_no HAVING count(*) >= 3) t"
            ),
        ),
        (
            "SELECT COUNT(*) AS n FROM pos_order_lines l JOIN pos_orders o ON o.member_no = l.member_no AND o.order_id = l.order_id
             WHERE o.channel = 'store' AND l.quantity * 2 > 2",
            format!(
                "SELECT count(*) FROM (SELECT * FROM pos_order_lines WHERE {adults}) l JOIN (SELECT * FROM pos_orders WHERE {adults}) o
                 ON o.member_no = l.member_no AND o.order_id = l.order_id WHERE o.channel = 'store' AND l.quantity > 1"
            ),
        ),
        (
            "SELECT COUNT(DISTINCT member_no) AS n FROM pos_orders WHERE member_no NOT IN
             (SELECT member_no FROM pos_order_lines WHERE category = 'dairy')",
            format!(
                "SELECT count(DISTINCT member_no) FROM pos_orders WHERE {adults} AND member_no NOT IN
                 (SELECT member_no FROM pos_order_lines WHERE category = 'dairy' AND {adults})"
            ),
        ),
        (
            "SELECT COUNT(*) AS n FROM (SELECT member_no, region FROM pos_orders UNION ALL SELECT member_no, region FROM pos_order_lines) u
             WHERE CASE WHEN region IN ('SH', 'BJ') THEN 'first' ELSE 'other' END = 'first'",
            format!(
                "SELECT count(*) FROM (SELECT region FROM pos_orders WHERE {adults} UNION ALL SELECT region FROM pos_order_lines WHERE {adults}) u
                 WHERE region IN ('SH', 'BJ')"
            ),
        ),
        (
            "SELECT COUNT(*) AS n FROM pos_orders o LEFT JOIN dim_stores s ON s.store_id = o.store_id AND s.region = 'SH' WHERE s.city IS NULL",
            format!(
                "SELECT count(*) FROM pos_orders o LEFT JOIN dim_stores s ON s.store_id = o.store_id AND s.region = 'SH' WHERE s.city IS NULL AND {adults}"
            ),
        ),
    ] {
        let request = ReleaseRequest {
            sql: sql.to_owned(),
            epsilon: Some(2.0),
            rows_max: Some(500),
            ..ReleaseRequest::default()
        };
        let released = flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap();
        let stored = stored(&released);
        let cell = |index: usize| number(&stored["rows"][0][index]);
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let truth = world.count("analyst:lee", &truth).await as f64;
        let (value, low, high, sd) = (cell(0), cell(1), cell(2), cell(3));
        assert!(low < value && value < high && sd > 0.0);
        assert!((value - truth).abs() < 6.0 * sd + 1.0, "{sql}: {value} for {truth}, sd {sd}");
    }
}

/// What somebody types in the wrong place of a release is in no answer that is stored, and in no record.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_into_a_release_is_kept_nowhere() {
    let world = rich().await;
    let phone = "13800138777";
    for sql in [
        format!(
            "SELECT CASE WHEN store_id = 'S001' THEN '{phone}' ELSE 'x' END AS k, COUNT(*) AS n FROM pos_orders GROUP BY 1"
        ),
        format!("SELECT '{phone}' AS k, COUNT(*) AS n FROM pos_orders GROUP BY 1"),
        format!("SELECT region || '{phone}' AS k, COUNT(*) AS n FROM pos_orders GROUP BY 1"),
        format!("SELECT COUNT(*) AS n FROM pos_orders WHERE store_id = '{phone}' OR amount > {phone}"),
        format!(
            "SELECT COUNT(*) AS n FROM (SELECT member_no FROM pos_orders GROUP BY member_no HAVING COUNT(*) > {phone}) t"
        ),
        format!("SELECT date_trunc('{phone}', ordered_at) AS k, COUNT(*) AS n FROM pos_orders GROUP BY 1"),
        format!("SELECT region, COUNT(*) AS n FROM pos_orders GROUP BY region HAVING COUNT(*) > {phone}"),
        format!("SELECT COUNT(*) AS \"{phone}\" FROM pos_orders"),
        format!(
            "SELECT MEDIAN(amount) AS m FROM (SELECT member_no, amount AS \"{phone}\", amount FROM pos_orders) t"
        ),
    ] {
        if let Err(refused) = release(&world, "partner:acme", &sql, 1.0).await {
            assert!(!format!("{} {:?}", refused.error, refused.error).contains(phone), "{sql}");
        }
    }
    assert_eq!(files_with(world.dir.path(), phone), Vec::<std::path::PathBuf>::new());
}

/// All statements of the partners' page are answered, and a target is met for less than the price that was allowed.
#[tokio::test(flavor = "multi_thread")]
async fn the_questions_of_the_partners_page_are_answered() {
    let world = rich().await;
    let page = std::fs::read_to_string(crate::world::repository().join("docs/partners.md")).unwrap();
    let statements: Vec<&str> =
        page.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(statements.len() > 8);
    for sql in statements {
        let released = release(&world, "partner:acme", sql, 2.0).await;
        let released = released.unwrap_or_else(|refused| panic!("{sql}: {}", refused.error));
        let answer = released.answer.unwrap();
        assert!(answer.columns.iter().any(|column| column.name.ends_with("_lo95")), "{sql}");
    }
    let ask = |rho: Option<f64>, target: Option<f64>| ReleaseRequest {
        sql: BY_REGION.replace(", SUM(amount) AS sales", ""),
        rho,
        targets: target.map(|width| ("lines".parse().unwrap(), width)).into_iter().collect(),
        dry_run: true,
        ..ReleaseRequest::default()
    };
    let told = async |request| flow::release(&world.ctx("partner:acme"), &world.hub, request).await;
    let all = told(ask(Some(0.1), None)).await.unwrap();
    assert_eq!(all.price.rho_nano, 100_000_000);
    assert_eq!(all.forecasts.len(), 3);
    // By the name that the statement gives.
    let names =
        |told: &Released| told.forecasts[0].columns.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let first = |told: &Released| told.mechanism.as_ref().unwrap().aggregates[0].clone();
    assert_eq!((names(&all), first(&all).name.as_str()), (vec!["lines".to_owned()], "lines"));
    let width = first(&all).half_width95 * 3;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let met = told(ask(Some(0.1), Some(width as f64))).await.unwrap();
    assert!(met.price.rho_nano < all.price.rho_nano && first(&met).half_width95 <= width);
    let refused = told(ask(Some(0.001), Some(2.0))).await.unwrap_err();
    assert_eq!(refused.error.code(), "release_parameters");
}

/// A region and a store in which minors alone bought: an analyst counts them, a partner is answered as if nobody had.
#[tokio::test(flavor = "multi_thread")]
async fn what_minors_bought_is_in_no_release() {
    let world = World::empty().await;
    bring_in_minors_of_zj(&world, 2_000).await;
    for dataset in ["pos_orders", "pos_order_lines"] {
        for (region, minor) in [("ZJ", true), ("SH", false)] {
            let sql = format!(
                "SELECT count(*) FROM {dataset} WHERE region = '{region}' AND buyer_is_minor = {minor}"
            );
            assert_eq!(world.count("analyst:lee", &sql).await, 2_000, "{dataset} {region}");
        }
        let ask = |what: &str| ReleaseRequest {
            sql: format!("SELECT {what} FROM {dataset} GROUP BY 1"),
            epsilon: Some(1.0),
            rows_max: Some(1),
            groups_max: Some(1),
            bounds: [("amount".parse().unwrap(), (0.0, 10.0))].into(),
            ..ReleaseRequest::default()
        };
        let acme = world.ctx("partner:acme");
        let what = "region, COUNT(*) AS n, COUNT(DISTINCT member_no) AS m, SUM(amount) AS s";
        let released = flow::release(&acme, &world.hub, ask(what)).await.unwrap();
        for row in stored(&released)["rows"].as_array().unwrap() {
            let region = row[0].as_str().unwrap();
            let adults = if region == "SH" { 2_000.0 } else { 0.0 };
            // Noise alone goes beyond six deviations once in 5e8, and 2,000 members beyond 1,000. Each line is 10.00.
            for (first, each) in [(1, 1.0), (5, 1.0), (9, 10.0)] {
                let (value, sd) = (number(&row[first]), number(&row[first + 3]));
                let told = format!("{dataset} {region}: {value}, sd {sd}");
                assert!(
                    (value - adults * each).abs() < 6.0 * sd + 1.0 && 6.0 * sd < 1_000.0 * each,
                    "{told}"
                );
            }
        }
        // A key that is not public is there when many members are: the adults' store alone.
        let request = ReleaseRequest { bounds: Default::default(), ..ask("store_id, COUNT(*) AS n") };
        let released = flow::release(&acme, &world.hub, request).await.unwrap();
        let stored = stored(&released);
        let stores: Vec<&Value> = stored["rows"].as_array().unwrap().iter().map(|row| &row[0]).collect();
        assert_eq!(stores, ["S001"], "{dataset}");
        // On record is what kept them out. A partner cannot ask for it.
        let record = world.hub.ledger().run(&released.run).await.unwrap().unwrap();
        let decision = record.decisions.iter().find(|decision| decision.dataset.is_some()).unwrap();
        assert!(
            decision.factors.iter().any(|factor| factor == "floor.minors-stay"),
            "{:?}",
            decision.factors
        );
        let sql = format!("SELECT COUNT(*) AS n FROM {dataset} WHERE buyer_is_minor");
        let refused = release(&world, "partner:acme", &sql, 1.0).await.unwrap_err();
        assert_eq!(refused.error.code(), "unknown_column");
    }
}

/// Brings in as many members of SH, who are adults, as of ZJ, who are not, each with one order of one line.
async fn bring_in_minors_of_zj(world: &World, of_each: usize) {
    let mut orders =
        "order_id,member_no,store_id,region,ordered_at,channel,items,amount,payment_account,buyer_is_minor\n"
            .to_owned();
    let mut lines = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n".to_owned();
    for member in 0..of_each * 2 {
        let (place, minor) = if member < of_each { ("S001,SH", false) } else { ("S002,ZJ", true) };
        let at = "2025-03-04T05:06:07Z";
        orders.push_str(&format!("O{member:013},M{member:08},{place},{at},store,1,10.00,,{minor}\n"));
        lines.push_str(&format!(
            "O{member:013},1,M{member:08},,{place},P00001,snacks,1,10.00,{at},2025-03,{minor}\n"
        ));
    }
    for (dataset, text) in [("pos_orders", orders), ("pos_order_lines", lines)] {
        let path = world.write(&format!("{dataset}.csv"), &text);
        let done = world.ingest(dataset, &path).await.unwrap();
        assert_eq!(done.report.rows_quarantined, 0, "{dataset}: {:?}", done.report.reasons);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_line_is_there_cannot_be_asked_by_joins_that_multiply() {
    let (world, _) = World::populated(100).await;
    let joins = |names: &[&str]| {
        let joins =
            names.iter().map(|name| format!("JOIN dim_products {name} ON a.category = {name}.category "));
        format!(
            "SELECT b.product_id AS b, c.product_id AS c, COUNT(*) AS n FROM pos_order_lines l
             JOIN dim_products a ON l.product_id = a.product_id {}
             WHERE l.order_id = 'OCANARY0000001' GROUP BY b.product_id, c.product_id",
            joins.collect::<String>()
        )
    };
    let refused = release(&world, "partner:acme", &joins(&["b", "c", "d"]), 1.0).await.unwrap_err();
    assert_eq!(refused.error.code(), "not_bounded");
    assert!(refused.error.to_string().contains("more than 256 rows of one"), "{}", refused.error);
    assert_eq!(world.spent().await, 0);
    // A row meets 16 rows at most where they are joined by no key: one line is 256 rows, of which few groups are kept.
    let released = release(&world, "partner:acme", &joins(&["b", "c"]), 1.0).await.unwrap();
    assert!(released.notes.iter().any(|note| note.contains("at most 16 rows of `dim_products`")));
    assert_eq!(released.answer.unwrap().rows.len(), 0);
    // By their key products may be joined, and a line that is there is answered as one that is not: all brands are shown.
    let mut shown = Vec::new();
    for order in ["OCANARY0000001", "OCANARY0000009"] {
        let sql = format!(
            "SELECT p.brand, COUNT(*) AS n FROM pos_order_lines l JOIN dim_products p ON l.product_id = p.product_id
             WHERE l.order_id = '{order}' GROUP BY p.brand"
        );
        let released = release(&world, "partner:acme", &sql, 1.0).await.unwrap();
        shown.push(released.answer.unwrap().rows.into_iter().map(|row| row[0].clone()).collect::<Vec<_>>());
    }
    assert!(shown[0].len() > 3);
    assert_eq!(shown[0], shown[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_whom_it_protects_and_what_the_bounds_leave_out() {
    let (world, _) = World::populated(300).await;
    let ask = |dry_run| ReleaseRequest {
        sql: "SELECT COUNT(*) AS lines FROM pos_order_lines".to_owned(),
        epsilon: Some(2.0),
        rows_max: Some(1),
        dry_run,
        ..ReleaseRequest::default()
    };
    let acme = world.ctx("partner:acme");
    let told = flow::release(&acme, &world.hub, ask(true)).await.unwrap();
    assert_eq!((told.unit.dataset.as_str(), told.unit.identity.as_str()), ("pos_order_lines", "member_no"));
    assert!(told.notes.iter().any(|note| note.contains("without GROUP BY")), "{:?}", told.notes);
    let released = flow::release(&acme, &world.hub, ask(false)).await.unwrap();
    assert_eq!(released.unit, told.unit);
    assert!(told.notes.iter().all(|note| released.notes.contains(note)));
    let answer = released.answer.unwrap();
    assert_eq!(answer.unit, Some(told.unit));
    let clipped = answer.clipped.unwrap();
    assert!(clipped.share > 0.5 && clipped.low95 <= clipped.share && clipped.share <= clipped.high95);
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_that_would_do_nothing_are_refused_before_they_cost() {
    let (world, _) = World::populated(100).await;
    let request = ReleaseRequest {
        sql: BY_REGION.to_owned(),
        bounds: [("amuont".parse().unwrap(), (0.0, 300.0))].into(),
        ..ReleaseRequest::default()
    };
    // By the column of the answer and by that of the dataset, but not the same.
    let bounds =
        [("sales", 300.0), ("amount", 500.0)].map(|(name, most)| (name.parse().unwrap(), (0.0, most)));
    let twice = ReleaseRequest { bounds: bounds.into(), ..request.clone() };
    for request in [request, twice] {
        let refused = flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap_err();
        assert_eq!(refused.error.code(), "not_bounded");
    }
    assert_eq!(world.spent().await, 0);
}

/// Who looks for what there is is told where it is listed: the same of what is there and of what is not.
#[tokio::test(flavor = "multi_thread")]
async fn lists_are_refused_with_where_they_are() {
    let world = World::empty().await;
    let mut told = std::collections::BTreeSet::new();
    for sql in [
        "SHOW TABLES",
        "SHOW COLUMNS FROM pos_orders",
        "DESCRIBE pos_orders",
        "DESCRIBE crm_members",
        "DESCRIBE nosuch",
        "SELECT table_name FROM information_schema.tables",
    ] {
        let refused = release(&world, "partner:acme", sql, 1.0).await.unwrap_err();
        assert_eq!(refused.error.code(), "not_bounded", "{sql}: {}", refused.error);
        told.insert(refused.error.to_string());
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told.iter().all(|text| text.contains("`GET /v1/datasets`")), "{told:?}");
    assert_eq!(world.spent().await, 0);
}

/// A stored answer takes as long as a tick, although there is nothing to compute.
#[tokio::test(flavor = "multi_thread")]
async fn answers_leave_at_ticks() {
    let (world, _) = World::populated(100).await;
    for _ in 0..2 {
        let asked = Instant::now();
        release(&world, "partner:acme", BY_REGION, 1.0).await.unwrap();
        assert!(asked.elapsed() >= Duration::from_millis(250));
    }
    let refused = Instant::now();
    release(&world, "partner:acme", BY_REGION, 19.0).await.unwrap_err();
    assert!(refused.elapsed() >= Duration::from_millis(250));
}

/// Regions and categories, regions, all: every level is released, and they add up to the unit.
#[tokio::test(flavor = "multi_thread")]
async fn totals_of_all_levels_add_up() {
    let (world, _) = World::populated(600).await;
    let sql = "SELECT region, category, GROUPING(region, category) AS level, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines \
               GROUP BY ROLLUP (region, category)";
    let request = ReleaseRequest {
        sql: sql.to_owned(),
        epsilon: Some(2.0),
        rows_max: Some(200),
        groups_max: Some(16),
        bounds: [("amount".parse().unwrap(), (0.0, 5000.0))].into(),
        ..ReleaseRequest::default()
    };
    let dry = flow::release(
        &world.ctx("partner:acme"),
        &world.hub,
        ReleaseRequest { dry_run: true, ..request.clone() },
    )
    .await
    .unwrap();
    let released = flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap();
    assert_eq!(dry.price, released.price, "one price for all levels, known before");
    let rows: Vec<Value> = stored(&released)["rows"].as_array().unwrap().clone();
    let of = |level: &str| rows.iter().filter(|row| row[2] == level).collect::<Vec<_>>();
    let (finest, regions, all) = (of("0"), of("1"), of("3"));
    assert_eq!(all.len(), 1);
    assert_eq!(rows.len(), finest.len() + regions.len() + 1, "no other level is there");
    assert_eq!(finest.len() % regions.len(), 0);
    let cents = |row: &Value, column: usize| (number(&row[column]) * 100.0).round();
    for column in [3, 7] {
        let sum: f64 = regions.iter().map(|row| cents(row, column)).sum();
        assert!((sum - cents(all[0], column)).abs() < 0.5);
        for region in &regions {
            assert!(region[1].is_null() && !region[0].is_null());
            let parts = finest.iter().filter(|row| row[0] == region[0]);
            let sum: f64 = parts.map(|row| cents(row, column)).sum();
            assert!((sum - cents(region, column)).abs() < 0.5, "{region}");
        }
    }
    let told = &released.mechanism.as_ref().unwrap().aggregates[0];
    assert_eq!(told.levels.iter().map(|level| level.keys).collect::<Vec<_>>(), [2, 1, 0]);
    // The noise of a region is less than that of its categories together would be.
    let sd = number(&regions[0][6]);
    let parts = finest.iter().filter(|row| row[0] == regions[0][0]);
    let together = parts.map(|row| number(&row[6]).powi(2)).sum::<f64>().sqrt();
    assert!(sd < together * 0.9, "{sd} of {together}");
    // Nothing else is made of it: its noises hang together.
    let by_region = "SELECT region, COUNT(*) AS n FROM pos_order_lines GROUP BY region";
    let other = release(&world, "partner:acme", by_region, 0.5).await.unwrap();
    assert!(other.replay_of.is_none() && other.charged.rho_nano > 0);
}
