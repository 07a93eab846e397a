//! All that is known of a dataset, or of a column.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{Source, StandingRelease, Tag};
use membrane_ledger::{ColumnUse, DatasetUse};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, PrincipalKind};

use super::super::quality::{Promise, QualityDay, days_of};
use super::super::run::ActiveRun;
use super::facts::{Uses, gather_with};
use super::readers::{ReaderLine, readers};
use super::{CatalogEntry, Contracted, entries};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::hub::Hub;

/// Days of quality that a page tells of.
const QUALITY_DAYS: u32 = 7;

/// All that is known of a dataset.
#[derive(Debug, Clone)]
pub struct DatasetPage {
    /// The dataset, as the one who asks may know it.
    pub entry: CatalogEntry,
    /// Where its rows come from; for who may look at the record.
    pub sources: Vec<Arc<Source>>,
    /// Tags of members that lie in it or whose statement names it.
    pub tags: Vec<Arc<Tag>>,
    /// Standing releases whose statement names it; a partner's own, or all for who may look at the record.
    pub releases: Vec<Arc<StandingRelease>>,
    /// The last seven days of deliveries, with the promises that each broke; for who may look at the record.
    pub quality: Vec<(QualityDay, Vec<Promise>)>,
    /// Who read it, by kind; for who may look at the record.
    pub uses: Vec<UseLine>,
    /// Who may read it; for who may look at the record, unless those are too many to ask policies of.
    pub readers: Option<Vec<ReaderLine>>,
}

/// How often principals of a kind read something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseLine {
    /// The kind.
    pub kind: PrincipalKind,
    /// `read` or `release`.
    pub action: Action,
    /// How many principals, in thirty days.
    pub principals_30d: usize,
    /// In how many runs of seven days.
    pub runs_7d: u64,
    /// In how many runs of thirty days.
    pub runs_30d: u64,
    /// When last.
    pub latest: DateTime<Utc>,
}

/// All that is known of a column.
#[derive(Debug, Clone)]
pub struct ColumnPage {
    /// Its dataset.
    pub entry: CatalogEntry,
    /// Its name.
    pub column: ColumnName,
    /// Who read it in thirty days, or was told of it; for who may look at the record.
    pub uses: Vec<ColumnUse>,
    /// Who may read it; for who may look at the record, unless those are too many to ask policies of.
    pub readers: Option<Vec<ReaderLine>>,
}

pub(super) async fn of_dataset(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    name: &DatasetName,
) -> Result<DatasetPage, Error> {
    let (permit, all) = entries(run, hub, Some(name)).await?;
    let mut entry = find(all, name)?;
    let tags = hub.catalog().tags().filter(|tag| permit.audits() || permit.dataset(&tag.table).is_some());
    let tags = tags.filter(|tag| tag.table == *name || names(&tag.sql, name)).cloned().collect();
    let is_theirs = |release: &&Arc<StandingRelease>| permit.audits() || release.partner == ctx.principal;
    let releases = hub.catalog().releases().filter(is_theirs).filter(|release| names(&release.sql, name));
    let mut page = DatasetPage {
        sources: Vec::new(),
        tags,
        releases: releases.cloned().collect(),
        quality: Vec::new(),
        uses: Vec::new(),
        readers: None,
        entry: entry.clone(),
    };
    if permit.audits() {
        let uses = Uses::read(hub, ctx.now()).await?;
        entry.facts = gather_with(hub, (&permit, ctx.now()), Some(name), &uses).await?.pop();
        page.entry = entry;
        page.sources = hub.catalog().sources().filter(|source| source.dataset == *name).cloned().collect();
        page.quality = days_of(hub, ctx, name, QUALITY_DAYS).await?;
        page.uses = by_kind(name, &uses);
        if matches!(page.entry.contract, Contracted::Served(_)) {
            page.readers = readers(hub, name, None, ctx.now()).await;
        }
    }
    Ok(page)
}

pub(super) async fn of_column(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    (name, column): (&DatasetName, &ColumnName),
) -> Result<ColumnPage, Error> {
    let (permit, all) = entries(run, hub, Some(name)).await?;
    let entry = find(all, name)?;
    if !entry.columns.iter().any(|(known, _)| known == column) {
        return Err(Error::UnknownColumn);
    }
    let mut page = ColumnPage { entry, column: column.clone(), uses: Vec::new(), readers: None };
    if permit.audits() {
        let since = ctx.now() - TimeDelta::days(30);
        let mut uses = hub.ledger().column_uses(since).await.map_err(Error::Ledger)?;
        uses.retain(|used| used.dataset == *name && used.column == *column);
        page.uses = uses;
        if matches!(page.entry.contract, Contracted::Served(_)) {
            page.readers = readers(hub, name, Some(column), ctx.now()).await;
        }
    }
    Ok(page)
}

fn find(entries: Vec<CatalogEntry>, name: &DatasetName) -> Result<CatalogEntry, Error> {
    let known = entries.iter().map(|entry| entry.name.clone()).collect();
    entries.into_iter().find(|entry| entry.name == *name).ok_or(Error::NoSuchDataset { known })
}

/// Tells whether a statement names a dataset. A word that only looks like it counts too.
fn names(sql: &str, dataset: &DatasetName) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    sql.split(|letter: char| !is_part(letter)).any(|word| word.eq_ignore_ascii_case(dataset.as_str()))
}

fn by_kind(name: &DatasetName, Uses { week, month }: &Uses) -> Vec<UseLine> {
    let mut lines: BTreeMap<(&str, &str), (UseLine, BTreeSet<&PrincipalId>)> = BTreeMap::new();
    for used in month.iter().filter(|used| used.dataset == *name) {
        let kind = used.principal.kind();
        let same = |other: &&DatasetUse| {
            other.dataset == *name && other.principal == used.principal && other.action == used.action
        };
        let lately: u64 = week.iter().filter(same).map(|other| other.runs).sum();
        let (line, principals) = lines.entry((kind.as_str(), used.action.as_str())).or_insert_with(|| {
            let line = UseLine {
                kind,
                action: used.action,
                principals_30d: 0,
                runs_7d: 0,
                runs_30d: 0,
                latest: used.latest,
            };
            (line, BTreeSet::new())
        });
        line.runs_7d += lately;
        line.runs_30d += used.runs;
        line.latest = line.latest.max(used.latest);
        principals.insert(&used.principal);
        line.principals_30d = principals.len();
    }
    lines.into_values().map(|(line, _)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_statement_names_a_dataset_by_a_whole_word() {
        let orders = "pos_orders".parse().unwrap();
        assert!(names("SELECT 1 FROM POS_ORDERS", &orders));
        assert!(names("SELECT 1 FROM main.pos_orders AS o", &orders));
        assert!(!names("SELECT 1 FROM pos_orders_2, my_pos_orders", &orders));
    }
}
