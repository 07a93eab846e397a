//! `releases/NAME.yaml`: a standing release.

use std::collections::BTreeMap;

use membrane_model::{ColumnName, ReleaseName};

use super::column::parse;
use super::fields::{Fields, list, number, whole};
use super::yaml::{Document, Node, Value};
use super::{At, Mark, Report};
use crate::standing::{
    Continual, Edition, Every, PERIOD_END, PERIOD_START, Schedule, StandingBounds, StandingPrice,
    StandingRelease,
};

const KEYS: [&str; 8] =
    ["description", "partner", "purpose", "sql", "schedule", "price", "bounds", "continual"];
const PRICE: [&str; 5] = ["epsilon", "rho", "delta", "targets", "within"];
const CONTINUAL: [&str; 3] = ["from", "refreshes", "rows_max"];
const BOUNDS: [&str; 4] = ["groups_max", "rows_max", "values", "choose"];
/// A year: whoever waits longer has mistaken hours for minutes.
const DELAY_MINUTES_MAX: u32 = 525_600;
/// As many periods and rows as can be counted on.
const REFRESHES_MAX: u32 = 4096;
const ROWS_MAX: u32 = 1024;

/// Reads a standing release. `stem` is the name of its file.
pub(crate) fn read_standing(text: &str, stem: &str, report: &mut Report) -> Option<StandingRelease> {
    let document = Document::parse(text, report)?;
    let what = "the release";
    let fields = Fields::read(document.root(), what, &KEYS, report)?;
    let name = match stem.parse::<ReleaseName>() {
        Ok(name) => Some(name),
        Err(error) => {
            report.fault(Mark::START, format!("the name of the file is {error}"));
            None
        }
    };
    let description = fields.required_text("description", what, report);
    let partner = fields.required_text("partner", what, report);
    let partner = partner.and_then(|partner| parse(partner, "`partner`", report));
    let purpose = fields.text("purpose", report).and_then(|purpose| parse(purpose, "`purpose`", report));
    let sql = fields.required_text("sql", what, report);
    let schedule = fields.get("schedule").and_then(|node| read_schedule(node, report));
    let price =
        fields.get("price").map_or_else(|| Some(StandingPrice::default()), |node| read_price(node, report));
    let bounds = fields
        .get("bounds")
        .map_or_else(|| Some(StandingBounds::default()), |node| read_bounds(node, report));
    let continual = fields.get("continual").map(|node| (node.mark(), read_continual(node, report)));
    let sql = sql?;
    if let Some((mark, Some(continual))) = &continual {
        let facts = (schedule.as_ref(), price.as_ref(), bounds.as_ref());
        for fault in faults_of_continual(continual, facts, sql.value) {
            report.fault(*mark, fault);
        }
    }
    if schedule.is_none() && fields.get("schedule").is_none() && has_period(sql.value) {
        // Without a schedule an edition is named when it is asked for; both ways of saying it are one.
        report.fault(
            sql.mark,
            format!("`{PERIOD_START}` and `{PERIOD_END}` need a `schedule` that says how long a period is"),
        );
    }
    Some(StandingRelease {
        name: name?,
        description: description?.value.to_owned(),
        partner: partner?.value,
        purpose: purpose.map(|purpose| purpose.value),
        sql: sql.value.to_owned(),
        sql_place: (sql.mark.line, sql.mark.column),
        schedule,
        price: price?,
        bounds: bounds?,
        continual: match continual {
            None => None,
            Some((_, read)) => Some(read?),
        },
    })
}

fn read_continual(node: Node<'_>, report: &mut Report) -> Option<Continual> {
    let what = "`continual`";
    let fields = Fields::read(node, what, &CONTINUAL, report)?;
    let from = fields.required_text("from", what, report);
    let from = from.and_then(|from| parse::<Edition>(from, "`from`", report));
    let mut most = |key: &str, limit: u32| {
        let Some(node) = fields.get(key) else {
            report.fault(fields.mark(), format!("{what} needs `{key}`"));
            return None;
        };
        let found = whole(node, &format!("`{key}`"), 1, report)?;
        if found.value > limit {
            report.fault(found.mark, format!("`{key}` is at most {limit}"));
        }
        Some(found.value)
    };
    let (refreshes, rows_max) = (most("refreshes", REFRESHES_MAX), most("rows_max", ROWS_MAX));
    Some(Continual { from: from?.value, refreshes: refreshes?, rows_max: rows_max? })
}

