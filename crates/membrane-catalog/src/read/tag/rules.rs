//! What a careful reviewer of one tag asks for.

use super::super::fields::Fields;
use super::super::yaml::Value;
use super::super::{Mark, Report};
use super::mark_of;
use crate::tag::{Piece, pieces};
use crate::{AS_OF, AsOfParam, ConsentRule, NullPolicy, Refresh, Sensitivity, Tag, TagQuality, TagStatus};

/// What gives another answer each time it is asked.
const UNSTEADY: [&str; 10] = [
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "today",
    "random",
    "uuid",
    "gen_random_uuid",
];
/// Those that are functions only with brackets after them: other things may have their names.
const WITH_BRACKETS: [&str; 5] = ["now", "today", "random", "uuid", "gen_random_uuid"];

/// Checks what parts of a tag say together. `statement` is where its file tells of the statement.
pub(super) fn check(tag: &Tag, fields: &Fields<'_>, statement: Mark, report: &mut Report) {
    check_life(tag, fields, report);
    check_times(tag, fields, report);
    check_privacy(tag, fields, report);
    check_statement(tag, fields, statement, report);
}

fn check_life(tag: &Tag, fields: &Fields<'_>, report: &mut Report) {
    let status = mark_of(fields, "status");
    let has_test = fields
        .get("tests")
        .is_some_and(|node| !matches!(node.value(), Value::List(items) if items.is_empty()));
    if tag.status == TagStatus::Active && !has_test {
        report.fault(
            status,
            "an `active` tag has no test: write one with the rows at each boundary of its rule",
        );
    }
    match tag.status {
        TagStatus::Deprecated => {
            if tag.replaced_by.is_none() && fields.get("replaced_by").is_none() {
                report.fault(status, "a `deprecated` tag needs `replaced_by`: what to use in its place");
            }
            if tag.sunset.is_none() && fields.get("sunset").is_none() {
                report.fault(status, "a `deprecated` tag needs `sunset`: its last day");
            }
        }
        TagStatus::Retired => {}
        TagStatus::Draft | TagStatus::Review | TagStatus::Active => {
            for key in ["replaced_by", "sunset"] {
                if let Some(node) = fields.get(key) {
                    let fault = format!("`{key}` is for a tag that is `deprecated` or `retired`");
                    report.fault(node.mark(), fault);
                }
            }
        }
    }
    if tag.version > 1 && tag.change_note.is_empty() && fields.get("change_note").is_none() {
        report
            .fault(mark_of(fields, "version"), "a `version` above 1 needs `change_note`: why it is another");
    }
}

fn check_times(tag: &Tag, fields: &Fields<'_>, report: &mut Report) {
    let refresh = mark_of(fields, "refresh");
    if let Refresh::Stream { .. } = tag.refresh {
        if tag.nulls == NullPolicy::KeepLast {
            report.fault(
                mark_of(fields, "null_policy"),
                "a stream tag cannot `keep_last`: its values end when their events are too old",
            );
        }
        if tag.quality != TagQuality::default() {
            report.fault(
                mark_of(fields, "quality"),
                "`quality` is for tags that are built at once: a stream tag writes what its events say, and has `value` alone as its limit",
            );
        }
        if tag.as_of.excludes_base_day {
            report.fault(refresh, "a stream tag with `excludes_base_day` would never see a new event");
        }
    }
    if tag.as_of.excludes_base_day && tag.as_of.param != AsOfParam::Day {
        // Told of where it is read.
        return;
    }
    let Some(freshness) = tag.freshness_slo_seconds else { return };
    let slo = mark_of(fields, "freshness_slo");
    match tag.refresh {
        Refresh::Manual => {
            report.fault(slo, "`freshness_slo` cannot hold for a tag that is built when somebody asks");
        }
        Refresh::Batch { every_seconds } if freshness < every_seconds => {
            report.fault(slo, "`freshness_slo` is shorter than the time from one build to the next");
        }
        Refresh::Batch { .. } | Refresh::Stream { .. } => {}
    }
}

fn check_privacy(tag: &Tag, fields: &Fields<'_>, report: &mut Report) {
    if !tag.partner_shareable {
        return;
    }
    let mark = mark_of(fields, "privacy");
    if tag.min_group.is_none() {
        report.fault(mark, "`partner_shareable` needs `min_group`: the fewest members of a group");
    }
    if tag.sensitivity == Sensitivity::Sensitive {
        report.fault(mark, "a `sensitive` tag is not `partner_shareable`");
    }
    if tag.consent == ConsentRule::Ignore {
        report.fault(mark, "`partner_shareable` needs `consent_missing: exclude`");
    }
}

/// Checks the statement as far as that goes without running it.
fn check_statement(tag: &Tag, fields: &Fields<'_>, mark: Mark, report: &mut Report) {
    let pieces: Vec<Piece<'_>> = pieces(&tag.sql).into_iter().map(|(_, piece)| piece).collect();
    let has_word = |word: &str| {
        pieces.iter().any(|piece| matches!(piece, Piece::Word(found) if found.eq_ignore_ascii_case(word)))
    };
    let starts = matches!(pieces.first(), Some(Piece::Word(first)) if ["select", "with"].contains(&first.to_ascii_lowercase().as_str()));
    if !starts {
        report.fault(mark, "the statement must begin with `SELECT` or `WITH`");
    }
    if pieces.contains(&Piece::Sign(';')) {
        report.fault(mark, "the statement has a `;`: it is one statement, and ends without it");
    }
    let takes = pieces.contains(&Piece::AsOf);
    match tag.as_of.param {
        AsOfParam::None if takes => {
            report.fault(
                mark,
                format!("the statement says `{AS_OF}`: `as_of.param` must be `day` or `instant`"),
            );
        }
        AsOfParam::Day | AsOfParam::Instant if !takes => {
            let fault = format!(
                "`as_of.param` is `{}`, and the statement does not say `{AS_OF}`",
                tag.as_of.param.as_str()
            );
            report.fault(mark_of(fields, "as_of"), fault);
        }
        _ => {}
    }
    for (place, piece) in pieces.iter().enumerate() {
        let Piece::Word(word) = piece else { continue };
        let called = pieces.get(place + 1) == Some(&Piece::Sign('('));
        let Some(word) = UNSTEADY.into_iter().find(|unsteady| word.eq_ignore_ascii_case(unsteady)) else {
            continue;
        };
        if called || !WITH_BRACKETS.contains(&word) {
            report.fault(
                mark,
                format!("the statement says `{word}`: take `{AS_OF}`, so that a build can be repeated"),
            );
        }
    }
    for (what, name) in
        [("the column of the entity", tag.entity.as_str()), ("the column of the value", tag.column.as_str())]
    {
        if !has_word(name) {
            report.fault(mark, format!("the statement does not name `{name}`, {what}"));
        }
    }
}
