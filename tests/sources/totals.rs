//! Control totals: what a sender says of a delivery, held against what was read of it.

use membrane::flow::{self, Asked, QualityRequest, TotalsRequest};

use super::{look, put, told, world};
use crate::program::Program;
use crate::world::World;

const PRODUCTS: &str = "description: Products, with their totals beside each file.
dataset: dim_products
kind: files
folder: INBOX
settle_seconds: 60
control_suffix: .control.json
";

const HEADER: &str = "product_id,name,category,brand,price";

fn products(rows: &[(u32, &str)]) -> Vec<u8> {
    let rows: Vec<String> =
        rows.iter().map(|(number, price)| format!("P{number:05},Tea,tea_coffee,Leaf,{price}")).collect();
    format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes()
}

/// What was said of deliveries, for somebody who may read all of it, the latest first.
pub(super) async fn figures(world: &World, dataset: &str) -> Vec<String> {
    let request = TotalsRequest {
        dataset: dataset.parse().unwrap(),
        days: 1,
        purpose: "marketing_analysis".parse().unwrap(),
    };
    let (_, totals) = flow::totals(&world.ctx("analyst:lee"), &world.hub, request).await.unwrap();
    let of = totals.iter().flat_map(|delivery| &delivery.delivery.totals);
    of.map(|total| {
        let (stated, aside) = total.rest.as_ref().map_or(("?", "?"), |rest| (&rest.stated, &rest.aside));
        format!("{} {} {stated} = {} + {aside}", total.what(), total.verdict.as_str(), total.taken)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_what_the_one_beside_it_says() {
    let world = world(&[("products", PRODUCTS)]).await;
    put(&world, "a.csv", &products(&[(1, "12.50"), (2, "-1.00"), (3, "soon")]));
    assert_eq!(
        told(look(&world.hub, "products", Asked::OnTime).await),
        ["1 awaited"],
        "its totals are awaited"
    );
    put(&world, "a.csv.control.json", br#"{"rows": 3, "sums": {"price": "13.50"}}"#);
    put(&world, "b.csv", &products(&[(4, "1.00")]));
    put(&world, "b.csv.control.json", br#"{"rows": 2, "sums": {"price": "1.00"}}"#);
    put(&world, "c.csv", &products(&[(5, "1.00")]));
    put(&world, "c.csv.control.json", b"canary-in-a-control-file");
    let mut lines = told(look(&world.hub, "products", Asked::OnTime).await);
    lines.sort();
    assert_eq!(lines, ["a.csv: 1 + 2", "b.csv: totals_differ", "c.csv: control_unfit"]);
    assert_eq!(
        figures(&world, "dim_products").await,
        ["rows agrees 3 = 1 + 2", "price unknown ? = 12.50 + ?"]
    );

    // Corrected: a second look takes in what is right by now, and the rest of it nothing.
    put(&world, "b.csv.control.json", br#"{"rows": 1, "sums": {"price": 1}}"#);
    put(&world, "c.csv.control.json", br#"{"rows": 1}"#);
    let mut lines = told(look(&world.hub, "products", Asked::ByHand).await);
    lines.sort();
    assert_eq!(lines, ["b.csv: 1 + 0", "c.csv: 1 + 0"]);
    assert_eq!(told(look(&world.hub, "products", Asked::ByHand).await), Vec::<String>::new());
    assert_eq!(world.count("analyst:lee", "SELECT count(*) FROM dim_products").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_may_be_told_instead() {
    let world = world(&[("products", &format!("{PRODUCTS}on_difference: take\n"))]).await;
    put(&world, "a.csv", &products(&[(1, "12.50")]));
    put(&world, "a.csv.control.json", br#"{"rows": 2, "sums": {"price": "12.51"}}"#);
    assert_eq!(told(look(&world.hub, "products", Asked::OnTime).await), ["a.csv: 1 + 0"]);
    let request = QualityRequest { dataset: None, days: 1, objective: None };
    let (_, quality) =
        flow::quality(&world.ctx("compliance:olga"), &world.hub, request.clone()).await.unwrap();
    let [(day, broken)] = quality.days.as_slice() else { panic!("{quality:?}") };
    assert_eq!(broken, &[flow::Promise::Totals]);
    assert_eq!(
        (day.totals.differ, day.totals.of.iter().map(String::as_str).collect()),
        (1, vec!["price", "rows"])
    );

    // The hub finds it by itself, once.
    assert!(quality.alerts.is_empty());
    for _ in 0..2 {
        flow::check_promises(&world.hub, world.hub.clock().now()).await.unwrap();
        let (_, quality) =
            flow::quality(&world.ctx("compliance:olga"), &world.hub, request.clone()).await.unwrap();
        let alerts: Vec<_> = quality.alerts.iter().map(|alert| alert.promise.as_str()).collect();
        assert_eq!(alerts, ["totals"]);
    }
    let later = world.hub.clock().now() + chrono::TimeDelta::days(2);
    flow::check_promises(&world.hub, later).await.unwrap();
    let (_, quality) = flow::quality(&world.ctx("compliance:olga"), &world.hub, request).await.unwrap();
    assert!(quality.alerts.is_empty());
}

/// A sum may be somebody's value: it is for whoever may read the column in every row.
#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_those_who_may_read_them() {
    let world = World::empty().await;
    let text = "order_id,member_no,store_id,region,ordered_at,channel,items,amount,payment_account,buyer_is_minor\n\
                O0000000000001,M00000001,S101,SH,2026-03-01T10:00:00Z,store,1,7777.77,,false\n";
    let path = world.write("orders.csv", text);
    let control = membrane_ingest::ControlTotals::parse(
        br#"{"rows": 1, "sums": {"amount": "7777.77"}}"#,
        Default::default(),
    );
    let request = flow::IngestRequest {
        dataset: "pos_orders".parse().unwrap(),
        reader: membrane_ingest::InputSource::File(path),
        format: membrane_ingest::Format::Csv,
        reading: membrane_ingest::Reading::default(),
        source: None,
        control: Some(control.unwrap()),
    };
    flow::ingest(&world.ctx("service:ingestor"), &world.hub, request, &membrane_ingest::Silent)
        .await
        .unwrap();
    let all = ["rows agrees 1 = 1 + 0", "amount agrees 7777.77 = 7777.77 + 0.00"];
    assert_eq!(figures(&world, "pos_orders").await, all);
    let ask = |who: &str| TotalsRequest {
        dataset: "pos_orders".parse().unwrap(),
        days: 1,
        purpose: if who.starts_with("partner") { "partner_reporting" } else { "marketing_analysis" }
            .parse()
            .unwrap(),
    };
    // A row rule hides rows, and so deliveries.
    let (_, shown) = flow::totals(&world.ctx("analyst:ana"), &world.hub, ask("analyst:ana")).await.unwrap();
    assert!(shown.is_empty());
    for who in ["partner:acme", "service:ingestor", "compliance:olga"] {
        let refused = flow::totals(&world.ctx(who), &world.hub, ask(who)).await;
        assert!(refused.is_err(), "{who}");
    }
}

#[test]
fn the_commands_say_so() {
    let program = Program::new();
    program.ok(&["keys", "init"]);
    std::fs::write(program.path("a.csv"), products(&[(1, "12.50"), (2, "1.00")])).unwrap();
    std::fs::write(program.path("bad.json"), r#"{"rows": 3, "sums": {"price": "13.50"}}"#).unwrap();
    std::fs::write(program.path("good.json"), r#"{"rows": 2, "sums": {"price": "13.50"}}"#).unwrap();
    let refused = program.run(&["ingest", "dim_products", "a.csv", "--control", "bad.json"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("the delivery has not what its sender says: rows differ"), "{told}");
    assert!(!told.contains("13.50"), "{told}");
    let done = program.ok(&["ingest", "dim_products", "a.csv", "--control", "good.json"]);
    assert!(done.contains("As its sender says: rows, price"), "{done}");
    assert!(program.ok(&["quality"]).contains("1 agree"));
    let words =
        ["quality", "dim_products", "--totals", "--as", "analyst:lee", "--purpose", "marketing_analysis"];
    let shown = program.ok(&words);
    assert!(shown.contains("13.50") && shown.contains("agrees"), "{shown}");
    assert_eq!(program.run(&["quality", "--totals"]).status.code(), Some(2));
}
