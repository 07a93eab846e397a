//! What a permit says about one dataset, in the terms of the scan: which stored column each shown column
//! comes from, and what is done to it.

use chrono::NaiveDate;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use membrane_catalog::{Column, Dataset};
use membrane_model::{
    ColumnName, DatasetName, Generalisation, IdentityKind, LogicalType, PartialMask, PrincipalKind,
    Protection, RevealLevel, Shown, TokenForm,
};
use membrane_policy::{ColumnPermit, DatasetPermit, Permit, RowExpr, RowRule, RowValue};
use membrane_vault::{FormatCipher, Tokenizer, Vault};
use std::sync::Arc;

use crate::error::QueryError;

/// The stored column that says whose row it is.
pub(crate) const SUBJECT_COLUMN: &str = "_subject";

/// How one dataset is shown to one principal. Made from a permit; unit tests of the scan make their own.
#[derive(Clone)]
pub(crate) struct ScanRules {
    /// The dataset.
    pub(crate) dataset: DatasetName,
    /// The columns that exist for the principal, in the contract's order.
    pub(crate) columns: Vec<ColumnRule>,
    /// The rows that the principal may see.
    pub(crate) rows: RowRule,
    /// Whether the hidden unit column `_subject` comes last: for releases, never for a reader.
    pub(crate) with_subject: bool,
}

/// How one column is shown: in the same way in every row, or in one way or another as conditions on the originals say.
#[derive(Clone)]
pub(crate) struct ColumnRule {
    /// The name that analysts use.
    pub(crate) name: ColumnName,
    /// The ways for some rows; the first whose condition is true counts.
    pub(crate) cases: Vec<Case>,
    /// The way for all other rows.
    pub(crate) otherwise: Way,
}

/// One way for some rows.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) condition: RowExpr,
    pub(crate) way: Way,
}

/// One way in which cells of a column are shown.
#[derive(Clone)]
pub(crate) struct Way {
    /// The type before protection.
    pub(crate) logical: LogicalType,
    /// Where the shown value comes from.
    pub(crate) source: Source,
    /// How coarse the contract says that the stored value is. It is made so coarse again before anything else is
    /// done to it: rows that were stored under an older contract may be finer.
    pub(crate) contract: Option<Generalisation>,
    /// What is done to it.
    pub(crate) mask: Mask,
    /// How much is revealed: the permit's level, or a lower one when the column is stored as less.
    pub(crate) level: RevealLevel,
}

/// The stored column behind a shown one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// None: the column shows NULL.
    Nothing,
    /// `c`: the value itself, or already coarser.
    Value,
    /// `c__token`.
    Token,
    /// `c__sealed`: opened inside the scan.
    Sealed,
}

/// What is done to a value before it leaves the scan.
#[derive(Clone)]
pub(crate) enum Mask {
    /// Every row is NULL.
    Null,
    /// Nothing.
    Clear,
    /// Starred out in part.
    Partial(PartialMask),
    /// Made coarser, in the same type.
    Generalise(Generalisation),
    /// A date of birth becomes a band of ages.
    Age(AgeMask),
    /// Replaced by a token of the asker's scope.
    Token(Arc<TokenMask>),
    /// Its digits replaced by others of the asker's scope.
    Format(Arc<FormatMask>),
    /// The stored token, and behind it the subject: what a tag says whose it is by, in a session that nobody asks questions in.
    Key,
}

/// What a band of ages depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AgeMask {
    /// Years of a band.
    pub(crate) years: u8,
    /// The day of the question.
    pub(crate) on: NaiveDate,
}

/// The key of a mask that keeps the format.
pub(crate) struct FormatMask {
    pub(crate) cipher: FormatCipher,
    /// What the digits are digits of: those of two domains never match.
    pub(crate) domain: String,
}

/// For whom columns are shown, and when.
pub(crate) struct Asked<'a> {
    pub(crate) vault: &'a Vault,
    /// The scope of tokens.
    pub(crate) scope: String,
    /// The day of the question.
    pub(crate) on: NaiveDate,
}

