//! What changed between two revisions of a contract.
//!
//! The table of docs/contracts.md, "How a contract may change", is this file and [`super::rules`] in words.

use std::collections::BTreeSet;

use super::column::ColumnFacts;
use super::rules::of_rules;
use super::{Change, Effect, LEGAL_BASIS, RETENTION, Revision, Step};
use crate::Retention;

/// What changed between two revisions of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The older version.
    pub older: String,
    /// The newer version.
    pub newer: String,
    /// Every change, the table's first, then column by column.
    pub changes: Vec<Change>,
    /// How far the version went.
    pub step: Step,
}

impl Comparison {
    pub(super) fn of(older: &Revision, newer: &Revision) -> Self {
        let mut changes = of_table(older, newer);
        let mut gone: Vec<&ColumnFacts> = Vec::new();
        for column in &older.columns {
            match newer.column(&column.name) {
                Some(now) => of_column(column, now, older.is_subject(&column.name), &mut changes),
                None => gone.push(column),
            }
        }
        let mut added: Vec<&ColumnFacts> =
            newer.columns.iter().filter(|column| older.column(&column.name).is_none()).collect();
        for column in gone {
            let renamed = added.iter().position(|new| new.is_like(column));
            let renamed = renamed.map(|place| added.remove(place));
            changes.push(removed(column, renamed));
        }
        changes.extend(added.into_iter().map(new_column));
        Self {
            older: older.version.clone(),
            newer: newer.version.clone(),
            changes,
            step: Step::between(&older.version, &newer.version),
        }
    }

    /// Returns what hangs on all of it; none when nothing changed but the version.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        self.changes.iter().map(|change| change.effect).max()
    }

    /// Returns the changes by which rows that are stored cannot be joined by others: those that break them, and those that need
    /// a MAJOR version and have none.
    pub fn in_the_way(&self) -> impl Iterator<Item = &Change> {
        let declared = self.step == Step::Major;
        self.changes.iter().filter(move |change| match change.effect {
            Effect::Breaking => true,
            Effect::Major => !declared,
            Effect::Wording | Effect::Compatible => false,
        })
    }

    /// Says what is wrong with the version, if it did not go up as far as the changes ask for.
    #[must_use]
    pub fn version_fault(&self) -> Option<String> {
        let needed = match self.effect() {
            None if self.step == Step::Down => Step::None,
            None => return None,
            Some(Effect::Wording) => Step::Patch,
            Some(Effect::Compatible) => Step::Minor,
            Some(Effect::Major | Effect::Breaking) => Step::Major,
        };
        (self.step < needed).then(|| {
            let (older, newer) = (&self.older, &self.newer);
            let what = match self.step {
                Step::Down => format!("went down from {older} to {newer}"),
                Step::None => format!("is {newer} still"),
                _ => format!("went from {older} to {newer} only"),
            };
            format!("the version {what}: these changes make it {} or higher", needed.after(older))
        })
    }
}

fn of_table(older: &Revision, newer: &Revision) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut table = |what, from: Option<String>, to: Option<String>, effect| {
        if from != to {
            changes.push(Change { column: None, what, from, to, effect });
        }
    };
    let subject =
        |of: &Revision| of.subject.as_ref().map(|(column, kind)| format!("`{column}` (identity {kind})"));
    table("subject", subject(older), subject(newer), Effect::Breaking);
    let key = |of: &Revision| (!of.primary_key.is_empty()).then(|| of.primary_key.join(", "));
    table("primary key", key(older), key(newer), Effect::Breaking);
    table("event time", older.event_time.clone(), newer.event_time.clone(), Effect::Major);
    let bounds = |of: &Revision| {
        of.contributions.map(|(groups, rows)| format!("{groups} groups of a member, {rows} rows in each"))
    };
    table("contribution bounds", bounds(older), bounds(newer), Effect::Compatible);
    let truncated = |of: &Revision| Some(of.on_truncated.clone());
    table("on truncated", truncated(older), truncated(newer), Effect::Compatible);
    for name in ["latency", "frequency", "error rate", "rows a day"] {
        let promise = |of: &Revision| of.promises.get(name).cloned();
        table(name, promise(older), promise(newer), Effect::Compatible);
    }
    for (name, effect) in [
        (LEGAL_BASIS, Effect::Compatible),
        (RETENTION, Effect::Compatible),
        ("usage", Effect::Wording),
        ("limitations", Effect::Wording),
        ("domain", Effect::Wording),
        ("tags", Effect::Wording),
    ] {
        let said = |of: &Revision| of.said.get(name).cloned();
        // Where the rule changed, it says so itself.
        if name != RETENTION || older.kept == newer.kept {
            table(name, said(older), said(newer), effect);
        }
    }
    let periods: BTreeSet<&String> = older.kept.keys().chain(newer.kept.keys()).collect();
    for purpose in periods {
        let what = if purpose.is_empty() { "kept for" } else { "shown for a purpose for" };
        let words = |of: &Revision| {
            let keep = of.kept.get(purpose)?;
            Some(if purpose.is_empty() { keep.clone() } else { format!("{keep} ({purpose})") })
        };
        table(what, words(older), words(newer), of_period(older.kept.get(purpose), newer.kept.get(purpose)));
    }
    let ahead = |of: &Revision| of.ahead_seconds_max;
    let is_wider = ahead(newer).is_none_or(|new| ahead(older).is_some_and(|old| old <= new));
    let effect = if is_wider { Effect::Compatible } else { Effect::Major };
    let words = |of: &Revision| ahead(of).map(|seconds| format!("{seconds} s"));
    table("ahead of the clock", words(older), words(newer), effect);
    table("owner", older.owner.clone(), newer.owner.clone(), Effect::Wording);
    let mut words = |what, changed: bool, effect| {
        if changed {
            changes.push(Change { column: None, what, from: None, to: None, effect });
        }
    };
    words("description", older.description != newer.description, Effect::Wording);
    let both = |of: &Revision, other: &Revision| -> Vec<String> {
        let names = of.columns.iter().map(|column| column.name.clone());
        names.filter(|name| other.column(name).is_some()).collect()
    };
    words("order of the columns", both(older, newer) != both(newer, older), Effect::Compatible);
    changes
}

