//! The subcommands of `membrane`, one file each.

mod attack;
mod audit;
mod bearer;
mod break_glass;
mod budget;
mod caller;
mod catalog;
mod config;
mod delegation;
mod demo;
mod demo_real;
mod exit;
mod form;
mod ingest;
mod keys;
mod lineage;
mod log;
mod maintain;
mod out;
mod policy;
mod progress;
mod quality;
mod quarantine;
mod release;
mod report;
mod retention;
mod runs;
mod sample;
mod serve;
mod source;
mod sql;
mod table;
mod tag;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::{Args, Parser, Subcommand};
use membrane_model::Clock;

pub(crate) use exit::CliError;
pub(crate) use out::line;
pub(crate) use progress::IngestProgress;
pub(crate) use table::{count, new_table, right};

/// How long a subcommand waits for runs to be closed.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(10);

use crate::config::{Config, Sources};
use crate::hub::Hub;

/// A privacy-preserving member data hub.
///
/// Brings member data in from many channels, keeps every direct identifier sealed from the moment it enters, and answers
/// analysts with masked SQL, partners with differentially private aggregates, and compliance with the record of it all.
#[derive(Debug, Parser)]
#[command(
    name = "membrane",
    version,
    after_help = "\
Start here:
  membrane demo                        a hub with generated data, and commands to try on it
  membrane sample --members 20000      generate member data into ./sample
  membrane ingest crm_members sample/crm_members.csv
  membrane sql \"SELECT region, count(*) FROM crm_members GROUP BY region\" \\
      --as analyst:ana --purpose marketing_analysis

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 refused by policy or budget.
Configuration: membrane.toml, then MEMBRANE__SECTION__KEY, then flags; `membrane config` shows all of it.
The root key is made at first use, in .membrane/root.key: back it up."
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// What every subcommand takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Where the hub is")]
pub(crate) struct GlobalArgs {
    /// The configuration file; without it ./membrane.toml when it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder with contracts, classes and purposes [default: catalog].
    #[arg(long, global = true, value_name = "DIR")]
    catalog: Option<String>,
    /// The folder with policies and principals [default: policies].
    #[arg(long, global = true, value_name = "DIR")]
    policies: Option<String>,
    /// Where the tables are: a folder, file:///... or s3://... [default: .membrane/data].
    #[arg(long, global = true, value_name = "URL")]
    data: Option<String>,
    /// Where the record is: a file, sqlite:///... or postgres://... [default: .membrane/ledger.sqlite].
    #[arg(long, global = true, value_name = "URL")]
    ledger: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    DemoReal(demo_real::DemoRealArgs),
    Serve(serve::ServeArgs),
    Sample(sample::SampleArgs),
    Ingest(ingest::IngestArgs),
    Source(source::SourceArgs),
    Quality(quality::QualityArgs),
    Quarantine(quarantine::QuarantineArgs),
    Maintain(maintain::MaintainArgs),
    Retention(retention::RetentionArgs),
    Tag(tag::TagArgs),
    Sql(sql::SqlArgs),
    Release(release::ReleaseArgs),
    Budget(budget::BudgetArgs),
    Lineage(lineage::LineageArgs),
    Runs(runs::RunsArgs),
    Catalog(catalog::CatalogArgs),
    Policy(policy::PolicyArgs),
    BreakGlass(break_glass::BreakGlassArgs),
    Delegation(delegation::DelegationArgs),
    Bearer(bearer::BearerArgs),
    Keys(keys::KeysArgs),
    Log(log::LogArgs),
    Attack(attack::AttackArgs),
    Audit(audit::AuditArgs),
    Report(report::ReportArgs),
    Config(config::ConfigArgs),
}

impl GlobalArgs {
    /// Reads the configuration; the flags of a subcommand come last.
    fn load(&self, more: Vec<(&'static str, String, &'static str)>) -> Result<Config, CliError> {
        let mut flags = Vec::new();
        let mut flag = |key, value: &Option<String>, name| {
            if let Some(text) = value {
                flags.push((key, text.clone(), name));
            }
        };
        flag("catalog.dir", &self.catalog, "--catalog");
        flag("policies.dir", &self.policies, "--policies");
        flag("data.url", &self.data, "--data");
        flag("ledger.url", &self.ledger, "--ledger");
        flags.extend(more);
        Ok(Config::load(&Sources::of_process(self.config.clone(), flags))?)
    }
}

