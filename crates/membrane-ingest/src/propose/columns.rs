//! From what is known of a column to what a contract should say of it.

use membrane_model::{ColumnName, LogicalType};

use super::draft::{Draft, Sureness};
use super::profile::{Profile, Types};
use super::rounding::{above, below, length_above};
use crate::detect::{Family, Kind, Verdict, percent, topic};

/// The share of values that must be of a type: the rest is set aside, and is to be looked at.
const TYPE_SHARE_MIN: f64 = 0.98;
/// The share of values that must pass a check before it is proposed.
const CHECK_SHARE_MIN: f64 = 0.97;
/// Rows from which "every row has a value" is more than chance.
const REQUIRED_ROWS_MIN: u64 = 20;
/// Digits of numbers that are codes when all have as many.
const CODE_DIGITS_MIN: usize = 5;

/// Proposes a column.
pub(crate) fn propose_column(
    name: &ColumnName,
    said: Option<LogicalType>,
    profile: &Profile,
    verdict: &Verdict,
) -> Draft {
    let is_personal = verdict.is_personal();
    let (logical_type, type_remark) = logical_type(said, profile, verdict);
    // Of `true` and `false` nobody is identified, whatever they are called.
    let is_personal = is_personal && logical_type != LogicalType::Boolean;
    let class = match verdict.class.filter(|class| is_personal || !class.starts_with("pii")) {
        Some(class) => class.to_owned(),
        None => default_class(name.as_str(), logical_type).to_owned(),
    };
    let mut draft = Draft::new(name.clone(), logical_type, class);
    draft.remarks.extend(type_remark);
    draft.sureness = match (is_personal, verdict.is_sure) {
        (false, _) => Sureness::Nobody,
        (true, true) => Sureness::Sure,
        (true, false) => Sureness::Doubt,
    };
    if logical_type != LogicalType::Boolean {
        let but = if is_personal { "but " } else { "" };
        draft.evidence.extend(verdict.because.iter().cloned());
        draft.evidence.extend(verdict.against.iter().map(|against| format!("{but}{against}")));
        draft.recogniser = verdict.kind.map(Kind::as_str);
    }
    presence(&mut draft, profile);
    if is_personal {
        form(&mut draft, profile, verdict);
    } else {
        measure(&mut draft, profile);
    }
    lengths(&mut draft, profile);
    draft
}

/// Says whether every row has a value.
fn presence(draft: &mut Draft, profile: &Profile) {
    let missing = profile.missing();
    if profile.values == 0 {
        draft.remarks.push("no row of the sample has a value: its type and class are a guess".to_owned());
    } else if missing == 0 && profile.rows >= REQUIRED_ROWS_MIN {
        draft.required = true;
    } else if missing > 0 {
        draft.remarks.push(format!("{missing} of {} rows have no value", profile.rows));
    }
}

/// Proposes the check that goes with what was recognised.
fn form(draft: &mut Draft, profile: &Profile, verdict: &Verdict) {
    let check = verdict.kind.and_then(Kind::check).filter(|_| draft.logical_type == LogicalType::String);
    let Some(check) = check.filter(|_| verdict.is_sure) else { return };
    // A check looks at values as they are delivered, and at every row.
    let passed = profile.passed(check);
    if profile.share(passed) >= CHECK_SHARE_MIN {
        draft.check = Some(check);
        let others = profile.values - passed;
        draft.remarks.extend(
            (others > 0).then(|| {
                format!("{others} of {} rows fail `{check}` and would be set aside", profile.values)
            }),
        );
    } else {
        let share = percent(profile.share(passed));
        draft.remarks.push(format!(
            "only {share} of the rows pass `{check}` as they are delivered, so it is not asked for"
        ));
    }
}

