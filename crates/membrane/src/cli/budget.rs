//! `membrane budget`.

use clap::Args;
use membrane_model::{PrincipalId, PrincipalKind};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow;
use crate::wire::{AmountBody, BudgetBody, BudgetLineBody};

/// Show the privacy budgets: what may be spent, what was, what is left.
///
/// Acts for the first compliance principal unless told otherwise; `--as partner:NAME` shows what that partner sees.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  membrane budget\n  membrane budget --as partner:acme\n  \
                        membrane budget --partner partner:acme --json")]
pub(super) struct BudgetArgs {
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
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, lines) = flow::budget(&ctx, &hub, args.partner).await?;
    let body = BudgetBody { run: run.to_string(), budgets: lines.iter().map(BudgetLineBody::from).collect() };
    if args.json {
        return out::json(&body);
    }
    if body.budgets.is_empty() {
        out::line("nothing was spent yet")?;
        return Ok(());
    }
    show(&body.budgets)
}

/// Shows budgets to a person.
pub(super) fn show(lines: &[BudgetLineBody]) -> Result<(), CliError> {
    let mut shown = table::new_table(&["budget", "cap", "spent", "left"]);
    for line in lines {
        shown.add_row([line.scope.clone(), amount(&line.cap), amount(&line.spent), amount(&line.remaining)]);
    }
    table::right(&mut shown, &[1, 2, 3]);
    out::line(shown.to_string())?;
    out::line("epsilon is stated at delta 1e-6; budgets add up in rho (zero-concentrated DP)")?;
    Ok(())
}

fn amount(amount: &AmountBody) -> String {
    format!("rho {:.4} (epsilon {:.2})", amount.rho, amount.epsilon)
}
