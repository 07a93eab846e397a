//! `membrane delegation`.

use clap::{Args, Subcommand};
use membrane_model::{DatasetName, PrincipalId, PrincipalKind, Purpose};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow::{self, NewDelegation};
use crate::ticket::Ticket;
use crate::wire::{DelegationAnswerBody, DelegationBody, DelegationsBody};

/// Hand on to a colleague what you may read, for some days: they ask with `membrane sql --for`, every use is on record.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane delegation make crm_members pos_orders --to analyst:chen --purpose marketing_analysis --days 7 --ticket HR-12 \\
      --as analyst:ana
  membrane sql \"SELECT city FROM crm_members\" --as analyst:chen --for analyst:ana --purpose marketing_analysis
  membrane delegation list --as analyst:chen
  membrane delegation end 1 --as analyst:ana")]
pub(super) struct DelegationArgs {
    #[command(subcommand)]
    command: DelegationCommand,
}

#[derive(Debug, Subcommand)]
enum DelegationCommand {
    /// Hand on what you may read of datasets. Whoever acts for you sees what you would see, less what is forbidden to them.
    #[command(
        after_help = "Example:\n  membrane delegation make crm_members --to analyst:chen --purpose marketing_analysis --days 7 \\\n      --ticket HR-12 --as analyst:ana"
    )]
    Make {
        /// Which datasets.
        #[arg(required = true, value_name = "DATASET")]
        datasets: Vec<DatasetName>,
        /// To whom: another principal of your kind.
        #[arg(long, value_name = "PRINCIPAL")]
        to: PrincipalId,
        /// What for; once for each purpose.
        #[arg(long = "purpose", required = true, value_name = "PURPOSE")]
        purposes: Vec<Purpose>,
        /// For how many days from now, 31 at most.
        #[arg(long, default_value_t = 7, value_name = "N")]
        days: u32,
        /// For which case, as another system knows it.
        #[arg(long, value_name = "ABC-123")]
        ticket: Ticket,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a delegation before its time: whoever handed on, whoever it was handed on to, or compliance.
    #[command(after_help = "Example:\n  membrane delegation end 1 --as analyst:ana")]
    End {
        /// The delegation.
        number: u64,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List delegations: to compliance and operators all, to others those from and to them.
    ///
    /// Without `--as` or `--bearer` it is the view of the first compliance principal in principals.json: all of them.
    #[command(
        after_help = "Examples:\n  membrane delegation list\n  membrane delegation list --as analyst:chen"
    )]
    List {
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: DelegationArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let now = || env.clock.now();
    match args.command {
        DelegationCommand::Make { datasets, to, purposes, days, ticket, caller, json } => {
            let ctx = caller.ctx_required(&hub, PrincipalKind::Analyst)?;
            let new = NewDelegation { to, purposes, datasets, days, ticket };
            let (run, one) = flow::make_delegation(&ctx, &hub, new).await?;
            told(DelegationAnswerBody::of(run, &one, now()), json)
        }
        DelegationCommand::End { number, caller, json } => {
            let ctx = caller.ctx_required(&hub, PrincipalKind::Analyst)?;
            let (run, one) = flow::end_delegation(&ctx, &hub, number).await?;
            told(DelegationAnswerBody::of(run, &one, now()), json)
        }
        DelegationCommand::List { caller, json } => {
            let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
            let (run, lines) = flow::list_delegations(&ctx, &hub).await?;
            let delegations: Vec<DelegationBody> =
                lines.iter().map(|line| DelegationBody::of_line(line, now())).collect();
            if json {
                return out::json(&DelegationsBody { run: run.to_string(), delegations });
            }
            list(&delegations)
        }
    }
}

fn told(body: DelegationAnswerBody, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(&body);
    }
    let DelegationBody { number, state, from, to, purposes, datasets, until, .. } = body.delegation;
    let open = state == "open";
    let stands = match state.as_str() {
        "open" => format!("is open until {until}"),
        "ended" => "has ended".to_owned(),
        other => format!("is {other}"),
    };
    let (datasets, purposes) = (datasets.join(", "), purposes.join(", "));
    out::line(format!("delegation {number} {stands}: {datasets} for {purposes}, from {from} to {to}"))?;
    let still: Vec<String> = body.still_open.iter().map(ToString::to_string).collect();
    if !open && !still.is_empty() {
        out::line(format!("still open from {from} to {to}: {}", still.join(", ")))?;
    }
    if open {
        out::line(format!("{to} asks with `membrane sql .. --as {to} --for {from} --purpose PURPOSE`"))?;
    }
    Ok(())
}

fn list(delegations: &[DelegationBody]) -> Result<(), CliError> {
    if delegations.is_empty() {
        out::line("nothing was handed on")?;
        return Ok(());
    }
    // Two facts stand in a cell, so that a line is no wider than a page.
    let header =
        ["no.", "state\nticket", "from\nto", "for what", "datasets", "until, or ended\nby whom", "runs"];
    let mut shown = table::new_table(&header);
    for one in delegations {
        shown.add_row([
            one.number.to_string(),
            format!("{}\n{}", one.state, one.ticket),
            format!("{}\n{}", one.from, one.to),
            one.purposes.join("\n"),
            one.datasets.join("\n"),
            format!(
                "{}\n{}",
                table::minute(one.ended_at.as_ref().unwrap_or(&one.until)),
                one.ended_by.as_deref().unwrap_or_default()
            ),
            table::count(one.runs.unwrap_or(0)),
        ]);
    }
    table::narrow(&mut shown, &[0, 1, 6]);
    table::right(&mut shown, &[0, 6]);
    out::line(shown.to_string())?;
    for one in delegations {
        if let Some(why) = &one.unusable {
            out::line(format!("delegation {} is open, but cannot be used: {why}", one.number))?;
        }
    }
    Ok(())
}
