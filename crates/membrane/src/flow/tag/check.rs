//! What is wrong with the statements of tags, as far as contracts tell: without a hub, its data or its policies.
//!
//! Classes go along lineage. A value is as sensitive as the most sensitive column that it is made of, or that has a say in it: whoever knows
//! the one may learn of the other. Only what makes a value coarser for good lowers that: a contract's `generalise`, which leaves what is
//! true of many. Counting, comparing or grouping does not. A tag that says that it is less is at fault.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::DateTime;
use membrane_catalog::{Catalog, Column, Dataset, Fault, Refresh, Sensitivity, Tag, TagStatus};
use membrane_model::{Limits, LineageEdge, Protection, RunId, TagId};
use membrane_query::{TagPlan, check_tag};

use super::super::standing::SOME_MOMENT_SECONDS;
use super::group::groups;

/// Lists what is wrong with tags whose files can be read: statements that would be refused whatever the data and the policies say, and values
/// that are more sensitive than is said. `dir` is the folder of the catalog.
pub(crate) async fn check_tags(catalog: &Catalog, dir: &Path, limits: &Limits, ids: &[TagId]) -> Vec<Fault> {
    let datasets: Vec<Arc<Dataset>> = catalog.datasets().cloned().collect();
    let mut faults = Vec::new();
    let wanted = |tag: &&Arc<Tag>| ids.is_empty() || ids.contains(&tag.id);
    for tag in catalog.tags().filter(wanted).filter(|tag| tag.status != TagStatus::Retired) {
        faults.extend(check(catalog, (&datasets, limits), (tag, &dir.join("tags"))).await);
    }
    faults
}

async fn check(
    catalog: &Catalog,
    (datasets, limits): (&[Arc<Dataset>], &Limits),
    (tag, folder): (&Arc<Tag>, &Path),
) -> Option<Fault> {
    let own = || folder.join(format!("{}.yaml", tag.id));
    let of_sql = |message: String| {
        let file: PathBuf = tag.sql_file.as_ref().map_or_else(own, |file| folder.join(file));
        let (line, column) = tag.sql_place;
        Fault { file, line, column, message }
    };
    let at = DateTime::from_timestamp(SOME_MOMENT_SECONDS, 0)?;
    let Some(group) = groups(std::slice::from_ref(tag), at).pop() else {
        return Some(of_sql(format!("tag `{}` cannot be asked: it has no purpose", tag.id)));
    };
    let plan = |sql: String| async move {
        check_tag(&sql, (&tag.entity, &tag.column), datasets, limits, RunId::new(at)).await
    };
    // As it stands, for what its errors say of places, and as it is asked: consent has a say in it.
    let asked = match plan(group.sql().to_owned()).await {
        Ok(_) => plan(group.with_consent(catalog).sql().to_owned()).await,
        Err(error) => Err(error),
    };
    let plan = match asked {
        Ok(plan) => plan,
        Err(error) => {
            return Some(of_sql(format!("the statement of tag `{}` would be refused: {error}", tag.id)));
        }
    };
    if matches!(tag.refresh, Refresh::Stream { .. }) && !plan.is_local {
        return Some(of_sql(format!(
            "tag `{}` follows a stream, so its statement must be member-local: joins, groups and windows by the entity's column",
            tag.id
        )));
    }
    let (line, column) = tag.sensitivity_place;
    let message = drop_of(catalog, tag, &plan)?;
    Some(Fault { file: own(), line, column, message })
}

/// Says which drop of sensitivity there is, if there is one.
fn drop_of(catalog: &Catalog, tag: &Tag, TagPlan { reads, edges, .. }: &TagPlan) -> Option<String> {
    let made_of = match most_sensitive(catalog, edges) {
        Ok(made_of) => made_of,
        Err(edge) => {
            return Some(format!("tag `{}` comes from `{}`, which no contract has", tag.id, edge.from));
        }
    };
    if let Some(made_of) = made_of.filter(|made_of| made_of.sensitivity > tag.sensitivity) {
        return Some(made_of.drop_of(tag));
    }
    // Whatever the value is: that there is one says that there is a row of the member.
    let about = reads.iter().find(|name| catalog.dataset(name).is_none_or(|dataset| dataset.is_private()));
    about.filter(|_| tag.sensitivity < Sensitivity::Personal).map(|dataset| {
        format!(
            "tag `{}` is `{}`, but its statement reads `{dataset}`, whose rows are of members: that a member has one is `personal`",
            tag.id,
            tag.sensitivity.as_str()
        )
    })
}

/// A column that a value is made of, or that has a say in it.
struct MadeOf<'a> {
    edge: &'a LineageEdge,
    column: &'a Column,
    sensitivity: Sensitivity,
}

impl MadeOf<'_> {
    fn rank(&self) -> (Sensitivity, bool) {
        (self.sensitivity, self.edge.transformation.is_direct())
    }

    fn drop_of(&self, tag: &Tag) -> String {
        let from = &self.edge.from;
        let way = if self.edge.transformation.is_direct() { "is made of" } else { "depends on" };
        format!(
            "tag `{}` is `{}`, but its value {way} `{}.{}` ({}), whose class `{}` is `{}`: say so, or leave the column out",
            tag.id,
            tag.sensitivity.as_str(),
            from.name,
            from.field,
            self.edge.transformation.as_str(),
            self.column.class,
            self.sensitivity.as_str(),
        )
    }
}

/// Returns the most sensitive of all columns, and of those one that the value itself is made of; the edge that leads to no column, if one does.
fn most_sensitive<'a>(
    catalog: &'a Catalog,
    edges: &'a [LineageEdge],
) -> Result<Option<MadeOf<'a>>, &'a LineageEdge> {
    let column = |edge: &LineageEdge| {
        let dataset = catalog.dataset(&edge.from.name.parse().ok()?)?;
        dataset.column(&edge.from.field.parse().ok()?)
    };
    let mut most: Option<MadeOf<'a>> = None;
    for edge in edges {
        let column = column(edge).ok_or(edge)?;
        let made_of = MadeOf { edge, column, sensitivity: sensitivity_of(catalog, column) };
        if most.as_ref().is_none_or(|most| most.rank() <= made_of.rank()) {
            most = Some(made_of);
        }
    }
    Ok(most)
}

/// Returns how sensitive what a table has of a column is.
fn sensitivity_of(catalog: &Catalog, column: &Column) -> Sensitivity {
    let rated = catalog.sensitivity(&column.class);
    match column.protection {
        Protection::Generalise(_) => rated.min(Sensitivity::Personal),
        Protection::Clear
        | Protection::Token
        | Protection::Sealed
        | Protection::SealedToken
        | Protection::Drop => rated,
    }
}
