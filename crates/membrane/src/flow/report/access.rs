//! Who may see which columns, who saw them, why, and by which runs that is shown.

use std::collections::BTreeSet;

use membrane_model::{ClassName, ColumnName, PrincipalId};
use membrane_query::GrantFacts;
use membrane_report::{Block, FindingKind, Section};

use super::Asked;
use super::can::Can;
use super::did::Did;
use super::meant::Meant;
use super::parts::{
    CODE, MOMENT, NUMBER, Rows, TEXT, count, finding, listed, maybe, moment_or, section, size, text,
};
use crate::error::Error;
use crate::flow::record::grants;

pub(super) async fn sections(asked: &Asked<'_>) -> Result<Vec<Section>, Error> {
    let meant = Meant::of(asked);
    let can = Can::read(asked, &meant).await?;
    let did = Did::read(asked, &meant).await?;
    let named: BTreeSet<String> = can.policies().chain(did.policies()).cloned().collect();
    let mut all = vec![answer(asked, &can, &did)?];
    all.push(did.added_up(asked)?);
    all.push(did.evidence(asked)?);
    all.push(can.section()?);
    all.push(reasons(asked, &named)?);
    let counted = grants(asked.hub, asked.now).await?;
    all.push(granted(&counted, &did.grants)?);
    Ok(all)
}

/// Says in a sentence what was found.
fn answer(asked: &Asked<'_>, can: &Can, did: &Did) -> Result<Section, Error> {
    let mut section = section("answer", "In short")?;
    let (may, saw) = (can.principals(), did.principals.len());
    let idle = may.iter().filter(|principal| !did.principals.contains(**principal)).count();
    let mut told = vec![match did.runs {
        0 => "Nobody took such columns in this period.".to_owned(),
        took => format!(
            "{} in this period took such columns, by {}: {}.",
            counted(took, "run"),
            counted(size(saw), "principal"),
            names(&did.principals)
        ),
    }];
    if can.is_whole && may.is_empty() {
        told.push("By the policies that are served now nobody may see them.".to_owned());
    } else if can.is_whole {
        told.push(format!(
            "By the policies that are served now {} may see them; {idle} of those did not in this period.",
            counted(size(may.len()), "principal")
        ));
    }
    section.blocks.push(Block::List(told));
    if let Some(told) = unknown(asked) {
        section.blocks.push(finding(FindingKind::Warning, told));
    }
    Ok(section)
}