/// The keys of a token mask.
pub(crate) struct TokenMask {
    /// Makes the storage token first; none when the source already is one.
    pub(crate) stored: Option<Tokenizer>,
    /// Re-keys it for the asker.
    pub(crate) shown: Tokenizer,
}

impl<'a> Asked<'a> {
    /// Reads off a permit for whom columns are shown.
    pub(crate) fn of(permit: &Permit, vault: &'a Vault) -> Self {
        Self { vault, scope: shown_scope(permit), on: permit.decided_at().date_naive() }
    }
}

impl ScanRules {
    /// Takes over what a permit says about a dataset.
    pub(crate) fn from_permit(
        permit: &Permit,
        dataset: &DatasetPermit,
        vault: &Vault,
    ) -> Result<Self, QueryError> {
        let asked = Asked::of(permit, vault);
        let contract: &Dataset = dataset.dataset();
        let columns = dataset
            .columns()
            .iter()
            .map(|granted| {
                let column = contract.column(granted.column()).ok_or("a column is not in the contract")?;
                ColumnRule::decide(column, granted, &asked)
            })
            .collect::<Result<Vec<_>, &'static str>>()
            .map_err(|reason| QueryError::PolicyMismatch { dataset: contract.name.clone(), reason })?;
        Ok(Self {
            dataset: contract.name.clone(),
            columns,
            rows: dataset.row_rule().clone(),
            with_subject: false,
        })
    }

    /// Keeps the columns in clear, and adds the hidden unit column where rows have a subject, for a release.
    pub(crate) fn for_release(mut self, private: bool) -> Self {
        self.columns.retain(ColumnRule::is_clear);
        self.with_subject = private;
        self
    }

    /// Shows whose a row is by its key, for the tags of the holders of an identity kind, where the permit shows it as a token: in datasets
    /// whose subject is of that kind.
    pub(crate) fn for_tags(mut self, dataset: &Dataset, entity: &IdentityKind) -> Self {
        let Some(subject) = dataset.subject.as_ref().filter(|subject| subject.kind == *entity) else {
            return self;
        };
        let stored = dataset.column(&subject.column).is_some_and(|column| {
            column.protection.has_token() && column.token_domain() == subject.kind.as_str()
        });
        if let Some(rule) = self.columns.iter_mut().find(|rule| rule.name == subject.column && stored) {
            let ways = rule.cases.iter_mut().map(|case| &mut case.way).chain([&mut rule.otherwise]);
            for way in ways.filter(|way| way.level == RevealLevel::Token) {
                (way.source, way.mask) = (Source::Token, Mask::Key);
            }
        }
        self
    }

    /// Leaves out of a dataset of tags the rows of all but some.
    pub(crate) fn of_tags(mut self, tags: &[&str]) -> Result<Self, QueryError> {
        let column: ColumnName = "tag".parse().map_err(|_| QueryError::Failed)?;
        let values = tags.iter().map(|tag| RowValue::String((*tag).to_owned())).collect();
        let these = if tags.is_empty() { RowExpr::Constant(false) } else { RowExpr::In { column, values } };
        self.rows = match self.rows {
            RowRule::None => RowRule::None,
            RowRule::All => RowRule::When(these),
            RowRule::When(rule) => RowRule::When(RowExpr::And(vec![rule, these])),
        };
        Ok(self)
    }

    /// Returns the column that shows whose a row is by its key.
    pub(crate) fn key_column(&self) -> Option<&ColumnName> {
        let has_key = |rule: &&ColumnRule| rule.ways().any(|way| matches!(way.mask, Mask::Key));
        self.columns.iter().find(has_key).map(|rule| &rule.name)
    }

    /// Finds a shown column.
    pub(crate) fn column(&self, name: &str) -> Option<&ColumnRule> {
        self.columns.iter().find(|column| column.name.as_str() == name)
    }

    /// Returns the schema that the principal sees.
    pub(crate) fn shown_schema(&self) -> SchemaRef {
        // Fresh fields: metadata of the stored schema stays inside.
        let mut fields: Vec<_> = self
            .columns
            .iter()
            .map(|column| Field::new(column.name.as_str(), column.shown_type(), true))
            .collect();
        if self.with_subject {
            fields.push(Field::new(SUBJECT_COLUMN, DataType::BinaryView, false));
        }
        Arc::new(Schema::new(fields))
    }
}

