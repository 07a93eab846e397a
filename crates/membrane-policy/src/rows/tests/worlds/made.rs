//! Conditions and rows, made up.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::Row;
use crate::RowValue;
use crate::fixture::{Contract, noon};

/// Every kind of attribute, once required and once not. Columns and attributes are not all named alike.
pub(super) const WORLD: [Contract<'_>; 1] = [(
    "members",
    Some("member_no"),
    &[
        "member_no string pii.identifier sealed+token required",
        "region string geo clear required",
        "city string geo clear",
        "points integer business clear required",
        "visits integer business clear",
        "consent boolean business clear required",
        "premium boolean business clear",
        "joined date business clear required",
        "left_on date business clear attribute=left",
        "seen timestamp business clear required attribute=first_seen",
        "last_seen timestamp business clear",
        "spent decimal(12,2) business clear required",
        "saved decimal(4,0) business clear",
        "owed decimal(18,4) business clear",
        "mail_ok boolean business clear required consent=marketing",
        "call_ok boolean business clear consent=service attribute=may_call",
    ],
)];

const TEXTS: [&str; 4] = ["SH", "BJ", "S%", ""];
const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// Constants, most of which partial evaluation has to compute.
const INSTANTS: [&str; 14] = [
    "datetime(\"2026-11-22\")",
    "datetime(\"2026-11-22T00:00:00.001Z\")",
    "datetime(\"2026-11-21T23:59:59.999Z\")",
    "datetime(\"2026-11-22T08:00:00+0800\")",
    "datetime(\"2026-11-22T12:00:00Z\")",
    "datetime(\"1970-01-01\")",
    "datetime(\"1969-12-31T12:00:00Z\")",
    "context.time",
    "context.time.toDate()",
    "context.time.offset(duration(\"-1d\"))",
    "context.time.offset(duration(\"-12h1ms\")).toDate()",
    "datetime(\"1970-01-01\").offset(context.time.durationSince(context.time.toDate()))",
    "datetime(\"1970-01-01\").offset(duration(\"9223372036854775807ms\"))",
    "datetime(\"1970-01-01\").offset(duration(\"-9223372036854775807ms\"))",
];
const DECIMALS: [&str; 11] = [
    "0.0",
    "-0.01",
    "-0.0001",
    "12.5",
    "12.50",
    "12.505",
    "13.0",
    "9999.0",
    "9999.0001",
    "922337203685477.5807",
    "-922337203685477.5808",
];

/// A kind of attributes, by name: of text, numbers and so on.
#[derive(Clone, Copy)]
struct Names {
    text: &'static str,
    number: &'static str,
    flag: &'static str,
    day: &'static str,
    instant: &'static str,
    money: &'static [&'static str],
}

const REQUIRED: Names = Names {
    text: "region",
    number: "points",
    flag: "consent",
    day: "joined",
    instant: "first_seen",
    money: &["spent"],
};
const OPTIONAL: Names = Names {
    text: "city",
    number: "visits",
    flag: "premium",
    day: "left",
    instant: "last_seen",
    money: &["saved", "owed"],
};

fn quoted() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(|text| format!("\"{text}\""))
}

fn number() -> impl Strategy<Value = i64> {
    -2_i64..3
}

/// A comparison of one attribute, in the words of Cedar, and the attribute.
fn comparison(of: Names) -> BoxedStrategy<(String, &'static str)> {
    prop_oneof![plain(of), plain(of), moment(of.day), moment(of.instant), money(of)].boxed()
}

