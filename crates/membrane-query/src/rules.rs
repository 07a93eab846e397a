//! What a permit says about one dataset, in the terms of the scan: which stored column each shown column
//! comes from, and what is done to it.

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use membrane_catalog::{Column, Dataset};
use membrane_model::{
    ColumnName, DatasetName, Generalisation, LogicalType, PartialMask, PrincipalKind, Protection, RevealLevel,
};
use membrane_policy::{DatasetPermit, Permit, RowRule};
use membrane_vault::{Tokenizer, Vault};
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

/// How one column is shown.
#[derive(Clone)]
pub(crate) struct ColumnRule {
    /// The name that analysts use.
    pub(crate) name: ColumnName,
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
    /// Made coarser.
    Generalise(Generalisation),
    /// Replaced by a token of the asker's scope.
    Token(Arc<TokenMask>),
}

/// The keys of a token mask.
pub(crate) struct TokenMask {
    /// Makes the storage token first; none when the source already is one.
    pub(crate) stored: Option<Tokenizer>,
    /// Re-keys it for the asker.
    pub(crate) shown: Tokenizer,
}

impl ScanRules {
    /// Takes over what a permit says about a dataset.
    pub(crate) fn from_permit(
        permit: &Permit,
        dataset: &DatasetPermit,
        vault: &Vault,
    ) -> Result<Self, QueryError> {
        let scope = shown_scope(permit);
        let contract: &Dataset = dataset.dataset();
        let columns = dataset
            .columns()
            .iter()
            .map(|granted| {
                let column = contract.column(granted.column()).ok_or("a column is not in the contract")?;
                let wish = Wish {
                    level: granted.level(),
                    partial: granted.partial(),
                    generalisation: granted.generalisation(),
                };
                ColumnRule::decide(column, wish, vault, &scope)
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
        self.columns.retain(|column| matches!(column.mask, Mask::Clear));
        self.with_subject = private;
        self
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

/// What a permit asks for one column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) level: RevealLevel,
    pub(crate) partial: PartialMask,
    pub(crate) generalisation: Generalisation,
}

impl ColumnRule {
    /// Decides where a column comes from and what is done to it.
    ///
    /// | level | stored in clear | sealed (and token) | token only | dropped |
    /// | --- | --- | --- | --- | --- |
    /// | clear | as it is | opened | shown token | NULL |
    /// | partial | masked | opened, masked | NULL | NULL |
    /// | generalised | coarser | opened, coarser | NULL | NULL |
    /// | token | tokenised, re-keyed | re-keyed where a token is stored, else NULL | re-keyed | NULL |
    /// | null | NULL | NULL | NULL | NULL |
    ///
    /// A token says which rows are equal. Who may see the value may know that; who may see a part of it or a
    /// coarser one may not, hence NULL. What the contract stores coarse is made so coarse again first, at each level.
    pub(crate) fn decide(
        column: &Column,
        wish: Wish,
        vault: &Vault,
        scope: &str,
    ) -> Result<Self, &'static str> {
        let protection = column.protection;
        let stored = match protection {
            Protection::Clear | Protection::Generalise(_) => Source::Value,
            Protection::Sealed | Protection::SealedToken => Source::Sealed,
            Protection::Token => Source::Token,
            Protection::Drop => Source::Nothing,
        };
        let token = |stored| Mask::Token(Arc::new(TokenMask { stored, shown: vault.shown_tokenizer(scope) }));
        let (source, mask) = match (wish.level, stored) {
            (RevealLevel::Null, _) | (_, Source::Nothing) => (Source::Nothing, Mask::Null),
            (RevealLevel::Partial | RevealLevel::Generalised, Source::Token) => (Source::Nothing, Mask::Null),
            (RevealLevel::Clear | RevealLevel::Token, Source::Token) => (Source::Token, token(None)),
            (RevealLevel::Token, _) if protection.has_token() => (Source::Token, token(None)),
            // A sealed column without tokens says of no two rows that they are equal: policy does not give the level.
            (RevealLevel::Token, Source::Sealed) => (Source::Nothing, Mask::Null),
            (RevealLevel::Token, source) => {
                let domain = vault.tokenizer(&column.token_domain());
                (source, token(Some(domain)))
            }
            (RevealLevel::Clear, source) => (source, Mask::Clear),
            (RevealLevel::Partial, source) => (source, Mask::Partial(wish.partial)),
            (RevealLevel::Generalised, source) => {
                (source, generalised(wish.generalisation, protection, column.logical_type)?)
            }
        };
        let level = match &mask {
            Mask::Null => RevealLevel::Null,
            Mask::Token(_) => RevealLevel::Token,
            _ => wish.level,
        };
        let contract = match protection {
            Protection::Generalise(how) => {
                check_fit(how, column.logical_type)?;
                Some(how)
            }
            _ => None,
        };
        Ok(Self { name: column.name.clone(), logical: column.logical_type, source, contract, mask, level })
    }

    /// Returns the name of the stored column, if there is one.
    pub(crate) fn stored_name(&self) -> Option<String> {
        match self.source {
            Source::Nothing => None,
            Source::Value => Some(self.name.to_string()),
            Source::Token => Some(format!("{}__token", self.name)),
            Source::Sealed => Some(format!("{}__sealed", self.name)),
        }
    }

    /// Returns the type that the principal sees: the logical one, or text where a value became text.
    pub(crate) fn shown_type(&self) -> DataType {
        match self.mask {
            Mask::Partial(_) | Mask::Token(_) => DataType::Utf8View,
            Mask::Null | Mask::Clear | Mask::Generalise(_) => arrow_type(self.logical),
        }
    }

    /// Tells whether the shown value is the stored one: only then may a filter go down to the stored column.
    pub(crate) fn is_stored_value(&self) -> bool {
        self.source == Source::Value && self.contract.is_none() && matches!(self.mask, Mask::Clear)
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

fn generalised(
    how: Generalisation,
    protection: Protection,
    logical: LogicalType,
) -> Result<Mask, &'static str> {
    check_fit(how, logical)?;
    Ok(match protection {
        // It is stored so, and made so again: there is nothing left to do.
        Protection::Generalise(stored) if stored == how => Mask::Clear,
        _ => Mask::Generalise(how),
    })
}

fn check_fit(how: Generalisation, logical: LogicalType) -> Result<(), &'static str> {
    let fits = match how {
        Generalisation::Month | Generalisation::Year => {
            matches!(logical, LogicalType::Date | LogicalType::Timestamp)
        }
        Generalisation::Width(width) => {
            width > 0
                && matches!(logical, LogicalType::Integer | LogicalType::Number | LogicalType::Decimal { .. })
        }
        Generalisation::Prefix(length) => length > 0 && matches!(logical, LogicalType::String),
    };
    if fits { Ok(()) } else { Err("a generalisation does not fit the type of its column") }
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
