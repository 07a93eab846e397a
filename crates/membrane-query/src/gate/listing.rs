//! SHOW TABLES, SHOW COLUMNS and DESCRIBE: the queries over `information_schema` that they stand for.

use datafusion::sql::sqlparser::ast::{
    DescribeAlias, ObjectName, Query, ShowStatementIn, ShowStatementInClause, ShowStatementOptions, Statement,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use membrane_model::DatasetName;

use super::relation::{Relation, Schemas, relation_of, unknown_table};
use crate::error::QueryError;
use crate::session::SCHEMA;
use crate::system::{self, SystemTable};

/// Those that can be named without their schema.
const TABLES: &str =
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY table_name";

/// A query over what there is.
pub(super) struct Listing {
    pub(super) query: Box<Query>,
    /// The dataset that was named: one that is not there is an error, not an empty list.
    pub(super) dataset: Option<DatasetName>,
    /// The table of the record that was.
    pub(super) system: Option<SystemTable>,
}

/// Reads a statement that lists what there is; nothing when it is of another kind, or says more than what to list.
pub(super) fn read(statement: &Statement, schemas: Schemas) -> Option<Result<Listing, QueryError>> {
    match statement {
        Statement::ShowTables {
            terse: false,
            history: false,
            extended: false,
            full: false,
            external: false,
            show_options,
        } if in_what(show_options)?.is_none() => Some(listing(TABLES, (None, None))),
        Statement::ShowColumns { extended: false, full: false, show_options } => match in_what(show_options)?
        {
            Some(ShowStatementIn {
                clause: ShowStatementInClause::FROM | ShowStatementInClause::IN,
                parent_type: None,
                parent_name: Some(name),
            }) => Some(columns(name, schemas)),
            _ => None,
        },
        Statement::ExplainTable {
            describe_alias: DescribeAlias::Describe | DescribeAlias::Desc,
            hive_format: None,
            has_table_keyword: _,
            table_name,
        } => Some(columns(table_name, schemas)),
        _ => None,
    }
}

/// Returns where to look, if anywhere; nothing at all when there are further options.
fn in_what(options: &ShowStatementOptions) -> Option<Option<&ShowStatementIn>> {
    match options {
        ShowStatementOptions {
            show_in,
            starts_with: None,
            limit: None,
            limit_from: None,
            filter_position: None,
        } => Some(show_in.as_ref()),
        _ => None,
    }
}

fn columns(name: &ObjectName, schemas: Schemas) -> Result<Listing, QueryError> {
    let (dataset, system): (Option<DatasetName>, _) = match relation_of(name, schemas) {
        Some(Relation::Bare(name) | Relation::Qualified(name)) => (name.parse().ok(), None),
        Some(Relation::System(table)) => (None, Some(table)),
        Some(Relation::Information) | None => (None, None),
    };
    // A dataset's name has letters, digits and `_` only: it cannot end the literal.
    let (schema, table) = match (&dataset, system) {
        (Some(dataset), _) => (SCHEMA, dataset.as_str()),
        (None, Some(table)) => (system::NAME, table.name()),
        (None, None) => return Err(unknown_table(name)),
    };
    let sql = format!(
        "SELECT column_name, data_type, reveal_level FROM information_schema.columns \
         WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position"
    );
    listing(&sql, (dataset, system))
}

fn listing(
    sql: &str,
    (dataset, system): (Option<DatasetName>, Option<SystemTable>),
) -> Result<Listing, QueryError> {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql);
    match parsed.ok().and_then(|mut statements| statements.pop()) {
        Some(Statement::Query(query)) => Ok(Listing { query, dataset, system }),
        _ => Err(QueryError::Failed),
    }
}