/// A shorter period takes out rows that are there.
fn of_period(old: Option<&String>, new: Option<&String>) -> Effect {
    let parts = |text: &String| Retention::parse(text).map(Retention::parts);
    let is_longer = match (old.and_then(parts), new) {
        (_, None) => true,
        (Some(old), Some(new)) => parts(new).is_some_and(|new| new >= old),
        (None, Some(_)) => false,
    };
    if is_longer { Effect::Compatible } else { Effect::Major }
}

fn removed(column: &ColumnFacts, renamed: Option<&ColumnFacts>) -> Change {
    let (what, to) = match renamed {
        Some(new) => ("renamed", Some(format!("`{}`", new.name))),
        None => ("removed", None),
    };
    let from = Some(if renamed.is_some() { format!("`{}`", column.name) } else { column.in_short() });
    Change { column: Some(column.name.clone()), what, from, to, effect: Effect::Breaking }
}

fn new_column(column: &ColumnFacts) -> Change {
    // Rows that are stored have no value in it.
    let effect = match (column.required, column.is_dropped()) {
        (false, _) => Effect::Compatible,
        (true, true) => Effect::Major,
        (true, false) => Effect::Breaking,
    };
    let to = Some(column.in_short());
    Change { column: Some(column.name.clone()), what: "added", from: None, to, effect }
}

/// Says what changed in a column that both have.
fn of_column(old: &ColumnFacts, new: &ColumnFacts, is_subject: bool, changes: &mut Vec<Change>) {
    let mut change = |what, from: Option<String>, to: Option<String>, effect| {
        if from != to {
            changes.push(Change { column: Some(old.name.clone()), what, from, to, effect });
        }
    };
    let some = |text: &str| Some(text.to_owned());
    change("type", some(&old.logical_type), some(&new.logical_type), Effect::Breaking);
    change("protection", some(&old.protection), some(&new.protection), of_protection(old, new));
    // Tokens and subject ids are made within a scope, of a text that a standard made.
    let has_tokens = is_subject || old.has_token() || new.has_token();
    let scope = |same: bool| if same || !has_tokens { Effect::Major } else { Effect::Breaking };
    let same_scope = old.token_domain() == new.token_domain();
    // PRIVACY: files keep statistics of what is no identifier.
    let was_told = !old.identifying && new.identifying && old.is_stored_value();
    let of_class = if was_told { Effect::Breaking } else { scope(same_scope) };
    change("class", some(&old.class), some(&new.class), of_class);
    change("identity", old.identity.clone(), new.identity.clone(), scope(same_scope));
    change(
        "standard",
        old.standard.clone(),
        new.standard.clone(),
        if was_told { Effect::Breaking } else { scope(old.standard.is_none()) },
    );
    change("from", old.from.clone(), new.from.clone(), Effect::Breaking);
    let required = |of: &ColumnFacts| some(if of.required { "required" } else { "optional" });
    change(
        "required",
        required(old),
        required(new),
        if new.required { Effect::Breaking } else { Effect::Compatible },
    );
    let unique = |of: &ColumnFacts| some(if of.unique { "unique" } else { "not unique" });
    change("unique", unique(old), unique(new), if new.unique { Effect::Major } else { Effect::Compatible });
    change("name in policies", old.attribute.clone(), new.attribute.clone(), Effect::Major);
    let consents = |of: &ColumnFacts| -> Option<String> {
        let purposes: BTreeSet<&str> = of.consent_for.iter().map(String::as_str).collect();
        (!purposes.is_empty()).then(|| purposes.into_iter().collect::<Vec<_>>().join(", "))
    };
    change("consent", consents(old), consents(new), Effect::Major);
    let public = |of: &ColumnFacts| some(if of.public_keys { "public" } else { "not public" });
    change("keys of releases", public(old), public(new), Effect::Compatible);
    let bounds = |of: &ColumnFacts| of.bounds.map(|(low, high)| format!("{low} to {high}"));
    change("bounds of sums", bounds(old), bounds(new), Effect::Compatible);
    let told = if was_told { Effect::Breaking } else { Effect::Major };
    of_rules(old, new, told, changes);
    for (what, changed) in
        [("description", old.description != new.description), ("waiver", old.waiver != new.waiver)]
    {
        if changed {
            let column = Some(old.name.clone());
            changes.push(Change { column, what, from: None, to: None, effect: Effect::Wording });
        }
    }
}

/// What was not stored can be stored from now on, where rows need not have it.
fn of_protection(old: &ColumnFacts, new: &ColumnFacts) -> Effect {
    if old.is_dropped() && !new.required { Effect::Major } else { Effect::Breaking }
}
