//! `membrane budget open`, `cap`, `refill`, `close`, `reopen` and `history`.

use clap::{Args, Subcommand};
use membrane_model::{DatasetName, PrincipalId, PrincipalKind};

use crate::budgets::{Bounded, BudgetReason};
use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out, table};
use crate::flow::{self, NewAmount, NewBudgetStep, NewStep};
use crate::ticket::Ticket;
use crate::wire::{AmountBody, BudgetHistoryBody, BudgetStepAnswerBody, BudgetStepBody};

/// What somebody decides about the budget of a partner, and what was decided.
#[derive(Debug, Subcommand)]
pub(super) enum BudgetCommand {
    /// Let a partner spend, of whom nobody has said anything: where `[privacy] budgets_start` is `closed` it spends nothing before.
    #[command(
        after_help = "Example:\n  membrane budget open partner:acme --reason agreement --ticket OPS-12"
    )]
    Open(StateArgs),
    /// Set what a partner may spend in all, in place of what is configured: in a month, ever, or on one release.
    ///
    /// Lower or higher, up to `[privacy] ceiling` times what is configured. What was spent stays spent: under a cap of less than that
    /// nothing is left. What was added by a refill before is no longer on top of it.
    #[command(after_help = "Examples:
  membrane budget cap partner:acme --of month --rho 0.2 --reason review --ticket OPS-13
  membrane budget cap partner:acme --of lifetime --dataset pos_orders --rho 1 --reason agreement --ticket OPS-14
  membrane budget cap partner:acme --of release --rho 0.012 --reason review --ticket OPS-15")]
    Cap(AmountArgs),
    /// Add to what a partner may spend in this month, or ever: once for each ticket.
    ///
    /// It resets nothing. A month and a lifetime with all that is added allow `[privacy] ceiling` times what is configured at most.
    /// A release is charged to several budgets: what is added to one of them helps as far as the others allow.
    #[command(after_help = "Examples:
  membrane budget refill partner:acme --of month --rho 0.1 --reason campaign --ticket OPS-16
  membrane budget refill partner:acme --of month --dataset pos_orders --rho 0.1 --reason campaign --ticket OPS-16")]
    Refill(AmountArgs),
    /// End all releases to a partner, standing ones too, from the next reservation on of every hub on this ledger.
    ///
    /// Answers that were paid for are given again all the same; what was reserved before is answered.
    #[command(after_help = "Example:\n  membrane budget close partner:acme --reason incident --ticket INC-7")]
    Close(StateArgs),
    /// Let a partner spend again whose budget was closed: what is left of it.
    #[command(after_help = "Example:\n  membrane budget reopen partner:acme --reason review --ticket INC-7")]
    Reopen(StateArgs),
    /// List what was decided about budgets: who, when, what before and after, and why.
    ///
    /// Acts for the first compliance principal unless told otherwise; `--as partner:NAME` shows what that partner sees.
    #[command(
        after_help = "Examples:\n  membrane budget history\n  membrane budget history partner:acme --json"
    )]
    History(HistoryArgs),
}

/// Whose budget, and why.
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// Whose budget.
    #[arg(value_name = "PARTNER")]
    partner: PrincipalId,
    /// Why.
    #[arg(long, value_enum, value_name = "REASON")]
    reason: BudgetReason,
    /// For which case, as another system knows it. A step that is asked for once more for the same ticket is not taken twice.
    #[arg(long, value_name = "ABC-123")]
    ticket: Ticket,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, Args)]
pub(super) struct StateArgs {
    #[command(flatten)]
    why: WhyArgs,
}

