//! A card as a Cedar policy.

use std::fmt::Display;

use chrono::{Days, NaiveDate};
use membrane_model::{Action, DatasetName, RevealLevel, Shown, TokenForm};

use super::{Bound, Card, Columns, Condition, Literal, Rule, Test, Who};
use crate::schema::{LOOK_UP, READ_ROW, ROW_NAMESPACE};

/// Writes the policy.
pub(super) fn write(card: &Card) -> String {
    let mut policy = Draft::of(&card.rule);
    let principal = principal(&card.who, &mut policy.when);
    if !card.purposes.is_empty() {
        policy.when.push(one_of("context.purpose", card.purposes.iter().map(text)));
    }
    if let Some(from) = card.from {
        policy.when.push(format!("context.time >= {}", midnight(from)));
    }
    if let Some(until) = card.until {
        let after = day_after(until);
        policy.when.push(format!("context.time < {}", midnight(after)));
    }
    let mut written = format!("@id({})\n", text(&card.id));
    if let Some((key, value)) = policy.annotation {
        written.push_str(&format!("@{key}({})\n", text(&value)));
    }
    let effect = if card.rule.forbids() { "forbid" } else { "permit" };
    let action = match policy.actions.as_slice() {
        [one] => format!("action == Action::\"{one}\""),
        several => format!("action in [{}]", join(several.iter().map(|one| format!("Action::\"{one}\"")))),
    };
    written.push_str(&format!("{effect} (\n  {principal},\n  {action},\n  {}\n)", policy.resource));
    for (word, conditions) in [("when", &policy.when), ("unless", &policy.unless)] {
        if !conditions.is_empty() {
            written.push_str(&format!("\n{word} {{\n  {}\n}}", conditions.join(" &&\n  ")));
        }
    }
    written.push_str(";\n");
    written
}

/// The parts of a policy, but for whom and when it is.
struct Draft {
    annotation: Option<(&'static str, String)>,
    actions: Vec<&'static str>,
    resource: String,
    when: Vec<String>,
    unless: Vec<String>,
}

impl Draft {
    fn of(rule: &Rule) -> Self {
        let mut draft = Self {
            annotation: None,
            actions: Vec::new(),
            resource: "resource".to_owned(),
            when: Vec::new(),
            unless: Vec::new(),
        };
        match rule {
            Rule::Use(datasets) | Rule::NeverUse(datasets) => {
                draft.actions.push(Action::Read.as_str());
                draft.scope(datasets.iter().map(dataset));
            }
            Rule::Release(datasets) | Rule::NeverRelease(datasets) => {
                draft.actions.push(Action::Release.as_str());
                draft.scope(datasets.iter().map(dataset));
            }
            Rule::See { columns, shown } => {
                draft.actions.push(shown.level().cedar_action());
                draft.annotation = match shown {
                    Shown::Partial(mask) => Some(("partial", mask.to_string())),
                    Shown::Generalised(how) => Some(("generalise", how.to_string())),
                    Shown::Token(TokenForm::Ff1) => Some(("token", TokenForm::Ff1.to_string())),
                    Shown::Clear | Shown::Token(TokenForm::Opaque) | Shown::Null => None,
                };
                draft.columns(columns);
            }
            Rule::LookUp(columns) | Rule::NeverLookUp(columns) => {
                draft.actions.push(LOOK_UP);
                draft.columns(columns);
            }
            Rule::NeverSee { columns, above } => {
                let too_high = |level: &RevealLevel| above.is_none_or(|above| *level > above);
                let levels = RevealLevel::HIGHEST_FIRST.into_iter().filter(too_high);
                draft.actions.extend(levels.map(RevealLevel::cedar_action));
                draft.columns(columns);
            }
            Rule::SeeRows { datasets, when } => draft.rows(datasets, when, &[]),
            Rule::NeverSeeRows { datasets, when, unless } => draft.rows(datasets, when, unless),
        }
        draft
    }

    /// Says that the resource is one of these, or below one; none: any.
    fn scope(&mut self, of: impl Iterator<Item = String>) {
        match of.collect::<Vec<_>>().as_slice() {
            [] => {}
            [one] => self.resource = format!("resource in {one}"),
            several => self.when.push(format!("resource in [{}]", several.join(", "))),
        }
    }