/// Proposes bounds of a number that measures something.
fn measure(draft: &mut Draft, profile: &Profile) {
    let is_number = matches!(
        draft.logical_type,
        LogicalType::Integer | LogicalType::Number | LogicalType::Decimal { .. }
    );
    if !is_number || profile.evidence.shape.is_counted() || profile.different() < 2 {
        return;
    }
    if draft.class == "technical" || (profile.is_unique() && draft.logical_type == LogicalType::Integer) {
        return;
    }
    let Some((least, most)) = profile.range else { return };
    draft.minimum = Some(below(least));
    let bound = above(most);
    let fits = match draft.logical_type {
        LogicalType::Decimal { precision, scale } => {
            bound < 10_f64.powi(i32::from(precision) - i32::from(scale))
        }
        _ => true,
    };
    draft.maximum = Some(bound).filter(|_| fits);
    draft
        .remarks
        .push("bounds are rounded outward, so that they are nobody's values; state the real ones".to_owned());
}

fn lengths(draft: &mut Draft, profile: &Profile) {
    if draft.logical_type == LogicalType::String && draft.check.is_none() && profile.values > 0 {
        draft.length_max = Some(length_above(profile.length_max));
    }
}

/// Chooses the type that nearly all values have, and says what does not.
fn logical_type(
    said: Option<LogicalType>,
    profile: &Profile,
    verdict: &Verdict,
) -> (LogicalType, Option<String>) {
    if let Some(said) = said {
        return (said, None);
    }
    let scalars = profile.share(profile.scalars) > 1.0 - TYPE_SHARE_MIN;
    let types = &profile.types;
    let is_text = verdict.is_personal() && verdict.family != Some(Family::Birth) && !scalars;
    let candidates = [
        (types.boolean, LogicalType::Boolean),
        (types.date, LogicalType::Date),
        (types.timestamp, LogicalType::Timestamp),
        (types.integer, LogicalType::Integer),
        (types.decimal, decimal(profile)),
        (types.number, LogicalType::Number),
    ];
    let found = candidates
        .into_iter()
        .find(|(count, _)| profile.values > 0 && profile.share(*count) >= TYPE_SHARE_MIN);
    match found {
        _ if is_text && !found.is_some_and(|(_, logical)| logical == LogicalType::Boolean) => {
            (LogicalType::String, None)
        }
        Some((_, LogicalType::Integer)) if is_code(profile, verdict) && !scalars => {
            (LogicalType::String, Some("digits, but a code: nobody adds them up".to_owned()))
        }
        Some((count, logical)) => {
            let others = profile.values - count;
            let remark = (others > 0).then(|| {
                format!("{others} of {} rows are no {logical} and would be set aside", profile.values)
            });
            (logical, remark)
        }
        None => (LogicalType::String, time_without_zone(profile)),
    }
}

fn time_without_zone(profile: &Profile) -> Option<String> {
    let is_time = profile.values > 0 && profile.share(profile.types.local_time) >= TYPE_SHARE_MIN;
    is_time.then(|| {
        "times without a zone: a timestamp needs one (`Z` or `+08:00`) behind; until then it is text"
            .to_owned()
    })
}

/// An exact number with room for ten times as much, twice.
fn decimal(profile: &Profile) -> LogicalType {
    let Types { whole_digits, scale, .. } = profile.types;
    let scale = u8::try_from(scale.clamp(2, 12)).unwrap_or(12);
    let digits = u8::try_from(whole_digits + 2).unwrap_or(26);
    let precision = digits.saturating_add(scale).clamp(12, 38);
    LogicalType::Decimal { precision, scale: i8::try_from(scale).unwrap_or(2) }
}

/// Numbers of one length that are many are codes: of articles, of places, of orders.
fn is_code(profile: &Profile, verdict: &Verdict) -> bool {
    let (length, share) = profile.evidence.shape.usual_length();
    let one_length = length >= CODE_DIGITS_MIN && share > 0.98 && profile.different() > 20;
    let is_time = verdict.against.iter().any(|against| against.contains("since 1970"));
    (one_length && !is_time && !profile.evidence.shape.is_counted()) || profile.types.zero_led > 0
}

fn default_class(name: &str, logical: LogicalType) -> &'static str {
    match (topic(name), logical) {
        (Some(class), _) => class,
        (None, LogicalType::Decimal { .. }) => "transaction",
        (None, _) => "behaviour",
    }
}
