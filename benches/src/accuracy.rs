//! How exact releases are: questions of TPC-H at scale 1 about customers, bounds and noise chosen by the engine.
//!
//! Every question is drawn many times, with a pilot of its own each time; all of it costs epsilon 1 at delta 1e-6 a draw. An
//! error is that of one group in one draw, as a share of what plain DataFusion says of the same files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use membrane::Channel;
use membrane::flow::{self, ReleaseRequest};
use membrane_privacy::NoiseKind;
use membrane_query::{Rehearsed, ReleaseRole};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::release::PARTNER;
use crate::table::{middle, note, print};
use crate::tpch::{members, rules};
use crate::{hub, plain};

const DRAWS: u32 = 200;
const EPSILON: f64 = 1.0;
const DELTA: f64 = 1e-6;
/// How often the seconds of one whole release are taken.
const TIMED: u32 = 3;

/// What is asked, and what is to be reached.
struct Case {
    name: &'static str,
    /// What `benches/peers` calls it.
    key: &'static str,
    release: &'static str,
    /// Of the files themselves, in which the customer is `_subject`: keys, then the number.
    exact: &'static str,
    /// The median of the error, as a share.
    error_max: f64,
    /// Groups that are shown at least.
    kept_min: usize,
}

const CASES: [Case; 7] = [
    Case {
        name: "Q1 COUNT",
        key: "q1_count",
        release: "SELECT returnflag, linestatus, COUNT(*) AS v FROM member_sales WHERE shipdate <= DATE '1998-09-02' GROUP BY returnflag, linestatus",
        exact: "SELECT returnflag, linestatus, COUNT(*) FROM member_sales WHERE shipdate <= DATE '1998-09-02' GROUP BY 1, 2",
        error_max: 0.0011,
        kept_min: 4,
    },
    Case {
        name: "Q1 SUM(extendedprice)",
        key: "q1_sum",
        release: "SELECT returnflag, linestatus, SUM(extendedprice) AS v FROM member_sales WHERE shipdate <= DATE '1998-09-02' GROUP BY returnflag, linestatus",
        exact: "SELECT returnflag, linestatus, SUM(extendedprice) FROM member_sales WHERE shipdate <= DATE '1998-09-02' GROUP BY 1, 2",
        error_max: 0.0011,
        kept_min: 4,
    },
    Case {
        name: "Q4",
        key: "q4_count",
        release: "SELECT priority, COUNT(*) AS v FROM member_orders WHERE orderdate >= DATE '1993-07-01' AND orderdate < DATE '1993-10-01' AND late GROUP BY priority",
        exact: "SELECT priority, COUNT(*) FROM member_orders WHERE orderdate >= DATE '1993-07-01' AND orderdate < DATE '1993-10-01' AND late GROUP BY 1",
        error_max: 0.0037,
        kept_min: 5,
    },
    Case {
        name: "Q5",
        key: "q5_sum",
        release: "SELECT supplier_nation, SUM(extendedprice * (1 - discount)) AS v FROM member_sales WHERE customer_nation = supplier_nation AND region = 'ASIA' AND orderdate >= DATE '1994-01-01' AND orderdate < DATE '1995-01-01' GROUP BY supplier_nation",
        exact: "SELECT supplier_nation, SUM(extendedprice * (1 - discount)) FROM member_sales WHERE customer_nation = supplier_nation AND region = 'ASIA' AND orderdate >= DATE '1994-01-01' AND orderdate < DATE '1995-01-01' GROUP BY 1",
        error_max: 0.0081,
        kept_min: 5,
    },
    Case {
        name: "Q13 histogram",
        key: "q13_histogram",
        release: "SELECT orders, COUNT(*) AS v FROM (SELECT p.customer, COUNT(o.orderkey) AS orders FROM member_people p LEFT JOIN member_orders o ON o.customer = p.customer AND NOT o.special GROUP BY p.customer) AS c GROUP BY orders",
        exact: "SELECT orders, COUNT(*) FROM (SELECT p._subject, COUNT(o.orderkey) AS orders FROM member_people p LEFT JOIN member_orders o ON o._subject = p._subject AND NOT o.special GROUP BY p._subject) GROUP BY 1",
        error_max: 0.0006,
        kept_min: 1,
    },
    Case {
        name: "orders per month",
        key: "orders_by_month",
        release: "SELECT date_trunc('month', orderdate) AS month, COUNT(*) AS v FROM member_orders WHERE orderdate >= DATE '1992-01-01' AND orderdate < DATE '1998-09-01' GROUP BY 1",
        exact: "SELECT date_trunc('month', orderdate), COUNT(*) FROM member_orders GROUP BY 1",
        error_max: 0.0080,
        kept_min: 80,
    },
    Case {
        name: "customers by nation and month",
        key: "customers_by_nation_month",
        release: "SELECT nation, date_trunc('month', orderdate) AS month, COUNT(DISTINCT customer) AS v FROM member_orders GROUP BY 1, 2",
        exact: "SELECT nation, date_trunc('month', orderdate), COUNT(DISTINCT _subject) FROM member_orders GROUP BY 1, 2",
        error_max: 0.034,
        kept_min: 1970,
    },
];

