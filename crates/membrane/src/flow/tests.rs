//! What the record says about acts, also about those that did not go well.

use futures::TryStreamExt;
use membrane_ingest::{Format, InputSource, Reading, Silent};
use membrane_ledger::{RunFilter, RunRecord};
use membrane_model::{ColumnName, FieldRef};

use super::{
    IngestRequest, LineageRequest, NewAmount, NewBudgetStep, NewStep, QueryRequest, ReleaseRequest, budget,
    ingest, issue_bearer, lineage, list_datasets, query, release, run_detail, runs, take_budget_step,
    verify_log,
};
use crate::budgets::{Bounded, BudgetReason};
use crate::error::Error;
use crate::testing::{World, now, world};
use crate::wire::DatasetBody;

pub(crate) const STORES: &str = "store_id,name,city,region,opened_on\n\
                      S001,Bund,Shanghai,SH,2020-01-02\nS002,Temple,Beijing,BJ,2021-02-03\n";

pub(crate) const LINES: &str = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n\
                     O0000000000001,1,M00000001,,S001,SH,P00001,snacks,2,20.50,2025-01-05T10:00:00Z,2025-01,false\n";

impl World {
    pub(crate) async fn bring_in(
        &self,
        text: &'static str,
    ) -> Result<super::Ingested, crate::error::Failure> {
        self.deliver("dim_stores", text).await
    }

    pub(crate) async fn deliver(
        &self,
        dataset: &str,
        text: &'static str,
    ) -> Result<super::Ingested, crate::error::Failure> {
        let request = IngestRequest {
            dataset: dataset.parse().expect("dataset"),
            reader: InputSource::Stream(Box::pin(text.as_bytes())),
            format: Format::Csv,
            reading: Reading::default(),
            source: None,
            control: None,
        };
        ingest(&self.ctx("service:ingestor"), &self.hub, request, &Silent).await
    }

    pub(crate) async fn ask(
        &self,
        principal: &str,
        sql: &str,
    ) -> Result<super::QueryAnswer, crate::error::Failure> {
        let purpose = Some("marketing_analysis".parse().expect("purpose"));
        query(
            &self.ctx(principal),
            &self.hub,
            QueryRequest { sql: sql.to_owned(), purpose, on_behalf_of: None, parameters: Vec::new() },
        )
        .await
    }

    /// What is on record of a job, the latest first.
    async fn recorded(&self, job: &str) -> Vec<RunRecord> {
        let filter = RunFilter { principal: None, dataset: None, limit: 100 };
        let all = self.hub.ledger().runs(filter).await.expect("runs");
        all.into_iter().filter(|run| run.job == job).collect()
    }

