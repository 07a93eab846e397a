use std::fmt::Write;
use std::io;

use membrane_catalog::{Change, Comparison, Effect, Step};
use membrane_ingest::topic::TopicError;
use membrane_ingest::{ConnectError, IngestError};
use membrane_ledger::{LedgerError, Shortage};
use membrane_model::{NameError, Price, PriceError};
use membrane_policy::{ProveError, Refused, RefusedReason};
use membrane_privacy::{MissedTarget, Shortfall, Worth};
use membrane_query::QueryError;

use super::{CODES, Error};
use crate::audit_log::AuditLogError;
use crate::bearer::BearerError;
use crate::config::SecretError;
use crate::contracts::{Broken, ContractError};
use crate::published::PublishedError;

fn broken_contract() -> Error {
    let change = |what, to: &str, effect| Change {
        column: Some("phone".into()),
        what,
        from: Some("sealed".into()),
        to: Some(to.into()),
        effect,
    };
    Error::ContractBroken(Box::new(Broken {
        dataset: "pos_orders".parse().expect("a dataset name"),
        comparison: Comparison {
            older: "1.2.0".into(),
            newer: "1.3.0".into(),
            changes: vec![
                change("protection", "token", Effect::Breaking),
                change("check", "e164", Effect::Wording),
            ],
            step: Step::Minor,
        },
    }))
}

