//! Two hubs that differ by all rows of one member, each asked as partners ask: from the file that is brought in to the answer.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use membrane_ingest::{Format, InputSource, Reading, Silent};
use membrane_model::{Clock, PrincipalKind};
use membrane_query::Rehearsed;

use super::loss::{Rows, loss};
use super::mechanisms::{at_delta, claim};
use super::{Area, AuditError, Check, Effort, Verdict, asker};
use crate::config::{Config, KeysSection, PrivacySection, Serve};
use crate::ctx::Channel;
use crate::flow::{self, IngestRequest, ReleaseRequest};
use crate::hub::Hub;

/// Who is there in both hubs, and who is added to one of them.
const MEMBERS: u32 = 200;
const ADDED: &str = "M77777777";
const REGIONS: [&str; 8] = ["SH", "BJ", "GD", "ZJ", "JS", "SC", "HB", "SN"];
/// Orders of a member, and of the one who is added.
const ORDERS: u32 = 3;
const ORDERS_ADDED: u32 = 240;

/// What is asked of both: title, statement, epsilon and delta. A pure epsilon is seen best, and far dearer.
const STATEMENTS: [(&str, &str, f64, f64); 2] = [
    (
        "COUNT by known keys, two hubs",
        "SELECT region, COUNT(*) AS n FROM pos_orders GROUP BY region",
        3.0,
        1e-6,
    ),
    ("SUM, pure, two hubs", "SELECT SUM(amount) AS s FROM pos_orders", 0.6, 0.0),
];

/// Opens a hub of the audit's own, whatever hub the configuration names, in which nothing costs too much.
pub(super) async fn open(config: &Config, folder: &Path, clock: Arc<dyn Clock>) -> Result<Hub, AuditError> {
    open_with(config, folder, clock, config.privacy.clone().unlimited()).await
}

/// Opens one with budgets of its own.
pub(super) async fn open_with(
    config: &Config,
    folder: &Path,
    clock: Arc<dyn Clock>,
    privacy: PrivacySection,
) -> Result<Hub, AuditError> {
    let folder = std::path::absolute(folder)?;
    std::fs::create_dir_all(&folder)?;
    let within = |name: &str| folder.join(name).display().to_string();
    let absolute = |path: &str| std::path::absolute(path).map(|path| path.display().to_string());
    let mut own = Config { privacy, limits: config.limits.clone(), ..Config::default() };
    own.catalog.dir = absolute(&config.catalog.dir)?;
    own.policies.dir = absolute(&config.policies.dir)?;
    own.policies.serve = Serve::Folder;
    own.data.url = within("data");
    own.data.scratch = within("scratch");
    own.streams.folder = within("streams");
    own.ledger.url = within("ledger.sqlite");
    own.keys = KeysSection { file: within("root.key"), root: None };
    Hub::open(&own, clock).await.map_err(AuditError::Open)
}

/// Brings orders in: of so many members, and of one more who has all that the contract allows.
pub(super) async fn bring_in(hub: &Hub, folder: &Path, members: u32, added: bool) -> Result<(), AuditError> {
    let file = folder.join("pos_orders.csv");
    std::fs::write(&file, orders(members, added))?;
    let principal = hub.principal_of(PrincipalKind::Service).ok_or(AuditError::Nobody("service"))?;
    let ctx = hub.ctx(principal, Channel::CliDefault);
    let dataset =
        "pos_orders".parse().map_err(|error| AuditError::Asked(crate::error::Error::Name(error)))?;
    let reader = InputSource::File(file);
    let reading = Reading::default();
    let request =
        IngestRequest { dataset, reader, format: Format::Csv, reading, source: None, control: None };
    flow::ingest(&ctx, hub, request, &Silent).await?;
    Ok(())
}

fn orders(members: u32, added: bool) -> String {
    let mut text =
        "order_id,member_no,store_id,region,ordered_at,channel,items,amount,payment_account,buyer_is_minor\n"
            .to_owned();
    let mut number = 0_u32;
    let mut row = |member: &str, index: u32, amount: u32| {
        number += 1;
        let place = usize::try_from(index).unwrap_or(0) % REGIONS.len();
        let region = REGIONS.get(place).copied().unwrap_or("SH");
        let _ = writeln!(
            text,
            "O{number:013},{member},S{:03},{region},2025-03-04T05:06:07Z,store,1,{amount}.00,,false",
            index % 50
        );
    };
    for member in 0..members {
        for order in 0..ORDERS {
            row(&format!("M{member:08}"), member.wrapping_add(order), member % 90 + order);
        }
    }
    for order in 0..if added { ORDERS_ADDED } else { 0 } {
        row(ADDED, order, 1_000);
    }
    text
}

pub(super) async fn checks(
    config: &Config,
    folder: &Path,
    clock: Arc<dyn Clock>,
    effort: &Effort,
) -> Result<Vec<Check>, AuditError> {
    let mut checks = Vec::new();
    for ((title, sql, epsilon, delta), number) in STATEMENTS.iter().zip(0..) {
        let mut drawn = Vec::new();
        for (name, added) in [("with", true), ("without", false)] {
            let folder = folder.join(format!("{name}-{number}"));
            let hub = open(config, &folder, Arc::clone(&clock)).await?;
            bring_in(&hub, &folder, MEMBERS, added).await?;
            let request = ReleaseRequest {
                sql: (*sql).to_owned(),
                epsilon: Some(*epsilon),
                delta: Some(*delta),
                ..ReleaseRequest::default()
            };
            let ctx = asker(&hub)?;
            drawn.push(Box::pin(flow::rehearse(&ctx, &hub, request, effort.hub_answers)).await?);
        }
        checks.push(check(title, &drawn, effort)?);
    }
    Ok(checks)
}

fn check(title: &str, drawn: &[Vec<Rehearsed>], effort: &Effort) -> Result<Check, AuditError> {
    let nothing = || AuditError::Query(membrane_query::QueryError::Failed);
    let [with, without] = drawn else { return Err(nothing()) };
    let (columns, told) = with.first().map(|one| (&one.columns, &one.mechanism)).ok_or_else(nothing)?;
    let rows = |drawn: &[Rehearsed]| drawn.iter().map(|one| one.rows.clone()).collect::<Vec<Rows>>();
    let (claimed, delta) = claim(told)?;
    let measured = loss(columns, &rows(with), &rows(without), (delta, effort.alpha / 2.0));
    Ok(Check {
        area: Area::Answers,
        name: title.to_owned(),
        asserted: "lower bound on epsilon at most what the release costs".to_owned(),
        claimed: at_delta(claimed, delta),
        measured: format!("at least {measured:.3}"),
        verdict: Verdict::of(measured <= claimed),
        trials: with.len(),
        conditions: format!(
            "brought in, governed, released; {MEMBERS} members and one more, false alarm {:e}",
            effort.alpha
        ),
    })
}
