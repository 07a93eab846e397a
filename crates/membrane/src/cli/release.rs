//! `membrane release`.

mod audit;
mod bounds;
mod question;
mod sandbox;
mod share;
mod standing;
mod target;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use membrane_model::{Price, PrincipalKind};
use membrane_privacy::MechanismSummary;
use membrane_query::{ColumnForecast, ForecastOf, ReleaseAnswer};
use serde_json::{Map, Value};

use self::question::QuestionArgs;
use super::caller::CallerArgs;
use super::{CliError, Env, budget, out, sql, table};
use crate::answer::{AnswerFormat, Encoder};
use crate::flow::{self, ReleaseRequest, Released};
use crate::wire::{BudgetLineBody, MechanismBody, release_head};

const SHOWN_MAX: usize = 200;

/// Receive differentially private aggregates, as a partner.
///
/// Plain SQL with aggregates; docs/partners.md says what goes. Every member's contribution is bounded, noise is added, groups with few
/// members are left out. The price is charged before anything is computed; the same question of the same data gets the
/// same answer again and costs nothing.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  membrane release \"SELECT category, COUNT(*) AS lines, SUM(amount) AS sales FROM pos_order_lines GROUP BY category\" \\
      --as partner:acme --dry-run
  membrane release \"SELECT category, SUM(amount) AS sales FROM pos_order_lines GROUP BY category\" \\
      --as partner:acme --bounds amount=0..300
  membrane release - --as partner:acme --epsilon 0.5 --json < question.sql
  membrane release \"SELECT COUNT(*) AS lines FROM pos_order_lines\" --as partner:acme --receipt answer.json
  membrane release verify answer.json --key-file receipt-key.json")]
pub(super) struct ReleaseArgs {
    #[command(subcommand)]
    command: Option<ReleaseCommand>,
    /// One SELECT with aggregates; `-` reads it from standard input.
    #[arg(required = true)]
    sql: Option<String>,
    #[command(flatten)]
    question: QuestionArgs,
    /// Whether an answer may be made of stored ones, for nothing, also where its error bars are wider than what is asked for
    /// [default: true where no price and no width are stated].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    reuse: Option<bool>,
    /// Try it on synthetic rows, which `membrane release sandbox` makes; costs nothing, and says nothing about anybody.
    #[arg(long, conflicts_with_all = ["dry_run", "receipt"])]
    sandbox: bool,
    /// Only tell the price and the error bars; costs nothing and touches no data.
    #[arg(long)]
    dry_run: bool,
    /// Write the whole answer with its receipt into this file as well, as JSON; `membrane release verify` checks it.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Answer as JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Answer as CSV.
    #[arg(long, conflicts_with = "dry_run")]
    csv: bool,
}

/// What else there is about releases.
#[derive(Debug, Subcommand)]
enum ReleaseCommand {
    /// Check an answer against its receipt, with the public key of the hub alone: no hub, no network.
    ///
    /// Ends well only if the key signed the receipt and all that the answer shows is what was signed: rows, price, bounds, noise,
    /// datasets with their versions.
    #[command(after_help = "Examples:
  membrane release verify answer.json --key-file receipt-key.json
  membrane release verify answer.json --key d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")]
    Verify(verify::VerifyArgs),
    /// Audit a release before it is asked for: over people who were made up, at no price.
    ///
    /// The statement is planned under the permit of whoever asks, as for a dry run, and run over people who follow from the contracts
    /// and from its own constants: with one member more and one less, in any order of rows, many times over. What comes of it
    /// before noise is held against what the price was calculated for, and what comes after against epsilon, error bars and
    /// decimals. No row of the hub is read but public keys of datasets about things, as for a dry run.
    #[command(after_help = "Examples:
  membrane release audit --sql \"SELECT region, COUNT(*) AS n FROM pos_orders GROUP BY region\" --as partner:acme
  membrane release audit --sql - --as partner:acme --epsilon 0.5 --json < question.sql

Exit code 1 when something that is claimed does not hold, or could not be looked at.")]
    Audit(Box<audit::AuditArgs>),
    /// Make an edition of a standing release, or show it again: as its partner, out of its budgets, and charged once.
    #[command(after_help = "Examples:
  membrane release run monthly_sales
  membrane release run monthly_sales --edition 2026-11 --json")]
    Run(standing::RunArgs),
    /// List the standing releases of the catalog, with their last editions.
    ///
    /// Acts for the first compliance principal unless told otherwise; `--as partner:NAME` lists that partner's.
    #[command(
        after_help = "Examples:\n  membrane release list\n  membrane release list --as partner:acme --json"
    )]
    List(standing::ListArgs),
    /// Make synthetic rows of a dataset, to try statements on with `membrane release --sandbox`.
    ///
    /// They are made of some small releases: of members, of the rows of a member, of the values of each column. What those cost is
    /// charged once in a month; trying statements costs nothing.
    #[command(after_help = "Examples:
  membrane release sandbox pos_order_lines --as partner:acme
  membrane release \"SELECT region, AVG(amount) AS mean FROM pos_order_lines GROUP BY region\" --as partner:acme --sandbox")]
    Sandbox(sandbox::SandboxArgs),
}

