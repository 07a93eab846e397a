//! `membrane tag`.

use std::path::Path;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use membrane_model::{Channel, PrincipalId, PrincipalKind, Purpose, TagId};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, TagRequest};
use crate::hub::Hub;
use crate::wire::{TagBody, TagBuildBody, TagPageBody, TagTrialBody, TagsBody};

/// See, test and build tags: what the hub says of each member, by files of `catalog/tags`.
///
/// A tag is a statement over governed tables, with an owner, a purpose, tests and limits; docs/tags.md says what stands in its file. Values
/// lie in a dataset of their own, with their history, and are read with SQL like any other.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane tag list
  membrane tag check
  membrane tag build member.active_30d
  membrane tag show member.active_30d")]
pub(super) struct TagArgs {
    #[command(subcommand)]
    command: TagCommand,
}

#[derive(Debug, Subcommand)]
enum TagCommand {
    /// List the tags of the catalog, and where each stands.
    ///
    /// Acts for the first compliance principal unless told otherwise.
    #[command(after_help = "Example:\n  membrane tag list --json")]
    List {
        #[command(flatten)]
        look: LookArgs,
    },
    /// Show a tag: what it says, of how many, and how its last build went.
    #[command(after_help = "Example:\n  membrane tag show member.active_30d")]
    Show {
        /// The tag: a file of `catalog/tags` without its ending.
        id: TagId,
        #[command(flatten)]
        look: LookArgs,
    },
    /// List the builds of a tag, the newest first.
    #[command(after_help = "Example:\n  membrane tag history member.active_30d")]
    History {
        /// The tag.
        id: TagId,
        #[command(flatten)]
        look: LookArgs,
    },
    /// Look what the next build of a tag would change: of how many members, and the shares of its values. Nothing is written, and the definition may
    /// have changed without its version.
    ///
    /// Acts for `tags.principal` of the configuration unless told otherwise.
    #[command(after_help = "Example:\n  membrane tag diff member.active_30d --as-of 2026-06-30")]
    Diff {
        /// The tag.
        id: TagId,
        /// For which day, or instant in RFC 3339; now when not stated.
        #[arg(long, value_name = "WHEN", value_parser = parse_moment)]
        as_of: Option<DateTime<Utc>>,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Try the tests of tags on their made-up rows, and hold their statements against the contracts. Nothing that is stored is read. Exit code 1
    /// when one fails.
    #[command(after_help = "Example:\n  membrane tag check member.active_30d")]
    Check {
        /// The tags; all of them when not stated.
        ids: Vec<TagId>,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Build tags now: ask their statements, and write down what changed.
    ///
    /// Acts for `tags.principal` of the configuration unless told otherwise. A tag that fails a test or a limit writes nothing, and what was built
    /// before stays. Exit code 1 when one fails.
    #[command(after_help = "Examples:
  membrane tag build
  membrane tag build member.active_30d --as-of 2026-06-30")]
    Build {
        /// The tags; all that are in use when not stated.
        ids: Vec<TagId>,
        /// For which day, or instant in RFC 3339; now when not stated.
        #[arg(long, value_name = "WHEN", value_parser = parse_moment)]
        as_of: Option<DateTime<Utc>>,
        /// Ask about everyone, also where asking of those of whom something came in would do.
        #[arg(long)]
        full: bool,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct LookArgs {
    #[command(flatten)]
    caller: CallerArgs,
    /// For what an analyst would read them.
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Reads a day, which begins at midnight in UTC, or an instant.
fn parse_moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    let moment = DateTime::parse_from_rfc3339(text);
    moment
        .map(|moment| moment.to_utc())
        .map_err(|_| "expected a day, 2026-06-30, or an instant, 2026-06-30T03:00:00Z".to_owned())
}

pub(super) async fn run(args: TagArgs, env: Env) -> Result<(), CliError> {
    match args.command {
        TagCommand::List { look } => list(look, env).await,
        TagCommand::Show { id, look } => show(&id, look, env).await,
        TagCommand::History { id, look } => history(&id, look, env).await,
        TagCommand::Diff { id, as_of, caller, json } => diff(&id, as_of, &caller, json, env).await,
        TagCommand::Check { ids, json } => check(&ids, json, env).await,
        TagCommand::Build { ids, as_of, full, caller, json } => {
            let request = TagRequest { tags: ids, as_of, full, dry_run: false };
            build(request, &caller, json, env).await
        }
    }
}

async fn list(look: LookArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = look.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, lines) = flow::list_tags(&ctx, &hub, look.purpose).await?;
    let body = TagsBody::new(run, &lines);
    if look.json {
        return out::json(&body);
    }
    if body.tags.is_empty() {
        out::line("no tag: write one `catalog/tags/ID.yaml`, and publish it")?;
        return Ok(());
    }
    let mut shown = table::new_table(&[
        "tag", "name", "type", "version", "status", "refresh", "members", "coverage", "built",
    ]);
    for tag in &body.tags {
        let good = tag.good.as_ref();
        shown.add_row([
            tag.id.clone(),
            tag.name_en.clone(),
            tag.value.clone(),
            tag.version.to_string(),
            tag.status.clone(),
            tag.refresh.clone(),
            good.map_or_else(|| "-".to_owned(), |good| counted(good.members)),
            good.and_then(coverage).unwrap_or_else(|| "-".to_owned()),
            built(tag),
        ]);
    }
    table::right(&mut shown, &[3, 6, 7]);
    out::line(shown.to_string())?;
    Ok(())
}

fn counted(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), table::count)
}

fn coverage(build: &TagBuildBody) -> Option<String> {
    let population = build.population.filter(|population| *population > 0)?;
    let tenths = build.members?.saturating_mul(1000) / population;
    Some(format!("{}.{} %", tenths / 10, tenths % 10))
}

fn built(tag: &TagBody) -> String {
    let when = tag.good.as_ref().map_or_else(|| "never".to_owned(), |good| table::minute(&good.ended));
    match tag.last.as_ref().and_then(|last| last.fault.as_ref()) {
        Some(fault) => format!("{when}; failed since: {fault}"),
        None if tag.stale => format!("{when}; late"),
        None => when,
    }
}

async fn page(id: &TagId, look: &LookArgs, env: Env) -> Result<TagPageBody, CliError> {
    let hub = env.open().await?;
    let ctx = look.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, page) = flow::show_tag(&ctx, &hub, id, look.purpose.clone()).await?;
    Ok(TagPageBody::new(run, &page))
}

