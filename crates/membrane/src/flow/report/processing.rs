//! A record of processing activities: what catalog, contracts, policies, lineage and the record say, and questions for the rest.

use std::collections::{BTreeMap, BTreeSet};

use membrane_catalog::{Column, Dataset, Sensitivity};
use membrane_model::{ClassName, DatasetName, PrincipalId, Purpose};
use membrane_report::{FindingKind, Section};

use super::Asked;
use super::can::askings;
use super::measures::measures;
use super::origin::sources;
use super::parts::{
    CODE, MOMENT, NUMBER, Rows, TEXT, ask, count, finding, listed, maybe, moment_or, paragraph, section,
    size, text,
};
use super::releases::Found;
use super::uses;
use crate::error::Error;

/// Who may receive what for one purpose.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) datasets: BTreeSet<DatasetName>,
    pub(super) classes: BTreeSet<ClassName>,
    /// By level, the principals.
    pub(super) levels: BTreeMap<&'static str, BTreeSet<PrincipalId>>,
}

pub(super) async fn sections(asked: &Asked<'_>) -> Result<Vec<Section>, Error> {
    let received = received(asked).await?;
    let used = uses::read(asked).await?;
    let found = Found::read(asked).await?;
    Ok(vec![
        controller()?,
        purposes(asked, received.as_ref(), &used)?,
        data(asked)?,
        classes(asked)?,
        recipients(received.as_ref(), &found)?,
        retention(asked)?,
        sources(asked).await?,
        measures(asked)?,
        by_hand()?,
    ])
}

/// Asks policies who may receive personal data, by purpose; none when there are too many to ask of.
pub(super) async fn received(asked: &Asked<'_>) -> Result<Option<BTreeMap<Purpose, Received>>, Error> {
    let Some(askings) = askings(asked) else { return Ok(None) };
    let mut all: BTreeMap<Purpose, Received> = BTreeMap::new();
    for asking in &askings {
        for (dataset, sight) in asking.sights(asked).await? {
            if !dataset.is_private() {
                continue;
            }
            let one = all.entry(asking.purpose.clone()).or_default();
            one.datasets.insert(dataset.name.clone());
            for column in &sight.columns {
                let Some(known) = dataset.column(&column.column) else { continue };
                if !is_personal(asked, known) {
                    continue;
                }
                one.classes.insert(known.class.clone());
                let level = asking.word(column.level);
                one.levels.entry(level).or_default().insert(asking.principal.clone());
            }
        }
    }
    Ok(Some(all))
}

/// Tells whether a column says something about a person, as its class is rated.
pub(super) fn is_personal(asked: &Asked<'_>, column: &Column) -> bool {
    asked.hub.catalog().sensitivity(&column.class) >= Sensitivity::Personal
}

/// Returns the datasets that are meant.
pub(super) fn meant<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = &'a Dataset> {
    let wanted = asked.filter.dataset.as_ref();
    let all = asked.hub.catalog().datasets().map(|dataset| &**dataset);
    all.filter(move |dataset| wanted.is_none_or(|wanted| *wanted == dataset.name))
}

