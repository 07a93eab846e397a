//! Who may do what by the policies that are served, what is proved of them, and how they changed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_policy::publication::{FileRecord, MATRIX_FILE, Record, matrix_differences};
use membrane_report::{Block, FindingKind, Section};

use super::Asked;
use super::access::{grant_rows, push_grant};
use super::parts::{
    CODE, MOMENT, NUMBER, Rows, TEXT, count, count_or, finding, maybe, moment, paragraph, part, put_lines,
    section, size, text,
};
use crate::deep::on_deep_stack;
use crate::error::Error;
use crate::flow::HistoryLine;
use crate::flow::publish::read_history;
use crate::flow::record::grants;

/// Lines of a matrix, and of what changed in one.
const LINES_MAX: usize = 5_000;
/// Publications of which it is told what changed in who sees what.
const TOLD_MAX: usize = 50;

pub(super) async fn sections(asked: &Asked<'_>) -> Result<Vec<Section>, Error> {
    let history = read_history(asked.hub, None).await?;
    let mut all = vec![
        served(asked, &history)?,
        matrix(asked).await?,
        policies(asked)?,
        claims(asked, &history)?,
        changes(asked, &history).await?,
    ];
    all.extend(differences(asked, &history).await?);
    all.push(granted(asked).await?);
    Ok(all)
}

fn served(asked: &Asked<'_>, history: &[HistoryLine]) -> Result<Section, Error> {
    let (hub, mut section) = (asked.hub, section("served", "What is served")?);
    let policies = hub.policies();
    let mut facts = vec![
        ("Version".to_owned(), policies.version().to_owned()),
        ("Policies".to_owned(), format!("{}, {} of them cards", policies.count(), policies.cards().len())),
        ("Principals".to_owned(), policies.principals().len().to_string()),
        ("Claims".to_owned(), policies.claims().len().to_string()),
    ];
    match current(asked, history) {
        Some(HistoryLine { run, record, signature, .. }) => {
            facts.push((
                "Publication".to_owned(),
                format!("{} of {}, by {}", record.number, record.published, record.principal),
            ));
            facts.push((
                "Cases".to_owned(),
                format!("{}, all as expected when it was published", record.cases),
            ));
            facts.push(("Proved by".to_owned(), record.solver.clone()));
            facts.push(("Run".to_owned(), run.to_string()));
            facts.push(("Signature".to_owned(), signature.clone()));
            facts.push(("Key (Ed25519)".to_owned(), hub.signer().public_key()));
        }
        None => {
            let told = "The hub serves what lies in its folders: nothing was published, so that nobody signed that it was reviewed and proved.";
            section.blocks.push(finding(FindingKind::Warning, told));
        }
    }
    section.blocks.push(Block::Definitions(facts));
    Ok(section)
}

/// Returns the publication that is served.
fn current<'h>(asked: &Asked<'_>, history: &'h [HistoryLine]) -> Option<&'h HistoryLine> {
    let number = asked.hub.publication()?;
    history.iter().find(|line| line.record.number == number)
}

async fn matrix(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("matrix", "Who may what")?;
    section.blocks.push(paragraph(
        "By purpose: at which level each class of columns is shown, and which rows; then what changes at later moments, who may do what with the \
         hub, and how each column is classified.",
    ));
    let (policies, catalog, now) =
        (Arc::clone(asked.hub.policies()), Arc::clone(asked.hub.catalog()), asked.now);
    let made = on_deep_stack("matrix", move || policies.matrix(&catalog, now)).await;
    let made = made.ok_or(Error::Internal("the thread of the matrix cannot work"))?;
    put_lines(&mut section, &made, LINES_MAX, "`membrane policy matrix` shows all of it");
    Ok(section)
}

fn policies(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("policies", "Policies")?;
    let columns = [
        ("policy", "Policy", CODE),
        ("effect", "Effect", TEXT),
        ("actions", "About", TEXT),
        ("because", "Why there is this policy, as its author says", TEXT),
        ("says", "What it says", TEXT),
        ("place", "Where it stands", CODE),
    ];
    let mut rows = Rows::new("policies_all", &columns)?;
    let policies = asked.hub.policies();
    for policy in policies.listed() {
        let card = policies.cards().iter().find(|card| card.id() == policy.id);
        let actions =
            if policy.actions.is_empty() { "everything".to_owned() } else { policy.actions.join(", ") };
        rows.push(vec![
            text(&policy.id),
            text(policy.effect),
            text(actions),
            maybe(policy.words.as_ref()),
            maybe(card.map(membrane_policy::Card::words)),
            text(format!("{}:{}", policy.file, policy.line)),
        ])?;
    }
    rows.put(&mut section, "`system.policies` has them all");
    Ok(section)
}

