//! What is wrong with the statements of tags, as far as contracts tell: without a hub, its data or its policies.
//!
//! Classes go along lineage. A value is as sensitive as the most sensitive column that it is made of, or that has a say in it: whoever knows
//! the one may learn of the other. Only what makes a value coarser for good lowers that: a contract's `generalise`, which leaves what is
//! true of many. Counting, comparing or grouping does not. A tag that says that it is less is at fault.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::DateTime;
use membrane_catalog::{Catalog, Column, Dataset, Fault, Refresh, Sensitivity, Tag, TagStatus};
use membrane_model::{Limits, LineageEdge, Protection, RunId};
use membrane_query::{TagPlan, check_tag};

/// A moment for which statements are planned. Which one it is does not matter.
const SOME_MOMENT_SECONDS: i64 = 1_767_225_600;

/// Lists what is wrong with tags whose files can be read: statements that would be refused whatever the data and the policies say, and values
/// that are more sensitive than is said. `dir` is the folder of the catalog.
pub(crate) async fn check_tags(catalog: &Catalog, dir: &Path, limits: &Limits) -> Vec<Fault> {
    let datasets: Vec<Arc<Dataset>> = catalog.datasets().cloned().collect();
    let mut faults = Vec::new();
    for tag in catalog.tags().filter(|tag| tag.status != TagStatus::Retired) {
        faults.extend(check(catalog, (&datasets, limits), (tag, &dir.join("tags"))).await);
    }
    faults
}

async fn check(
    catalog: &Catalog,
    (datasets, limits): (&[Arc<Dataset>], &Limits),
    (tag, folder): (&Tag, &Path),
) -> Option<Fault> {
    let own = || folder.join(format!("{}.yaml", tag.id));
    let of_sql = |message: String| {
        let file: PathBuf = tag.sql_file.as_ref().map_or_else(own, |file| folder.join(file));
        let (line, column) = tag.sql_place;
        Fault { file, line, column, message }
    };
    let at = DateTime::from_timestamp(SOME_MOMENT_SECONDS, 0)?;
    let sql = tag.statement(at)?;
    let asked = check_tag(&sql, (&tag.entity, &tag.column), datasets, limits, RunId::new(at));
    let TagPlan { is_local, edges } = match asked.await {
        Ok(plan) => plan,
        Err(error) => {
            return Some(of_sql(format!("the statement of tag `{}` would be refused: {error}", tag.id)));
        }
    };
    if matches!(tag.refresh, Refresh::Stream { .. }) && !is_local {
        return Some(of_sql(format!(
            "tag `{}` follows a stream, so its statement must be member-local: joins, groups and windows by the entity's column",
            tag.id
        )));
    }
    let made_of = most_sensitive(catalog, &edges)?;
    if made_of.sensitivity <= tag.sensitivity {
        return None;
    }
    let (line, column) = tag.sensitivity_place;
    Some(Fault { file: own(), line, column, message: made_of.drop_of(tag) })
}

/// A column that a value is made of, or that has a say in it.
struct MadeOf<'a> {
    edge: &'a LineageEdge,
    column: &'a Column,
    sensitivity: Sensitivity,
}

impl MadeOf<'_> {
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

/// Returns the most sensitive of all columns, and of those one that the value itself is made of.
fn most_sensitive<'a>(catalog: &'a Catalog, edges: &'a [LineageEdge]) -> Option<MadeOf<'a>> {
    let rated = edges.iter().filter_map(|edge| {
        let dataset = catalog.dataset(&edge.from.name.parse().ok()?)?;
        let column = dataset.column(&edge.from.field.parse().ok()?)?;
        Some(MadeOf { edge, column, sensitivity: sensitivity_of(catalog, column) })
    });
    rated.max_by_key(|made_of| (made_of.sensitivity, made_of.edge.transformation.is_direct()))
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