/// Runs the bench and prints its table: `[HOME [DRAWS]] [--json FILE]`. A folder that is named keeps the hub.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let (arguments, json) = match arguments {
        [rest @ .., "--json", file] => (rest, Some(PathBuf::from(file))),
        rest => (rest, None),
    };
    let draws =
        arguments.get(1).map_or(Ok(DRAWS), |draws| draws.parse()).context("read the number of draws")?;
    let dir = tempfile::tempdir().context("make a folder")?;
    let home = arguments.first().map_or_else(|| dir.path().join("hub"), PathBuf::from);
    if !home.join("data/tables/member_people").exists() {
        runtime.block_on(ingest(dir.path(), &home))?;
    }
    let hub = runtime.block_on(hub::open_with(&home, &rules()))?;
    print("");
    print(&format!(
        "| epsilon 1, delta 1e-6, {draws} draws | goal | median error | p95 | groups kept, of | bounds chosen | noise | seconds |"
    ));
    print("| --- | ---: | ---: | ---: | ---: | --- | --- | ---: |");
    let mut found = Vec::new();
    for case in &CASES {
        note(&format!("{}: {draws} draws", case.name));
        let figures = runtime.block_on(measure(&hub, &home, case, draws))?;
        print(&figures.line(case));
        found.push(figures.json(case, draws));
    }
    if let Some(file) = json {
        std::fs::write(&file, serde_json::to_string_pretty(&found)?).context("write the figures")?;
    }
    Ok(())
}

async fn ingest(dir: &Path, home: &Path) -> Result<()> {
    let files = dir.join("members");
    members::write(&files)?;
    let hub = hub::open_with(home, &rules()).await?;
    for (dataset, file) in members::FILES {
        let rows = hub::ingest(&hub, dataset, &files.join(file), None).await?;
        note(&format!("{dataset}: {rows} rows ingested"));
    }
    std::fs::remove_dir_all(&files).context("remove a folder")
}

/// What was measured of a question.
struct Figures {
    error_median: f64,
    error_p95: f64,
    /// The median of how many groups were shown.
    kept: usize,
    groups: usize,
    bounds: String,
    noise: String,
    seconds: f64,
}

impl Figures {
    fn line(&self, case: &Case) -> String {
        let met = self.error_median <= case.error_max && self.kept >= case.kept_min;
        format!(
            "| {} | {:.2} % | {:.3} %{} | {:.2} % | {}, {} | {} | {} | {:.1} |",
            case.name,
            case.error_max * 100.0,
            self.error_median * 100.0,
            if met { "" } else { " (missed)" },
            self.error_p95 * 100.0,
            self.kept,
            self.groups,
            self.bounds,
            self.noise,
            self.seconds
        )
    }

    fn json(&self, case: &Case, draws: u32) -> serde_json::Value {
        json!({
            "engine": "membrane", "version": env!("CARGO_PKG_VERSION"), "question": case.key, "seconds": self.seconds,
            "error_median": self.error_median, "error_p95": self.error_p95, "groups_kept": self.kept,
            "groups_true": self.groups, "runs": draws, "note": format!("{}; {}", self.bounds, self.noise),
        })
    }
}

async fn measure(hub: &membrane::Hub, home: &Path, case: &Case, draws: u32) -> Result<Figures> {
    let truth = truth(home, case).await?;
    let ctx = hub.ctx(PARTNER.parse()?, Channel::Cli);
    let request = |epsilon: f64| ReleaseRequest {
        sql: case.release.to_owned(),
        epsilon: Some(epsilon),
        delta: Some(DELTA),
        noise: NoiseKind::LeastError,
        choose_bounds: true,
        ..ReleaseRequest::default()
    };
    let drawn = flow::rehearse(&ctx, hub, request(EPSILON), draws).await;
    let drawn = drawn.map_err(|failure| anyhow!("{}", failure.error))?;
    let (mut errors, mut kept) = (Vec::new(), Vec::new());
    for one in &drawn {
        let found = errors_of(one, &truth)?;
        kept.push(found.len());
        errors.extend(found);
    }
    errors.sort_by(f64::total_cmp);
    kept.sort_unstable();
    let at = |share: usize| errors.get(errors.len() * share / 100).copied().context("no group was shown");
    Ok(Figures {
        error_median: at(50)?,
        error_p95: at(95)?,
        kept: kept.get(kept.len() / 2).copied().unwrap_or(0),
        groups: truth.len(),
        bounds: bounds_of(&drawn),
        noise: noise_of(&drawn),
        seconds: seconds(hub, request).await?,
    })
}

