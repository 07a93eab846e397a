//! What a revision keeps of a column.

use membrane_model::Protection;
use serde::{Deserialize, Serialize};

use crate::{Column, OnOrphan};

/// What a contract said of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ColumnFacts {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    pub(super) logical_type: String,
    pub(super) class: String,
    pub(super) protection: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<String>,
    /// Whether its values are direct identifiers, by class or by form.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) identifying: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) required: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) unique: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) standard: Option<String>,
    /// `column.part`, of what is made of another column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) enumeration: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) minimum: Option<f64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) above_minimum: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) maximum: Option<f64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) below_maximum: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) multiple_of: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) length_min: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) length_max: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) check: Option<String>,
    /// `dataset.column`, of what refers to another dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    /// What becomes of a row whose value is not there, where that is not the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on_orphan: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) public_keys: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bounds: Option<(f64, f64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waiver: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attribute: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) consent_for: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl ColumnFacts {
    pub(super) fn of(column: &Column) -> Self {
        let rules = &column.rules;
        Self {
            name: column.name.to_string(),
            description: column.description.clone(),
            logical_type: column.logical_type.to_string(),
            class: column.class.to_string(),
            protection: column.protection.to_string(),
            identity: column.identity.as_ref().map(ToString::to_string),
            identifying: column.is_identifying(),
            required: column.required,
            unique: column.unique,
            standard: column.standard.map(|standard| standard.to_string()),
            from: column.from.as_ref().map(|from| format!("{}.{}", from.column, from.part)),
            enumeration: rules.enumeration.clone(),
            pattern: rules.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
            minimum: rules.minimum,
            above_minimum: rules.above_minimum,
            maximum: rules.maximum,
            below_maximum: rules.below_maximum,
            multiple_of: rules.multiple_of,
            length_min: rules.length_min,
            length_max: rules.length_max,
            check: rules.check.map(|check| check.to_string()),
            reference: rules.reference.as_ref().map(|to| format!("{}.{}", to.dataset, to.column)),
            on_orphan: rules
                .reference
                .as_ref()
                .filter(|to| to.on_orphan != OnOrphan::default())
                .map(|to| to.on_orphan.as_str().to_owned()),
            public_keys: column.privacy.public_keys,
            bounds: column.privacy.bounds,
            waiver: column.waiver.clone(),
            attribute: column.policy.attribute.as_ref().map(ToString::to_string),
            consent_for: column.policy.consent_for.iter().map(ToString::to_string).collect(),
        }
    }

    /// The scope of its tokens.
    pub(super) fn token_domain(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.class)
    }

    pub(super) fn has_token(&self) -> bool {
        self.protection.parse().is_ok_and(Protection::has_token)
    }

    /// Tells whether the value itself is stored, or a coarser one.
    pub(super) fn is_stored_value(&self) -> bool {
        matches!(self.protection.parse(), Ok(Protection::Clear | Protection::Generalise(_)))
    }

    pub(super) fn is_dropped(&self) -> bool {
        matches!(self.protection.parse(), Ok(Protection::Drop))
    }

    /// Returns the column in a few words: its type, and whether it is required.
    pub(super) fn in_short(&self) -> String {
        let required = if self.required { "required" } else { "optional" };
        format!("{}, {}, {required}", self.logical_type, self.protection)
    }

    /// Tells whether it is the same but for its name and its words.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let nameless =
            |column: &Self| Self { name: String::new(), description: String::new(), ..column.clone() };
        nameless(self) == nameless(other)
    }
}
