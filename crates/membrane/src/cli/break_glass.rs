//! `membrane break-glass`.

use clap::{Args, Subcommand};
use membrane_model::{ColumnName, DatasetName, PrincipalKind, Purpose};

use super::caller::CallerArgs;
use super::{CliError, Env, new_table, out};
use crate::flow::{self, GlassRequest};
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
        #[arg(long, default_value_t = 1, value_name = "N")]
        hours: u32,
        /// For which case, as another system knows it.
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
    /// List all grants: who asked, who agreed, until when, and how many cells were opened.
    #[command(after_help = "Example:\n  membrane break-glass list")]
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
        out::line("nobody has asked for break-glass")?;
        return Ok(());
    }
    let mut table = new_table(&[
        "number",
        "state",
        "who",
        "for",
        "columns",
        "ticket",
        "agreed by",
        "until",
        "runs",
        "cells opened",
    ]);
    for grant in grants {
        let number = |count: Option<u64>| count.unwrap_or(0).to_string();
        table.add_row([
            grant.number.to_string(),
            grant.state.clone(),
            grant.principal.clone(),
            grant.purpose.clone(),
            grant.columns.join(", "),
            grant.ticket.clone(),
            grant.approved_by.clone().unwrap_or_default(),
            grant.until.clone().unwrap_or_default(),
            number(grant.runs),
            number(grant.cells_opened),
        ]);
    }
    out::line(table.to_string())?;
    Ok(())
}
