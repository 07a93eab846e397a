//! What partners were told: each release with its price and its place in the log, and what is left of their budgets.

use std::collections::BTreeMap;

use membrane_ledger::{ReleaseRecord, ReleaseState, RunDetail, RunRecord};
use membrane_model::{DatasetName, Delta, Price, PrincipalId};
use membrane_privacy::epsilon_of;
use membrane_report::{Block, Cell, Number, Section};

use super::Asked;
use super::parts::{
    CODE, MOMENT, NUMBER, ROWS_MAX, Rows, TEXT, count, count_or, listed, maybe, moment, paragraph, price,
    section, size, text,
};
use crate::error::Error;
use crate::flow::budget::told_to_auditors;
use crate::flow::{Budgets, PartnerState};

/// What one partner received.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) answered: u64,
    pub(super) burned: u64,
    pub(super) reserved: u64,
    pub(super) spent: Price,
}

/// A release, and the run in which it was.
struct Line {
    run: RunRecord,
    release: ReleaseRecord,
}

/// The releases of a period.
#[derive(Default)]
pub(super) struct Found {
    pub(super) partners: BTreeMap<PrincipalId, Sum>,
    /// The newest, the newest first.
    lines: Vec<Line>,
    all: u64,
}

impl Found {
    /// Reads the period, page by page.
    pub(super) async fn read(asked: &Asked<'_>) -> Result<Self, Error> {
        let mut found = Self::default();
        asked.each_run(RunDetail::Releases, |run| found.add(asked, run)).await?;
        Ok(found)
    }

    fn add(&mut self, asked: &Asked<'_>, mut run: RunRecord) {
        let filter = asked.filter;
        let is_of = |name: &DatasetName| run.inputs.iter().any(|input| input.dataset == *name);
        if filter.dataset.as_ref().is_some_and(|name| !is_of(name)) {
            return;
        }
        for release in std::mem::take(&mut run.releases) {
            if filter.principal.as_ref().is_some_and(|partner| *partner != release.partner) {
                continue;
            }
            self.all = self.all.saturating_add(1);
            self.partners.entry(release.partner.clone()).or_default().add(&release);
            if self.lines.len() < ROWS_MAX {
                self.lines.push(Line { run: run.clone(), release });
            }
        }
    }
}

impl Sum {
    fn add(&mut self, release: &ReleaseRecord) {
        let counter = match release.state {
            ReleaseState::Committed => &mut self.answered,
            ReleaseState::Burned => &mut self.burned,
            ReleaseState::Reserved => &mut self.reserved,
        };
        *counter = counter.saturating_add(1);
        self.spent = Price {
            rho_nano: self.spent.rho_nano.saturating_add(release.price.rho_nano),
            delta_atto: self.spent.delta_atto.saturating_add(release.price.delta_atto),
        };
    }
}

pub(super) async fn sections(asked: &Asked<'_>) -> Result<Vec<Section>, Error> {
    let found = Found::read(asked).await?;
    let budgets = told_to_auditors(asked.ctx, asked.hub, asked.filter.principal.as_ref()).await?;
    Ok(vec![
        partners(&found, &budgets.states)?,
        releases(asked, found)?,
        left(&budgets)?,
        steps(asked).await?,
        standing(asked)?,
        receipts(asked)?,
    ])
}

fn partners(found: &Found, states: &[PartnerState]) -> Result<Section, Error> {
    let mut section = section("partners", "Partners")?;
    let columns = [
        ("partner", "Partner", TEXT),
        ("answered", "Answers stored", NUMBER),
        ("burned", "Paid, and failed", NUMBER),
        ("reserved", "Under way", NUMBER),
        ("rho", "rho in the period", NUMBER),
        ("delta", "delta in the period", NUMBER),
        ("state", "Budget", TEXT),
    ];
    let mut rows =
        Rows::new("partners_sums", &columns)?.or_say("No partner received anything in this period.");
    for (partner, sum) in &found.partners {
        let state = states.iter().find(|state| state.partner == *partner);
        let word = |state: &PartnerState| if state.is_open { "open" } else { "closed" };
        let [rho, delta] = price(sum.spent);
        rows.push(vec![
            text(partner),
            count(sum.answered),
            count(sum.burned),
            count(sum.reserved),
            rho,
            delta,
            maybe(state.map(word)),
        ])?;
    }
    rows.put(&mut section, "`membrane budget` shows them all");
    section.blocks.push(paragraph(
        "Prices are in rho of zero-concentrated differential privacy, and delta beside it: they add up. What was paid and failed stays paid.",
    ));
    Ok(section)
}

fn releases(asked: &Asked<'_>, found: Found) -> Result<Section, Error> {
    let mut section = section("releases", "Releases, the newest first")?;
    let columns = [
        ("release", "Number", NUMBER),
        ("reserved", "Reserved", MOMENT),
        ("partner", "Partner", TEXT),
        ("purpose", "Purpose", TEXT),
        ("datasets", "Datasets", CODE),
        ("statement", "Statement, without its literals", CODE),
        ("state", "State", TEXT),
        ("rho", "rho", NUMBER),
        ("delta", "delta", NUMBER),
        ("epsilon", "epsilon, at the delta that is configured", NUMBER),
        ("answer_sha256", "SHA-256 of the answer", CODE),
        ("run", "Run", CODE),
        ("leaf", "Leaf", NUMBER),
    ];
    let mut rows = Rows::new("releases_all", &columns)?.or_say("Nothing was released in this period.");
    let left = found.all.saturating_sub(size(found.lines.len()));
    for Line { run, release } in found.lines {
        let [rho, delta] = price(release.price);
        rows.push(vec![
            count(release.release),
            text(moment(release.reserved)),
            text(&release.partner),
            maybe(run.purpose.as_ref()),
            text(listed(run.inputs.iter().map(|input| &input.dataset))),
            maybe(run.statement.as_ref()),
            text(release.state.as_str()),
            rho,
            delta,
            epsilon(asked, release.price),
            maybe(release.answer_sha256.as_ref()),
            text(run.run),
            count_or(run.leaf_index),
        ])?;
    }
    rows.leave(left);
    rows.put(&mut section, "`system.releases` has them all");
    Ok(section)
}

