//! The beginning of an impact assessment for a purpose: what the hub knows of it, and the questions that people answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use membrane_catalog::Sensitivity;
use membrane_model::{ClassName, DatasetName, PrincipalId, Purpose};
use membrane_report::{Block, FindingKind, Section};

use super::Asked;
use super::can::{askings, rows_word};
use super::measures::measures;
use super::parts::{
    CODE, MOMENT, NUMBER, Rows, TEXT, ask, count, count_or, finding, listed, maybe, moment_or, paragraph,
    section, text,
};
use super::processing::classes;
use super::uses;
use crate::deep::on_deep_stack;
use crate::error::Error;
use crate::flow::catalog::gather;

/// Weaknesses of tokens that are told.
const WEAKNESSES_MAX: usize = 50;

/// What may be shown of one class for the purpose.
#[derive(Debug, Default)]
struct Shown {
    levels: BTreeSet<&'static str>,
    datasets: BTreeSet<DatasetName>,
    principals: BTreeSet<PrincipalId>,
}

/// What policies say of the purpose.
#[derive(Debug, Default)]
struct Reach {
    classes: BTreeMap<ClassName, Shown>,
    /// Of each dataset about members, which rows at most.
    datasets: BTreeMap<DatasetName, BTreeSet<&'static str>>,
    is_whole: bool,
}

pub(super) async fn sections(asked: &Asked<'_>) -> Result<Vec<Section>, Error> {
    let purpose = asked.filter.purpose.as_ref().ok_or(Error::Internal("an assessment without a purpose"))?;
    let is_known = asked.hub.catalog().has_purpose(purpose);
    let reach = reach(asked).await?;
    let mut all = vec![description(asked, purpose, is_known)?, data(asked, &reach)?];
    if !is_known {
        all.push(classes(asked)?);
    }
    all.push(volumes(asked, purpose, &reach, is_known).await?);
    all.push(necessity()?);
    all.push(risks(asked, purpose, &reach).await?);
    all.push(measures(asked)?);
    all.push(happened(asked).await?);
    all.push(decision()?);
    Ok(all)
}

async fn reach(asked: &Asked<'_>) -> Result<Reach, Error> {
    let Some(askings) = askings(asked) else { return Ok(Reach::default()) };
    let mut reach = Reach { is_whole: true, ..Reach::default() };
    for asking in &askings {
        for (dataset, sight) in asking.sights(asked).await? {
            if !dataset.is_private() {
                continue;
            }
            reach.datasets.entry(dataset.name.clone()).or_default().insert(rows_word(&sight.rows));
            for column in &sight.columns {
                let Some(known) = dataset.column(&column.column) else { continue };
                let shown = reach.classes.entry(known.class.clone()).or_default();
                shown.levels.insert(asking.word(column.level));
                shown.datasets.insert(dataset.name.clone());
                shown.principals.insert(asking.principal.clone());
            }
        }
    }
    Ok(reach)
}