/// One error of each cause that a caller can meet.
#[expect(clippy::too_many_lines, reason = "one error after the other")]
fn every() -> Vec<Error> {
    let refused = |reason| Error::Refused(Refused { reason, factors: vec!["marketing.read".into()] });
    let price = |rho_nano| Price { rho_nano, delta_atto: 0 };
    let short = |account: &str, refills: Option<&str>| Error::OverBudget {
        shortage: Box::new(Shortage {
            account: account.parse().expect("account"),
            remaining: price(1),
            refills: refills.map(|moment| moment.parse().expect("moment")),
        }),
        price: price(2),
    };
    vec![
        Error::Unauthenticated(BearerError::Absent),
        Error::Unauthenticated(BearerError::Invalid),
        Error::Unauthenticated(BearerError::Expired),
        refused(RefusedReason::NotPermitted),
        refused(RefusedReason::UnknownPrincipal),
        refused(RefusedReason::UnknownPurpose),
        refused(RefusedReason::NotFound),
        refused(RefusedReason::Lookup),
        refused(RefusedReason::LookupAmbiguous),
        refused(RefusedReason::LookupLimit),
        refused(RefusedReason::OwnRequest),
        refused(RefusedReason::NotDelegated),
        refused(RefusedReason::Delegate),
        refused(RefusedReason::PolicyFault),
        refused(RefusedReason::RecordFault),
        Error::NoData { dataset: "pos_orders".parse().expect("dataset") },
        Error::NothingShown { groups: 18_314 },
        Error::NoStanding { name: "monthly".parse().expect("a name") },
        Error::NoSandbox { dataset: "pos_orders".parse().expect("a dataset name") },
        Error::GivenUp,
        Error::CounterEnded,
        short("partner:acme@2026-02", Some("2026-03-01T00:00:00Z")),
        short("partner:acme@2026-02", None),
        short("partner:acme/dataset:pos_orders", None),
        short("dataset:pos_orders@2026-12", Some("2027-01-01T00:00:00Z")),
        Error::BudgetClosed,
        Error::OverPrice { price: price(2), most: price(1), epsilon_milli: Some(255) },
        Error::OverPrice { price: price(2), most: price(1), epsilon_milli: None },
        missed(),
        Error::InFlight { until: "2026-02-10T04:05:06Z".parse().expect("moment"), taken_up: false },
        Error::InFlight { until: "2026-02-10T04:05:06Z".parse().expect("moment"), taken_up: true },
        Error::ReleaseFailed { price: price(2), taken_up: false },
        Error::ReleaseFailed { price: price(2), taken_up: true },
        Error::ReleaseTimedOut { price: price(2), seconds_max: 120, taken_up: false },
        Error::ReleaseTimedOut { price: price(2), seconds_max: 120, taken_up: true },
        Error::Query(QueryError::Syntax { position: None }),
        Error::Query(QueryError::UnknownColumn { name: Some("colour".into()), position: None }),
        Error::Query(QueryError::LimitRows { rows_max: 10 }),
        Error::Ingest(IngestError::Read { source: io::ErrorKind::UnexpectedEof.into() }),
        Error::Ingest(IngestError::Read { source: io::ErrorKind::FileTooLarge.into() }),
        Error::Ingest(IngestError::Encoding { looks_like: "GB18030" }),
        Error::Ingest(IngestError::CutOff),
        Error::Ingest(IngestError::TooDense),
        Error::Ingest(IngestError::Sheet { sheets: 3, detail: "which one is meant was not said" }),
        Error::Ingest(IngestError::TooManyBad { bad: 30, rows: 100 }),
        Error::Ingest(IngestError::ControlUnreadable { detail: "it states neither `rows` nor `sums`" }),
        Error::Ingest(IngestError::ControlColumn {
            column: "amount".parse().expect("a column"),
            detail: "only whole numbers and decimals add up exactly",
        }),
        Error::Ingest(IngestError::TotalsDiffer { totals: vec!["rows".to_owned(), "amount".to_owned()] }),
        Error::UnknownSource { name: "tills".parse().expect("a name") },
        Error::SourcePaused {
            name: "tills".parse().expect("a name"),
            by: "operator:olaf".parse().expect("a principal"),
        },
        Error::SourceHeld { name: "tills".parse().expect("a name") },
        Error::MaintenanceHeld { dataset: "pos_orders".parse().expect("a dataset name") },
        Error::TagTable { dataset: "member_tags".parse().expect("a dataset name") },
        Error::UnknownTag { known: vec!["member.active_30d".parse().expect("a tag")] },
        Error::TagUnserved { tag: "member.active_30d".parse().expect("a tag") },
        Error::TagHeld { tag: "member.active_30d".parse().expect("a tag") },
        Error::TagFault { tag: "member.active_30d".parse().expect("a tag"), fault: "tag_coverage" },
        Error::Secret(SecretError::NoVariable { name: "TILLS_URL".to_owned() }),
        Error::Connect(ConnectError::NoTable),
        Error::Topic(TopicError::Settings { what: "tls.ca".to_owned() }),
        Error::Topic(TopicError::Unreachable { code: "AllBrokersDown".to_owned() }),
        Error::Topic(TopicError::Refused { code: "Authentication".to_owned() }),
        Error::Topic(TopicError::NoTopic),
        Error::Topic(TopicError::Behind { partition: 3 }),
        Error::Topic(TopicError::Failed { code: "InvalidRecord".to_owned() }),
        Error::FileChanged,
        Error::FileEnding,
        Error::ControlMissing { seconds: 3_600 },
        Error::Name(NameError::new("purpose", "a name")),
        Error::Price(PriceError::Epsilon),
        Error::BadRequest("the body is not the object that this endpoint takes".into()),
        Error::Unfit(vec![
            "policies/more.cedar:1:1: unexpected end".into(),
            "claim `x` does not hold".into(),
        ]),
        Error::Prove(ProveError::NoSolver(io::ErrorKind::NotFound.into())),
        Error::InTheWay,
        Error::BudgetStands { what: "is closed already" },
        Error::OverCeiling { asked: price(3), most: price(2) },
        Error::UnknownGrant,
        Error::TooManyRequests { requests_max: 10 },
        Error::GrantStands { number: 3, state: "expired" },
        Error::UnknownDelegation,
        Error::TooManyDelegations { delegations_max: 10 },
        Error::AlreadyDelegated { numbers: vec![3], until: "2026-02-10T04:05:06Z".to_owned() },
        Error::DelegationStands { number: 3, state: "expired" },
        Error::Published(PublishedError::Record { number: 2, what: "is gone" }),
        broken_contract(),
        Error::Contract(ContractError::Lost {
            dataset: "pos_orders".parse().expect("a dataset name"),
            number: 3,
            what: "does not have it",
        }),
        Error::UnknownDataset,
        Error::NoSuchDataset {
            known: vec!["crm_members".parse().expect("a name"), "pos_orders".parse().expect("a name")],
        },
        Error::UnknownColumn,
        Error::UnknownRun,
        Error::UnknownEndpoint,
        Error::WrongMethod,
        Error::NotAcceptable,
        Error::UnsupportedMedia,
        Error::TooLarge,
        Error::Busy,
        Error::HookRefused,
        Error::HookPaused,
        Error::StreamFull,
        Error::StreamClosed,
        Error::RequestsLimit { requests_max: 16 },
        Error::TimedOut { seconds_max: 120 },
        Error::Record(LedgerError::RunNotOpen),
        Error::Ledger(LedgerError::RunNotOpen),
        Error::AuditLog(AuditLogError::Log(membrane_log::LogError::Conflict)),
        Error::AuditLog(AuditLogError::SetBack { published: 12, found: 3 }),
        Error::AuditLog(AuditLogError::Log(membrane_log::LogError::Fork { size: 12 })),
        Error::Unpublished(AuditLogError::Log(membrane_log::LogError::Fork { size: 12 })),
        Error::Internal("the run is closed"),
    ]
}