    async fn check(&self, job: &str, expected: &[(&str, Option<&str>)]) {
        let found = self.recorded(job).await;
        let found: Vec<_> =
            found.iter().map(|run| (run.status.as_str(), run.error_code.as_deref())).collect();
        assert_eq!(found, expected, "{job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_and_a_question_are_on_record() {
    let world = world(|_| ()).await;
    let ingested = world.bring_in(STORES).await.expect("ingested");
    assert_eq!((ingested.report.rows_accepted, ingested.report.already), (2, false));
    assert!(world.bring_in(STORES).await.expect("again").report.already);
    world.check("ingest dim_stores", &[("complete", None), ("complete", None)]).await;

    let answer =
        world.ask("analyst:ana", "SELECT name FROM dim_stores WHERE city = 'Beijing'").await.expect("answer");
    let run = answer.run;
    let batches: Vec<_> = answer.batches.try_collect().await.expect("batches");
    assert_eq!(batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 1);
    world.check("query", &[("complete", None)]).await;

    let olga = world.ctx("compliance:olga");
    let (_, record) = run_detail(&olga, &world.hub, run).await.expect("record");
    assert_eq!((record.rows_out, record.inputs.len()), (Some(1), 1));
    let statement = record.statement.expect("statement");
    assert!(!statement.contains("Beijing"), "{statement}");
    let column: ColumnName = "name".parse().expect("column");
    let request = LineageRequest { dataset: "dim_stores".parse().expect("dataset"), column, depth_max: 9 };
    let found = lineage(&olga, &world.hub, request).await.expect("lineage");
    assert!(!found.upstream.is_empty());
    assert!(found.downstream.iter().any(|edge| edge.to == FieldRef::answer(run, "name")));
    let (_, head) = verify_log(&olga, &world.hub).await.expect("log");
    assert_eq!(head.size, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_to_its_end_is_closed_as_failed() {
    // Two batches and more: the run is closed when the stream is dropped before its end.
    let world = world(|_| ()).await;
    let sql = "SELECT * FROM (VALUES (1), (2)) a(x) UNION ALL SELECT * FROM (VALUES (3), (4)) b(x)";
    let answer = world.ask("analyst:ana", sql).await.expect("answer");
    let open = world.recorded("query").await;
    drop(answer);
    assert!(world.hub.tasks().wait(std::time::Duration::from_secs(10)).await);
    let expected = if open.iter().all(|run| run.status.as_str() == "open") {
        [("fail", Some("abandoned"))]
    } else {
        // The engine merged both into one batch: then the run was closed before it was handed out.
        [("complete", None)]
    };
    world.check("query", &expected).await;
    let record = world.recorded("query").await;
    assert!(record.iter().all(|run| run.rows_out > Some(0)), "what may have been seen is on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_on_record_with_its_code() {
    let world = world(|_| ()).await;
    assert!(world.ask("analyst:ana", "DROP TABLE dim_stores").await.is_err());
    assert!(world.ask("analyst:ana", "SELECT nothing FROM dim_stores").await.is_err());
    assert!(world.ask("partner:acme", "SELECT 1").await.is_err());
    assert!(world.ask("analyst:ana", "SELECT * FROM no_such").await.is_err());
    let expected = [
        ("refused", Some("not_found")),
        ("refused", Some("not_permitted")),
        ("fail", Some("unknown_column")),
        ("fail", Some("not_allowed")),
    ];
    world.check("query", &expected).await;
    let cut = "store_id,name,city,region,opened_on\nS001,\"Bu";
    let _ = world.bring_in(cut).await;
    assert!(world.bring_in("\u{feff}").await.is_err());
    let runs = world.recorded("ingest dim_stores").await;
    assert!(runs.iter().all(|run| run.status.as_str() != "open"), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_knows_is_not_recorded() {
    let world = world(|_| ()).await;
    let name = "zhang_san_canary";
    let purpose = Some(name.parse().expect("purpose"));
    let request = QueryRequest {
        sql: format!("SELECT {name} FROM {name}"),
        purpose: purpose.clone(),
        on_behalf_of: None,
        parameters: Vec::new(),
    };
    assert!(query(&world.ctx("analyst:ana"), &world.hub, request).await.is_err());
    assert!(world.ask("analyst:ana", &format!("SELECT * FROM {name}")).await.is_err());
    assert!(list_datasets(&world.ctx("analyst:ana"), &world.hub, purpose).await.is_err());
    let dataset = name.parse().expect("dataset");
    let request = LineageRequest { dataset, column: name.parse().expect("column"), depth_max: 1 };
    assert!(lineage(&world.ctx("compliance:olga"), &world.hub, request).await.is_err());
    let request = IngestRequest {
        dataset: name.parse().expect("dataset"),
        reader: InputSource::Stream(Box::pin(STORES.as_bytes())),
        format: Format::Csv,
        reading: Reading::default(),
        source: Some(name.to_owned()),
        control: None,
    };
    assert!(ingest(&world.ctx("service:ingestor"), &world.hub, request, &Silent).await.is_err());
    let who = "analyst:zhang_san_canary".parse().expect("principal");
    assert!(issue_bearer(&world.ctx("operator:omar"), &world.hub, &who, 1).await.is_err());
    let filter = RunFilter { principal: None, dataset: None, limit: 100 };
    let all = world.hub.ledger().runs(filter).await.expect("runs");
    assert_eq!(all.len(), 6);
    assert!(!format!("{all:?}").contains("canary"), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_look_at_the_record_does_not() {
    let world = world(|_| ()).await;
    let ana = world.ctx("analyst:ana");
    let filter = RunFilter { principal: None, dataset: None, limit: 10 };
    assert!(matches!(runs(&ana, &world.hub, filter).await.expect_err("refused").error, Error::Refused(_)));
    assert!(verify_log(&ana, &world.hub).await.is_err());
    assert!(budget(&ana, &world.hub, None).await.is_err());
    let someone = "analyst:ana".parse().expect("principal");
    assert!(issue_bearer(&ana, &world.hub, &someone, 1).await.is_err());
    let omar = world.ctx("operator:omar");
    let (_, bearer) = issue_bearer(&omar, &world.hub, &someone, 1).await.expect("bearer");
    let signed_in = world.hub.bearers().verify(&bearer, now()).expect("signed");
    assert_eq!(signed_in.principal, someone);
    assert!(issue_bearer(&omar, &world.hub, &"analyst:nobody".parse().expect("principal"), 1).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_sees_the_datasets_that_are_theirs() {
    let world = world(|_| ()).await;
    let names = |listed: Vec<super::Listing>| -> Vec<String> {
        listed.iter().map(|listing| listing.dataset.name.to_string()).collect()
    };
    let marketing = Some("marketing_analysis".parse().expect("purpose"));
    let (_, seen) = list_datasets(&world.ctx("analyst:ana"), &world.hub, marketing).await.expect("listing");
    let phone = seen
        .iter()
        .find(|listing| listing.dataset.name.as_str() == "crm_members")
        .and_then(|listing| listing.columns.iter().find(|(name, _)| name.as_str() == "phone"));
    assert_eq!(phone.and_then(|(_, level)| *level).map(|level| level.to_string()), Some("partial".into()));
    let (_, own) = list_datasets(&world.ctx("partner:acme"), &world.hub, None).await.expect("listing");
    assert_eq!(names(own.clone()), ["dim_products", "dim_stores", "pos_order_lines", "pos_orders"]);
    check_what_releases_may_use(&own);
    let lines = DatasetBody::from(
        seen.iter().find(|listing| listing.dataset.name.as_str() == "pos_order_lines").expect("lines"),
    );
    assert!(lines.groups_max.is_none() && lines.columns.iter().all(|column| column.release.is_none()));
    let (_, all) = list_datasets(&world.ctx("compliance:olga"), &world.hub, None).await.expect("listing");
    assert_eq!(all.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_priced_charged_once_and_refused_beyond_the_budget() {
    let world = world(|config| {
        config.privacy.partner_dataset_rho = 0.05;
        config.privacy.release_rho_max = 0.06;
    })
    .await;
    let acme = world.ctx("partner:acme");
    let ask = |epsilon: f64, dry_run: bool| ReleaseRequest {
        sql: "SELECT category, COUNT(*) AS lines FROM pos_order_lines GROUP BY category".into(),
        epsilon: Some(epsilon),
        dry_run,
        ..ReleaseRequest::default()
    };
    world.deliver("pos_order_lines", LINES).await.expect("a line");
    let priced = release(&acme, &world.hub, ask(1.0, true)).await.expect("price");
    assert!(priced.answer.is_none() && priced.charged.rho_nano == 0 && priced.price.rho_nano > 0);
    let first = release(&acme, &world.hub, ask(1.0, false)).await.expect("release");
    assert_eq!((first.charged, first.replay_of), (priced.price, None));
    let again = release(&acme, &world.hub, ask(1.0, false)).await.expect("replay");
    assert_eq!((again.charged.rho_nano, again.replay_of), (0, Some(first.run)));
    assert_eq!(again.answer, first.answer);
    let beyond = release(&acme, &world.hub, ask(1.6, false)).await.expect_err("refused");
    assert!(matches!(beyond.error, Error::OverBudget { .. }), "{beyond:?}");
    let dear = release(&acme, &world.hub, ask(5.0, true)).await.expect("a dry run");
    assert!(dear.notes.iter().any(|note| note.contains("it would be refused")), "{:?}", dear.notes);
    let dear = release(&acme, &world.hub, ask(5.0, false)).await.expect_err("refused");
    assert!(matches!(dear.error, Error::OverPrice { .. }), "{dear:?}");
    let (_, budgets) = budget(&acme, &world.hub, None).await.expect("budget");
    let spent = budgets.lines.iter().map(|line| line.standing.spent).filter(|spent| spent.rho_nano > 0);
    assert_eq!(spent.collect::<Vec<_>>(), [priced.price; 4], "two scopes, in the month and ever");
    let expected = [
        ("refused", Some("over_price")),
        ("refused", Some("over_budget")),
        ("complete", None),
        ("complete", None),
    ];
    world.check("release", &expected).await;
    assert!(budget(&acme, &world.hub, Some("partner:globex".parse().expect("principal"))).await.is_err());
}

/// A partner is told what it needs to ask well: of columns that its releases may use, and of no others.
fn check_what_releases_may_use(own: &[super::Listing]) {
    let body = |name: &str| -> DatasetBody {
        own.iter().find(|listing| listing.dataset.name.as_str() == name).expect("listed").into()
    };
    let used = |body: &DatasetBody, name: &str| {
        body.columns.iter().find(|column| column.name == name).and_then(|column| column.release.clone())
    };
    let lines = body("pos_order_lines");
    assert_eq!((lines.groups_max, lines.rows_max), (Some(12), Some(20)));
    let region = used(&lines, "region").expect("region");
    assert!(region.public_keys && region.values.is_some_and(|values| values.contains(&"SH".to_owned())));
    assert_eq!(used(&lines, "amount").and_then(|amount| amount.bounds), Some((0.0, 300.0)));
    assert!(used(&lines, "member_no").is_none() && used(&lines, "pay_account").is_none());
    let city = used(&body("dim_stores"), "city").expect("city");
    assert!(city.public_keys && city.values.is_none(), "those of its rows");
}

/// What waits for its turn is held to what one release may cost when it gets there, not when it came.
#[tokio::test(flavor = "multi_thread")]
async fn a_cap_counts_for_those_who_wait() {
    let world = world(|_| ()).await;
    world.deliver("pos_order_lines", LINES).await.expect("ingested");
    let turns = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) / 2;
    let mut held = Vec::new();
    for _ in 0..turns.max(1) {
        held.push(world.hub.engine().turn().await.expect("a turn"));
    }
    let (ctx, hub) = (world.ctx("partner:acme"), world.hub.clone());
    let waits = tokio::spawn(async move {
        let sql = "SELECT COUNT(*) AS n FROM pos_order_lines".to_owned();
        let request = ReleaseRequest { sql, rho: Some(0.01), ..ReleaseRequest::default() };
        Box::pin(release(&ctx, &hub, request)).await.map_err(|failure| failure.error.code())
    });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let amount = NewAmount { of: Bounded::Release, dataset: None, rho: Some(0.001), delta: None };
    let step = NewBudgetStep {
        partner: "partner:acme".parse().expect("partner"),
        step: NewStep::Cap(amount),
        reason: BudgetReason::Review,
        ticket: "OPS-9".parse().expect("ticket"),
    };
    take_budget_step(&world.ctx("operator:omar"), &world.hub, step).await.expect("a step");
    drop(held);
    assert_eq!(waits.await.expect("a task").expect_err("it is dearer than that"), "over_price");
    let lines = world.hub.ledger().budget_lines(None).await.expect("budgets");
    assert!(lines.iter().all(|(_, price)| price.rho_nano == 0), "nothing was charged");
}