fn plain(Names { text, number: number_of, flag, .. }: Names) -> BoxedStrategy<(String, &'static str)> {
    let pattern = prop::sample::select(&["S*", "*", "*H", "S%", "", "_H"][..]);
    prop_oneof![
        (prop::bool::ANY, quoted()).prop_map(move |(equal, value)| {
            let operator = if equal { "==" } else { "!=" };
            (format!("resource.{text} {operator} {value}"), text)
        }),
        prop::collection::vec(quoted(), 1..3)
            .prop_map(move |values| (format!("[{}].contains(resource.{text})", values.join(", ")), text)),
        Just((format!("principal.regions.contains(resource.{text})"), text)),
        pattern.prop_map(move |pattern| (format!("resource.{text} like \"{pattern}\""), text)),
        (prop::sample::select(&OPERATORS[..]), number(), prop::bool::ANY).prop_map(
            move |(operator, value, turned)| (
                sides(number_of, operator, &value.to_string(), turned),
                number_of
            )
        ),
        Just((format!("resource.{flag}"), flag)),
        prop::bool::ANY.prop_map(move |value| (format!("resource.{flag} == {value}"), flag)),
    ]
    .boxed()
}

fn sides(attribute: &str, operator: &str, constant: &str, turned: bool) -> String {
    if turned {
        format!("{constant} {operator} resource.{attribute}")
    } else {
        format!("resource.{attribute} {operator} {constant}")
    }
}

fn moment(attribute: &'static str) -> BoxedStrategy<(String, &'static str)> {
    let constant = || prop::sample::select(&INSTANTS[..]);
    prop_oneof![
        3 => (prop::sample::select(&OPERATORS[..]), constant(), prop::bool::ANY)
            .prop_map(move |(operator, value, turned)| (sides(attribute, operator, value, turned), attribute)),
        1 => prop::collection::vec(constant(), 1..3)
            .prop_map(move |values| (format!("[{}].contains(resource.{attribute})", values.join(", ")), attribute)),
    ]
    .boxed()
}

fn money(of: Names) -> BoxedStrategy<(String, &'static str)> {
    const METHODS: [&str; 4] = ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"];
    let attribute = || prop::sample::select(of.money);
    let constant = || prop::sample::select(&DECIMALS[..]).prop_map(|text| format!("decimal(\"{text}\")"));
    prop_oneof![
        2 => (attribute(), prop::sample::select(&METHODS[..]), constant(), prop::bool::ANY).prop_map(
            |(attribute, method, value, turned)| {
                let condition = if turned {
                    format!("{value}.{method}(resource.{attribute})")
                } else {
                    format!("resource.{attribute}.{method}({value})")
                };
                (condition, attribute)
            }
        ),
        1 => (attribute(), prop::sample::select(&OPERATORS[..2]), constant(), prop::bool::ANY).prop_map(
            |(attribute, operator, value, turned)| (sides(attribute, operator, &value, turned), attribute)
        ),
        1 => (attribute(), prop::collection::vec(constant(), 1..3)).prop_map(
            |(attribute, values)| (format!("[{}].contains(resource.{attribute})", values.join(", ")), attribute)
        ),
    ]
    .boxed()
}

fn consents() -> BoxedStrategy<String> {
    prop::sample::select(
        &[
            "resource.consents.contains(context.purpose)",
            "resource.consents.contains(\"service\")",
            "resource.consents.containsAll([\"service\", \"marketing\"])",
            "resource.consents.containsAny([\"service\", context.purpose])",
            "[\"service\"].containsAny(resource.consents)",
            "resource.consents.containsAny([\"marketing\"])",
        ][..],
    )
    .prop_map(|text| format!("({text})"))
    .boxed()
}

/// A condition that the strict validator accepts: what may be missing is asked for first.
pub(super) fn condition() -> BoxedStrategy<String> {
    let required = comparison(REQUIRED).prop_map(|(text, _)| format!("({text})"));
    let optional = (comparison(OPTIONAL), 0..4).prop_map(|((text, name), shape)| match shape {
        0 => format!("(resource has {name} && {text})"),
        1 => format!("(!(resource has {name} && {text}))"),
        2 => format!("(if resource has {name} then {text} else true)"),
        _ => format!("(resource has {name})"),
    });
    prop_oneof![3 => required, 3 => optional, 1 => consents()]
        .prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
                (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} || {right})")),
                inner.clone().prop_map(|inner| format!("(!{inner})")),
                (inner.clone(), inner.clone(), inner)
                    .prop_map(|(test, yes, no)| format!("(if {test} then {yes} else {no})")),
            ]
        })
        .boxed()
}

