//! `membrane budget`.

mod steps;

use clap::Args;
use membrane_model::{PrincipalId, PrincipalKind};

use self::steps::BudgetCommand;
use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow;
use crate::wire::{AmountBody, BudgetBody, BudgetLineBody, OutlookBody, PartnerStateBody};

/// Show the privacy budgets: what may be spent, what was, what is left, and when that will be used up; open, cap, refill and close
/// those of partners.
///
/// Of each scope there are two: that of this calendar month (UTC), which fills up again, and that of its lifetime, which
/// does not. What was burned was paid for answers that were never given.
///
/// Acts for the first compliance principal unless told otherwise; `--as partner:NAME` shows what that partner sees.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:\n  membrane budget\n  membrane budget --as partner:acme\n  \
                        membrane budget --partner partner:acme --json\n  \
                        membrane budget close partner:acme --reason incident --ticket INC-7\n  \
                        membrane budget history partner:acme")]
pub(super) struct BudgetArgs {
    #[command(subcommand)]
    command: Option<BudgetCommand>,
    /// Of this partner only.
    #[arg(long, value_name = "PRINCIPAL")]
    partner: Option<PrincipalId>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: BudgetArgs, env: Env) -> Result<(), CliError> {
    if let Some(command) = args.command {
        return Box::pin(steps::run(command, env)).await;
    }
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, budgets) = flow::budget(&ctx, &hub, args.partner).await?;
    let body = BudgetBody::new(run, &budgets);
    if args.json {
        return out::json(&body);
    }
    if body.budgets.is_empty() {
        out::line("nothing was spent yet")?;
        return Ok(());
    }
    show(&body.budgets)?;
    for forecast in &body.forecasts {
        out::line(format!("{}: {}", forecast.scope, forecast.sentence))?;
    }
    for state in body.states.iter().filter(|state| state.state == "closed") {
        out::line(closed(state))?;
    }
    for outlook in &body.partners {
        out::line(more(outlook))?;
    }
    Ok(())
}

fn closed(PartnerStateBody { partner, since, reason, .. }: &PartnerStateBody) -> String {
    match (since, reason) {
        (Some(since), Some(reason)) => format!("{partner}: closed since {} ({reason})", table::minute(since)),
        _ => format!("{partner}: not opened yet"),
    }
}

fn more(outlook: &OutlookBody) -> String {
    let OutlookBody { partner, last_price, more_like_last } = outlook;
    format!("{partner}: about {more_like_last} more like the last, which cost rho {:.4}", last_price.rho)
}

/// Shows budgets to a person.
pub(super) fn show(lines: &[BudgetLineBody]) -> Result<(), CliError> {
    let mut shown = table::new_table(&["budget", "window", "cap", "spent", "left", "burned", "fills up"]);
    for line in lines {
        let burned = match line.burned_count {
            0 => "-".to_owned(),
            count => format!("{count}: rho {:.4}", line.burned.rho),
        };
        let day = line.refills.as_deref().and_then(|moment| moment.split('T').next());
        shown.add_row([
            // The scope stands before its month, and not again before its lifetime.
            if line.is_lifetime() { String::new() } else { line.scope.clone() },
            line.window.clone(),
            amount(&line.cap),
            amount(&line.spent),
            amount(&line.remaining),
            burned,
            day.unwrap_or("never").to_owned(),
        ]);
    }
    table::right(&mut shown, &[2, 3, 4, 5]);
    out::line(shown.to_string())?;
    if let Some(line) = lines.iter().find(|line| line.year_cap.is_some()) {
        let year = line.year_cap.as_ref().map_or_else(String::new, amount);
        out::line(format!(
            "a month's budget fills up again: twelve months of `{}` allow {year}",
            line.scope
        ))?;
    }
    out::line("epsilon is stated at delta 1e-6; budgets add up in rho (zero-concentrated DP)")?;
    Ok(())
}

fn amount(amount: &AmountBody) -> String {
    format!("rho {:.4} (epsilon {:.2})", amount.rho, amount.epsilon)
}