/// How an answer is shown.
#[derive(Debug, Clone, Copy)]
enum Shown {
    ToPeople,
    As(AnswerFormat),
}

impl Shown {
    const fn of(json: bool, csv: bool) -> Self {
        match (json, csv) {
            (true, _) => Self::As(AnswerFormat::Json),
            (_, true) => Self::As(AnswerFormat::Csv),
            _ => Self::ToPeople,
        }
    }
}

pub(super) async fn run(args: ReleaseArgs, env: Env) -> Result<(), CliError> {
    if let Some(command) = args.command {
        return match command {
            ReleaseCommand::Verify(args) => verify::run(&args),
            ReleaseCommand::Audit(args) => audit::run(*args, env).await,
            ReleaseCommand::Run(args) => standing::run(args, env).await,
            ReleaseCommand::List(args) => standing::list(args, env).await,
            ReleaseCommand::Sandbox(args) => sandbox::run(args, env).await,
        };
    }
    let request = ReleaseRequest {
        reuse: args.reuse,
        sandbox: args.sandbox,
        dry_run: args.dry_run,
        ..args.question.request(sql::read(args.sql.unwrap_or_default())?)?
    };
    let hub = env.open().await?;
    let ctx = args.caller.ctx_required(&hub, PrincipalKind::Partner)?;
    let released = Box::pin(flow::release(&ctx, &hub, request)).await?;
    let shown = show(&released, Shown::of(args.json, args.csv));
    if let Some(file) = &args.receipt {
        save(&released, file)?;
    }
    shown
}

fn show(released: &Released, how: Shown) -> Result<(), CliError> {
    match how {
        Shown::As(format) => encoded(released, format),
        Shown::ToPeople => shown(released),
    }
}

fn encoded(released: &Released, format: AnswerFormat) -> Result<(), CliError> {
    let Some(answer) = &released.answer else {
        let head = release_head(released);
        let object: Map<String, Value> =
            head.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        return out::json(&object);
    };
    if format == AnswerFormat::Csv {
        // CSV has no place for them.
        for note in &released.notes {
            out::note(note);
        }
    }
    Ok(out::bytes(&written(released, answer, format)?)?)
}

/// Writes an answer in a form, as it goes over the wire.
fn written(released: &Released, answer: &ReleaseAnswer, format: AnswerFormat) -> Result<Vec<u8>, CliError> {
    let fault = |_| CliError::failed("the answer cannot be written in this form");
    let batch = answer.to_batch().map_err(CliError::failed)?;
    let mut encoder = Encoder::start(format, &batch.schema(), release_head(released)).map_err(fault)?;
    let mut bytes = encoder.write(&batch).map_err(fault)?;
    bytes.append(&mut encoder.finish().map_err(fault)?);
    Ok(bytes)
}

/// Saves an answer with its receipt.
fn save(released: &Released, file: &Path) -> Result<(), CliError> {
    let Some(answer) = &released.answer else { return Ok(()) };
    let bytes = written(released, answer, AnswerFormat::Json)?;
    std::fs::write(file, bytes).map_err(|error| {
        let again = "ask again: the same answer costs nothing more";
        CliError::failed(format!("cannot write {}: {}; {again}", file.display(), error.kind()))
    })?;
    out::note(format!("the answer with its receipt is in {}", file.display()));
    Ok(())
}

