//! What names in FROM stand for.

use datafusion::sql::sqlparser::ast::{Ident, ObjectName};

use super::position;
use crate::error::QueryError;
use crate::information;
use crate::plain_name::plain_name;
use crate::session::{CATALOG, SCHEMA};
use crate::system::{self, SystemTable};

/// Which schemas there are for the one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schemas {
    /// Those of datasets.
    Data,
    /// `system` as well.
    DataAndRecord,
}

/// What a name in FROM may stand for.
pub(super) enum Relation {
    /// One part: a WITH query or a dataset.
    Bare(String),
    /// A dataset, as `information_schema` names it, and so the programs that read that.
    Qualified(String),
    /// A table of `information_schema`.
    Information,
    /// A table of the record.
    System(SystemTable),
}

/// Reads a name: `x`, `main.x`, `information_schema.x`, `system.x`, and all but the first behind `membrane`.
pub(super) fn relation_of(name: &ObjectName, schemas: Schemas) -> Option<Relation> {
    let parts: Option<Vec<String>> = name.0.iter().map(|part| part.as_ident().map(normalised)).collect();
    let parts = parts?;
    let parts = match parts.as_slice() {
        [catalog, schema, table] if catalog == CATALOG => [schema, table].map(String::as_str).to_vec(),
        all => all.iter().map(String::as_str).collect(),
    };
    match parts.as_slice() {
        [name] => Some(Relation::Bare((*name).to_owned())),
        [schema, name] if *schema == SCHEMA => Some(Relation::Qualified((*name).to_owned())),
        [schema, table] if *schema == information::NAME && information::has(table) => {
            Some(Relation::Information)
        }
        [schema, table] if *schema == system::NAME && schemas == Schemas::DataAndRecord => {
            SystemTable::of(table).map(Relation::System)
        }
        _ => None,
    }
}

/// The error of a name that no dataset has.
pub(super) fn unknown_table(name: &ObjectName) -> QueryError {
    let last = name.0.last().and_then(|part| part.as_ident());
    QueryError::UnknownTable {
        name: last.and_then(|ident| plain_name(&ident.value)),
        position: last.and_then(|ident| position(ident.span.start)),
    }
}

/// A name as DataFusion takes it: in lower case unless it is quoted.
pub(super) fn normalised(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}
