//! Tags that are asked together: those whose statements are the same.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::{AsOfParam, Catalog, ConsentRule, Dataset, Refresh, Tag};
use membrane_ledger::{TagBuild, TagMark};
use membrane_model::{DatasetName, IdentityKind, Limits, Purpose};
use membrane_query::{QueryError, Statement};

use super::{good_of, rules_of};
use crate::error::Error;
use crate::hub::Hub;

/// Tags that are asked together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The tags: of one table, and for one purpose.
    pub(super) tags: Vec<Arc<Tag>>,
    /// Whose holders they tag.
    pub(super) entity: IdentityKind,
    /// Where they are written down.
    pub(super) table: DatasetName,
    /// For what they are asked.
    pub(super) purpose: Purpose,
    /// What becomes of those who did not consent.
    pub(super) consent: ConsentRule,
    /// For which instant.
    pub(super) as_of: DateTime<Utc>,
    /// The statement, with the instant in it.
    sql: String,
}

/// Puts tags whose statements are the same together, in the order of the first of each. A tag follows all that it uses: they stand before it, and
/// none of its own group is among them, as those use the same.
pub(super) fn groups(tags: &[Arc<Tag>], as_of: DateTime<Utc>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for tag in tags {
        let Some(purpose) = tag.purposes.first() else { continue };
        let sql = tag.statement(as_of).map(std::borrow::Cow::into_owned).unwrap_or_default();
        let fits = |group: &&mut Group| {
            let first = group.tags.first();
            group.sql == sql
                && (&group.table, &group.entity, &group.purpose) == (&tag.table, &tag.entity, purpose)
                && group.consent == tag.consent
                && first.is_some_and(|first| {
                    first.uses == tag.uses && is_stream(first) == is_stream(tag) && first.as_of == tag.as_of
                })
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.tags.push(Arc::clone(tag)),
            None => groups.push(Group {
                tags: vec![Arc::clone(tag)],
                entity: tag.entity.clone(),
                table: tag.table.clone(),
                purpose: purpose.clone(),
                consent: tag.consent,
                as_of,
                sql,
            }),
        }
    }
    groups
}

fn is_stream(tag: &Tag) -> bool {
    matches!(tag.refresh, Refresh::Stream { .. })
}

/// Returns the one dataset that has a row for each holder of a tag's identity, and says of each whether they consent to the tag's purpose.
pub(super) fn consent_home<'a>(catalog: &'a Catalog, tag: &Tag) -> Option<&'a Arc<Dataset>> {
    let purpose = tag.purposes.first()?;
    let homes: Vec<&Arc<Dataset>> =
        homes(catalog, &tag.entity).filter(|home| home.consent_for(purpose).is_some()).collect();
    match homes.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

fn homes<'a, 'e>(
    catalog: &'a Catalog,
    entity: &'e IdentityKind,
) -> impl Iterator<Item = &'a Arc<Dataset>> + use<'a, 'e> {
    catalog.datasets().filter(move |dataset| {
        let subject = dataset.subject.as_ref().filter(|subject| subject.kind == *entity);
        subject.is_some_and(|subject| dataset.primary_key == [subject.column.clone()])
    })
}

/// Returns the dataset that has a row for each holder of an identity: the one whose rows are named by it.
pub(super) fn home<'a>(catalog: &'a Catalog, entity: &IdentityKind) -> Option<&'a Arc<Dataset>> {
    homes(catalog, entity).next()
}

/// Returns the statement of who consents: each row of a member must say so, as nobody can tell which is the newest.
pub(super) fn consenting(
    home: &DatasetName,
    member: &membrane_model::ColumnName,
    consent: &membrane_model::ColumnName,
) -> String {
    format!(
        "SELECT {member} FROM {home} GROUP BY {member} HAVING min(CASE WHEN {consent} THEN 1 ELSE 0 END) = 1"
    )
}