/// What a subcommand is given.
pub(crate) struct Env {
    pub(crate) global: GlobalArgs,
    pub(crate) clock: Arc<dyn Clock>,
    /// The hub that was opened for one act.
    opened: Arc<OnceLock<Arc<Hub>>>,
}

impl Env {
    /// Reads the configuration.
    pub(crate) fn config(&self) -> Result<Config, CliError> {
        self.global.load(Vec::new())
    }

    /// Opens the hub that the configuration describes, for one act on this machine. Messages go to the terminal as
    /// they are written for it, so that logs stay at warnings.
    pub(crate) async fn open(&self) -> Result<Arc<Hub>, CliError> {
        let config = self.config()?;
        out::start_log(&config.log, out::LogUse::Command);
        let hub = Arc::new(Hub::open(&config, self.clock.clone()).await?);
        Ok(Arc::clone(self.opened.get_or_init(|| hub)))
    }
}

/// Runs a subcommand to its end.
#[must_use]
pub fn main(cli: Cli, clock: Arc<dyn Clock>) -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    let opened = Arc::new(OnceLock::new());
    let env = Env { global: cli.global, clock, opened: Arc::clone(&opened) };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return CliError::from(error).report(),
    };
    let done = runtime.block_on(Box::pin(run(cli.command, env)));
    if let Some(hub) = opened.get() {
        runtime.block_on(hub.sinks().settle());
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

/// PRIVACY: the words of a panic may quote a value; where it happened does not.
fn report_panic(panic: &std::panic::PanicHookInfo<'_>) {
    match panic.location() {
        Some(place) => tracing::error!("an internal fault at {}:{}", place.file(), place.line()),
        None => tracing::error!("an internal fault"),
    }
}

async fn run(command: Command, env: Env) -> Result<(), CliError> {
    match command {
        Command::Demo(args) => Box::pin(demo::run(args, env)).await,
        Command::DemoReal(args) => Box::pin(demo_real::run(args, env)).await,
        Command::Serve(args) => serve::run(args, env).await,
        Command::Sample(args) => sample::run(args).await,
        Command::Ingest(args) => Box::pin(ingest::run(args, env)).await,
        Command::Source(args) => Box::pin(source::run(args, env)).await,
        Command::Quality(args) => quality::run(args, env).await,
        Command::Quarantine(args) => Box::pin(quarantine::run(args, env)).await,
        Command::Maintain(args) => Box::pin(maintain::run(args, env)).await,
        Command::Retention(args) => Box::pin(retention::run(args, env)).await,
        Command::Tag(args) => Box::pin(tag::run(args, env)).await,
        Command::Sql(args) => Box::pin(sql::run(args, env)).await,
        Command::Release(args) => Box::pin(release::run(args, env)).await,
        Command::Budget(args) => budget::run(args, env).await,
        Command::Lineage(args) => lineage::run(args, env).await,
        Command::Runs(args) => runs::run(args, env).await,
        Command::Catalog(args) => catalog::run(args, &env).await,
        Command::Policy(args) => policy::run(&args, &env).await,
        Command::BreakGlass(args) => break_glass::run(args, env).await,
        Command::Delegation(args) => delegation::run(args, env).await,
        Command::Bearer(args) => bearer::run(args, env).await,
        Command::Keys(args) => keys::run(args, env).await,
        Command::Log(args) => log::run(args, env).await,
        Command::Attack(args) => Box::pin(attack::run(args, env)).await,
        Command::Audit(args) => Box::pin(audit::run(args, env)).await,
        Command::Report(args) => Box::pin(report::run(args, env)).await,
        Command::Config(args) => config::run(&args, &env),
    }
}

#[cfg(test)]
mod tests;
