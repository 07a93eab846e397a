//! `membrane policy explain`.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_catalog::Catalog;
use membrane_catalog::yaml::did_you_mean;
use membrane_model::{Action, ColumnName, DatasetName, PrincipalKind};
use membrane_policy::{BrokenGlass, Explanation, Policies, Question};
use serde_json::{Value, json};

use super::both;
use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out, table};
use crate::config::{Config, Serve};
use crate::delegations::{Delegation, DelegationState};
use crate::flow;
use crate::grants::{Grant, GrantState};
use crate::hub::Hub;
use crate::open::{OpenError, ledger_url};

/// The policies that are explained.
struct Version {
    catalog: Arc<Catalog>,
    policies: Arc<Policies>,
    /// What they are, in words.
    words: String,
    /// The number of the publication.
    publication: Option<u64>,
    /// The hub that serves them; none: a folder was read, and nothing else.
    hub: Option<Arc<Hub>>,
}

impl Version {
    /// Chooses what is served, unless a folder was named or there is no hub yet.
    async fn of(env: &Env) -> Result<Self, CliError> {
        let config = env.config()?;
        let named = env.global.policies.is_some() || env.global.catalog.is_some();
        // Explaining makes no hub where there is none.
        let hub_is_there = ledger_url(&config.ledger)?.1.is_none_or(|file| file.exists());
        if (named && config.policies.serve == Serve::Published) || !hub_is_there {
            let why = if named { "as it lies there, served or not" } else { "nothing is served yet" };
            return Self::of_folder(&config, why);
        }
        out::start_log(&config.log, out::LogUse::Command);
        let hub = match Hub::open(&config, env.clock.clone()).await {
            Ok(hub) => Arc::new(hub),
            Err(OpenError::Unpublished) => return Self::of_folder(&config, "nothing is published yet"),
            Err(error) => return Err(error.into()),
        };
        let words = match hub.publication() {
            Some(number) => format!("publication {number}, which is served"),
            None if named => format!("the folder {}", config.policies.dir),
            None => format!("the folder {}, which is served", config.policies.dir),
        };
        Ok(Self {
            catalog: Arc::clone(hub.catalog()),
            policies: Arc::clone(hub.policies()),
            publication: hub.publication(),
            words,
            hub: Some(hub),
        })
    }

    fn of_folder(config: &Config, why: &str) -> Result<Self, CliError> {
        let (catalog, policies) = both(config, false)?;
        let words = format!("the folder {}: {why}", config.policies.dir);
        Ok(Self { catalog: catalog.into(), policies: policies.into(), words, publication: None, hub: None })
    }

    /// Returns the open grants of a principal for a purpose.
    async fn grants(&self, caller: &CallerArgs, question: &Question<'_>) -> Result<Vec<Grant>, CliError> {
        let Some(hub) = &self.hub else { return Ok(Vec::new()) };
        let ctx = caller.ctx(hub, PrincipalKind::Compliance)?;
        let (_, lines) = flow::list_glass(&ctx, hub).await?;
        let open = lines.into_iter().map(|line| line.grant).filter(|grant| {
            grant.asked.requester == *question.principal
                && grant.asked.purpose == *question.purpose
                && grant.state(question.now) == GrantState::Open
        });
        Ok(open.collect())
    }

