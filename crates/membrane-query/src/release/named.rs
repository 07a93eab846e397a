//! What aggregates are called in dry runs, notes and errors: as the columns of the answer that show them.
//!
//! | what is shown | names |
//! | --- | --- |
//! | the aggregate itself, as `COUNT(*) AS buyers` | `buyers` |
//! | something that is made of several, as `AVG(amount) AS mean` | `mean_sum`, `mean_count` |
//! | nothing, or a column computed of it | after what it counts: `sum_amount` |

use super::question::{Aggregate, Output, Question, Scalar, Shows, made_index};
use crate::plain_name::plain_name;

/// Names the aggregates for the mechanism, each in its own way.
// PRIVACY: errors and summaries repeat these names: an alias is one only where it looks like a name.
pub(super) fn aggregate_names(question: &Question) -> Vec<String> {
    let indices = 0..question.aggregates.len();
    let mut names: Vec<Option<String>> = indices.map(|index| shown_name(&question.outputs, index)).collect();
    for (index, aggregate) in question.aggregates.iter().enumerate() {
        let wanted = part_name(&question.outputs, index).unwrap_or_else(|| made_name(aggregate));
        let taken = |name: &String| names.iter().flatten().any(|known| known == name);
        let numbered = (index + 1..).map(|number| format!("{wanted}_{number}"));
        let free = std::iter::once(wanted.clone()).chain(numbered).find(|name| !taken(name));
        if let Some(name) = names.get_mut(index).filter(|name| name.is_none()) {
            *name = free;
        }
    }
    names.into_iter().flatten().collect()
}

/// Returns the name of the column that shows an aggregate and nothing else.
fn shown_name(outputs: &[Output], aggregate: usize) -> Option<String> {
    let shows = |output: &&Output| match &output.shows {
        Shows::Aggregate(index) | Shows::Quantile(index, _) => *index == aggregate,
        _ => false,
    };
    outputs.iter().filter(shows).find_map(|output| plain_name(&output.name))
}

/// Names an aggregate after the average or the variance that is made of it.
fn part_name(outputs: &[Output], aggregate: usize) -> Option<String> {
    outputs.iter().find_map(|output| {
        let part = match &output.shows {
            Shows::Ratio(sum, _) if *sum == aggregate => "sum",
            Shows::Ratio(_, count) if *count == aggregate => "count",
            Shows::Spread(of) if of.count == aggregate => "count",
            Shows::Spread(of) if of.sum == aggregate => "sum",
            Shows::Spread(of) if of.squares == aggregate => "squares",
            _ => return None,
        };
        Some(format!("{}_{part}", plain_name(&output.name)?))
    })
}

/// Names an aggregate after what it counts.
fn made_name(aggregate: &Aggregate) -> String {
    let column = aggregate.argument().and_then(Scalar::as_column).map(|column| &column.column);
    let column = column.filter(|name| made_index(name).is_none());
    let suffix = column.map(|name| format!("_{name}")).unwrap_or_default();
    match aggregate {
        Aggregate::Rows => "count".to_owned(),
        Aggregate::Members => "members".to_owned(),
        Aggregate::NonNull(_) => format!("count{suffix}"),
        Aggregate::Sum(_) => format!("sum{suffix}"),
        Aggregate::MeanSum(_) => format!("avg{suffix}_sum"),
        Aggregate::MeanSquares(_) => format!("var{suffix}_squares"),
        Aggregate::Distinct(_) => format!("distinct{suffix}"),
        Aggregate::Quantiles(..) => format!("quantiles{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::aggregate_names;
    use crate::release::fixture::ask;

    async fn check(sql: &str, expected: &[&str]) {
        let question = ask(sql).await.expect("a question");
        assert_eq!(aggregate_names(&question), expected, "{sql}");
    }

    #[tokio::test]
    async fn aggregates_are_called_as_the_columns_that_show_them() {
        check(
            "SELECT COUNT(*) AS buyers, SUM(amount), MEDIAN(amount) AS middle FROM lines",
            &["buyers", "sum_amount", "middle"],
        )
        .await;
        check(
            "SELECT AVG(amount) AS mean, STDDEV(quantity) AS dev FROM lines",
            &["mean_sum", "mean_count", "dev_count", "dev_sum", "dev_squares"],
        )
        .await;
        // What shows one alone has the name, whatever comes first.
        check(
            "SELECT AVG(amount) AS a, COUNT(*) AS a_sum, COUNT(amount) AS n FROM lines",
            &["a_sum_1", "n", "a_sum"],
        )
        .await;
        check(
            "SELECT SUM(amount) / COUNT(*) AS each FROM lines HAVING COUNT(gift) > 3",
            &["sum_amount", "count", "count_gift"],
        )
        .await;
        // An alias that could be a value is in no error.
        check("SELECT SUM(amount) AS \"张伟\" FROM lines", &["sum_amount"]).await;
    }
}