async fn show(id: &TagId, look: LookArgs, env: Env) -> Result<(), CliError> {
    let body = page(id, &look, env).await?;
    if look.json {
        return out::json(&body);
    }
    let tag = &body.tag;
    let mut shown = table::new_table(&["", ""]);
    let values = if tag.values.is_empty() { String::new() } else { format!(": {}", tag.values.join(", ")) };
    for (name, value) in [
        ("tag", format!("{} (version {}, {})", tag.id, tag.version, tag.status)),
        ("name", format!("{} / {}", tag.name_en, tag.name_zh)),
        ("says", tag.description.clone()),
        ("of", format!("holders of `{}`", tag.entity)),
        ("values", format!("{}{values}", tag.value)),
        ("in", tag.table.clone()),
        ("owner", tag.owner.clone()),
        ("purposes", tag.purposes.join(", ")),
        ("sensitivity", tag.sensitivity.clone()),
        ("refresh", tag.refresh.clone()),
        ("built", built(tag)),
        ("definition", tag.definition.chars().take(12).collect()),
    ] {
        shown.add_row([name.to_owned(), value]);
    }
    out::line(shown.to_string())?;
    if let Some(good) = &tag.good {
        show_shares(good)?;
    }
    out::line(tag.sql.trim())?;
    Ok(())
}

fn show_shares(build: &TagBuildBody) -> Result<(), CliError> {
    let mut shown = table::new_table(&["value", "members", "share"]);
    let all: u64 = build.shares.values().sum::<u64>().max(1);
    for (label, count) in &build.shares {
        let tenths = count.saturating_mul(1000) / all;
        shown.add_row([label.clone(), table::count(*count), format!("{}.{} %", tenths / 10, tenths % 10)]);
    }
    table::right(&mut shown, &[1, 2]);
    out::line(shown.to_string())?;
    Ok(())
}

async fn history(id: &TagId, look: LookArgs, env: Env) -> Result<(), CliError> {
    let body = page(id, &look, env).await?;
    if look.json {
        return out::json(&body.builds);
    }
    if body.builds.is_empty() {
        out::line(format!("`{id}` was never built: `membrane tag build {id}`"))?;
        return Ok(());
    }
    show_builds(&body.builds)
}

fn show_builds(builds: &[TagBuildBody]) -> Result<(), CliError> {
    let mut shown = table::new_table(&[
        "tag", "build", "version", "asked of", "as of", "members", "changed", "drift", "seconds", "result",
    ]);
    for build in builds {
        shown.add_row([
            build.tag.clone(),
            build.number.to_string(),
            build.version.to_string(),
            match build.kind.as_str() {
                "full" => "everyone".to_owned(),
                "members" => "who had news".to_owned(),
                _ => "who had events".to_owned(),
            },
            build.as_of.as_deref().map_or_else(|| "-".to_owned(), table::minute),
            counted(build.members),
            counted(build.changed),
            build.drift.map_or_else(|| "-".to_owned(), |drift| format!("{drift:.3}")),
            format!("{:.2}", build.seconds),
            match (&build.fault, &build.detail) {
                (None, _) => "good".to_owned(),
                (Some(fault), None) => fault.clone(),
                (Some(fault), Some(detail)) => format!("{fault}: {detail}"),
            },
        ]);
    }
    table::right(&mut shown, &[1, 2, 5, 6, 7, 8]);
    out::line(shown.to_string())?;
    Ok(())
}

