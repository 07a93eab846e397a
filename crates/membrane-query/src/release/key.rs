//! The keys of groups: columns, and parts of dates and timestamps.

use datafusion::logical_expr::Expr;

use super::condition::Resolve;
use super::literal::text;
use super::question::{Key, Part, TypeOf, Unit};
use super::refusal::{refuse, refuse_named};
use crate::QueryError;

const KNOWN: &str =
    "group by columns, or by date_trunc or date_part of a timestamp or date; bands belong into the contract";

/// Reads one key of GROUP BY.
pub(super) fn read(expression: &Expr, resolve: &Resolve<'_>) -> Result<Key, QueryError> {
    match expression {
        Expr::Alias(alias) => read(&alias.expr, resolve),
        Expr::Column(_) => {
            let column = resolve(expression)?;
            if column.logical == TypeOf::Number {
                return Err(refuse_named(
                    "a key that is a floating-point column",
                    column.column.as_str(),
                    KNOWN,
                ));
            }
            Ok(Key::Column(column))
        }
        Expr::ScalarFunction(call) => {
            let [which, Expr::Column(column)] = call.args.as_slice() else {
                return Err(refuse_named("a key made by function", call.func.name(), KNOWN));
            };
            let column = resolve(&Expr::Column(column.clone()))?;
            if !matches!(column.logical, TypeOf::Date | TypeOf::Timestamp) {
                return Err(refuse_named("a key made by function", call.func.name(), KNOWN));
            }
            let which = text(which)?.to_ascii_lowercase();
            match call.func.name() {
                "date_trunc" => unit(&which)
                    .filter(|unit| column.logical == TypeOf::Timestamp || *unit != Unit::Hour)
                    .map(|unit| Key::Truncate(unit, column))
                    .ok_or_else(|| {
                        refuse("this unit of date_trunc", "year, quarter, month, week, day or hour")
                    }),
                "date_part" => part(&which)
                    .filter(|part| column.logical == TypeOf::Timestamp || *part != Part::Hour)
                    .map(|part| Key::Part(part, column))
                    .ok_or_else(|| {
                        refuse("this part of date_part", "year, quarter, month, week, day, dow or hour")
                    }),
                name => Err(refuse_named("a key made by function", name, KNOWN)),
            }
        }
        Expr::GroupingSet(_) => {
            Err(refuse("ROLLUP, CUBE or GROUPING SETS", "ask one release for each level"))
        }
        Expr::Case(_) => Err(refuse("a key made by CASE", KNOWN)),
        Expr::Cast(_) | Expr::TryCast(_) => Err(refuse("a key made by a cast", KNOWN)),
        _ => Err(refuse("a key made by an expression", KNOWN)),
    }
}

/// Returns the name of a key that the statement does not name.
pub(super) fn name(key: &Key) -> String {
    match key {
        Key::Column(column) => column.column.to_string(),
        Key::Truncate(unit, column) => format!("{}_{}", column.column, unit_word(*unit)),
        Key::Part(part, column) => format!("{}_{}", column.column, part_word(*part)),
    }
}

const UNITS: [(&str, Unit); 6] = [
    ("year", Unit::Year),
    ("quarter", Unit::Quarter),
    ("month", Unit::Month),
    ("week", Unit::Week),
    ("day", Unit::Day),
    ("hour", Unit::Hour),
];

const PARTS: [(&str, Part); 7] = [
    ("year", Part::Year),
    ("quarter", Part::Quarter),
    ("month", Part::Month),
    ("week", Part::Week),
    ("day", Part::Day),
    ("dow", Part::DayOfWeek),
    ("hour", Part::Hour),
];

fn unit(word: &str) -> Option<Unit> {
    UNITS.iter().find(|(known, _)| *known == word).map(|(_, unit)| *unit)
}

fn part(word: &str) -> Option<Part> {
    PARTS.iter().find(|(known, _)| *known == word).map(|(_, part)| *part)
}

fn unit_word(unit: Unit) -> &'static str {
    UNITS.iter().find(|(_, known)| *known == unit).map_or("", |(word, _)| word)
}

fn part_word(part: Part) -> &'static str {
    PARTS.iter().find(|(_, known)| *known == part).map_or("", |(word, _)| word)
}