fn missed() -> Error {
    let worth = |rho_nano, epsilon_milli| Worth { rho_nano, epsilon_milli };
    let target =
        MissedTarget { aggregate: 0, name: "lines".into(), scale: 0, half_width95: 2, nearest95: Some(9) };
    let price = |rho_nano| Price { rho_nano, delta_atto: 0 };
    Error::Missed {
        short: Box::new(Shortfall {
            needed: worth(251_000_000, 3_214),
            allowed: worth(15_000_000, 1_000),
            pure: false,
            targets: vec![target],
        }),
        most: price(24_000_000),
        remaining: price(310_000_000),
    }
}

#[test]
fn what_callers_are_told_is_as_reviewed() {
    let mut text = String::new();
    for error in every() {
        let refusal = if error.is_refusal() { " (refusal)" } else { "" };
        let _ = writeln!(text, "{} {}{refusal}: {error}", error.status().as_u16(), error.code());
    }
    text.push_str("\nEvery code:\n");
    for code in CODES {
        let _ = writeln!(text, "{} {}: {}", code.status, code.code, code.meaning);
    }
    assert_eq!(
        text,
        include_str!("golden.txt"),
        "when the change is meant, make error/golden.txt this:\n{text}"
    );
}

#[test]
fn codes_are_sorted_and_each_error_has_one() {
    let codes: Vec<&str> = CODES.iter().map(|code| code.code).collect();
    assert!(codes.is_sorted_by(|left, right| left < right), "{codes:?}");
    for error in every() {
        assert!(codes.contains(&error.code()), "{} is not listed", error.code());
    }
}

#[test]
fn every_code_of_the_crates_below_is_listed() {
    // Read from the sources, so that a new code cannot be forgotten here.
    let sources = [
        include_str!("../../../membrane-query/src/error.rs"),
        include_str!("../../../membrane-ingest/src/error.rs"),
        include_str!("../../../membrane-policy/src/refusal.rs"),
    ];
    for source in sources {
        let body =
            source.split("fn code(").nth(1).and_then(|rest| rest.split("\n    }\n").next()).expect("fn code");
        let found: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
        assert!(found.len() > 3, "no codes were found");
        for code in found {
            assert!(CODES.iter().any(|known| known.code == code), "`{code}` is not in CODES");
        }
    }
}

#[test]
fn causes_are_told_unless_they_could_quote_a_cell() {
    let quoting = arrow::error::ArrowError::ParseError("cannot parse `canary` as a number".into());
    let arrow = Error::Ingest(IngestError::Arrow { doing: "build a batch", source: quoting });
    assert_eq!(arrow.explain(), "could not build a batch");
    let denied = io::Error::new(io::ErrorKind::PermissionDenied, "canary");
    let read = Error::Ingest(IngestError::Scratch { source: denied });
    assert_eq!(read.explain(), "could not use scratch space: permission denied");
    let record = Error::Record(LedgerError::RunNotOpen);
    assert_eq!(
        record.explain(),
        "the record cannot be written; nothing is answered without it: the run is not open"
    );
    assert!(!record.to_string().contains("open"), "callers are not told the inside");
    let unpublished = Error::Unpublished(AuditLogError::LedgerSetBack { log: 31, ledger: 12 });
    assert!(unpublished.explain().contains("the published log holds 31 runs"), "{}", unpublished.explain());
    assert!(!unpublished.to_string().contains("31"), "callers are not told how many runs there are");
}
