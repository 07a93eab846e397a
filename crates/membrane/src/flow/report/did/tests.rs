//! Runs that are found by several columns are counted once, and their columns each.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use membrane_ledger::{ColumnDecision, Decision, RunRecord, RunState, RunStatus};
use membrane_model::{Action, ColumnName, FieldRef, LineageEdge, RevealLevel, RunId, Transformation};

use super::super::ReportFilter;
use super::super::meant::Meant;
use super::{Did, level_of};

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("moment")
}

/// A run of ana that read these columns of crm_members, each at its level.
fn read(seconds: i64, columns: &[(&str, RevealLevel)]) -> RunRecord {
    let started = moment(seconds);
    let decided = |(column, level): &(&str, RevealLevel)| ColumnDecision {
        column: column.parse().expect("column"),
        level: Some(*level),
        factors: vec![format!("by.{column}")],
    };
    let edge = |(column, _): &(&str, RevealLevel)| LineageEdge {
        from: FieldRef::dataset("crm_members", column),
        to: FieldRef::answer("run", column),
        transformation: Transformation::Identity,
        masking: false,
    };
    RunRecord {
        run: RunId::new(started),
        principal: "analyst:ana".parse().expect("principal"),
        on_behalf_of: None,
        channel: None,
        circumstances: None,
        action: Action::Read,
        purpose: Some("marketing_analysis".parse().expect("purpose")),
        job: "query".to_owned(),
        statement: None,
        statement_salt: None,
        statement_commitment: None,
        started,
        status: RunStatus::Closed(RunState::Complete),
        error_code: None,
        rows_in: None,
        rows_out: Some(3),
        rows_quarantined: None,
        bytes_out: None,
        cells_opened: Some(2),
        duration_ms: Some(1),
        finished: Some(started),
        decisions: vec![Decision {
            allowed: true,
            dataset: Some("crm_members".parse().expect("dataset")),
            reason: "permitted".to_owned(),
            factors: Vec::new(),
            policy_version: "v".to_owned(),
            columns: columns.iter().map(decided).collect(),
        }],
        inputs: Vec::new(),
        outputs: Vec::new(),
        edges: columns.iter().map(edge).collect(),
        releases: Vec::new(),
        documents: Vec::new(),
        leaf_index: Some(u64::try_from(seconds).expect("leaf")),
    }
}

#[test]
fn a_run_is_counted_once_and_each_of_its_columns() {
    let filter = ReportFilter::default();
    let name = |column: &str| ("crm_members".to_owned(), column.to_owned());
    let of_class: BTreeSet<_> = ["email", "phone"].map(name).into();
    let meant = Meant { filter: &filter, of_class: Some(of_class) };
    let passes: Vec<ColumnName> = meant.passes().into_iter().flatten().collect();
    assert_eq!(passes.iter().map(ColumnName::as_str).collect::<Vec<_>>(), ["email", "phone"]);
    let [email, phone] = passes.as_slice() else { panic!("{passes:?}") };

    let (clear, token) = (RevealLevel::Clear, RevealLevel::Token);
    let both = read(1, &[("phone", clear), ("email", token), ("region", clear)]);
    let one = read(2, &[("phone", clear)]);
    let mut did = Did::default();
    did.add(&both, &meant, (Some(email), &[]));
    for run in [&both, &one] {
        did.add(run, &meant, (Some(phone), &[email]));
    }
    assert_eq!((did.runs, did.lines.len(), did.principals.len()), (2, 2, 1));
    let alike: Vec<_> = did
        .alike
        .iter()
        .map(|(alike, tally)| (alike.column.as_str(), alike.level, tally.runs, tally.rows, tally.leaf))
        .collect();
    assert_eq!(alike, [("email", Some("token"), 1, 3, Some(1)), ("phone", Some("clear"), 2, 6, Some(2))]);
    let policies: BTreeSet<&String> = did.policies().collect();
    assert_eq!(policies.len(), 2, "that of the region is not named");
}

#[test]
fn a_level_leaves_out_what_was_seen_at_another() {
    let filter = ReportFilter { level: Some(RevealLevel::Clear), ..ReportFilter::default() };
    let meant = Meant { filter: &filter, of_class: None };
    let mut did = Did::default();
    did.add(&read(1, &[("phone", RevealLevel::Partial)]), &meant, (None, &[]));
    assert_eq!(did.runs, 0);
    assert_eq!(meant.passes(), [None]);
    assert!(
        level_of(Some("clear")) > level_of(Some("partial"))
            && level_of(Some("partial")) > level_of(Some("noise"))
    );
}