/// Says what does not go together with editions that count on.
fn faults_of_continual(
    continual: &Continual,
    (schedule, price, bounds): (Option<&Schedule>, Option<&StandingPrice>, Option<&StandingBounds>),
    sql: &str,
) -> Vec<String> {
    let mut faults = Vec::new();
    match schedule {
        None => faults.push("`continual` needs a `schedule` that says how long a period is".to_owned()),
        Some(schedule) if continual.from.every() != schedule.every => {
            faults.push(format!("`from` must name the first {} that counts", schedule.every.as_str()));
        }
        Some(_) => {}
    }
    if has_period(sql) {
        faults.push(format!(
            "`{PERIOD_START}` and `{PERIOD_END}` are not for `continual`: the hub takes the rows from the first period to the end \
             of this one, by the event time of the contract"
        ));
    }
    if price.is_some_and(|price| {
        (price.epsilon.is_none() && price.rho.is_none())
            || !price.targets.is_empty()
            || !price.within.is_empty()
    }) {
        faults.push(
            "`continual` needs a `price` with `epsilon` or `rho`, without `targets` and `within`".to_owned(),
        );
    }
    if bounds.is_some_and(|bounds| bounds.groups_max.is_some() || bounds.rows_max.is_some() || bounds.choose)
    {
        faults.push("with `continual` only `values` are bounds: `rows_max` is stated there".to_owned());
    }
    faults
}

fn has_period(sql: &str) -> bool {
    sql.contains(PERIOD_START) || sql.contains(PERIOD_END)
}

fn read_schedule(node: Node<'_>, report: &mut Report) -> Option<Schedule> {
    let fields = Fields::read(node, "`schedule`", &["every", "delay_minutes"], report)?;
    let every = fields.required_text("every", "`schedule`", report);
    let every = every.and_then(|every| parse::<Every>(every, "`every`", report));
    let delay = fields.get("delay_minutes").and_then(|node| whole(node, "`delay_minutes`", 0, report));
    if let Some(delay) = delay.filter(|delay| delay.value > DELAY_MINUTES_MAX) {
        report.fault(delay.mark, format!("`delay_minutes` is more than a year, {DELAY_MINUTES_MAX}"));
    }
    Some(Schedule { every: every?.value, delay_minutes: delay.map_or(0, |delay| delay.value) })
}

fn read_price(node: Node<'_>, report: &mut Report) -> Option<StandingPrice> {
    let fields = Fields::read(node, "`price`", &PRICE, report)?;
    let mut positive = |key: &str| {
        let found = number(fields.get(key)?, &format!("`{key}`"), report)?;
        if found.value < 0.0 || (found.value <= 0.0 && key != "delta") {
            report.fault(found.mark, format!("`{key}` must be above 0"));
        }
        Some(found.value)
    };
    let (epsilon, rho, delta) = (positive("epsilon"), positive("rho"), positive("delta"));
    if epsilon.is_some() && rho.is_some() {
        report.fault(fields.mark(), "`price` says `epsilon` and `rho`: state one");
    }
    let mut widths =
        |key: &str| fields.get(key).map_or_else(BTreeMap::new, |node| read_widths(node, key, report));
    let (targets, within) = (widths("targets"), widths("within"));
    Some(StandingPrice { epsilon, rho, delta, targets, within })
}

fn read_bounds(node: Node<'_>, report: &mut Report) -> Option<StandingBounds> {
    let fields = Fields::read(node, "`bounds`", &BOUNDS, report)?;
    let mut most = |key: &str| Some(whole(fields.get(key)?, &format!("`{key}`"), 1, report)?.value);
    let (groups_max, rows_max) = (most("groups_max"), most("rows_max"));
    let choose = fields.flag("choose", report);
    let mut values = BTreeMap::new();
    if let Some(node) = fields.get("values") {
        for (column, node) in by_column(node, "values", report) {
            let pair = list(node, "what a row adds", report);
            let Some(At { value: pair, mark }) = pair else { continue };
            let numbers: Option<Vec<f64>> =
                pair.into_iter().map(|node| Some(number(node, "a bound", report)?.value)).collect();
            match numbers.as_deref() {
                Some([lower, upper]) if lower <= upper => {
                    values.insert(column, (*lower, *upper));
                }
                Some(_) => report.fault(mark, "bounds are two numbers, the smaller one first"),
                None => {}
            }
        }
    }
    Some(StandingBounds { groups_max, rows_max, values, choose })
}

/// Reads numbers above 0 by column.
fn read_widths(node: Node<'_>, key: &str, report: &mut Report) -> BTreeMap<ColumnName, f64> {
    let mut found = BTreeMap::new();
    for (column, node) in by_column(node, key, report) {
        match number(node, "a width", report) {
            Some(width) if width.value > 0.0 => {
                found.insert(column, width.value);
            }
            Some(width) => report.fault(width.mark, "a width must be above 0"),
            None => {}
        }
    }
    found
}

/// Reads a mapping whose keys are columns.
fn by_column<'a>(node: Node<'a>, key: &str, report: &mut Report) -> Vec<(ColumnName, Node<'a>)> {
    let Value::Map(pairs) = node.value() else {
        report.fault(node.mark(), format!("`{key}` must be a mapping of columns"));
        return Vec::new();
    };
    let mut found = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let column = super::fields::text(name, "a column", report);
        let column = column.and_then(|column| parse::<ColumnName>(column, "a column", report));
        found.extend(column.map(|column| (column.value, value)));
    }
    found
}

#[cfg(test)]
mod tests;
