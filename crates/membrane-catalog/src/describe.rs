//! A dataset in words, for people: what `membrane catalog list` shows.

use membrane_model::Purpose;
use serde::Serialize;

use crate::{Column, Dataset};

/// A dataset in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatasetDescription {
    /// Its name.
    pub name: String,
    /// The contract's version.
    pub version: String,
    /// What it is.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Whose rows these are: `member_no (identity member_no)`.
    pub subject: Option<String>,
    /// The columns that name a row.
    pub primary_key: Vec<String>,
    /// The column that says when.
    pub event_time: Option<String>,
    /// Contribution bounds: `12 groups per member, 40 rows per group`.
    pub privacy: Option<String>,
    /// The columns in the contract's order.
    pub columns: Vec<ColumnDescription>,
}

/// A column in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnDescription {
    /// Its name.
    pub name: String,
    /// What it means.
    pub description: String,
    /// Its type: `decimal(12,2)`.
    pub logical_type: String,
    /// Its class.
    pub class: String,
    /// How it is stored: `sealed+token`.
    pub protection: String,
    /// The kind of identifier in it.
    pub identity: Option<String>,
    /// Everything a value must satisfy and what releases and policies may assume: `required`,
    /// `at least 0`.
    pub rules: Vec<String>,
    /// The values that anyone may know, where the contract lists them.
    pub public_values: Option<Vec<String>>,
    /// The columns of the table that it becomes.
    pub stored: Vec<String>,
}

impl Dataset {
    /// Describes the dataset in words.
    #[must_use]
    pub fn describe(&self) -> DatasetDescription {
        DatasetDescription {
            name: self.name.to_string(),
            version: self.version.clone(),
            description: self.description.clone(),
            owner: self.owner.clone(),
            subject: self.subject.as_ref().map(|of| format!("{} (identity {})", of.column, of.kind)),
            primary_key: self.primary_key.iter().map(ToString::to_string).collect(),
            event_time: self.event_time.as_ref().map(ToString::to_string),
            privacy: self.privacy.map(|bounds| {
                format!("{} groups per member, {} rows per group", bounds.groups_max, bounds.rows_max)
            }),
            columns: self.columns.iter().map(Column::describe).collect(),
        }
    }
}

impl Column {
    /// Describes the column in words.
    #[must_use]
    pub fn describe(&self) -> ColumnDescription {
        ColumnDescription {
            name: self.name.to_string(),
            description: self.description.clone(),
            logical_type: self.logical_type.to_string(),
            class: self.class.to_string(),
            protection: self.protection.to_string(),
            identity: self.identity.as_ref().map(ToString::to_string),
            rules: self.describe_rules(true),
            public_values: self.public_values().map(<[String]>::to_vec),
            stored: self.stored_columns().into_iter().map(|stored| stored.name).collect(),
        }
    }

    /// Describes the column in words to whoever may not know of all others: without the rules that name another column, a
    /// dataset, or what policies look at.
    #[must_use]
    pub fn describe_alone(&self) -> ColumnDescription {
        ColumnDescription { rules: self.describe_rules(false), ..self.describe() }
    }

    fn describe_rules(&self, names_others: bool) -> Vec<String> {
        let rules = &self.rules;
        let mut words = Vec::new();
        words.extend(self.required.then(|| "required".to_owned()));
        words.extend(self.unique.then(|| "unique".to_owned()));
        words.extend(self.standard.map(|standard| format!("standard {standard}")));
        let from = self.from.as_ref().filter(|_| names_others);
        words.extend(from.map(|from| format!("{} of `{}`", from.part, from.column)));
        let least = if rules.above_minimum { "more than" } else { "at least" };
        words.extend(rules.minimum.map(|minimum| format!("{least} {minimum}")));
        let most = if rules.below_maximum { "less than" } else { "at most" };
        words.extend(rules.maximum.map(|maximum| format!("{most} {maximum}")));
        words.extend(rules.multiple_of.map(|number| format!("a multiple of {number}")));
        words.extend(rules.length_min.map(|length| format!("at least {length} characters")));
        words.extend(rules.length_max.map(|length| format!("at most {length} characters")));
        words.extend(rules.pattern.as_ref().map(|_| "pattern".to_owned()));
        words.extend(rules.check.map(|check| format!("check {check}")));
        let reference = rules.reference.as_ref().filter(|_| names_others);
        words.extend(reference.map(|to| format!("one of `{}.{}`", to.dataset, to.column)));
        words.extend(rules.enumeration.as_ref().map(|values| {
            let public = if self.privacy.public_keys { ", public" } else { "" };
            format!("one of {} values{public}", values.len())
        }));
        let listed_by_rows = self.privacy.public_keys && rules.enumeration.is_none();
        words.extend(listed_by_rows.then(|| "values public".to_owned()));
        let attribute = self.policy.attribute.as_ref().filter(|_| names_others);
        words.extend(attribute.map(|name| format!("`{name}` in policies")));
        let purposes: Vec<&str> = self.policy.consent_for.iter().map(Purpose::as_str).collect();
        words.extend(
            (names_others && !purposes.is_empty()).then(|| format!("consent for {}", purposes.join(", "))),
        );
        words.extend(self.privacy.bounds.map(|(lower, upper)| format!("summed within {lower} and {upper}")));
        words
    }
}