/// Something that is not translated, or that errs for some rows.
pub(super) fn strange() -> BoxedStrategy<String> {
    prop_oneof![
        number().prop_map(|value| format!("(resource.points + 1 > {value})")),
        Just("(resource.points + 9223372036854775807 > 0)".to_owned()),
        Just("(resource has city && resource.city == resource.region)".to_owned()),
        Just("([resource.region].containsAny([\"SH\", \"BJ\"]))".to_owned()),
        Just("(resource.joined < resource.first_seen)".to_owned()),
        Just("(resource.joined.offset(duration(\"1d\")) <= context.time)".to_owned()),
        Just("(resource.first_seen.toDate() == context.time.toDate())".to_owned()),
        Just("(resource.joined < context.time.offset(duration(\"9223372036854775807ms\")))".to_owned()),
        Just("(resource has owed && resource.owed.lessThan(resource.spent))".to_owned()),
        Just("(resource.consents == [\"marketing\"])".to_owned()),
        Just("(resource.consents.isEmpty())".to_owned()),
    ]
    .boxed()
}

/// A row. The columns that the contract requires are there always, or mostly when it is `broken`.
pub(super) fn row(broken: bool) -> impl Strategy<Value = Row> {
    let text = || prop::sample::select(&TEXTS[..]).prop_map(|text| RowValue::String(text.to_owned()));
    let integer = || number().prop_map(RowValue::Integer);
    let flag = || prop::bool::ANY.prop_map(RowValue::Boolean);
    let required = move |value: BoxedStrategy<RowValue>| {
        if broken { prop::option::weighted(0.7, value).boxed() } else { value.prop_map(Some).boxed() }
    };
    let optional = |value: BoxedStrategy<RowValue>| prop::option::of(value).boxed();
    let cell = |name, value| (Just(name), value);
    let cells: Vec<(Just<&'static str>, BoxedStrategy<Option<RowValue>>)> = vec![
        cell("region", required(text().boxed())),
        cell("city", optional(text().boxed())),
        cell("points", required(integer().boxed())),
        cell("visits", optional(integer().boxed())),
        cell("consent", required(flag().boxed())),
        cell("premium", optional(flag().boxed())),
        cell("joined", required(days())),
        cell("left_on", optional(days())),
        cell("seen", required(instants())),
        cell("last_seen", optional(instants())),
        cell("spent", required(decimals(2, &[0, -1, 1250, 1251, 999_999_999_999, -999_999_999_999]))),
        cell("saved", optional(decimals(0, &[0, -1, 12, 13, 9999, -9999]))),
        cell("owed", optional(decimals(4, &[0, -1, 125_050, 99_990_001, 999_999_999_999_999_999]))),
        cell("mail_ok", required(flag().boxed())),
        cell("call_ok", optional(flag().boxed())),
    ];
    cells.prop_map(|cells| cells.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

fn days() -> BoxedStrategy<RowValue> {
    let today = noon().date_naive().signed_duration_since(NaiveDate::default()).num_days();
    let today = i32::try_from(today).unwrap();
    let days: Vec<i32> = [0, today].into_iter().flat_map(|day| day - 1..=day + 1).collect();
    prop::sample::select(days).prop_map(RowValue::Date).boxed()
}

/// Both sides of the constants, and of the milliseconds that Cedar takes instants for.
fn instants() -> BoxedStrategy<RowValue> {
    let noon = noon().timestamp_micros();
    let midnight = noon - 12 * 3_600_000_000;
    let micros: Vec<i64> = [0, midnight, noon]
        .into_iter()
        .flat_map(|instant| [-1_000, -1, 0, 1, 999, 1_000].map(|more| instant + more))
        .collect();
    prop::sample::select(micros).prop_map(RowValue::Timestamp).boxed()
}

fn decimals(scale: i8, units: &'static [i128]) -> BoxedStrategy<RowValue> {
    prop::sample::select(units).prop_map(move |unscaled| RowValue::Decimal { unscaled, scale }).boxed()
}