impl Group {
    /// Returns the statement.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// Parses the statement.
    pub(super) fn statement(&self, limits: &Limits) -> Result<Statement, QueryError> {
        Statement::parse(&self.sql, limits)
    }

    /// Returns what the home of the members says of consent to the purpose: that dataset, its column of the members, and the one that says
    /// so.
    pub(super) fn consent_of<'a>(
        &self,
        catalog: &'a Catalog,
    ) -> Option<(&'a Dataset, &'a membrane_model::ColumnName, &'a membrane_model::ColumnName)> {
        let home = consent_home(catalog, self.tags.first()?)?;
        let consent = home.consent_for(&self.purpose)?;
        let subject = home.subject.as_ref()?;
        (self.consent == ConsentRule::Exclude).then_some((home, &subject.column, &consent.name))
    }

    /// Returns the group with a statement that leaves out those who did not consent.
    pub(super) fn with_consent(&self, catalog: &Catalog) -> Self {
        let Some((home, member, consent)) = self.consent_of(catalog) else { return self.clone() };
        let (sql, entity, name) = (self.sql.trim_end().trim_end_matches(';'), &self.entity, &home.name);
        // On lines of its own: the statement may end with a comment.
        let sql = format!(
            "SELECT * FROM (\n{sql}\n) AS tagged WHERE {entity} IN ({})",
            consenting(name, member, consent)
        );
        Self { sql, ..self.clone() }
    }

    /// Returns the tags whose rows the statement may read: those that it says it uses.
    pub(super) fn used(&self) -> Vec<&str> {
        let uses = self.tags.first().map(|tag| tag.uses.iter().map(membrane_model::TagId::as_str));
        uses.map(Iterator::collect).unwrap_or_default()
    }

    /// Returns its own tags.
    pub(super) fn own(&self) -> Vec<&str> {
        self.tags.iter().map(|tag| tag.id.as_str()).collect()
    }

    /// Returns the same of some of its tags.
    pub(super) fn of(&self, tags: Vec<Arc<Tag>>) -> Self {
        Self { tags, ..self.clone() }
    }

    /// Returns the same at another instant.
    pub(super) fn at(&self, as_of: DateTime<Utc>) -> Self {
        let sql = self.tags.first().and_then(|tag| tag.statement(as_of)).map(std::borrow::Cow::into_owned);
        Self { as_of, sql: sql.unwrap_or_default(), ..self.clone() }
    }

    /// Names a run.
    pub(super) fn job(&self, verb: &str) -> String {
        match self.tags.as_slice() {
            [] => format!("{verb} tags"),
            [one] => format!("{verb} tag {}", one.id),
            [first, rest @ ..] => format!("{verb} tag {} and {} more", first.id, rest.len()),
        }
    }

    /// Returns up to where the last good builds of all its tags have seen their datasets, if what they say is what would be said now of those of
    /// whom nothing came in.
    pub(super) async fn last_marks(&self, hub: &Hub) -> Result<Option<Vec<TagMark>>, Error> {
        let builds = hub.ledger().last_tag_builds().await.map_err(Error::Ledger)?;
        let rules = rules_of(hub);
        let mut marks: Option<Vec<TagMark>> = None;
        for tag in &self.tags {
            let good = good_of(&builds, tag);
            let same = |good: &&TagBuild| good.definition == tag.definition() && good.rules == rules;
            let Some(good) = good.filter(same) else { return Ok(None) };
            let same_time = match tag.as_of.param {
                AsOfParam::None => true,
                AsOfParam::Day => {
                    good.as_of.is_some_and(|last| tag.as_of.day_of(last) == tag.as_of.day_of(self.as_of))
                }
                AsOfParam::Instant => false,
            };
            if !same_time || marks.as_ref().is_some_and(|marks| *marks != good.marks) {
                return Ok(None);
            }
            marks = Some(good.marks.clone());
        }
        Ok(marks)
    }
}
