//! Whether a statement can be a release, by contracts alone: no hub, no permit, no data.
//!
//! What can be told is what the planner refuses whatever the data and whoever asks: what the gate does not let through, datasets and
//! columns that are not there, what cannot be bounded, bounds and widths that make no sense. What policies keep from the asker is
//! not known here: a column counts as shown in clear where some policy could show it so. Where the rows of a dataset about things
//! list the groups, how many there are is for data to say, and the price is not looked at.

use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_model::{ColumnName, Limits, LineageEdge, Protection, RunId};
use membrane_policy::RowRule;

use super::bounds::{ReleaseOptions, calibrate};
use super::counter::keep;
use super::domain::key_domain;
use super::edges::edges;
use super::exact::check_keys;
use super::listed::is_listed_by_rows;
use super::plan::question;
use super::question::Question;
use super::scope::{Scope, ScopeTable};
use crate::QueryError;
use crate::gate::Statement;
use crate::plain_name::plain_name;

/// Tells whether a statement could be released from these datasets.
///
/// # Errors
/// [`QueryError`], as [`crate::Engine::plan_release`] would refuse it.
pub async fn check_release(
    sql: &str,
    datasets: &[Arc<Dataset>],
    options: &ReleaseOptions,
    limits: &Limits,
) -> Result<(), QueryError> {
    let (scope, mut question) = read(sql, datasets, limits).await?;
    if let Some(counter) = &options.counter {
        keep(&mut question, &scope, counter)?;
    }
    if is_listed_by_rows(&question, &scope) {
        return Ok(());
    }
    let keys = key_domain(&question, &scope, &[])?;
    check_keys(&question, &keys)?;
    calibrate(&question, &scope, keys, options, limits).map(drop)
}

/// Returns where the columns of a release of these datasets would come from. `run` stands for the run in which it is made.
///
/// # Errors
/// [`QueryError`], as [`check_release`] has it for what is no question at all.
pub async fn trace_release(
    sql: &str,
    datasets: &[Arc<Dataset>],
    limits: &Limits,
    run: RunId,
) -> Result<Vec<LineageEdge>, QueryError> {
    let (_, question) = read(sql, datasets, limits).await?;
    Ok(edges(&question, run))
}

async fn read(
    sql: &str,
    datasets: &[Arc<Dataset>],
    limits: &Limits,
) -> Result<(Scope, Question), QueryError> {
    let statement = Statement::parse(sql, limits)?;
    let tables = statement.tables().iter().map(|name| {
        let found = datasets.iter().find(|dataset| dataset.name == *name);
        let unknown = || QueryError::UnknownTable { name: plain_name(name.as_str()), position: None };
        let dataset = found.ok_or_else(unknown)?;
        Ok(ScopeTable::new(dataset, &RowRule::All, |column| may_be_clear(dataset, column)))
    });
    let scope = Scope::new(tables.collect::<Result<_, QueryError>>()?);
    let question = question(&statement, &scope, limits).await?;
    Ok((scope, question))
}

/// Tells whether a policy could have the governed scan show a column in clear.
fn may_be_clear(dataset: &Dataset, column: &ColumnName) -> bool {
    dataset.column(column).is_some_and(|column| match column.protection {
        Protection::Clear | Protection::Generalise(_) | Protection::Sealed | Protection::SealedToken => true,
        Protection::Token | Protection::Drop => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::fixture::{lines, options, products};

    async fn check(sql: &str, expected: Result<(), &str>) {
        let datasets = [Arc::new(lines()), Arc::new(products())];
        let checked = check_release(sql, &datasets, &options(1.0), &Limits::default()).await;
        let told = checked.as_ref().map_err(QueryError::code).copied();
        assert_eq!(told, expected, "{sql}: {checked:?}");
    }

    #[tokio::test]
    async fn where_columns_would_come_from_is_told() {
        let datasets = [Arc::new(lines()), Arc::new(products())];
        let sql = "SELECT region, SUM(amount) AS s FROM lines GROUP BY region";
        let run = RunId::new(chrono::DateTime::UNIX_EPOCH);
        let found = trace_release(sql, &datasets, &Limits::default(), run).await.unwrap();
        let told: Vec<_> = found
            .iter()
            .map(|edge| (edge.to.field.as_str(), edge.from.field.as_str(), edge.masking))
            .collect();
        assert!(
            told.contains(&("s", "amount", true)) && told.contains(&("region", "region", false)),
            "{told:?}"
        );
        assert!(
            trace_release("SELECT nothing FROM lines", &datasets, &Limits::default(), run).await.is_err()
        );
    }

    #[tokio::test]
    async fn what_no_data_could_change_is_told() {
        check("SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM lines GROUP BY region", Ok(())).await;
        check("SELECT month, COUNT(DISTINCT member_no) AS m FROM lines GROUP BY month", Ok(())).await;
        let joined = "SELECT p.kind, COUNT(*) AS n FROM lines l JOIN products p ON p.product_id = l.product_id GROUP BY p.kind";
        check(joined, Ok(())).await;
        check("SELECT regio, COUNT(*) FROM lines GROUP BY regio", Err("unknown_column")).await;
        check("SELECT COUNT(*) FROM orders", Err("unknown_table")).await;
        check("SELECT COUNT(*) FROM", Err("syntax")).await;
        check("DELETE FROM lines", Err("not_allowed")).await;
        check("SELECT region FROM lines", Err("not_bounded")).await;
        check("SELECT member_no, COUNT(*) FROM lines GROUP BY member_no", Err("not_bounded")).await;
        check("SELECT AVG(discount) AS s FROM lines", Err("not_bounded")).await;
        check("SELECT COUNT(*) AS n FROM lines GROUP BY ROLLUP (store_id)", Err("not_bounded")).await;
        check("SELECT kind, COUNT(*) FROM products GROUP BY kind", Err("not_bounded")).await;
    }
}