    /// Returns the open delegations by which the question may be asked on behalf of another.
    async fn delegations(
        &self,
        caller: &CallerArgs,
        (question, at_now): (&Question<'_>, bool),
    ) -> Result<Vec<Delegation>, CliError> {
        let (Some(hub), Some(delegator)) = (&self.hub, question.on_behalf_of) else { return Ok(Vec::new()) };
        let ctx = caller.ctx(hub, PrincipalKind::Compliance)?;
        let (_, lines) = flow::list_delegations(&ctx, hub).await?;
        let open = lines.into_iter().map(|line| line.delegation).filter(|one| {
            one.asked.delegator == *delegator
                && one.asked.delegate == *question.principal
                && one.asked.purposes.contains(question.purpose)
                && one.asked.datasets.contains(question.dataset)
                && if at_now {
                    one.state(question.now) == DelegationState::Open
                } else {
                    one.is_open_at(question.now)
                }
        });
        Ok(open.collect())
    }
}

/// Explains how a column is shown; now, or at the moment that was named.
pub(super) async fn run(
    env: &Env,
    caller: &CallerArgs,
    (question, at_now): (&Question<'_>, bool),
    json: bool,
) -> Result<(), CliError> {
    let version = Version::of(env).await?;
    let (policies, catalog) = (&version.policies, &version.catalog);
    if !catalog.has_purpose(question.purpose) {
        let known: Vec<&str> = catalog.purposes().map(|entry| entry.name.as_str()).collect();
        let hint = did_you_mean(question.purpose.as_str(), known.iter().copied());
        let message =
            format!("the purposes are {}: there is no `{}`{hint}", known.join(", "), question.purpose);
        return Err(CliError::usage(message));
    }
    let unknown = || {
        CliError::usage(format!(
            "there is no principal, dataset or column of these names: see `membrane policy principals` and \
             `membrane catalog show {}`",
            question.dataset
        ))
    };
    if question.on_behalf_of.is_some() && question.action != Action::Read {
        return Err(CliError::usage(
            "only reading is done on behalf of another: leave --for or --action out",
        ));
    }
    let mut found = policies.explain(catalog, question).ok_or_else(unknown)?;
    let delegations = version.delegations(caller, (question, at_now)).await?;
    let mut grants = Vec::new();
    if found.behind_glass {
        grants = version.grants(caller, question).await?;
        let glass = |grant: &Grant| BrokenGlass { grant: grant.number, columns: grant.asked.columns.clone() };
        let broken: Vec<BrokenGlass> = grants.iter().map(glass).collect();
        let question = Question { broken: &broken, ..question.clone() };
        found = policies.explain(catalog, &question).ok_or_else(unknown)?;
    }
    if json {
        return out::json(&shaped(&version, &found, (&grants, &delegations), question));
    }
    let hash = policies.version().get(..12).unwrap_or_default();
    out::line(format!("by {}, version {hash}", version.words))?;
    told(&found, question, question.on_behalf_of.is_none() || !delegations.is_empty())?;
    if found.behind_glass {
        told_glass(&grants, question)?;
    }
    if question.on_behalf_of.is_some() {
        told_delegations(&delegations, at_now)?;
    }
    for id in found.factors.iter().chain(found.changes.iter().flat_map(|change| &change.factors)) {
        if let Some(card) = policies.cards().iter().find(|card| card.id() == id) {
            out::line(format!("  {id}: {} {}", card.words(), card.because()))?;
        }
    }
    Ok(())
}

/// Tells how a column is shown, or would be, if what it takes were handed on.
fn told(found: &Explanation, question: &Question<'_>, is_so: bool) -> Result<(), CliError> {
    let (sees, not) = if is_so { ("sees", "does not see") } else { ("would see", "would not see") };
    let who = match question.on_behalf_of {
        Some(other) => format!("{}, on behalf of {other},", question.principal),
        None => question.principal.to_string(),
    };
    let column = format!("{}.{}", question.dataset, question.column);
    out::line(match found.shown {
        Some(shown) => format!(
            "{who} {sees} {column} as {shown}, for {}, by {}",
            question.purpose,
            found.factors.join(", ")
        ),
        None if found.factors.is_empty() => {
            format!("{who} {not} {column} for {}: no policy permits it", question.purpose)
        }
        None => {
            format!("{who} {not} {column} for {}, by {}", question.purpose, found.factors.join(", "))
        }
    })?;
    let mut shown = table::new_table(&["asked", "answer", "by"]);
    for asked in &found.asked {
        shown.add_row([asked.action, asked.answer, &asked.factors.join("\n")]);
    }
    out::line(shown.to_string())?;
    for note in &found.notes {
        out::line(format!("note: {note}"))?;
    }
    let whose = question.on_behalf_of.map(|other| format!(" of {other}")).unwrap_or_default();
    out::line(if found.changes.is_empty() {
        format!("no other purpose, group or clearance{whose} shows more of it")
    } else if question.on_behalf_of.is_some() {
        format!("more would be shown, with what is said{whose}:")
    } else {
        "more would be shown:".to_owned()
    })?;
    for change in &found.changes {
        out::line(format!("  {}: {}, by {}", change.what, change.shown, change.factors.join(", ")))?;
    }
    Ok(())
}

/// Tells which grants are open, where one would show the column otherwise.
fn told_glass(grants: &[Grant], question: &Question<'_>) -> Result<(), CliError> {
    for grant in grants {
        let of_this = if names(grant, question) { "" } else { ", not of this column" };
        out::line(format!("break-glass {} is open until {}{of_this}", grant.number, until(grant)))?;
    }
    if !grants.iter().any(|grant| names(grant, question)) {
        out::line(
            "among the grants that you may list, no break-glass of this column is open; while one is, it is shown otherwise",
        )?;
    }
    Ok(())
}

/// Tells which delegations are open: without one nothing is shown on behalf of another.
fn told_delegations(delegations: &[Delegation], at_now: bool) -> Result<(), CliError> {
    for one in delegations {
        let at = if at_now { "" } else { " at that moment," };
        out::line(format!("delegation {} is open{at} until {}", one.number, written(one.closes())))?;
    }
    let now = if at_now { "now" } else { "at that moment" };
    if delegations.is_empty() {
        out::line(format!(
            "among the delegations that you may list, none hands this on {now}; without one nothing is shown on behalf of another"
        ))?;
    }
    Ok(())
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn names(grant: &Grant, question: &Question<'_>) -> bool {
    grant
        .asked
        .columns
        .iter()
        .any(|(dataset, column)| dataset == question.dataset && column == question.column)
}

fn until(grant: &Grant) -> String {
    grant.until().map(written).unwrap_or_default()
}

/// Reads `DATASET.COLUMN`.
pub(in crate::cli) fn column(text: &str) -> Result<(DatasetName, ColumnName), String> {
    let (dataset, column) =
        text.split_once('.').ok_or("expected DATASET.COLUMN, such as crm_members.phone")?;
    let told = |error: membrane_model::NameError| error.to_string();
    Ok((dataset.parse().map_err(told)?, column.parse().map_err(told)?))
}

/// Reads a moment.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let moment = DateTime::parse_from_rfc3339(text);
    moment
        .map(|moment| moment.to_utc())
        .map_err(|_| "expected a moment, such as 2026-12-31T12:00:00Z".to_owned())
}

/// Reads the sense in which something is asked.
pub(super) fn action(text: &str) -> Result<Action, String> {
    let known = [Action::Read, Action::Release];
    known
        .into_iter()
        .find(|action| action.as_str() == text)
        .ok_or_else(|| "expected read or release".to_owned())
}

fn shaped(
    version: &Version,
    found: &Explanation,
    (grants, delegations): (&[Grant], &[Delegation]),
    question: &Question<'_>,
) -> Value {
    let asked = found
        .asked
        .iter()
        .map(|asked| json!({ "action": asked.action, "answer": asked.answer, "policies": asked.factors }));
    let changes = found.changes.iter().map(|change| {
        json!({ "what": change.what, "shown": change.shown.to_string(), "policies": change.factors })
    });
    let grants = grants.iter().map(|grant| {
        json!({ "number": grant.number, "until": until(grant), "of_this_column": names(grant, question) })
    });
    let delegations =
        delegations.iter().map(|one| json!({ "number": one.number, "until": written(one.closes()) }));
    json!({
        "version": version.policies.version(),
        "publication": version.publication,
        "served": version.hub.is_some(),
        "break_glass": found.behind_glass.then(|| grants.collect::<Vec<_>>()),
        "on_behalf_of": question.on_behalf_of.map(ToString::to_string),
        "delegations": question.on_behalf_of.map(|_| delegations.collect::<Vec<_>>()),
        "shown": found.shown.map(|shown| shown.to_string()),
        "policies": found.factors,
        "asked": asked.collect::<Vec<_>>(),
        "notes": found.notes,
        "changes": changes.collect::<Vec<_>>(),
    })
}
