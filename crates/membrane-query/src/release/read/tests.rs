use std::fmt::Write as _;

use crate::release::fixture::ask;
use crate::release::question::{Aggregate, Block, Fold, Join, JoinKind, Question, Shows, Table, Value};
use crate::release::scalar::{Literal, Scalar};

/// An expression in one line: columns as `table.column`.
fn scalar(one: &Scalar) -> String {
    let list = |parts: &[Scalar]| parts.iter().map(scalar).collect::<Vec<_>>().join(" ");
    match one {
        Scalar::Column(column) => format!("{}.{}", column.table, column.column),
        Scalar::Member(table) => format!("{table}.member"),
        Scalar::Constant(literal, _) => constant(literal),
        Scalar::Null(_) => "null".to_owned(),
        Scalar::Compare(left, comparison, right) => {
            format!("{comparison:?}({} {})", scalar(left), scalar(right))
        }
        Scalar::In(value, values) => {
            format!("in({} {})", scalar(value), values.iter().map(constant).collect::<Vec<_>>().join(" "))
        }
        Scalar::Like { value, pattern, .. } => format!("like({} {pattern})", scalar(value)),
        Scalar::IsNull(value) => format!("null?({})", scalar(value)),
        Scalar::Not(value) => format!("not({})", scalar(value)),
        Scalar::And(parts) => format!("and({})", list(parts)),
        Scalar::Or(parts) => format!("or({})", list(parts)),
        Scalar::Case { arms, otherwise } => {
            let arms = arms.iter().map(|(when, then)| format!("{}:{}", scalar(when), scalar(then)));
            format!("case({} {})", arms.collect::<Vec<_>>().join(" "), scalar(otherwise))
        }
        Scalar::Call(function, arguments, _) => format!("{function:?}({})", list(arguments)),
    }
}

fn constant(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => format!("'{text}'"),
        Literal::Integer(number) => number.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Decimal(units) => format!("d{units}"),
        Literal::Boolean(truth) => truth.to_string(),
        Literal::Date(days) => format!("day{days}"),
        Literal::Timestamp(micros) => format!("at{micros}"),
    }
}

fn join(one: &Join) -> String {
    let kind = match one.kind {
        JoinKind::Inner => "",
        JoinKind::Left => "left ",
        JoinKind::Semi => "semi ",
        JoinKind::Anti => "anti ",
    };
    let on = one.on.iter().map(|(left, right)| format!("{}={}", scalar(left), right.column));
    let on: Vec<String> = one.member.then(|| "member".to_owned()).into_iter().chain(on).collect();
    let filter = one.conditions.iter().map(|one| format!(" if {}", scalar(one))).collect::<String>();
    format!("{kind}{}x{}[{}]{filter}", one.table, one.rows_max, on.join(" "))
}

fn block(one: &Block) -> String {
    let mut text = one.source.to_string();
    for one in &one.joins {
        let _ = write!(text, " + {}", join(one));
    }
    for one in &one.conditions {
        let _ = write!(text, " ? {}", scalar(one));
    }
    text
}

fn fold(one: &Fold) -> String {
    let name = format!("{one:?}");
    let name = name.split('(').next().unwrap_or_default().to_lowercase();
    format!("{name}({})", one.argument().map(scalar).unwrap_or_default())
}

fn table(one: &Table) -> String {
    let list = |parts: &[Scalar]| parts.iter().map(scalar).collect::<Vec<_>>().join(" ");
    match one {
        Table::Dataset { name, .. } => name.to_string(),
        Table::Kept(kept) => {
            let columns: Vec<&str> = kept.columns.iter().map(|column| column.column.as_str()).collect();
            let filter = kept.conditions.iter().map(|one| format!(" ? {}", scalar(one))).collect::<String>();
            format!("kept({}{filter}: {})", kept.of, columns.join(" "))
        }
        Table::PerMember(groups) => {
            let folds: Vec<String> = groups.folds.iter().map(fold).collect();
            format!("each({} by {}: {})", block(&groups.block), list(&groups.keys), folds.join(" "))
        }
        Table::Union(parts) => {
            let parts = parts.iter().map(|part| format!("{}: {}", block(&part.block), list(&part.columns)));
            format!("union({})", parts.collect::<Vec<_>>().join(" | "))
        }
    }
}