fn shown(released: &Released) -> Result<(), CliError> {
    if let Some(answer) = &released.answer {
        let batch = answer.to_batch().map_err(CliError::failed)?;
        let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        let mut rows = table::new_table(&names);
        table::right_numbers(&mut rows, &batch.schema());
        table::add_batch(&mut rows, &batch, SHOWN_MAX)
            .map_err(|_| CliError::failed("the answer cannot be shown"))?;
        out::line(rows.to_string())?;
    }
    for note in &released.notes {
        out::line(note)?;
    }
    if let Some(mechanism) = &released.mechanism {
        shown_mechanism(released, mechanism)?;
    }
    for forecast in &released.forecasts {
        let shares = forecast.columns.iter().map(width);
        let threshold = released.mechanism.as_ref().and_then(|mechanism| mechanism.threshold);
        let shown = match threshold {
            Some(_) => format!(" (shown in {:.0} of 100)", forecast.shown * 100.0),
            None => String::new(),
        };
        let shares = shares.collect::<Vec<_>>().join(", ");
        out::line(format!("a group of {} members{shown}: {shares}", forecast.members))?;
    }
    out::line(format!(
        "price: {} (epsilon {:.3} at delta {:e}); charged: {}",
        released.price,
        released.epsilon,
        released.delta,
        match (released.replay_of, released.answer.is_some()) {
            (Some(run), _) => format!("nothing, this is the answer of run {run}"),
            (None, true) if released.sandbox => "nothing, these are synthetic rows".to_owned(),
            (None, true) if released.charged == released.price => "all of it".to_owned(),
            (None, true) if released.edition.is_some() && released.charged == Price::default() => {
                "nothing, it was paid for by an earlier run".to_owned()
            }
            (None, true) if released.edition.is_some() => released.charged.to_string(),
            (None, true) => format!("{}, as the pilot was paid for before", released.charged),
            (None, false) => "nothing, this was a dry run".to_owned(),
        }
    ))?;
    let lines: Vec<BudgetLineBody> = released.budgets.iter().map(BudgetLineBody::from).collect();
    budget::show(&lines)?;
    if let Some(more) = released.more {
        out::line(format!("about {more} more like this fit into that"))?;
    }
    out::note(format!("run {}", released.run));
    Ok(())
}

fn shown_mechanism(released: &Released, mechanism: &MechanismSummary) -> Result<(), CliError> {
    let mut bars = table::new_table(&["aggregate", "half of the 95 % interval", "one member adds at most"]);
    for aggregate in MechanismBody::from(mechanism).aggregates {
        let shown = |value: f64| format!("{value:.2}").trim_end_matches(".00").to_owned();
        for level in &aggregate.levels {
            let name = match level.keys {
                0 => format!("{}, all", aggregate.name),
                1 => format!("{} by 1 key", aggregate.name),
                keys => format!("{} by {keys} keys", aggregate.name),
            };
            bars.add_row([name, shown(level.half_width95), String::new()]);
        }
        bars.add_row([aggregate.name, shown(aggregate.half_width95), shown(aggregate.contribution_max)]);
    }
    table::right(&mut bars, &[1, 2]);
    out::line(bars.to_string())?;
    let chosen = match &released.pilot {
        Some(pilot) if pilot.is_own => format!(" (chosen by a pilot, for {} of the price)", pilot.price),
        Some(_) => " (chosen by the pilot of an earlier question of this form)".to_owned(),
        None => String::new(),
    };
    out::line(format!(
        "a member (one {} of `{}`) counts in at most {} groups, with at most {} rows in each{chosen}{}",
        released.unit.identity,
        released.unit.dataset,
        mechanism.groups_max,
        mechanism.rows_max,
        mechanism.threshold.map_or_else(String::new, |least| {
            format!("; groups are shown when their noisy count of members is above {least}")
        })
    ))?;
    Ok(())
}

/// Tells how wide the error bars of a column will be.
fn width(column: &ColumnForecast) -> String {
    let name = &column.name;
    let Some(share) = column.share95 else { return format!("{name} as wide as its values make it") };
    let percent = share * 100.0;
    match column.of {
        ForecastOf::Total => format!("{name} +-{percent:.1} %"),
        ForecastOf::Members => format!("{name} +-{percent:.1} percentiles"),
        ForecastOf::Range => format!("{name} at most +-{percent:.1} % of the range of its bounds"),
        ForecastOf::Greatest => format!("{name} at most +-{percent:.1} % of the greatest that it can be"),
        ForecastOf::Computed => format!("{name} about +-{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests;
