//! `membrane break-glass`.

use clap::{Args, Subcommand};
use membrane_model::{ColumnName, DatasetName, PrincipalKind, Purpose};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow::{self, GlassRequest};
use crate::grants::HOURS_MAX;
use crate::ticket::Ticket;
use crate::wire::{GlassBody, GlassesBody, GrantBody};

/// See clear values for some hours, when nothing else helps: one asks, another agrees, every use is on record.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane break-glass request crm_members.phone --purpose customer_service --hours 2 --ticket INC-1234 --as analyst:lee
  membrane break-glass approve 1 --as compliance:olga
  membrane break-glass list
  membrane break-glass end 1 --as analyst:lee")]
pub(super) struct BreakGlassArgs {
    #[command(subcommand)]
    command: BreakGlassCommand,
}

#[derive(Debug, Subcommand)]
enum BreakGlassCommand {
    /// Ask to see columns in clear. Nothing is seen before another person agrees.
    #[command(
        after_help = "Example:\n  membrane break-glass request crm_members.phone --purpose customer_service --hours 2 \\\n      --ticket INC-1234 --as analyst:lee"
    )]
    Request {
        /// Which columns: DATASET.COLUMN.
        #[arg(required = true, value_name = "DATASET.COLUMN", value_parser = super::policy::column)]
        columns: Vec<(DatasetName, ColumnName)>,
        /// What for.
        #[arg(long)]
        purpose: Purpose,
        /// For how many hours from when another agrees, 24 at most.
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = hours)]
        hours: u32,
        /// For which case, as another system knows it: 2 to 5 capital letters, `-`, 1 to 6 digits.
        #[arg(long, value_name = "ABC-123")]
        ticket: Ticket,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Agree to what another asked for: the columns are seen from now on, until the hours are over.
    #[command(after_help = "Example:\n  membrane break-glass approve 1 --as compliance:olga")]
    Approve {
        /// The grant.
        number: u64,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a grant before its time, or take a request back.
    #[command(after_help = "Example:\n  membrane break-glass end 1 --as analyst:lee")]
    End {
        /// The grant.
        number: u64,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the grants: who asked, who agreed, until when, and how many cells were opened. Who may not look at the record sees
    /// those that they asked for.
    #[command(
        after_help = "Examples:\n  membrane break-glass list\n  membrane break-glass list --as analyst:lee"
    )]
    List {
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: BreakGlassArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let now = || env.clock.now();
    match args.command {
        BreakGlassCommand::Request { columns, purpose, hours, ticket, caller, json } => {
            let ctx = caller.ctx_required(&hub, PrincipalKind::Analyst)?;
            let request = GlassRequest { purpose, columns, hours, ticket };
            let (run, grant) = flow::request_glass(&ctx, &hub, request).await?;
            told(GlassBody { run: run.to_string(), grant: GrantBody::of(&grant, now()) }, json)
        }
        BreakGlassCommand::Approve { number, caller, json } => {
            let ctx = caller.ctx_required(&hub, PrincipalKind::Compliance)?;
            let (run, grant) = flow::approve_glass(&ctx, &hub, number).await?;
            told(GlassBody { run: run.to_string(), grant: GrantBody::of(&grant, now()) }, json)
        }
        BreakGlassCommand::End { number, caller, json } => {
            let ctx = caller.ctx_required(&hub, PrincipalKind::Analyst)?;
            let (run, grant) = flow::end_glass(&ctx, &hub, number).await?;
            told(GlassBody { run: run.to_string(), grant: GrantBody::of(&grant, now()) }, json)
        }
        BreakGlassCommand::List { caller, json } => {
            let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
            let (run, lines) = flow::list_glass(&ctx, &hub).await?;
            let grants: Vec<GrantBody> = lines.iter().map(|line| GrantBody::of_line(line, now())).collect();
            if json {
                return out::json(&GlassesBody { run: run.to_string(), grants });
            }
            list(&grants)
        }
    }
}

/// Reads for how long.
fn hours(text: &str) -> Result<u32, String> {
    let hours = text.parse().ok().filter(|hours| (1..=HOURS_MAX).contains(hours));
    hours.ok_or_else(|| format!("a grant is open for 1 to {HOURS_MAX} whole hours"))
}

fn told(body: GlassBody, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(&body);
    }
    let GrantBody { number, state, columns, purpose, until, .. } = body.grant;
    let until = until.filter(|_| state == "open").map_or_else(String::new, |until| format!(" until {until}"));
    out::line(format!("break-glass {number} is {state}{until}: {} for {purpose}", columns.join(", ")))?;
    if state == "requested" {
        out::line(format!(
            "nothing is seen before another agrees: `membrane break-glass approve {number} --as PRINCIPAL`"
        ))?;
    }
    Ok(())
}

fn list(grants: &[GrantBody]) -> Result<(), CliError> {
    if grants.is_empty() {
        out::line("no break-glass was asked for")?;
        return Ok(());
    }
    // Two facts stand in a cell, so that a line is no wider than a page.
    let header = ["no.", "state\nticket", "who\nfor what", "columns", "agreed by\nuntil", "runs\ncells"];
    let mut shown = table::new_table(&header);
    for grant in grants {
        let number = |count: Option<u64>| table::count(count.unwrap_or(0));
        let until = grant.until.as_deref().map(table::minute).unwrap_or_default();
        shown.add_row([
            grant.number.to_string(),
            format!("{}\n{}", grant.state, grant.ticket),
            format!("{}\n{}", grant.principal, grant.purpose),
            grant.columns.join("\n"),
            format!("{}\n{until}", grant.approved_by.as_deref().unwrap_or_default()),
            format!("{}\n{}", number(grant.runs), number(grant.cells_opened)),
        ]);
    }
    table::narrow(&mut shown, &[0, 1, 5]);
    table::right(&mut shown, &[0, 5]);
    out::line(shown.to_string())?;
    Ok(())
}
