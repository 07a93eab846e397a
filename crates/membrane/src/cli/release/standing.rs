//! `membrane release list`, `membrane release run`.

use clap::Args;
use membrane_catalog::Edition;
use membrane_model::{PrincipalKind, ReleaseName};

use super::{Shown, show};
use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out, table};
use crate::ctx::Channel;
use crate::flow::{self, MadeBefore};
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
    // Editions that count on leave at their ticks, one after the other: that takes a while.
    let told = |MadeBefore { edition, made, of }: MadeBefore| {
        out::note(format!(
            "edition {edition} of {} is made, {made} of {of} before the one that is asked for",
            args.name
        ));
    };
    let made = Box::pin(flow::run_edition_after(&ctx, &hub, &args.name, args.edition, &told)).await?;
    let (edition, released) = made;
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
    for fault in &body.faults {
        out::note(format!("not made, as it cannot be read: {fault}"));
    }
    if body.releases.is_empty() {
        out::line("no standing release: write one `catalog/releases/NAME.yaml`, and publish it")?;
        return Ok(());
    }
    let mut shown = table::new_table(&["release", "partner", "every", "last made", "next"]);
    for release in body.releases {
        let made = release.editions.iter().find(|edition| edition.run.is_some());
        let made = made.map_or_else(|| "-".to_owned(), |edition| edition.edition.clone());
        let next = next(&release);
        let StandingReleaseBody { name, partner, every, .. } = release;
        shown.add_row([name, partner, every.unwrap_or_else(|| "-".to_owned()), made, next]);
    }
    Ok(out::line(shown.to_string())?)
}

/// Says when the next edition is due; of a counter that has none left, whether all of them are made.
fn next(release: &StandingReleaseBody) -> String {
    let last_is_made = release.editions.first().is_some_and(|last| last.run.is_some());
    match (&release.next, &release.continual) {
        (Some(next), _) => next.clone(),
        (None, Some(continual)) if last_is_made => format!("finished: {} of {0}", continual.refreshes),
        (None, Some(_)) => "the last one is due".to_owned(),
        (None, None) => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{StandingReleaseBody, next};
    use crate::wire::{ContinualBody, EditionBody};

    fn check(continual: bool, next_due: Option<&str>, made: Option<&str>, expected: &str) {
        let continual =
            continual.then(|| ContinualBody { from: "2026-01-01".into(), refreshes: 30, rows_max: 6 });
        let last = EditionBody { edition: "2026-01-30".into(), run: made.map(Into::into), made: None };
        let release = StandingReleaseBody {
            name: "daily".into(),
            description: String::new(),
            partner: "partner:acme".into(),
            sql: String::new(),
            every: Some("day".into()),
            continual,
            next: next_due.map(Into::into),
            editions: vec![last],
        };
        assert_eq!(next(&release), expected);
    }

    #[test]
    fn a_counter_that_has_no_edition_left_is_finished() {
        check(true, None, Some("run"), "finished: 30 of 30");
        check(true, None, None, "the last one is due");
        check(true, Some("2026-01-31T01:00:00Z"), Some("run"), "2026-01-31T01:00:00Z");
        check(false, None, Some("run"), "-");
    }
}