fn value(one: &Value) -> String {
    let list = |parts: &[Value]| parts.iter().map(value).collect::<Vec<_>>().join(" ");
    match one {
        Value::Key(index, _) => format!("k{index}"),
        Value::Aggregate(index) => format!("a{index}"),
        Value::Ratio(sum, count) => format!("a{sum}/a{count}"),
        Value::Spread(of) => format!("{:?}(a{} a{} a{})", of.spread, of.count, of.sum, of.squares),
        Value::Quantile(index, place) => format!("a{index}[{place}]"),
        Value::Grouping(keys) => format!("g{keys:?}"),
        Value::Number(number) => number.to_string(),
        Value::Constant(literal, _) => constant(literal),
        Value::Call(function, parts) => format!("{function:?}({})", list(parts)),
        Value::Compare(left, comparison, right) => {
            format!("{comparison:?}({} {})", value(left), value(right))
        }
        Value::IsNull(inner) => format!("null?({})", value(inner)),
        Value::Not(inner) => format!("not({})", value(inner)),
        Value::And(parts) => format!("and({})", list(parts)),
        Value::Or(parts) => format!("or({})", list(parts)),
    }
}

/// A question in one line: outputs <- keys | aggregates | rows | tables, and what is made of the answer.
fn render(question: &Question) -> String {
    let aggregate = |aggregate: &Aggregate| {
        let name = match aggregate {
            Aggregate::Rows => "rows",
            Aggregate::Members => "members",
            Aggregate::NonNull(_) => "nonnull",
            Aggregate::Sum(_) => "sum",
            Aggregate::MeanSum(_) => "meansum",
            Aggregate::MeanSquares(_) => "meansquares",
            Aggregate::Distinct(_) => "distinct",
            Aggregate::Quantiles(..) => "quantiles",
        };
        aggregate.argument().map_or_else(|| name.to_owned(), |one| format!("{name}({})", scalar(one)))
    };
    let output = |output: &crate::release::question::Output| {
        let shows = match &output.shows {
            Shows::Key(index) => format!("k{index}"),
            Shows::Grouping(keys) => format!("g{keys:?}"),
            Shows::Aggregate(index) => format!("a{index}"),
            Shows::Ratio(sum, count) => format!("a{sum}/a{count}"),
            Shows::Spread(of) => value(&Value::Spread(*of)),
            Shows::Quantile(index, place) => value(&Value::Quantile(*index, *place)),
            Shows::Computed(computed) => value(computed),
        };
        format!("{}={shows}", output.name)
    };
    let list = |items: Vec<String>| items.join(" ");
    let mut text = format!(
        "{} <- {} | {} | {} | {}",
        list(question.outputs.iter().map(output).collect()),
        list(question.keys.iter().map(scalar).collect()),
        list(question.aggregates.iter().map(aggregate).collect()),
        block(&question.block),
        question.tables.iter().map(table).collect::<Vec<_>>().join(", "),
    );
    for level in &question.rollup {
        let _ = write!(text, " level {level}");
    }
    if let Some(having) = &question.having {
        let _ = write!(text, " having {}", value(having));
    }
    for order in &question.order {
        let _ = write!(text, " by {}{}", value(&order.by), if order.ascending { "" } else { " down" });
    }
    text
}

/// Each statement of `shapes.txt` and what is read of it, or why it is refused: for a reviewer to read.
#[tokio::test]
async fn shapes_are_read_or_refused_as_written() {
    let expected = include_str!("shapes.txt");
    let mut found = String::new();
    for line in expected.lines().filter(|line| !line.starts_with("  ")) {
        let _ = writeln!(found, "{line}");
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = match ask(line).await {
            Ok(question) => render(&question),
            Err(error) => format!("{}: {error}", error.code()),
        };
        let _ = writeln!(found, "  {read}");
    }
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_is_not_shown_in_clear_does_not_exist() {
    for sql in [
        "SELECT COUNT(pay_account) FROM lines",
        "SELECT pay_account, COUNT(*) FROM lines GROUP BY 1",
        "SELECT COUNT(*) FROM lines WHERE pay_account = 'x'",
        "SELECT COUNT(*) FROM lines WHERE nosuch = 1",
    ] {
        let error = ask(sql).await.expect_err("refused");
        assert_eq!(error.code(), "unknown_column", "{sql}");
    }
    assert_eq!(ask("SELECT COUNT(*) FROM nosuch").await.expect_err("refused").code(), "unknown_table");
}

/// A literal of the statement is nowhere in what the asker, the record or a log gets.
#[tokio::test]
async fn refusals_repeat_no_literal() {
    for sql in [
        "SELECT COUNT(*) FROM lines WHERE member_no = '13800138000'",
        "SELECT COUNT(*) FROM lines WHERE region = 13800138000",
        "SELECT COUNT(*) AS \"13800138000\", COUNT(amount) AS \"13800138000_sd\" FROM lines",
        "SELECT COUNT(*) FROM lines WHERE ascii('13800138000') = quantity",
        "SELECT nosuch13800138000 FROM lines",
    ] {
        let error = ask(sql).await.expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("13800138000"), "{sql}: {error}");
    }
}