#[derive(Debug, Args)]
pub(super) struct AmountArgs {
    /// What the amount is of.
    #[arg(long, value_enum, value_name = "WINDOW")]
    of: Bounded,
    /// Of this dataset alone; without it of all together.
    #[arg(long, value_name = "DATASET")]
    dataset: Option<DatasetName>,
    /// rho of zero-concentrated DP: 0.024 is about epsilon 1, 0.31 about 4.
    #[arg(long, value_name = "R", allow_negative_numbers = true, required_unless_present = "delta")]
    rho: Option<f64>,
    /// The delta that goes with it.
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    delta: Option<f64>,
    #[command(flatten)]
    why: WhyArgs,
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// Of this partner only.
    #[arg(value_name = "PARTNER")]
    partner: Option<PrincipalId>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: BudgetCommand, env: Env) -> Result<(), CliError> {
    match command {
        BudgetCommand::Open(StateArgs { why }) => take(why, NewStep::Open, env).await,
        BudgetCommand::Close(StateArgs { why }) => take(why, NewStep::Close, env).await,
        BudgetCommand::Reopen(StateArgs { why }) => take(why, NewStep::Reopen, env).await,
        BudgetCommand::Cap(AmountArgs { why, of, dataset, rho, delta }) => {
            take(why, NewStep::Cap(NewAmount { of, dataset, rho, delta }), env).await
        }
        BudgetCommand::Refill(AmountArgs { why, of, dataset, rho, delta }) => {
            take(why, NewStep::Refill(NewAmount { of, dataset, rho, delta }), env).await
        }
        BudgetCommand::History(args) => history(args, env).await,
    }
}

async fn take(why: WhyArgs, step: NewStep, env: Env) -> Result<(), CliError> {
    let WhyArgs { partner, reason, ticket, caller, json } = why;
    let hub = env.open().await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Operator)?;
    let (run, settled) =
        flow::take_budget_step(&ctx, &hub, NewBudgetStep { partner, step, reason, ticket }).await?;
    let body = BudgetStepAnswerBody::of(run, &settled);
    if json {
        return out::json(&body);
    }
    let BudgetStepAnswerBody { already, state, step, .. } = body;
    let before = if already { ", as it was before: nothing was done" } else { "" };
    out::line(format!("{}: {} of {}{before}", step.partner, what(&step), step.at))?;
    if state == "closed" {
        out::line(format!("{} may spend nothing: its budget is closed", step.partner))?;
    }
    Ok(())
}

/// Says what a step does, in a few words.
fn what(step: &BudgetStepBody) -> String {
    let rho = |amount: &Option<AmountBody>| amount.as_ref().map_or(0.0, |amount| amount.rho);
    let of = match (&step.of, &step.month, &step.dataset) {
        (Some(of), month, dataset) => {
            let dataset = dataset.as_ref().map_or_else(String::new, |dataset| format!(", {dataset}"));
            format!(" {}{dataset}", month.as_ref().unwrap_or(of))
        }
        _ => String::new(),
    };
    match &step.added {
        Some(added) => format!("{}{of}: rho {:.4} more", step.step, added.rho),
        None if step.after.is_some() => {
            format!("{}{of}: rho {:.4} to {:.4}", step.step, rho(&step.before), rho(&step.after))
        }
        None => step.step.clone(),
    }
}

async fn history(args: HistoryArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, history) = flow::budget_history(&ctx, &hub, args.partner).await?;
    let body = BudgetHistoryBody::of(run, &history);
    if args.json {
        return out::json(&body);
    }
    if body.steps.is_empty() {
        out::line("nothing was decided about budgets: they are as configured")?;
        return Ok(());
    }
    // Two facts stand in a cell, so that a line is no wider than a page.
    let header = ["budget\ndataset", "step\nof", "when\nwhy", "before", "after", "by whom\nticket"];
    let mut shown = table::new_table(&header);
    for step in &body.steps {
        let amount = |amount: &Option<AmountBody>| {
            amount.as_ref().map_or_else(|| "-".to_owned(), |amount| format!("rho {:.4}", amount.rho))
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        shown.add_row([
            format!("{}\n{}", step.partner, text(&step.dataset)),
            format!(
                "{} {}\n{}",
                step.place,
                step.step,
                text(step.month.as_ref().map_or(&step.of, |_| &step.month))
            ),
            format!("{}\n{}", table::minute(&step.at), step.reason),
            amount(&step.before),
            amount(&step.after),
            format!("{}\n{}", text(&step.by), text(&step.ticket)),
        ]);
    }
    table::narrow(&mut shown, &[1, 2, 3, 4, 5]);
    table::right(&mut shown, &[3, 4]);
    out::line(shown.to_string())?;
    Ok(())
}
