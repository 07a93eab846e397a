//! Reads a file of cards.

mod condition;
mod names;

use std::fmt::Display;
use std::path::Path;

use chrono::NaiveDate;
use membrane_catalog::yaml::{At, Fields, Node, Report, did_you_mean, parse, read_items, text, whole};
use membrane_model::{PrincipalId, PrincipalKind, RevealLevel, Shown};

use super::places::Places;
use super::{Card, Columns, Rule, Who};
use names::QualifiedColumn;

const KEYS: [&str; 15] = [
    "id", "because", "who", "purposes", "from", "until", "may", "must-not", "as", "above", "classes",
    "columns", "datasets", "where", "unless",
];
const WHO_KEYS: [&str; 4] = ["kind", "groups", "principals", "clearance"];
/// The ways to show a column, with numbers where any can stand.
const WAYS: [&str; 16] = [
    "clear",
    "partial(3,4)",
    "email",
    "show-first-4",
    "show-last-4",
    "mask-alphanum",
    "month",
    "year",
    "age(10)",
    "width(10)",
    "prefix(3)",
    "geo(4)",
    "fixed",
    "token",
    "token(ff1)",
    "null",
];

/// What may be done and what must not, and the further keys that each of them takes.
const MAY: [(&str, &[&str]); 5] = [
    ("use", &["datasets"]),
    ("release", &["datasets"]),
    ("see", &["as", "classes", "columns", "datasets"]),
    ("look-up", &["classes", "columns", "datasets"]),
    ("see-rows", &["datasets", "where"]),
];
const MUST_NOT: [(&str, &[&str]); 5] = [
    ("use", &["datasets"]),
    ("release", &["datasets"]),
    ("see", &["above", "classes", "columns", "datasets"]),
    ("look-up", &["classes", "columns", "datasets"]),
    ("see-rows", &["datasets", "where", "unless"]),
];

/// Reads the cards of a file. What cannot be read is a fault, and its card is left out.
pub(crate) fn read_cards(path: &Path, file: &str, report: &mut Report) -> Vec<Card> {
    read_items(file, "cards", report, |item, report| read_card(path, item, report))
}

fn read_card(path: &Path, item: Node<'_>, report: &mut Report) -> Option<Card> {
    let fields = Fields::read(item, "a card", &KEYS, report)?;
    let id = fields.required_text("id", "a card", report)?;
    if !crate::text::is_id(id.value) {
        report.fault(id.mark, crate::text::ID_FORM);
        return None;
    }
    let keys = KEYS.into_iter().filter_map(|key| Some((key, fields.get(key)?.mark()))).collect();
    let places = Places { file: path.to_owned(), keys, names: Vec::new() };
    let card = Reader { what: format!("card `{}`", id.value), fields: &fields, report, places };
    card.read(id.value)
}

struct Reader<'a, 'f> {
    /// The card in faults.
    what: String,
    fields: &'a Fields<'f>,
    report: &'a mut Report,
    places: Places,
}

impl Reader<'_, '_> {
    fn read(mut self, id: &str) -> Option<Card> {
        let what = self.what.clone();
        let because = self.fields.required_text("because", &what, self.report);
        let who = self.who();
        let purposes = self.names("purposes");
        let (from, until) = (self.day("from"), self.day("until"));
        let rule = self.rule();
        let (because, who, purposes, from, until, rule) = (because?, who?, purposes?, from?, until?, rule?);
        if let (Some(from), Some(until)) = (from, until)
            && from > until
        {
            self.fault(format!("ends before it begins: `from` is {from}, `until` is {until}"));
        }
        if !rule.forbids() {
            if who == Who::default() {
                self.fault(
                    "has no `who`: what everybody may is said of each kind, such as `who: { kind: analyst }`",
                );
            }
            if purposes.is_empty() {
                self.fault("has no `purposes`: say what for, from `purposes.yaml`");
            }
        }
        if who.clearance.is_some() && who.kind != Some(PrincipalKind::Analyst) {
            self.fault("`clearance` is what analysts have: add `kind: analyst`");
        }
        Some(Card {
            id: id.to_owned(),
            because: because.value.to_owned(),
            who,
            purposes,
            from,
            until,
            rule,
            mark: self.fields.mark(),
            places: self.places,
        })
    }

    fn fault(&mut self, message: impl Display) {
        let message = format!("{} {message}", self.what);
        self.report.fault(self.fields.mark(), message);
    }

    fn who(&mut self) -> Option<Who> {
        let Some(node) = self.fields.get("who") else { return Some(Who::default()) };
        let what = format!("`who` of {}", self.what);
        let fields = Fields::read(node, &what, &WHO_KEYS, self.report)?;
        let kind = match fields.text("kind", self.report) {
            Some(kind) => Some(kind_of(kind, self.report)?),
            None => None,
        };
        let principals = self.names_in::<PrincipalId>(&fields, "principals")?;
        if let Some(kind) = kind
            && principals.iter().any(|one| one.kind() != kind)
        {
            self.fault(format!("names a principal that is no {}", kind.as_str()));
        }
        if !principals.is_empty() && fields.get("groups").is_some() {
            self.fault("names `groups` and `principals`: write a card for each");
        }
        let clearance = match fields.get("clearance") {
            Some(node) => Some(whole(node, "`clearance`", 0, self.report)?.value),
            None => None,
        };
        Some(Who { kind, groups: self.groups(&fields)?, principals, clearance })
    }

