//! What requests are refused before there is a run, which time a report is about, and that each kind is put together.

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::RunFilter;

use super::{ReportFilter, ReportKind, ReportRequest, make_report};
use crate::report_form::ReportForm;
use crate::testing::{now, world};

fn request(kind: ReportKind, change: fn(&mut ReportFilter)) -> ReportRequest {
    let mut filter = ReportFilter::default();
    change(&mut filter);
    ReportRequest { kind, filter }
}

fn day(text: &str) -> DateTime<Utc> {
    format!("{text}T00:00:00Z").parse().expect("moment")
}

#[test]
fn what_a_report_is_not_about_is_refused() {
    let column = |filter: &mut ReportFilter| filter.column = Some("phone".parse().expect("column"));
    assert_eq!(request(ReportKind::Access, column).fault(), None);
    for kind in [ReportKind::Processing, ReportKind::Releases, ReportKind::Policy] {
        let fault = request(kind, column).fault().expect("fault");
        assert!(fault.contains("takes no `column`"), "{fault}");
        assert_eq!(request(kind, |_| ()).fault(), None, "{kind}");
    }
    assert!(request(ReportKind::Impact, |_| ()).fault().expect("fault").contains("state which"));
}

#[test]
fn a_period_ends_now_and_begins_before_its_end() {
    let check = |kind, change: fn(&mut ReportFilter)| request(kind, change).period(now());
    let access = check(ReportKind::Access, |_| ()).expect("period");
    assert!(access.has(now()) && !access.has(now() + TimeDelta::milliseconds(1)));
    assert!(access.has(now() - TimeDelta::days(29)) && !access.has(now() - TimeDelta::days(31)));
    let policy = check(ReportKind::Policy, |_| ()).expect("period");
    assert!(policy.has(now() - TimeDelta::days(364)));
    let stated = check(ReportKind::Access, |filter| {
        filter.since = Some(day("2026-11-01"));
        filter.until = Some(day("2026-12-01"));
    });
    let stated = stated.expect("period");
    assert!(stated.has(day("2026-11-01")) && stated.has(day("2026-11-30")) && !stated.has(day("2026-12-01")));
    assert!(stated.window().until.expect("until") < stated.until);
    let backwards = check(ReportKind::Access, |filter| {
        filter.since = Some(day("2026-12-01"));
        filter.until = Some(day("2026-11-01"));
    });
    assert_eq!(backwards.expect_err("backwards").code(), "bad_request");
}

#[test]
fn a_kind_is_read_as_it_is_written() {
    for kind in ReportKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert!("Access".parse::<ReportKind>().is_err());
}

#[tokio::test]
async fn every_kind_is_put_together_and_is_written_in_every_form() {
    let world = world(|_| ()).await;
    let olga = world.ctx("compliance:olga");
    for kind in ReportKind::ALL {
        let request = request(kind, |filter| filter.since = Some(day("2000-01-01")));
        let purpose = (kind == ReportKind::Impact).then(|| "marketing_analysis".parse().expect("purpose"));
        let request = ReportRequest { filter: ReportFilter { purpose, ..request.filter }, ..request };
        let (run, document) = make_report(&olga, &world.hub, &request).await.expect("report");
        for form in ReportForm::ALL {
            let bytes = form.render(&document, None).expect("bytes");
            assert!(bytes.len() > 1_000, "{kind} {form:?}");
            let has_run =
                form == ReportForm::Pdf || String::from_utf8_lossy(&bytes).contains(&run.to_string());
            assert!(has_run, "{kind} {form:?} names its run");
        }
    }
}

#[tokio::test]
async fn whoever_may_not_audit_gets_nothing_and_it_is_on_record() {
    let world = world(|_| ()).await;
    for who in ["analyst:ana", "partner:acme", "service:ingestor", "analyst:nobody"] {
        let request =
            request(ReportKind::Access, |filter| filter.column = Some("phone".parse().expect("column")));
        let refused = make_report(&world.ctx(who), &world.hub, &request).await.expect_err("refused");
        assert!(refused.error.is_refusal() && refused.run.is_some(), "{who}");
    }
    let filter = RunFilter { principal: None, dataset: None, limit: 10 };
    let runs = world.hub.ledger().runs(filter).await.expect("runs");
    assert!(
        runs.iter().all(|run| run.job == "report access column=phone" && run.status.as_str() == "refused")
    );
    assert_eq!(runs.len(), 4);
}

#[tokio::test]
async fn names_that_nobody_knows_are_not_recorded() {
    let world = world(|_| ()).await;
    let olga = world.ctx("compliance:olga");
    let unknown = |filter: &mut ReportFilter| filter.purpose = Some("p13911112222".parse().expect("purpose"));
    let (run, document) =
        make_report(&olga, &world.hub, &request(ReportKind::Impact, unknown)).await.expect("report");
    let told = ReportForm::Markdown.render(&document, None).expect("text");
    assert!(String::from_utf8_lossy(&told).contains("p13911112222"), "the report itself is for who asked");
    let class = |filter: &mut ReportFilter| filter.class = Some("p13911112222".parse().expect("class"));
    let (other, _) =
        make_report(&olga, &world.hub, &request(ReportKind::Access, class)).await.expect("report");
    for (run, job) in [(run, "report impact purpose=?"), (other, "report access class=?")] {
        let record = world.hub.ledger().run(&run).await.expect("ledger").expect("run");
        assert_eq!(record.job, job);
        assert!(!format!("{record:?}").contains("13911112222"), "{record:?}");
    }
}