fn description(asked: &Asked<'_>, purpose: &Purpose, is_known: bool) -> Result<Section, Error> {
    let mut section = section("description", "Description of the processing")?;
    if is_known {
        let entry = asked.hub.catalog().purposes().find(|entry| entry.name == *purpose);
        let words = entry.map(|entry| entry.description.clone()).unwrap_or_default();
        section.blocks.push(paragraph(format!("{purpose}: {words}")));
    } else {
        let told = format!(
            "Nobody knows the purpose `{purpose}`: it is not among those of the catalog, so that nothing can be asked for it and nothing was. What \
             follows is the ground for deciding whether it should be. Its name is not in the record of the run, as names that nobody knows are not."
        );
        section.blocks.push(finding(FindingKind::Warning, told));
    }
    let questions = [
        (
            "description_nature",
            "Nature, scope, context and aims of the processing (GDPR Article 35(7)(a), PIPL Article 56)",
            4,
        ),
        ("description_interest", "Legitimate interest that is pursued, where that is the legal basis", 2),
        (
            "description_required",
            "Why an assessment is required: large scale, sensitive data, minors, automated decisions, something new",
            3,
        ),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}

fn data(asked: &Asked<'_>, reach: &Reach) -> Result<Section, Error> {
    let mut section = section("data", "Personal data that policies let be used for it")?;
    if !reach.is_whole {
        let told = "There are too many principals to ask policies about all of them here; `membrane policy matrix` shows who sees what.";
        section.blocks.push(finding(FindingKind::Warning, told));
    }
    let columns = [
        ("class", "Class", CODE),
        ("sensitivity", "Sensitivity", TEXT),
        ("levels", "Shown as", TEXT),
        ("datasets", "Datasets", CODE),
        ("who", "To whom", TEXT),
    ];
    let nothing = "By the policies that are served nobody may use data about members for it.";
    let mut rows = Rows::new("data_classes", &columns)?.or_say(nothing);
    for (class, shown) in &reach.classes {
        rows.push(vec![
            text(class),
            text(asked.hub.catalog().sensitivity(class).as_str()),
            text(listed(&shown.levels)),
            text(listed(&shown.datasets)),
            text(listed(&shown.principals)),
        ])?;
    }
    rows.put(&mut section, "`membrane policy matrix` shows who sees what");
    Ok(section)
}

/// Says how much there is of it, for how long it is kept, and who consents; of a purpose that nobody knows of all datasets about members.
async fn volumes(
    asked: &Asked<'_>,
    purpose: &Purpose,
    reach: &Reach,
    is_known: bool,
) -> Result<Section, Error> {
    let mut section = section("volumes", "Datasets, and how much there is in them")?;
    let columns = [
        ("dataset", "Dataset", CODE),
        ("rows", "Rows", NUMBER),
        ("shown", "Which rows policies show", TEXT),
        ("first", "First delivery", MOMENT),
        ("last", "Last delivery", MOMENT),
        ("retention", "Rule by which rows are deleted, or not shown", TEXT),
        ("not_shown", "For this purpose not shown of before", MOMENT),
        ("consent", "Column that says who consents", CODE),
        ("legal_basis", "Legal basis, as the contract says", TEXT),
    ];
    let mut rows = Rows::new("volumes_all", &columns)?.or_say("There are none.");
    let facts = gather(asked.hub, asked.permit, asked.now).await?;
    for fact in facts.iter().filter(|fact| !is_known || reach.datasets.contains_key(&fact.name)) {
        let Some(dataset) = asked.hub.catalog().dataset(&fact.name).filter(|dataset| dataset.is_private())
        else {
            continue;
        };
        rows.push(vec![
            text(&fact.name),
            count_or(fact.rows),
            maybe(reach.datasets.get(&fact.name).map(listed)),
            moment_or(fact.first_delivery),
            moment_or(fact.last_delivery),
            maybe(dataset.retention.as_ref()),
            moment_or(dataset.cut_off_for(purpose, asked.now).map(|(_, at)| at)),
            maybe(dataset.consent_for(purpose).map(|column| &column.name)),
            maybe(dataset.stewardship.legal_basis.as_ref()),
        ])?;
    }
    rows.put(&mut section, "`membrane catalog show` shows them all");
    Ok(section)
}

fn necessity() -> Result<Section, Error> {
    let mut section = section("necessity", "Necessity and proportionality")?;
    let questions = [
        (
            "necessity_basis",
            "Legal basis for this purpose (GDPR Articles 6 and 9, PIPL Articles 13 and 29)",
            3,
        ),
        (
            "necessity_need",
            "Why each class above is needed, and why a lower level, fewer rows or an aggregate would not do",
            5,
        ),
        ("necessity_period", "For how long it is needed", 2),
        ("necessity_notice", "How members are told, and how they consent, object and have their rights", 3),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}

async fn risks(asked: &Asked<'_>, purpose: &Purpose, reach: &Reach) -> Result<Section, Error> {
    let mut section = section("risks", "Risks for members")?;
    let catalog = asked.hub.catalog();
    let is_open = |shown: &Shown| shown.levels.contains("clear") || shown.levels.contains("partial");
    let sensitive: Vec<&ClassName> = reach
        .classes
        .iter()
        .filter(|(class, shown)| catalog.sensitivity(class) == Sensitivity::Sensitive && is_open(shown))
        .map(|(class, _)| class)
        .collect();
    if !sensitive.is_empty() {
        let told = format!(
            "Classes that are rated as sensitive are shown, whole or in part: {}.",
            listed(sensitive)
        );
        section.blocks.push(finding(FindingKind::Warning, told));
    }
    let unruled = reach
        .datasets
        .keys()
        .filter(|name| catalog.dataset(name).is_some_and(|dataset| dataset.retention.is_none()));
    let unruled: Vec<&DatasetName> = unruled.collect();
    if !unruled.is_empty() {
        let told = format!("No rule deletes rows of: {}.", listed(unruled));
        section.blocks.push(finding(FindingKind::Warning, told));
    }
    let weaknesses = weaknesses(asked, purpose).await?;
    if !weaknesses.is_empty() {
        section
            .blocks
            .push(paragraph("Where tokens say more than they should (`membrane policy lint` shows all):"));
        section.blocks.push(Block::List(weaknesses));
    }
    let questions = [
        (
            "risks_access",
            "Somebody sees or takes more than they should: likelihood, harm, and what is done against it",
            3,
        ),
        (
            "risks_inference",
            "Members are told apart by what is not masked (region, times, amounts), alone or with other data",
            3,
        ),
        ("risks_change", "Data is wrong, lost or changed, and a member suffers for it", 3),
        ("risks_use", "Answers are used for something else than this purpose", 3),
        ("risks_groups", "Members are judged, left out or charged otherwise by it; minors among them", 3),
        ("risks_others", "Other risks", 3),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}

/// Says where tokens that are shown for the purpose can be undone.
async fn weaknesses(asked: &Asked<'_>, purpose: &Purpose) -> Result<Vec<String>, Error> {
    let (policies, catalog) = (Arc::clone(asked.hub.policies()), Arc::clone(asked.hub.catalog()));
    let (now, lookups) = (asked.now, asked.ctx.limits.lookups_per_hour);
    let found = on_deep_stack("lint", move || policies.lint(&catalog, now, lookups)).await;
    let found = found.ok_or(Error::Internal("the thread of the lint cannot work"))?;
    let of_purpose = found.iter().filter(|weakness| weakness.purposes.contains(purpose));
    Ok(of_purpose.take(WEAKNESSES_MAX).map(ToString::to_string).collect())
}

async fn happened(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("happened", "What was done for it in this period")?;
    let columns = [
        ("action", "Action", TEXT),
        ("runs", "Runs", NUMBER),
        ("refused", "Refused", NUMBER),
        ("rows", "Rows", NUMBER),
        ("who", "By", TEXT),
        ("latest", "Latest", MOMENT),
    ];
    let mut rows = Rows::new("happened_runs", &columns)?.or_say("Nothing.");
    for ((_, action), one) in uses::read(asked).await? {
        rows.push(vec![
            text(action),
            count(one.runs),
            count(one.refused),
            count(one.rows),
            text(listed(&one.principals)),
            moment_or(one.latest),
        ])?;
    }
    rows.put(&mut section, "`membrane audit search --purpose PURPOSE` shows the runs");
    section.blocks.push(paragraph(
        "`membrane report access --purpose PURPOSE` says which columns were seen, by whom and why; `membrane audit anomalies` says what stood out.",
    ));
    Ok(section)
}

fn decision() -> Result<Section, Error> {
    let mut section = section("decision", "Consultation and decision")?;
    let questions = [
        ("decision_officer", "Advice of the data protection officer (GDPR Article 35(2))", 3),
        ("decision_members", "Views of members or their representatives (GDPR Article 35(9))", 2),
        (
            "decision_rest",
            "What risk is left, and whether the authority has to be consulted (GDPR Article 36)",
            3,
        ),
        (
            "decision_made",
            "Decision, by whom, when, and when it is looked at again (PIPL Article 56: keep for three years at least)",
            3,
        ),
    ];
    ask(&mut section, &questions)?;
    Ok(section)
}