fn controller() -> Result<Section, Error> {
    let mut section = section("controller", "Controller")?;
    section
        .blocks
        .push(paragraph("The hub does not know for whom it works. GDPR Article 30(1)(a), PIPL Article 52:"));
    let questions = [
        (
            "controller_name",
            "Name and contact details of the controller (PIPL: the personal information processor)",
            2,
        ),
        ("controller_joint", "Joint controllers and the controller's representative, if there are any", 2),
        (
            "controller_officer",
            "Data protection officer (PIPL: the person in charge of personal information protection)",
            2,
        ),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}

fn purposes(
    asked: &Asked<'_>,
    received: Option<&BTreeMap<Purpose, Received>>,
    used: &uses::Uses,
) -> Result<Section, Error> {
    let mut section = section("purposes", "Purposes")?;
    let columns = [
        ("purpose", "Purpose", CODE),
        ("description", "What it is", TEXT),
        ("datasets", "Datasets about members that may be used for it", CODE),
        ("classes", "Categories of personal data", CODE),
        ("runs", "Runs in the period", NUMBER),
        ("principals", "By", TEXT),
        ("latest", "Latest", MOMENT),
    ];
    let mut rows = Rows::new("purposes_all", &columns)?.or_say("The catalog has no such purpose.");
    let wanted = asked.filter.purpose.as_ref();
    for entry in asked.hub.catalog().purposes().filter(|entry| wanted.is_none_or(|name| *name == entry.name))
    {
        let of = received.and_then(|received| received.get(&entry.name));
        let own: Vec<&uses::Use> =
            used.iter().filter(|((purpose, _), _)| *purpose == entry.name).map(|(_, one)| one).collect();
        let principals: BTreeSet<&PrincipalId> = own.iter().flat_map(|one| &one.principals).collect();
        rows.push(vec![
            text(&entry.name),
            text(&entry.description),
            maybe(of.map(|of| listed(&of.datasets))),
            maybe(of.map(|of| listed(&of.classes))),
            count(own.iter().map(|one| one.runs).sum()),
            text(listed(principals)),
            moment_or(own.iter().filter_map(|one| one.latest).max()),
        ])?;
    }
    rows.put(&mut section, "`membrane catalog purposes` shows them all");
    Ok(section)
}

/// Says of whom there is data, of which categories, whose it is and by which right it is kept.
fn data(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("data", "Data subjects and personal data")?;
    let columns = [
        ("dataset", "Dataset", CODE),
        ("description", "What it is", TEXT),
        ("subjects", "Data subjects: known by", TEXT),
        ("classes", "Categories of personal data", CODE),
        ("owner", "Who answers for it", TEXT),
        ("purpose", "Purpose, as the contract says", TEXT),
        ("legal_basis", "Legal basis, as the contract says", TEXT),
    ];
    let mut rows = Rows::new("data_datasets", &columns)?.or_say("No dataset is about members.");
    let mut without = Vec::new();
    for dataset in meant(asked).filter(|dataset| dataset.is_private()) {
        let personal = dataset.columns.iter().filter(|column| is_personal(asked, column));
        let classes: BTreeSet<&ClassName> = personal.map(|column| &column.class).collect();
        let said = &dataset.stewardship;
        if said.legal_basis.is_none() {
            without.push(&dataset.name);
        }
        rows.push(vec![
            text(&dataset.name),
            text(&dataset.description),
            maybe(dataset.subject.as_ref().map(|subject| format!("{} ({})", subject.kind, subject.column))),
            text(listed(classes)),
            maybe(dataset.owner.as_ref()),
            maybe(said.purpose.as_ref()),
            maybe(said.legal_basis.as_ref()),
        ])?;
    }
    rows.put(&mut section, "`membrane catalog show` shows them all");
    if !without.is_empty() {
        let told = format!(
            "The contracts of these datasets state no legal basis (`membrane.legalBasis`): {}.",
            listed(without)
        );
        section.blocks.push(finding(FindingKind::Warning, told));
    }
    let questions = [
        ("data_subjects", "Categories of data subjects in words: members, prospects, staff, minors", 2),
        (
            "data_basis",
            "Legal basis of each purpose (GDPR Article 6, and 9 for special categories; PIPL Article 13, and 29 for sensitive ones)",
            4,
        ),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}

/// What there is of one class.
#[derive(Default)]
struct OfClass<'a> {
    columns: usize,
    datasets: BTreeSet<&'a DatasetName>,
    kept: BTreeSet<String>,
}

/// Says how each class of data about members is rated and stored.
pub(super) fn classes(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("classes", "Categories of data, and how they are stored")?;
    let mut found: BTreeMap<&ClassName, OfClass<'_>> = BTreeMap::new();
    for dataset in meant(asked).filter(|dataset| dataset.is_private()) {
        for column in &dataset.columns {
            let one = found.entry(&column.class).or_default();
            one.columns += 1;
            one.datasets.insert(&dataset.name);
            one.kept.insert(column.protection.to_string());
        }
    }
    let columns = [
        ("class", "Class", CODE),
        ("sensitivity", "Sensitivity", TEXT),
        ("columns", "Columns", NUMBER),
        ("kept", "Stored as", TEXT),
        ("datasets", "Datasets", CODE),
    ];
    let mut rows = Rows::new("classes_all", &columns)?;
    for (class, one) in found {
        rows.push(vec![
            text(class),
            text(asked.hub.catalog().sensitivity(class).as_str()),
            count(size(one.columns)),
            text(listed(one.kept)),
            text(listed(one.datasets)),
        ])?;
    }
    rows.put(&mut section, "`system.columns` has all columns");
    Ok(section)
}

fn recipients(received: Option<&BTreeMap<Purpose, Received>>, found: &Found) -> Result<Section, Error> {
    let mut section = section("recipients", "Recipients")?;
    let columns = [
        ("purpose", "Purpose", CODE),
        ("level", "At most, of personal data", TEXT),
        ("who", "Who may", TEXT),
    ];
    match received {
        Some(received) => {
            let mut rows = Rows::new("recipients_may", &columns)?.or_say("Nobody may receive personal data.");
            for (purpose, one) in received {
                for (level, who) in &one.levels {
                    rows.push(vec![text(purpose), text(level), text(listed(who))])?;
                }
            }
            rows.put(&mut section, "`membrane policy matrix` shows who sees what");
        }
        None => {
            let told = "There are too many principals and purposes to ask policies about all of them here; `membrane policy matrix` shows who sees what.";
            section.blocks.push(finding(FindingKind::Warning, told));
        }
    }
    let columns = [
        ("partner", "Partner", TEXT),
        ("answered", "Releases in the period", NUMBER),
        ("burned", "Paid, and failed", NUMBER),
    ];
    let mut rows =
        Rows::new("recipients_did", &columns)?.or_say("No partner received a release in this period.");
    for (partner, sum) in &found.partners {
        rows.push(vec![text(partner), count(sum.answered), count(sum.burned)])?;
    }
    rows.put(&mut section, "`membrane report releases` tells more");
    section.blocks.push(paragraph("Partners receive aggregates with noise, and no row."));
    let questions = [
        (
            "recipients_names",
            "Recipients by their legal names, processors among them, and the contracts with them (GDPR Article 28, PIPL Article 21)",
            3,
        ),
        (
            "recipients_transfers",
            "Transfers to third countries or abroad, and the safeguards for them (GDPR Article 30(1)(e), PIPL Articles 38 to 43)",
            3,
        ),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}

fn retention(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("retention", "Time limits for erasure")?;
    let columns = [
        ("dataset", "Dataset", CODE),
        ("rule", "Rule by which rows are deleted", TEXT),
        ("cut_off", "Rows of before this moment go", MOMENT),
        ("stated", "What else the contract states", TEXT),
    ];
    let mut rows = Rows::new("retention_all", &columns)?.or_say("No dataset is about members.");
    let mut without = Vec::new();
    for dataset in meant(asked).filter(|dataset| dataset.is_private()) {
        if dataset.retention.is_none() {
            without.push(&dataset.name);
        }
        rows.push(vec![
            text(&dataset.name),
            maybe(dataset.retention.as_ref()),
            moment_or(dataset.cut_off(asked.now)),
            maybe(dataset.stewardship.retention.as_ref()),
        ])?;
    }
    rows.put(&mut section, "`membrane catalog show DATASET` shows each");
    if !without.is_empty() {
        let told = format!(
            "No rule deletes rows of: {}. What a contract states elsewhere deletes nothing.",
            listed(without)
        );
        section.blocks.push(finding(FindingKind::Warning, told));
    }
    ask(
        &mut section,
        &[("retention_by_hand", "Time limits of what no rule deletes, and who sees to it", 3)],
    )?;
    Ok(section)
}

fn by_hand() -> Result<Section, Error> {
    let mut section = section("by_hand", "What else a record must have")?;
    let questions = [
        (
            "by_hand_rights",
            "How requests of data subjects are answered (access, rectification, erasure, objection, withdrawal of consent)",
            3,
        ),
        ("by_hand_automated", "Automated decisions that are made of the data (PIPL Articles 24 and 55)", 2),
        (
            "by_hand_assessments",
            "Impact assessments that were made, and where they are (`membrane report impact` begins one)",
            2,
        ),
        ("by_hand_review", "Who reviewed this record, and when", 2),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}
