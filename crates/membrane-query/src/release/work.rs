//! How much is computed for one row of a dataset: so little that whether a row is there is not seen in the time that a
//! release takes.
//!
//! Answers leave at ticks, and one row more must not make a release pass one. Joins may make 256 rows of one, and an
//! expression of some thousand words is computed for each of them: a row could be worth seconds. So expressions and rows are
//! counted together.

use super::made::blocks;
use super::question::{Aggregate, Block, Fold, Function, Question, Scalar, Table, TypeOf};
use super::refusal::refuse;
use crate::QueryError;

/// What may be computed for one row, in operations on numbers: some tenths of a millisecond.
const WORK_MAX: u64 = 16_000;
/// What an operation on a text counts for: a long one takes as long as so many on numbers.
const TEXT: u64 = 16;
/// So many values of a list count as one operation.
const LISTED: usize = 16;

/// Refuses a question of which one row of a dataset would take long.
pub(super) fn check(question: &Question) -> Result<(), QueryError> {
    let work = blocks(question).into_iter().map(|block| of_block(question, block));
    if work.fold(0, u64::saturating_add) <= WORK_MAX {
        return Ok(());
    }
    Err(refuse(
        "as much work for one row, counted together with the rows that joins make of it",
        "write shorter expressions, or join by keys, which makes one row of one",
    ))
}

fn of_block(question: &Question, block: &Block) -> u64 {
    let mut rows = rows_of_source(question, block);
    let mut work: u64 = 0;
    for join in &block.joins {
        let on = join.on.iter().map(|(one, _)| weight(one)).fold(0, u64::saturating_add);
        work = work.saturating_add(on.saturating_mul(rows));
        rows = rows.saturating_mul(u64::from(join.rows_max));
    }
    let each = scalars(question, block).into_iter().map(weight).fold(0, u64::saturating_add);
    work.saturating_add(each.saturating_mul(rows))
}

/// Returns how many rows of what a block streams come of one row of a dataset.
fn rows_of_source(question: &Question, block: &Block) -> u64 {
    let of_part = |block: &Block| {
        let rows = rows_of_source(question, block);
        block.joins.iter().fold(rows, |rows, join| rows.saturating_mul(u64::from(join.rows_max)))
    };
    match question.tables.get(block.source) {
        Some(Table::Union(parts)) => parts.iter().map(|part| of_part(&part.block)).max().unwrap_or(1),
        _ => 1,
    }
}

/// Returns what is computed of each row of a block, once all joins have made it.
fn scalars<'a>(question: &'a Question, block: &'a Block) -> Vec<&'a Scalar> {
    let mut found: Vec<&Scalar> = block.conditions.iter().collect();
    for table in &question.tables {
        match table {
            Table::PerMember(groups) if std::ptr::eq(&raw const groups.block, block) => {
                found.extend(groups.keys.iter().chain(groups.folds.iter().filter_map(Fold::argument)));
            }
            Table::Union(parts) => {
                let own = parts.iter().filter(|part| std::ptr::eq(&raw const part.block, block));
                found.extend(own.flat_map(|part| &part.columns));
            }
            _ => {}
        }
    }
    if std::ptr::eq(&raw const question.block, block) {
        found.extend(question.keys.iter().chain(question.aggregates.iter().filter_map(Aggregate::argument)));
    }
    found
}

fn weight(scalar: &Scalar) -> u64 {
    let mut weight: u64 = 0;
    scalar.visit(&mut |part| {
        weight = weight.saturating_add(match part {
            Scalar::Column(_) | Scalar::Member(_) | Scalar::Constant(..) | Scalar::Null(_) => 0,
            Scalar::In(_, values) => u64::try_from(values.len() / LISTED + 1).unwrap_or(u64::MAX),
            Scalar::Like { .. } => TEXT,
            Scalar::Call(function, arguments, logical) => {
                let is_text = |one: &Scalar| one.logical() == TypeOf::Text;
                let of_text = *logical == TypeOf::Text || arguments.iter().any(is_text);
                if of_text || *function == Function::Length { TEXT } else { 1 }
            }
            _ => 1,
        });
    });
    weight
}

#[cfg(test)]
mod tests {
    use crate::release::fixture::ask;

    #[tokio::test]
    async fn one_row_makes_little_work() {
        let parts = |part: &str, times: usize| vec![part; times].join(" + ");
        let fanning = "FROM lines l JOIN stock s ON s.product_id = l.product_id JOIN stock t ON t.store_id = l.store_id";
        let refused = async |sql: String| match ask(&sql).await {
            Ok(_) => false,
            Err(error) => {
                assert!(error.to_string().contains("as much work for one row"), "{error}");
                true
            }
        };
        let sum = |of: &str, from: &str| format!("SELECT COUNT(*) FILTER (WHERE {of} > 5) AS n {from}");
        assert!(!refused(sum(&parts("quantity", 200), "FROM lines")).await);
        assert!(!refused(sum(&parts("length(lower(region))", 100), "FROM lines")).await);
        assert!(!refused(sum(&parts("l.quantity", 40), fanning)).await);
        assert!(refused(sum(&parts("l.quantity", 80), fanning)).await);
        assert!(!refused(sum("length(lower(l.region))", fanning)).await);
        assert!(refused(sum(&parts("length(lower(l.region))", 2), fanning)).await);
        // What is joined on is computed before the join makes more rows.
        let early = "FROM lines l JOIN stock s ON s.product_id = lower(upper(l.product_id))";
        assert!(!refused(sum(&parts("l.quantity", 40), early)).await);
    }
}
