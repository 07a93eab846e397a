//! What lineage adds to the questions of TPC-H: tracing the plan, and keeping its edges on record.
//!
//! There is no hub without lineage to compare with: both parts are timed by themselves, and held against what the whole question takes. The plan is
//! one by contracts alone, so that the one column of the row rule is not traced.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use membrane_catalog::Catalog;
use membrane_ledger::{Ledger, NewRun, RunOutcome, RunState};
use membrane_model::{Action, Channel, Clock, Limits, LineageEdge, RunId};
use membrane_query::{Statement, StatementPlan};
use tokio::runtime::Runtime;

use crate::child::measure;
use crate::hub::SystemClock;
use crate::ingest::text;
use crate::table::{middle, note, print};
use crate::tpch::{QUESTIONS, data, geometric_mean, rules};

/// Times that a plan is traced, and that a run with its edges is closed.
const TRACES: usize = 201;
const CLOSES: usize = 101;

/// What lineage takes of a question, in milliseconds.
struct Took {
    edges: usize,
    trace: f64,
    record: f64,
}

/// Runs the bench and prints its table. A folder can be named that keeps the hub.
pub(super) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    let home = arguments.first().map_or_else(|| dir.path().join("hub"), PathBuf::from);
    if !home.exists() {
        runtime.block_on(data::ingest(dir.path(), &home))?;
    }
    let catalog = Catalog::load(&rules().join("catalog"))?;
    let url = format!("sqlite://{}", dir.path().join("ledger.sqlite").display());
    let ledger = runtime.block_on(Ledger::connect(&url))?;
    print("");
    print("| TPC-H, scale 1 | question, ms | edges | tracing, ms | keeping, ms | added |");
    print("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut ratios = Vec::new();
    for (number, sql) in QUESTIONS {
        note(&format!("question {number}"));
        let whole = 1e3 * measure(&["hub-tpch", text(&home)?, sql])?.seconds;
        let took = runtime.block_on(lineage_of(sql, &catalog, &ledger))?;
        let added = took.trace + took.record;
        let ratio = whole / (whole - added);
        print(&format!(
            "| Q{} | {whole:.0} | {} | {:.3} | {:.3} | {:.2} % |",
            number.trim_start_matches('0'),
            took.edges,
            took.trace,
            took.record,
            100.0 * (ratio - 1.0)
        ));
        ratios.push(ratio);
    }
    print("");
    print(&format!("Lineage adds {:.2} % to the geometric mean.", 100.0 * (geometric_mean(&ratios) - 1.0)));
    Ok(())
}

async fn lineage_of(sql: &str, catalog: &Catalog, ledger: &Ledger) -> Result<Took> {
    let (limits, run) = (Limits::default(), RunId::new(SystemClock.now()));
    let datasets: Vec<_> = catalog.datasets().map(Arc::clone).collect();
    let statement = Statement::parse(sql, &limits)?;
    let plan = StatementPlan::new(&statement, &"member_no".parse()?, &datasets, &limits).await?;
    let mut traces = Vec::with_capacity(TRACES);
    let mut edges = Vec::new();
    for _ in 0..TRACES {
        let since = Instant::now();
        edges = plan.edges(run)?;
        traces.push(since.elapsed().as_secs_f64() * 1e3);
    }
    // With edges and without take turns: what disturbs one disturbs the other.
    let mut added = Vec::with_capacity(CLOSES);
    for _ in 0..CLOSES {
        let with = close(ledger, edges.clone()).await?;
        added.push(with - close(ledger, Vec::new()).await?);
    }
    Ok(Took { edges: edges.len(), trace: middle(traces)?, record: middle(added)?.max(0.0) })
}

/// Closes a run with these edges; returns the milliseconds.
async fn close(ledger: &Ledger, edges: Vec<LineageEdge>) -> Result<f64> {
    let started = SystemClock.now();
    let run = NewRun {
        entrance: membrane_ledger::Entrance::default(),
        principal: "analyst:ana".parse()?,
        on_behalf_of: None,
        channel: Channel::Cli,
        action: Action::Read,
        purpose: None,
        job: "query".to_owned(),
        statement: None,
        started,
    };
    let run = ledger.open_run(run).await?;
    let outcome = RunOutcome { rows_out: Some(1), edges, ..RunOutcome::ended(RunState::Complete, started) };
    let since = Instant::now();
    run.close(outcome).await?;
    Ok(since.elapsed().as_secs_f64() * 1e3)
}