/// Returns the epsilon of a price, at the delta of a release that names none.
fn epsilon(asked: &Asked<'_>, price: Price) -> Cell {
    let delta = Delta::new(asked.hub.privacy().delta).ok();
    let epsilon = delta.and_then(|delta| epsilon_of(price, delta).ok());
    // Four digits are enough for people; the exact price is beside it.
    let rounded = epsilon.map(|epsilon| (epsilon * 10_000.0).round() / 10_000.0);
    rounded.and_then(|epsilon| Number::from_f64(epsilon).ok()).map_or(Cell::Empty, Cell::from)
}

fn left(budgets: &Budgets) -> Result<Section, Error> {
    let mut section = section("budgets", "What is left of budgets")?;
    let columns = [
        ("scope", "Of", CODE),
        ("window", "Window", TEXT),
        ("rho_cap", "rho, may be spent", NUMBER),
        ("rho_spent", "rho, spent", NUMBER),
        ("rho_left", "rho, left", NUMBER),
        ("delta_cap", "delta, may be spent", NUMBER),
        ("delta_spent", "delta, spent", NUMBER),
        ("delta_left", "delta, left", NUMBER),
    ];
    let mut rows = Rows::new("budgets_left", &columns)?
        .or_say("Nothing was ever spent, and nothing decided about a budget.");
    for line in &budgets.lines {
        let [rho_cap, delta_cap] = price(line.cap);
        let [rho_spent, delta_spent] = price(line.standing.spent);
        let [rho_left, delta_left] = price(line.remaining());
        rows.push(vec![
            text(&line.account.scope),
            text(line.account.window),
            rho_cap,
            rho_spent,
            rho_left,
            delta_cap,
            delta_spent,
            delta_left,
        ])?;
    }
    rows.put(&mut section, "`membrane budget` shows them all");
    section.blocks.push(paragraph(format!(
        "As of now, not of the end of the period; {} is the month that is charged.",
        budgets.month
    )));
    Ok(section)
}

/// Tells what was decided about budgets in the period.
async fn steps(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("steps", "What was decided about budgets in this period")?;
    let columns = [
        ("at", "When", MOMENT),
        ("partner", "Partner", TEXT),
        ("step", "Step", TEXT),
        ("dataset", "Of the dataset alone", CODE),
        ("by", "By", TEXT),
        ("reason", "Why", TEXT),
        ("ticket", "For the case", TEXT),
        ("number", "Document", NUMBER),
    ];
    let mut rows = Rows::new("steps_all", &columns)?.or_say("Nothing.");
    let (_, budgets) = asked.hub.budgets().all().await?;
    let wanted = asked.filter.principal.as_ref();
    for budget in budgets.iter().filter(|budget| wanted.is_none_or(|partner| *partner == budget.partner)) {
        for step in budget.history.iter().filter(|step| asked.period.has(step.at)) {
            rows.push(vec![
                text(moment(step.at)),
                text(&budget.partner),
                text(step.what.kind().as_str()),
                maybe(step.what.dataset()),
                text(&step.principal),
                text(step.reason.as_str()),
                text(&step.ticket),
                count(step.number),
            ])?;
        }
    }
    rows.put(&mut section, "`membrane budget history PARTNER` shows them all");
    Ok(section)
}

/// Names the releases that the catalog states to be made again and again.
fn standing(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("standing", "Standing releases of the catalog")?;
    let columns = [
        ("name", "Name", CODE),
        ("partner", "Partner", TEXT),
        ("purpose", "Purpose", TEXT),
        ("description", "What it is", TEXT),
    ];
    let mut rows = Rows::new("standing_all", &columns)?.or_say("There are none.");
    let wanted = asked.filter.principal.as_ref();
    let all = asked.hub.catalog().releases();
    for release in all.filter(|release| wanted.is_none_or(|partner| *partner == release.partner)) {
        rows.push(vec![
            text(&release.name),
            text(&release.partner),
            maybe(release.purpose.as_ref()),
            text(&release.description),
        ])?;
    }
    rows.put(&mut section, "`membrane release list` shows them all");
    Ok(section)
}

/// Says how the answer that a partner has is checked.
fn receipts(asked: &Asked<'_>) -> Result<Section, Error> {
    let mut section = section("receipts", "Receipts")?;
    let key = asked.hub.receipt_key();
    section.blocks.push(paragraph(
        "With each answer the partner got a receipt that the hub signed: what was asked, shown and paid, and the run with its place in the \
         log. The hub keeps none. Whoever has the answer as it was saved checks it with the public key alone:",
    ));
    section.blocks.push(Block::Code(format!("membrane release verify ANSWER.json --key {key}")));
    section.blocks.push(paragraph(
        "The run and the leaf of a receipt are those of the table above; the digest of the answer is in it, and in the entry of the run as a \
         commitment.",
    ));
    Ok(section)
}
