//! A card in one sentence.

use std::fmt::Display;

use membrane_model::{DatasetName, PrincipalKind, Shown};

use super::{Bound, Card, Columns, Condition, Literal, Rule, Test, Who};

/// Writes the sentence.
pub(super) fn write(card: &Card) -> String {
    let what = what(&card.rule);
    let mut sentence = match what.strip_prefix("must not ") {
        Some(taken) if card.who == Who::default() => format!("Nobody may {taken}"),
        _ => format!("{} {what}", who(&card.who)),
    };
    if !card.purposes.is_empty() {
        sentence.push_str(&format!(", for {}", any_of(&card.purposes)));
    }
    match (card.from, card.until) {
        (Some(from), Some(until)) => sentence.push_str(&format!(", from {from} to {until}")),
        (Some(from), None) => sentence.push_str(&format!(", from {from} on")),
        (None, Some(until)) => sentence.push_str(&format!(", until {until}")),
        (None, None) => {}
    }
    sentence.push('.');
    sentence
}

fn who(who: &Who) -> String {
    let mut words = match (who.kind, who.principals.is_empty()) {
        (Some(kind), true) => plural(kind).to_owned(),
        (_, false) => any_of(&who.principals),
        (None, true) if who.groups.is_empty() => "Everybody".to_owned(),
        (None, true) => "Those".to_owned(),
    };
    if !who.groups.is_empty() {
        words.push_str(&format!(" in {}", any_of(&who.groups)));
    }
    if let Some(clearance) = who.clearance {
        words.push_str(&format!(" with clearance {clearance} or more"));
    }
    words
}

pub(super) const fn plural(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Analyst => "Analysts",
        PrincipalKind::Partner => "Partners",
        PrincipalKind::Compliance => "Compliance officers",
        PrincipalKind::Operator => "Operators",
        PrincipalKind::Service => "Services",
    }
}

fn what(rule: &Rule) -> String {
    // What must not be done to every one may be done to some.
    let all = if rule.forbids() { "any" } else { "every" };
    let columns_of = |columns| columns_of(columns, all);
    let datasets_of = |datasets: &[DatasetName]| datasets_of(datasets, all);
    let rows_of = |datasets: &[DatasetName]| format!("rows of {}", datasets_of(datasets));
    match rule {
        Rule::Use(datasets) => format!("may use {} in SQL", datasets_of(datasets)),
        Rule::NeverUse(datasets) => format!("must not use {} in SQL", datasets_of(datasets)),
        Rule::Release(datasets) => format!("may receive aggregates of {}", datasets_of(datasets)),
        Rule::NeverRelease(datasets) => format!("must not receive aggregates of {}", datasets_of(datasets)),
        Rule::See { columns, shown } => format!("may see {} {}", columns_of(columns), how(*shown)),
        Rule::LookUp(columns) => format!("may look up exact values in {}", columns_of(columns)),
        Rule::NeverLookUp(columns) => format!("must not look up exact values in {}", columns_of(columns)),
        Rule::NeverSee { columns, above: None } => format!("must not see {}", columns_of(columns)),
        Rule::NeverSee { columns, above: Some(level) } => {
            format!("must not see more of {} than the level {level}", columns_of(columns))
        }
        Rule::SeeRows { datasets, when } => {
            format!("may see {}{}", rows_of(datasets), conditions(" where ", when))
        }
        Rule::NeverSeeRows { datasets, when, unless } => format!(
            "must not see {}{}{}",
            rows_of(datasets),
            conditions(" where ", when),
            conditions(" unless ", unless)
        ),
    }
}

fn how(shown: Shown) -> String {
    match shown {
        Shown::Clear => "in clear".to_owned(),
        Shown::Token(_) => format!("as a {shown}"),
        Shown::Null => "as NULL".to_owned(),
        Shown::Partial(_) | Shown::Generalised(_) => format!("as {shown}"),
    }
}

fn columns_of(columns: &Columns, all: &str) -> String {
    let classes = columns.classes.iter().map(|class| format!("columns of class {class}"));
    let names = columns.columns.iter().map(|(dataset, column)| format!("{dataset}.{column}"));
    let mut words = any_of(&classes.chain(names).collect::<Vec<_>>());
    if words.is_empty() {
        words.push_str(&format!("{all} column"));
    }
    if !columns.datasets.is_empty() {
        words.push_str(&format!(" in {}", any_of(&columns.datasets)));
    }
    words
}

fn datasets_of(datasets: &[DatasetName], all: &str) -> String {
    if datasets.is_empty() { format!("{all} dataset") } else { any_of(datasets) }
}

fn conditions(word: &str, conditions: &[Condition]) -> String {
    if conditions.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = conditions.iter().map(condition).collect();
    format!("{word}{}", parts.join(" and "))
}

fn condition(condition: &Condition) -> String {
    let column = &condition.column;
    match &condition.test {
        Test::Among(attribute) => format!("{column} is one of their {attribute}"),
        Test::Is(Literal::Truth(true)) => format!("{column} is true"),
        Test::Is(wanted) => format!("{column} is {}", literal(wanted)),
        Test::IsNot(other) => format!("{column} is not {}", literal(other)),
        Test::OneOf(wanted) => {
            format!("{column} is {}", any_of(&wanted.iter().map(literal).collect::<Vec<_>>()))
        }
        Test::AtLeast(Bound::Number(least)) => format!("{column} is {least} or more"),
        Test::AtMost(Bound::Number(most)) => format!("{column} is {most} or less"),
        Test::AtLeast(Bound::Day(first)) => format!("{column} is {first} or later"),
        Test::AtMost(Bound::Day(last)) => format!("{column} is {last} or earlier"),
    }
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => format!("`{text}`"),
        Literal::Integer(number) => number.to_string(),
        Literal::Truth(truth) => truth.to_string(),
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn any_of(words: &[impl Display]) -> String {
    match words {
        [] => String::new(),
        [one] => one.to_string(),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(ToString::to_string).collect();
            format!("{} or {last}", most.join(", "))
        }
    }
}