impl ColumnRule {
    /// Decides how a column is shown.
    fn decide(column: &Column, granted: &ColumnPermit, asked: &Asked<'_>) -> Result<Self, &'static str> {
        let cases = granted.when().iter().map(|case| {
            Ok(Case { condition: case.condition.clone(), way: Way::decide(column, case.shown, asked)? })
        });
        let otherwise = Way::decide(column, granted.shown(), asked)?;
        Self::new(column.name.clone(), cases.collect::<Result<_, &'static str>>()?, otherwise)
    }

    /// Puts the ways of a column together, which must all show the same type.
    pub(crate) fn new(name: ColumnName, cases: Vec<Case>, otherwise: Way) -> Result<Self, &'static str> {
        let rule = Self { name, cases, otherwise };
        let shown = rule.shown_type();
        if rule.ways().filter_map(Way::shown_type).any(|other| other != shown) {
            return Err("the masks of a column show values of different types");
        }
        Ok(rule)
    }

    /// Returns every way in which cells of the column are shown.
    pub(crate) fn ways(&self) -> impl Iterator<Item = &Way> {
        self.cases.iter().map(|case| &case.way).chain(std::iter::once(&self.otherwise))
    }

    /// Returns the type that the principal sees.
    pub(crate) fn shown_type(&self) -> DataType {
        self.ways().find_map(Way::shown_type).unwrap_or_else(|| arrow_type(self.otherwise.logical))
    }

    /// Returns how much is revealed of some row, at most.
    pub(crate) fn level(&self) -> RevealLevel {
        self.cases.iter().map(|case| case.way.level).fold(self.otherwise.level, RevealLevel::max)
    }

    /// Tells whether every row is shown in clear.
    pub(crate) fn is_clear(&self) -> bool {
        self.cases.is_empty() && matches!(self.otherwise.mask, Mask::Clear)
    }

    /// Tells whether the shown value is the stored one: only then may a filter go down to the stored column.
    pub(crate) fn is_stored_value(&self) -> bool {
        self.is_clear() && self.otherwise.source == Source::Value && self.otherwise.contract.is_none()
    }

    /// Returns the name of the stored column behind a way, if there is one.
    pub(crate) fn stored_name(&self, way: &Way) -> Option<String> {
        match way.source {
            Source::Nothing => None,
            Source::Value => Some(self.name.to_string()),
            Source::Token => Some(format!("{}__token", self.name)),
            Source::Sealed => Some(format!("{}__sealed", self.name)),
        }
    }
}

impl Way {
    /// Decides where a cell comes from and what is done to it.
    ///
    /// | level | stored in clear | sealed (and token) | token only | dropped |
    /// | --- | --- | --- | --- | --- |
    /// | clear | as it is | opened | shown token | NULL |
    /// | partial | masked | opened, masked | NULL | NULL |
    /// | generalised | coarser | opened, coarser | NULL | NULL |
    /// | token | tokenised, re-keyed | re-keyed where a token is stored, else NULL | re-keyed | NULL |
    /// | token in its format | digits encrypted | opened, digits encrypted, where a token is stored | re-keyed | NULL |
    /// | null | NULL | NULL | NULL | NULL |
    ///
    /// A token says which rows are equal. Who may see the value may know that; who may see a part of it or a
    /// coarser one may not, hence NULL. What the contract stores coarse is made so coarse again first, at each level.
    pub(crate) fn decide(column: &Column, shown: Shown, asked: &Asked<'_>) -> Result<Self, &'static str> {
        let (protection, logical) = (column.protection, column.logical_type);
        let stored = match protection {
            Protection::Clear | Protection::Generalise(_) => Source::Value,
            Protection::Sealed | Protection::SealedToken => Source::Sealed,
            Protection::Token => Source::Token,
            Protection::Drop => Source::Nothing,
        };
        let (source, mask) = match (shown, stored) {
            (Shown::Null, _) | (_, Source::Nothing) => (Source::Nothing, Mask::Null),
            (Shown::Partial(_) | Shown::Generalised(_), Source::Token) => (Source::Nothing, Mask::Null),
            (Shown::Clear | Shown::Token(_), Source::Token) => (Source::Token, token(None, asked)),
            // A sealed column without tokens says of no two rows that they are equal: policy does not give the level.
            (Shown::Token(_), Source::Sealed) if !protection.has_token() => (Source::Nothing, Mask::Null),
            (Shown::Token(TokenForm::Ff1), source) if matches!(logical, LogicalType::String) => {
                (source, format(column, asked)?)
            }
            (Shown::Token(_), Source::Sealed) => (Source::Token, token(None, asked)),
            (Shown::Token(_), source) => {
                (source, token(Some(asked.vault.tokenizer(&column.token_domain())), asked))
            }
            (Shown::Clear, source) => (source, Mask::Clear),
            (Shown::Partial(how), source) => (source, Mask::Partial(how)),
            (Shown::Generalised(how), source) => (source, generalised(how, protection, logical, asked)?),
        };
        let level = match &mask {
            Mask::Null => RevealLevel::Null,
            Mask::Token(_) | Mask::Format(_) | Mask::Key => RevealLevel::Token,
            _ => shown.level(),
        };
        let contract = match protection {
            Protection::Generalise(how) => {
                check_fit(how, logical)?;
                Some(how)
            }
            _ => None,
        };
        Ok(Self { logical, source, contract, mask, level })
    }

    /// Returns the type of what is shown: the logical one, text where a value became text, and any where it is NULL.
    pub(crate) fn shown_type(&self) -> Option<DataType> {
        match self.mask {
            Mask::Null => None,
            Mask::Partial(_) | Mask::Token(_) | Mask::Format(_) => Some(DataType::Utf8View),
            Mask::Clear | Mask::Generalise(_) => Some(arrow_type(self.logical)),
            Mask::Age(_) => Some(DataType::Int64),
            Mask::Key => Some(DataType::BinaryView),
        }
    }
}

/// Returns the Arrow type in which a value of a logical type is shown.
pub(crate) fn arrow_type(logical: LogicalType) -> DataType {
    match logical {
        LogicalType::String => DataType::Utf8View,
        LogicalType::Integer => DataType::Int64,
        LogicalType::Number => DataType::Float64,
        LogicalType::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
        LogicalType::Boolean => DataType::Boolean,
        LogicalType::Date => DataType::Date32,
        LogicalType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

fn token(stored: Option<Tokenizer>, asked: &Asked<'_>) -> Mask {
    Mask::Token(Arc::new(TokenMask { stored, shown: asked.vault.shown_tokenizer(&asked.scope) }))
}

fn format(column: &Column, asked: &Asked<'_>) -> Result<Mask, &'static str> {
    let cipher = asked.vault.shown_format(&asked.scope).map_err(|_| "a key has a wrong length")?;
    Ok(Mask::Format(Arc::new(FormatMask { cipher, domain: column.token_domain() })))
}

fn generalised(
    how: Generalisation,
    protection: Protection,
    logical: LogicalType,
    asked: &Asked<'_>,
) -> Result<Mask, &'static str> {
    check_fit(how, logical)?;
    Ok(match (protection, how) {
        // It is stored so, and made so again: there is nothing left to do.
        (Protection::Generalise(stored), how) if stored == how => Mask::Clear,
        (_, Generalisation::Age(years)) => Mask::Age(AgeMask { years, on: asked.on }),
        _ => Mask::Generalise(how),
    })
}

fn check_fit(how: Generalisation, logical: LogicalType) -> Result<(), &'static str> {
    if how.fits(logical) { Ok(()) } else { Err("a generalisation does not fit the type of its column") }
}

/// Returns the scope of shown tokens: those of one partner or one purpose never match those of another.
fn shown_scope(permit: &Permit) -> String {
    let principal = permit.principal();
    match (principal.kind(), permit.purpose()) {
        (PrincipalKind::Partner, _) => format!("partner:{}", principal.name()),
        (_, Some(purpose)) => format!("purpose:{purpose}"),
        (_, None) => format!("principal:{principal}"),
    }
}

#[cfg(test)]
mod tests;
