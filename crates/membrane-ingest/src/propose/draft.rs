//! A column as it is proposed, with the reasons.

use membrane_catalog::{Column, Derived, FormatCheck, Standard};
use membrane_model::{ClassName, ColumnName, IdentityKind, LogicalType, Protection, Purpose};

/// A column as it is proposed.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) name: ColumnName,
    pub(crate) description: String,
    pub(crate) logical_type: LogicalType,
    pub(crate) required: bool,
    pub(crate) unique: bool,
    /// Its place in the primary key, from 1.
    pub(crate) key: Option<usize>,
    pub(crate) class: String,
    pub(crate) protection: Protection,
    pub(crate) identity: Option<String>,
    pub(crate) check: Option<FormatCheck>,
    pub(crate) enumeration: Option<Vec<String>>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    /// Whether the minimum itself is too little.
    pub(crate) above_minimum: bool,
    /// Whether the maximum itself is too much.
    pub(crate) below_maximum: bool,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) length_min: Option<usize>,
    pub(crate) length_max: Option<usize>,
    pub(crate) pattern: Option<String>,
    pub(crate) bounds: Option<(f64, f64)>,
    pub(crate) public_keys: bool,
    pub(crate) standard: Option<Standard>,
    /// Whether what was delivered is kept beside, sealed.
    pub(crate) keeps_original: bool,
    /// The column of whose values it is made.
    pub(crate) from: Option<Derived>,
    pub(crate) waiver: Option<String>,
    pub(crate) attribute: Option<String>,
    pub(crate) consents: Vec<String>,
    /// How sure the class is.
    pub(crate) sureness: Sureness,
    /// The recogniser that knows its values.
    pub(crate) recogniser: Option<&'static str>,
    /// What speaks for the class: shares and counts.
    pub(crate) evidence: Vec<String>,
    /// What else is to be known, and to be decided.
    pub(crate) remarks: Vec<String>,
}

/// How sure a class is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sureness {
    /// The values leave no doubt.
    Sure,
    /// Protected because it may identify somebody; a person has to look.
    Doubt,
    /// Nothing says that it identifies anybody.
    Nobody,
    /// The contract that there is says so.
    Kept,
}

impl Sureness {
    /// Returns the word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::Doubt => "in doubt",
            Self::Nobody => "nobody",
            Self::Kept => "kept",
        }
    }
}

impl Draft {
    /// Returns a column that is stored as it is.
    pub(crate) fn new(name: ColumnName, logical_type: LogicalType, class: String) -> Self {
        Self {
            name,
            description: String::new(),
            logical_type,
            required: false,
            unique: false,
            key: None,
            class,
            protection: Protection::Clear,
            identity: None,
            check: None,
            enumeration: None,
            minimum: None,
            maximum: None,
            above_minimum: false,
            below_maximum: false,
            multiple_of: None,
            length_min: None,
            length_max: None,
            pattern: None,
            bounds: None,
            public_keys: false,
            standard: None,
            keeps_original: false,
            from: None,
            waiver: None,
            attribute: None,
            consents: Vec::new(),
            sureness: Sureness::Nobody,
            recogniser: None,
            evidence: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Returns what a contract says of a column already.
    pub(crate) fn of(column: &Column, key: Option<usize>) -> Self {
        let pattern = column.rules.pattern.as_ref().map(|pattern| {
            let text = pattern.as_str();
            let inner = text.strip_prefix(r"\A(?:").and_then(|rest| rest.strip_suffix(r")\z"));
            inner.unwrap_or(text).to_owned()
        });
        Self {
            description: column.description.clone(),
            required: column.required,
            unique: column.unique,
            key,
            protection: column.protection,
            identity: column.identity.as_ref().map(IdentityKind::to_string),
            check: column.rules.check,
            enumeration: column.rules.enumeration.clone(),
            minimum: column.rules.minimum,
            maximum: column.rules.maximum,
            above_minimum: column.rules.above_minimum,
            below_maximum: column.rules.below_maximum,
            multiple_of: column.rules.multiple_of,
            length_min: column.rules.length_min,
            length_max: column.rules.length_max,
            pattern,
            bounds: column.privacy.bounds,
            public_keys: column.privacy.public_keys,
            standard: column.standard,
            from: column.from.clone(),
            waiver: column.waiver.clone(),
            attribute: column.policy.attribute.as_ref().map(ColumnName::to_string),
            consents: column.policy.consent_for.iter().map(Purpose::to_string).collect(),
            sureness: Sureness::Kept,
            ..Self::new(column.name.clone(), column.logical_type, ClassName::to_string(&column.class))
        }
    }

    /// Tells whether the class is `pii` or below it.
    pub(crate) fn is_personal(&self) -> bool {
        self.class == "pii" || self.class.starts_with("pii.")
    }

    /// Tells whether values can be identifiers: of which there are tokens that join.
    pub(crate) const fn can_identify(&self) -> bool {
        matches!(self.logical_type, LogicalType::String | LogicalType::Integer)
    }
}