/// Times whole releases, each with a pilot of its own, without the wait for the tick at which answers leave.
async fn seconds(hub: &membrane::Hub, request: impl Fn(f64) -> ReleaseRequest) -> Result<f64> {
    let started = membrane_model::Clock::now(&hub::SystemClock).timestamp_micros().rem_euclid(1 << 30);
    let started = f64::from(i32::try_from(started)?) / f64::from(1 << 30);
    let ctx = hub.ctx(PARTNER.parse()?, Channel::Cli);
    let mut times = Vec::new();
    for repeat in 0..TIMED {
        // Each four times and a half as dear as the last, so that no pilot serves the next.
        let epsilon = (0.5 + started / 100.0) * 2.2_f64.powi(i32::try_from(repeat)?);
        let asked = Instant::now();
        let released = flow::timed_release(&ctx, hub, request(epsilon)).await;
        let (released, took) = released.map_err(|failure| anyhow!("{}", failure.error))?;
        ensure!(released.replay_of.is_none() && took <= asked.elapsed(), "the answer was drawn before");
        times.push(took.as_secs_f64());
    }
    middle(times)
}

/// Returns the exact numbers by their keys.
async fn truth(home: &Path, case: &Case) -> Result<BTreeMap<Vec<String>, f64>> {
    let names: Vec<&str> = members::FILES.iter().map(|(dataset, _)| *dataset).collect();
    let session = plain::session(&home.join("data/tables"), &names).await?;
    let mut truth = BTreeMap::new();
    let mut batches = Vec::new();
    plain::ask(&session, case.exact, |batch| batches.push(batch)).await?;
    for batch in &batches {
        let options = FormatOptions::default();
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let (value, keys) = columns.split_last().context("an answer without columns")?;
        for row in 0..batch.num_rows() {
            let key = keys.iter().map(|key| day(&key.value(row).to_string())).collect();
            truth.insert(key, value.value(row).to_string().parse()?);
        }
    }
    Ok(truth)
}

/// Returns the errors of the groups that a draw shows and that are there.
fn errors_of(drawn: &Rehearsed, truth: &BTreeMap<Vec<String>, f64>) -> Result<Vec<f64>> {
    let place = |role| drawn.columns.iter().position(|column| column.role == role);
    let value = place(ReleaseRole::Value).context("an answer without value")?;
    let keys = drawn.columns.iter().filter(|column| column.role == ReleaseRole::Key).count();
    let mut errors = Vec::new();
    for row in &drawn.rows {
        let key: Vec<String> =
            row.iter().take(keys).map(|cell| day(cell.as_deref().unwrap_or_default())).collect();
        let cell = row.get(value).and_then(Option::as_deref).context("a row without value")?;
        if let Some(exact) = truth.get(&key) {
            errors.push((cell.parse::<f64>()? - exact).abs() / exact.abs());
        }
    }
    Ok(errors)
}

/// Writes days and midnights alike.
fn day(text: &str) -> String {
    text.split(['T', ' '])
        .next()
        .filter(|day| day.len() == 10 && day.contains('-'))
        .unwrap_or(text)
        .to_owned()
}

/// Says between which numbers the bounds lie that were chosen.
fn bounds_of(drawn: &[Rehearsed]) -> String {
    let range = |of: &dyn Fn(&Rehearsed) -> i64| {
        let (least, most) = (drawn.iter().map(of).min(), drawn.iter().map(of).max());
        match (least, most) {
            (Some(least), Some(most)) if least == most => least.to_string(),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            _ => String::new(),
        }
    };
    let mut text = format!("{} groups", range(&|one| i64::from(one.mechanism.groups_max)));
    let adds = |one: &Rehearsed| one.mechanism.aggregates.first().map_or(0, |first| first.contribution_max);
    let _ = write!(text, ", each adds {}", range(&adds));
    text
}

fn noise_of(drawn: &[Rehearsed]) -> String {
    let drawn = drawn.iter().filter_map(|one| one.mechanism.aggregates.first().map(|first| first.noise));
    let mut kinds: Vec<String> = drawn.map(|noise| format!("{noise:?}")).collect();
    kinds.sort();
    kinds.dedup();
    kinds.join(", ")
}