/// Says what is claimed of the policies, and whether it was proved of those that are served.
fn claims(asked: &Asked<'_>, history: &[HistoryLine]) -> Result<Section, Error> {
    let mut section = section("claims", "Claims and proofs")?;
    let columns =
        [("claim", "Claim", CODE), ("words", "What must never be", TEXT), ("proved", "Proved", TEXT)];
    let mut rows = Rows::new("claims_all", &columns)?.or_say("Nothing is claimed.");
    if let Some(line) = current(asked, history) {
        for claim in &line.record.claims {
            let proved = if claim.proved { "yes" } else { "no" };
            rows.push(vec![text(&claim.claim), text(&claim.words), text(proved)])?;
        }
        rows.put(&mut section, "`membrane policy history` has them all");
        section.blocks.push(paragraph(format!(
            "Proved by {} when publication {} was signed; the record of it is a document of the run {}, whose entry in the log names it by its hash. \
             `membrane policy prove` proves them again.",
            line.record.solver, line.record.number, line.run
        )));
        if !line.record.weaknesses.is_empty() {
            section.blocks.push(paragraph("Published all the same: where tokens say more than they should."));
            section.blocks.push(Block::List(line.record.weaknesses.clone()));
        }
        return Ok(section);
    }
    for claim in asked.hub.policies().claims() {
        rows.push(vec![text(claim.name()), text(claim.words()), text("not on record")])?;
    }
    rows.put(&mut section, "`membrane policy prove` proves them all");
    let told =
        "No proof is on record, as nothing was published; `membrane policy prove` proves the claims now.";
    section.blocks.push(finding(FindingKind::Warning, told));
    Ok(section)
}

fn published_at(record: &Record) -> Option<DateTime<Utc>> {
    record.published.parse().ok()
}

/// Returns the publications of the period, the newest first, each with the one before it.
fn in_period<'h>(
    asked: &Asked<'_>,
    history: &'h [HistoryLine],
) -> Vec<(&'h HistoryLine, Option<&'h HistoryLine>)> {
    let before = std::iter::once(None).chain(history.iter().map(Some));
    let all = history.iter().zip(before);
    let mut found: Vec<_> =
        all.filter(|(line, _)| published_at(&line.record).is_some_and(|at| asked.period.has(at))).collect();
    found.reverse();
    found
}

async fn changes(asked: &Asked<'_>, history: &[HistoryLine]) -> Result<Section, Error> {
    let mut section = section("changes", "What was published in this period")?;
    let columns = [
        ("number", "Publication", NUMBER),
        ("published", "When", MOMENT),
        ("by", "By", TEXT),
        ("policies", "Policies", NUMBER),
        ("claims", "Claims proved", NUMBER),
        ("files", "Files that changed", CODE),
        ("version", "Version", CODE),
        ("run", "Run", CODE),
        ("leaf", "Leaf", NUMBER),
    ];
    let mut rows = Rows::new("changes_all", &columns)?.or_say("Nothing was published in this period.");
    for (line, before) in in_period(asked, history) {
        let record = &line.record;
        let leaf = asked.hub.ledger().leaf_of(&line.run).await.map_err(Error::Ledger)?;
        let files =
            changed(before.map(|before| before.record.files.as_slice()).unwrap_or_default(), &record.files);
        rows.push(vec![
            count(record.number),
            maybe(published_at(record).map(moment)),
            text(&record.principal),
            count(size(record.policies)),
            count(size(record.claims.len())),
            text(files.join("\n")),
            text(&record.version),
            text(line.run),
            count_or(leaf),
        ])?;
    }
    rows.put(&mut section, "`membrane policy history` shows them all");
    if asked.hub.publication().is_none() {
        section.blocks.push(paragraph(
            "Changes of files that are served unpublished are not on record; `system.decisions` names the version of the policies by which each \
             decision was made.",
        ));
    }
    Ok(section)
}

/// Says which files of a publication are others than before.
fn changed(before: &[FileRecord], after: &[FileRecord]) -> Vec<String> {
    let old = |path: &str| before.iter().find(|file| file.path == path);
    let mut found: Vec<String> = after
        .iter()
        .filter_map(|file| match old(&file.path) {
            None => Some(format!("+ {}", file.path)),
            Some(known) => (known.sha256 != file.sha256).then(|| format!("~ {}", file.path)),
        })
        .collect();
    let gone = before.iter().filter(|file| !after.iter().any(|new| new.path == file.path));
    found.extend(gone.map(|file| format!("- {}", file.path)));
    found
}

/// Says what changed in who sees what, of each publication that changed it.
async fn differences(asked: &Asked<'_>, history: &[HistoryLine]) -> Result<Vec<Section>, Error> {
    let mut parts = Vec::new();
    for (line, before) in in_period(asked, history).into_iter().take(TOLD_MAX) {
        let Some(before) = before else { continue };
        let (old, new) = (reviewed(asked, &before.record).await?, reviewed(asked, &line.record).await?);
        let lines = matrix_differences(&old, &new);
        if lines.is_empty() {
            continue;
        }
        let number = line.record.number;
        let mut part =
            part(&format!("publication-{number}"), &format!("Who sees what: publication {number}"))?;
        let whole = format!("`membrane policy history {number} --files DIR` writes both");
        put_lines(&mut part, &lines.join("\n"), LINES_MAX, &whole);
        parts.push(part);
    }
    Ok(parts)
}

/// Returns who sees what, as it was reviewed for a publication.
async fn reviewed(asked: &Asked<'_>, record: &Record) -> Result<String, Error> {
    let place = format!("policies/{MATRIX_FILE}");
    match record.files.iter().find(|file| file.path == place) {
        Some(file) => asked.hub.ledger().document_file(&file.sha256).await.map_err(Error::Ledger),
        None => Ok(String::new()),
    }
}

/// Tells of what was granted beside the policies in the period.
async fn granted(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("grants", "Break-glass and delegations of this period")?;
    let mut rows = grant_rows("grants_all", "None.")?;
    let all = grants(asked.hub, asked.now).await?;
    for grant in all.iter().filter(|grant| asked.period.has(grant.asked)) {
        push_grant(&mut rows, grant)?;
    }
    rows.put(&mut section, "`system.grants` has them all");
    Ok(section)
}

#[cfg(test)]
mod tests;