    fn rule(&mut self) -> Option<Rule> {
        let (may, must_not) = (self.fields.get("may"), self.fields.get("must-not"));
        match (may, must_not) {
            (Some(_), None) => {
                let verb = self.verb("may", &MAY)?;
                self.given(verb)
            }
            (None, Some(_)) => {
                let verb = self.verb("must-not", &MUST_NOT)?;
                self.taken(verb)
            }
            _ => {
                self.fault("must have one of `may` and `must-not`");
                None
            }
        }
    }

    /// Reads what may or must not be done, and checks that the card has no keys for anything else.
    fn verb(&mut self, key: &str, verbs: &[(&'static str, &[&str])]) -> Option<&'static str> {
        let written = self.fields.text(key, self.report)?;
        let Some((verb, takes)) = verbs.iter().find(|(verb, _)| *verb == written.value) else {
            let known: Vec<String> = verbs.iter().map(|(verb, _)| format!("`{verb}`")).collect();
            let hint = did_you_mean(written.value, verbs.iter().map(|(verb, _)| *verb));
            let message = format!("`{key}` of {} is one of {}{hint}", self.what, known.join(", "));
            self.report.fault(written.mark, message);
            return None;
        };
        for other in ["as", "above", "classes", "columns", "datasets", "where", "unless"] {
            if !takes.contains(&other)
                && let Some(node) = self.fields.get(other)
            {
                let message = format!("{}: `{other}` has no meaning with `{key}: {verb}`", self.what);
                self.report.fault(node.mark(), message);
            }
        }
        Some(verb)
    }

    fn given(&mut self, verb: &str) -> Option<Rule> {
        Some(match verb {
            "use" => Rule::Use(self.names("datasets")?),
            "release" => Rule::Release(self.names("datasets")?),
            "see" => {
                let (shown, columns) = (self.shown(), self.columns());
                let (shown, columns) = (shown?, columns?);
                self.named(&columns)?;
                Rule::See { columns, shown }
            }
            "look-up" => {
                let columns = self.columns()?;
                self.named(&columns)?;
                Rule::LookUp(columns)
            }
            _ => {
                let (datasets, when) = (self.names("datasets"), self.conditions("where"));
                Rule::SeeRows { datasets: datasets?, when: when? }
            }
        })
    }

    fn taken(&mut self, verb: &str) -> Option<Rule> {
        Some(match verb {
            "use" => Rule::NeverUse(self.names("datasets")?),
            "release" => Rule::NeverRelease(self.names("datasets")?),
            "see" => {
                let above = match self.fields.text("above", self.report) {
                    Some(level) => Some(parse(level, "`above`", self.report)?.value),
                    None => None,
                };
                if above == Some(RevealLevel::Clear) {
                    self.fault("takes nothing away: there is no level above `clear`");
                }
                Rule::NeverSee { columns: self.columns()?, above }
            }
            "look-up" => Rule::NeverLookUp(self.columns()?),
            _ => {
                let (datasets, when) = (self.names("datasets"), self.conditions("where"));
                let unless = self.conditions("unless");
                Rule::NeverSeeRows { datasets: datasets?, when: when?, unless: unless? }
            }
        })
    }

    /// What gives columns must say which: `every column` is too easily said by leaving a line out.
    fn named(&mut self, columns: &Columns) -> Option<()> {
        if columns.classes.is_empty() && columns.columns.is_empty() {
            self.fault("must name `classes` or `columns`");
            return None;
        }
        Some(())
    }

    fn shown(&mut self) -> Option<Shown> {
        let ways = WAYS.map(|way| format!("`{way}`")).join(", ");
        let ways = format!("one of {ways}, with numbers of your own; see `membrane policy masks`");
        if self.fields.get("as").is_none() {
            self.fault(format!("has no `as`, how the columns are shown: {ways}"));
            return None;
        }
        let written = self.fields.text("as", self.report)?;
        let shown = written.value.parse().ok();
        if shown.is_none() {
            let hint = did_you_mean(written.value, WAYS);
            self.report
                .fault(written.mark, format!("`as` is not a way to show a column: it is {ways}{hint}"));
        }
        shown
    }

    fn columns(&mut self) -> Option<Columns> {
        let (classes, datasets) = (self.names("classes"), self.names("datasets"));
        let columns = self.names::<QualifiedColumn>("columns")?;
        let columns: Vec<_> =
            columns.into_iter().map(|QualifiedColumn(dataset, column)| (dataset, column)).collect();
        let (classes, datasets) = (classes?, datasets?);
        let narrowed = !classes.is_empty() || !datasets.is_empty();
        if narrowed && !columns.is_empty() {
            self.fault("names `columns`, with their datasets, and `classes` or `datasets` too: write a card for each");
        }
        Some(Columns { classes, columns, datasets })
    }

    fn day(&mut self, key: &str) -> Option<Option<NaiveDate>> {
        let Some(node) = self.fields.get(key) else { return Some(None) };
        let written = text(node, &format!("`{key}`"), self.report)?;
        let day = NaiveDate::parse_from_str(written.value, "%Y-%m-%d").ok();
        if day.is_none() {
            self.report.fault(written.mark, format!("`{key}` is a day, such as 2026-12-31"));
        }
        day.map(Some)
    }
}

fn kind_of(written: At<&str>, report: &mut Report) -> Option<PrincipalKind> {
    let kind = PrincipalKind::ALL.into_iter().find(|kind| kind.as_str() == written.value);
    if kind.is_none() {
        let known = PrincipalKind::ALL.map(PrincipalKind::as_str);
        let hint = did_you_mean(written.value, known);
        report.fault(written.mark, format!("`kind` is one of {}{hint}", known.join(", ")));
    }
    kind
}
