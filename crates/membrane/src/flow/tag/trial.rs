//! Tests of tags: what is expected of made-up rows is held against what the statement says of them.

use std::collections::BTreeMap;

use arrow::array::{Array as _, AsArray as _};
use membrane_catalog::{Refresh, Tag, TagTest};
use membrane_model::TagId;
use membrane_query::{Statement, TagFixture, TagValues, TrialError, Tried};

use crate::error::Error;
use crate::hub::Hub;

/// How the tests of a tag went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialReport {
    /// The tag.
    pub tag: TagId,
    /// Tests that it has.
    pub tests: usize,
    /// What is wrong, by test: it may name rows of the test, which somebody made up.
    pub failures: Vec<String>,
}

/// Tries the tests of tags: of these, or of all.
///
/// # Errors
/// [`Error::UnknownTag`] when one of them is not there.
pub async fn try_tags(hub: &Hub, names: &[TagId]) -> Result<Vec<TrialReport>, Error> {
    let catalog = hub.catalog();
    if names.iter().any(|name| catalog.tag(name).is_none()) {
        return Err(Error::UnknownTag { known: catalog.tags().map(|tag| tag.id.clone()).collect() });
    }
    let mut reports = Vec::new();
    for tag in catalog.tags().filter(|tag| names.is_empty() || names.contains(&tag.id)) {
        let failures = failures(hub, tag).await;
        reports.push(TrialReport { tag: tag.id.clone(), tests: tag.tests.len(), failures });
    }
    Ok(reports)
}

/// Returns what is wrong with a tag by its tests.
pub(super) async fn failures(hub: &Hub, tag: &Tag) -> Vec<String> {
    let mut failures = Vec::new();
    for test in &tag.tests {
        if let Err(reason) = try_one(hub, tag, test).await {
            failures.push(format!("test `{}`: {reason}", test.name));
        }
    }
    failures
}

async fn try_one(hub: &Hub, tag: &Tag, test: &TagTest) -> Result<(), String> {
    let at = test.as_of.unwrap_or_else(|| hub.clock().now());
    let sql = tag.statement(at).ok_or("its moment cannot be written as a day")?;
    let statement = Statement::parse(&sql, &hub.engine().limits()).map_err(|error| error.to_string())?;
    let mut fixtures = Vec::new();
    for name in statement.tables() {
        let dataset = hub.catalog().dataset(name).ok_or_else(|| format!("there is no dataset `{name}`"))?;
        fixtures.push(TagFixture { dataset, csv: test.given.get(name).map(String::as_str) });
    }
    let tried = hub.engine().try_tag(&statement, &tag.entity, &fixtures).await;
    let tried = tried.map_err(|error: TrialError| error.to_string())?;
    if matches!(tag.refresh, Refresh::Stream { .. }) && !tried.is_local {
        return Err(
            "a stream tag's statement must be member-local: joins, groups and windows by the entity's column"
                .to_owned(),
        );
    }
    let (said, expected) = (said(tag, &tried)?, expected(tag, test)?);
    for (member, value) in &expected {
        match said.get(member) {
            Some(found) if found == value => {}
            found => {
                let found = found.map_or("nothing".to_owned(), |found| shown(found.as_deref()));
                return Err(format!("`{member}` has {found}, and {} is expected", shown(value.as_deref())));
            }
        }
    }
    match said.iter().find(|(member, value)| value.is_some() && !expected.contains_key(*member)) {
        Some((member, value)) => {
            Err(format!("`{member}` has {}, and nothing is expected", shown(value.as_deref())))
        }
        None => Ok(()),
    }
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "no value".to_owned(), |value| format!("`{value}`"))
}

/// Returns what the statement says, by member.
fn said(tag: &Tag, tried: &Tried) -> Result<BTreeMap<String, Option<String>>, String> {
    let mut said = BTreeMap::new();
    for batch in &tried.batches {
        let keys = batch.columns().get(tried.key).and_then(|keys| keys.as_binary_view_opt());
        let keys = keys.ok_or("the answer has no column of members")?;
        let column = batch.column_by_name(tag.column.as_str());
        let column = column.ok_or_else(|| format!("the answer has no column `{}`", tag.column))?;
        let values = TagValues::of(column, tag.value.kind).map_err(|error| error.to_string())?;
        let values = values
            .ok_or_else(|| format!("column `{}` is not of type {}", tag.column, tag.value.kind.as_str()))?;
        for row in 0..batch.num_rows() {
            if keys.is_null(row) {
                continue;
            }
            let member = tried.holder(keys.value(row)).ok_or("the answer has a member that no row has")?;
            let value = values.text(row).map(str::to_owned);
            if said.insert(member.to_owned(), value).is_some() {
                return Err(format!("`{member}` has two rows in the answer"));
            }
        }
    }
    Ok(said)
}

/// Reads what is expected.
fn expected(tag: &Tag, test: &TagTest) -> Result<BTreeMap<String, Option<String>>, String> {
    let mut expected = BTreeMap::new();
    for (index, line) in test.expect.lines().enumerate().skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        let (member, value) = line
            .split_once(',')
            .ok_or_else(|| format!("line {} of what is expected has no value", index + 1))?;
        let value = value.trim().trim_matches('"');
        let value = (!value.is_empty()).then(|| value.to_owned());
        if let Some(value) = value.as_ref().filter(|_| tag.value.kind == membrane_catalog::TagType::Enum)
            && !tag.value.values.contains(value)
        {
            return Err(format!("line {} expects a value that is not listed", index + 1));
        }
        expected.insert(member.trim().trim_matches('"').to_owned(), value);
    }
    Ok(expected)
}
