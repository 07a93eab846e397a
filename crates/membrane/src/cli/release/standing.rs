//! `membrane release list`, `membrane release run`.

use clap::Args;
use membrane_catalog::Edition;
use membrane_model::{PrincipalKind, ReleaseName};

use super::{Shown, show};
use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out, table};
use crate::ctx::Channel;
use crate::flow;
use crate::wire::{StandingReleaseBody, StandingReleasesBody};

/// Which edition of which standing release.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The standing release: a file of `catalog/releases` without its ending.
    name: ReleaseName,
    /// Its period: `2026-11-29T13`, `2026-11-29`, `2026-W48` or `2026-11` [default: the last one that is due].
    #[arg(long, value_name = "PERIOD")]
    edition: Option<Edition>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Answer as JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Answer as CSV.
    #[arg(long)]
    csv: bool,
}

/// Whose standing releases.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes an edition, or shows it again, as the partner of the release.
pub(super) async fn run(args: RunArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let partner = hub.catalog().release(&args.name).map(|standing| standing.partner.clone());
    let ctx = match partner {
        Some(partner) if args.caller.is_nobody() => hub.ctx(partner, Channel::Cli),
        _ => args.caller.ctx_required(&hub, PrincipalKind::Partner)?,
    };
    let (edition, released) = Box::pin(flow::run_edition(&ctx, &hub, &args.name, args.edition)).await?;
    out::note(format!("edition {edition} of {}", args.name));
    show(&released, Shown::of(args.json, args.csv))
}

pub(super) async fn list(args: ListArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, told) = flow::list_standing(&ctx, &hub).await?;
    let body = StandingReleasesBody::new(run, &told);
    if args.json {
        return out::json(&body);
    }
    if body.releases.is_empty() {
        out::line("no standing release: write one `catalog/releases/NAME.yaml`, and publish it")?;
        return Ok(());
    }
    let mut shown = table::new_table(&["release", "partner", "every", "last made", "next"]);
    for release in body.releases {
        let made = release.editions.iter().find(|edition| edition.run.is_some());
        let made = made.map_or_else(|| "-".to_owned(), |edition| edition.edition.clone());
        let StandingReleaseBody { name, partner, every, next, .. } = release;
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        shown.add_row([name, partner, or_none(every), made, or_none(next)]);
    }
    Ok(out::line(shown.to_string())?)
}