    fn columns(&mut self, columns: &Columns) {
        let classes = columns.classes.iter().map(|class| format!("Class::\"{class}\""));
        let names = columns.columns.iter().map(|(dataset, column)| format!("Column::\"{dataset}.{column}\""));
        let mut datasets = columns.datasets.iter().map(dataset);
        if columns.classes.is_empty() && columns.columns.is_empty() {
            return self.scope(datasets);
        }
        self.scope(classes.chain(names));
        match (datasets.next(), datasets.len()) {
            (None, _) => {}
            (Some(one), 0) => self.when.push(format!("resource in {one}")),
            (Some(first), _) => {
                self.when.push(format!("resource in [{}]", join(std::iter::once(first).chain(datasets))));
            }
        }
    }

    fn rows(&mut self, datasets: &[DatasetName], when: &[Condition], unless: &[Condition]) {
        self.actions.push(READ_ROW);
        // By type, and not by the dataset that a row is in: of types the prover knows that they differ.
        let types: Vec<String> =
            datasets.iter().map(|name| format!("resource is {ROW_NAMESPACE}::{name}")).collect();
        match types.as_slice() {
            [] => {}
            [one] => self.resource = one.clone(),
            several => self.when.push(format!("({})", several.join(" || "))),
        }
        self.when.extend(when.iter().map(condition));
        self.unless.extend(unless.iter().map(condition));
    }
}

fn principal(who: &Who, when: &mut Vec<String>) -> String {
    if let Some(clearance) = who.clearance {
        when.push(format!("principal.clearance >= {clearance}"));
    }
    let named = who.principals.iter().map(|one| format!("{}::{}", one.kind().cedar_type(), text(one.name())));
    let groups = who.groups.iter().map(|group| format!("Group::{}", text(group)));
    let all: Vec<String> = named.chain(groups).collect();
    match (who.kind, all.as_slice()) {
        (None, []) => "principal".to_owned(),
        (Some(kind), []) => format!("principal is {}", kind.cedar_type()),
        (None, [one]) => format!("principal in {one}"),
        (Some(kind), [one]) => format!("principal is {} in {one}", kind.cedar_type()),
        (kind, several) => {
            when.push(format!("principal in [{}]", several.join(", ")));
            kind.map_or_else(|| "principal".to_owned(), |kind| format!("principal is {}", kind.cedar_type()))
        }
    }
}

/// A column may be missing: the schema says which, and asking is never wrong.
fn condition(condition: &Condition) -> String {
    let column = &condition.column;
    let value = format!("resource.{column}");
    let test = match &condition.test {
        Test::Among(attribute) => format!("principal.{attribute}.contains({value})"),
        Test::Is(wanted) => format!("{value} == {}", literal(wanted)),
        Test::IsNot(other) => format!("{value} != {}", literal(other)),
        Test::OneOf(wanted) => one_of(&value, wanted.iter().map(literal)),
        Test::AtLeast(Bound::Number(least)) => format!("{value} >= {}", long(*least)),
        Test::AtMost(Bound::Number(most)) => format!("{value} <= {}", long(*most)),
        Test::AtLeast(Bound::Day(first)) => format!("{value} >= {}", midnight(*first)),
        Test::AtMost(Bound::Day(last)) => format!("{value} < {}", midnight(day_after(*last))),
    };
    format!("resource has {column} && {test}")
}

fn one_of(value: &str, wanted: impl Iterator<Item = String>) -> String {
    match wanted.collect::<Vec<_>>().as_slice() {
        [one] => format!("{value} == {one}"),
        several => format!("[{}].contains({value})", several.join(", ")),
    }
}

fn dataset(name: &DatasetName) -> String {
    format!("Dataset::\"{name}\"")
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Text(value) => text(value),
        Literal::Integer(number) => long(*number),
        Literal::Truth(truth) => truth.to_string(),
    }
}

fn long(number: i64) -> String {
    if number < 0 { format!("({number})") } else { number.to_string() }
}

/// A Cedar string: its escapes are those of Rust.
fn text(value: impl Display) -> String {
    format!("{:?}", value.to_string())
}

fn day_after(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX)
}

fn midnight(day: NaiveDate) -> String {
    format!("datetime(\"{}\")", day.format("%Y-%m-%d"))
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