async fn diff(
    id: &TagId,
    as_of: Option<DateTime<Utc>>,
    caller: &CallerArgs,
    json: bool,
    env: Env,
) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = builder(caller, &hub)?;
    let good =
        hub.ledger().last_tag_builds().await.map_err(|error| Failure::without_run(Error::Ledger(error)))?;
    let good = good.into_iter().rev().find(|build| build.tag == *id && build.fault.is_none());
    let request = TagRequest { tags: vec![id.clone()], as_of, full: true, dry_run: true };
    let built = Box::pin(flow::build_tags(&ctx, &hub, request)).await?;
    let Some(now) = built.first().map(TagBuildBody::from) else { return Ok(()) };
    if json {
        return out::json(&now);
    }
    match &good {
        None => out::line(format!("`{id}` was never built: all of it is new"))?,
        Some(good) if good.definition == now_definition(&hub, id) => {
            out::line(format!("version {} was built last, with this definition", good.version))?
        }
        Some(good) => out::line(format!(
            "version {} was built last, with another definition; version {} is served",
            good.version, now.version
        ))?,
    }
    if let Some(fault) = &now.fault {
        out::line(format!(
            "it would not be built: {fault}{}",
            now.detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"))
        ))?;
    }
    out::line(format!(
        "{} would have another value",
        table::counted(usize::try_from(now.changed.unwrap_or(0)).unwrap_or(usize::MAX), "member")
    ))?;
    let old = good.map(|good| good.shares).unwrap_or_default();
    let mut shown = table::new_table(&["value", "before", "then", "change"]);
    let labels: std::collections::BTreeSet<&String> = old.keys().chain(now.shares.keys()).collect();
    for label in labels {
        let (was, is) = (old.get(label).copied().unwrap_or(0), now.shares.get(label).copied().unwrap_or(0));
        let change = if is >= was {
            format!("+{}", table::count(is - was))
        } else {
            format!("-{}", table::count(was - is))
        };
        shown.add_row([label.clone(), table::count(was), table::count(is), change]);
    }
    table::right(&mut shown, &[1, 2, 3]);
    out::line(shown.to_string())?;
    Ok(())
}

/// Returns the definition of a tag as it is served.
fn now_definition(hub: &Hub, id: &TagId) -> String {
    hub.catalog().tag(id).map(|tag| tag.definition()).unwrap_or_default()
}

async fn check(ids: &[TagId], json: bool, env: Env) -> Result<(), CliError> {
    let config = env.config()?;
    let hub = env.open().await?;
    let reports = flow::try_tags(&hub, ids).await.map_err(Failure::without_run)?;
    let bodies: Vec<TagTrialBody> = reports.iter().map(TagTrialBody::from).collect();
    if json {
        out::json(&bodies)?;
    } else {
        for body in &bodies {
            match body.failures.as_slice() {
                [] => out::line(format!("{}: {} passed", body.tag, table::counted(body.tests, "test")))?,
                failures => {
                    for failure in failures {
                        out::line(format!("{}: {failure}", body.tag))?;
                    }
                }
            }
        }
    }
    let mut faults = hub.catalog().tag_faults().to_vec();
    faults.extend(flow::check_tags(hub.catalog(), Path::new(&config.catalog.dir), hub.limits(), ids).await);
    for fault in &faults {
        out::note(fault.to_string());
    }
    match bodies.iter().map(|body| body.failures.len()).sum::<usize>() {
        0 if !faults.is_empty() => {
            Err(CliError::failed(format!("{} in files of tags", table::counted(faults.len(), "fault"))))
        }
        0 => Ok(()),
        failed => Err(CliError::failed(format!("{} failed", table::counted(failed, "test")))),
    }
}

async fn build(request: TagRequest, caller: &CallerArgs, json: bool, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = builder(caller, &hub)?;
    let built = Box::pin(flow::build_tags(&ctx, &hub, request)).await?;
    let bodies: Vec<TagBuildBody> = built.iter().map(TagBuildBody::from).collect();
    if json {
        out::json(&bodies)?;
    } else if bodies.is_empty() {
        out::line("no tag is in use: its status is to be `active`")?;
    } else {
        show_builds(&bodies)?;
    }
    match bodies.iter().filter(|body| body.fault.is_some()).count() {
        0 => Ok(()),
        failed => Err(CliError::failed(format!(
            "{} not built; what was built before stays",
            table::counted(failed, "tag")
        ))),
    }
}

/// Returns for whom tags are built.
fn builder(caller: &CallerArgs, hub: &Hub) -> Result<RequestCtx, CliError> {
    let service: Option<PrincipalId> = hub.tags().service().filter(|service| hub.policies().knows(service));
    match service.filter(|_| caller.is_nobody()) {
        Some(service) => Ok(hub.ctx(service, Channel::CliDefault)),
        None => caller.ctx(hub, PrincipalKind::Service),
    }
}