fn counted(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Names that are told in a sentence.
const NAMED: usize = 20;

fn names(principals: &BTreeSet<PrincipalId>) -> String {
    match principals.len() {
        few if few <= NAMED => listed(principals),
        many => format!("{} and {} more", listed(principals.iter().take(NAMED)), many - NAMED),
    }
}

/// Says which of the names that were stated the catalog and the policies do not know: what is on record of them is found all the same.
fn unknown(asked: &Asked<'_>) -> Option<String> {
    let (hub, filter) = (asked.hub, asked.filter);
    let catalog = hub.catalog();
    let mut unknown = Vec::new();
    let mut note = |what: &str, name: Option<String>, is_known: bool| {
        unknown.extend(name.filter(|_| !is_known).map(|name| format!("{what} `{name}`")));
    };
    let class = filter.class.as_ref();
    let in_class = |class: &ClassName| {
        catalog.datasets().any(|dataset| dataset.columns.iter().any(|column| column.class.is_within(class)))
    };
    note("class", class.map(ToString::to_string), class.is_some_and(in_class));
    let dataset = filter.dataset.as_ref();
    note(
        "dataset",
        dataset.map(ToString::to_string),
        dataset.is_some_and(|name| catalog.dataset(name).is_some()),
    );
    let column = filter.column.as_ref();
    let has = |name: &ColumnName| catalog.datasets().any(|dataset| dataset.column(name).is_some());
    note("column", column.map(ToString::to_string), column.is_some_and(has));
    let principal = filter.principal.as_ref();
    note(
        "principal",
        principal.map(ToString::to_string),
        principal.is_some_and(|name| hub.policies().knows(name)),
    );
    let purpose = filter.purpose.as_ref();
    note("purpose", purpose.map(ToString::to_string), purpose.is_some_and(|name| catalog.has_purpose(name)));
    (!unknown.is_empty())
        .then(|| format!("Catalog and policies that are served do not know: {}.", unknown.join(", ")))
}

/// Says of each policy that is named what its author says of it.
fn reasons(asked: &Asked<'_>, named: &BTreeSet<String>) -> Result<Section, Error> {
    let mut section = section("why", "Why: the policies that decided")?;
    let columns = [
        ("policy", "Policy", CODE),
        ("effect", "Effect", TEXT),
        ("because", "Why there is this policy, as its author says", TEXT),
        ("says", "What it says", TEXT),
        ("place", "Where it stands", CODE),
    ];
    let mut rows = Rows::new("why_policies", &columns)?.or_say("No policy is named.");
    let policies = asked.hub.policies();
    for name in named {
        let listed = policies.listed().iter().find(|policy| policy.id == *name);
        let card = policies.cards().iter().find(|card| card.id() == name);
        rows.push(vec![
            text(name),
            maybe(listed.map(|policy| policy.effect)),
            listed.map_or_else(
                || text("not served now: `membrane policy history` has the texts of before"),
                |policy| maybe(policy.words.as_ref()),
            ),
            maybe(card.map(membrane_policy::Card::words)),
            maybe(listed.map(|policy| format!("{}:{}", policy.file, policy.line))),
        ])?;
    }
    rows.put(&mut section, "`system.policies` has them all");
    Ok(section)
}

/// Tells of break-glass and delegations: those by which something was seen, and those that are open.
fn granted(all: &[GrantFacts], counted: &BTreeSet<String>) -> Result<Section, Error> {
    let mut section = section("grants", "Break-glass and delegations that counted, or are open")?;
    let mut rows = grant_rows("grants_counted", "None counted, and none is open.")?;
    for grant in all.iter().filter(|grant| grant.state == "open" || counted.contains(&grant_name(grant))) {
        push_grant(&mut rows, grant)?;
    }
    rows.put(&mut section, "`system.grants` has them all");
    Ok(section)
}

/// Returns how runs name a grant.
fn grant_name(grant: &GrantFacts) -> String {
    format!("{} {}", grant.kind.replace('_', "-"), grant.number)
}

/// Begins a table of break-glass and delegations.
pub(super) fn grant_rows(id: &str, empty: &str) -> Result<Rows, Error> {
    let columns = [
        ("grant", "Grant", TEXT),
        ("who", "Asked by, or handed on by", TEXT),
        ("delegate", "Handed on to", TEXT),
        ("purposes", "Purposes", TEXT),
        ("what", "Datasets and columns", CODE),
        ("ticket", "For the case", TEXT),
        ("asked", "Asked", MOMENT),
        ("approved_by", "Agreed by", TEXT),
        ("starts", "From", MOMENT),
        ("ends", "Until", MOMENT),
        ("state", "State", TEXT),
        ("run", "Run", CODE),
        ("number", "Number", NUMBER),
    ];
    Ok(Rows::new(id, &columns)?.or_say(empty))
}

/// Adds one of them.
pub(super) fn push_grant(rows: &mut Rows, grant: &GrantFacts) -> Result<(), Error> {
    let what = if grant.columns.is_empty() { &grant.datasets } else { &grant.columns };
    let ends = grant.ended.as_ref().map(|(_, at)| *at).or(grant.ends);
    rows.push(vec![
        text(grant.kind.replace('_', "-")),
        text(&grant.principal),
        maybe(grant.delegate.as_ref()),
        text(listed(&grant.purposes)),
        text(listed(what)),
        text(&grant.ticket),
        moment_or(Some(grant.asked)),
        maybe(grant.approved.as_ref().map(|(who, _)| who)),
        moment_or(grant.starts),
        moment_or(ends),
        text(grant.state),
        maybe(grant.run),
        count(grant.number),
    ])
}
