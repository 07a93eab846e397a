//! Attacks on a hub, as data: what somebody types who wants to see more than policy shows, and what a hub does that holds.
//!
//! The corpus is one list, written over the catalog of this repository. Two things run it: the tests, against pairs of
//! hubs that differ only in what an attacker may not see, and `membrane attack`, against any hub that serves that catalog.
//! `docs/attacks.md` says what was tried and what held.
//!
//! ```text
//! FAMILIES -> Attack { ask, expect } -> a door (HTTP, flow, command line) -> Outcome -> judge
//! ```

mod client;
mod judge;
mod outcome;
mod run;

mod aggregates;
mod bombs;
mod bypass;
mod capture;
mod changes;
mod columns;
mod dictionary;
mod explain;
mod functions;
mod hidden_rows;
mod http;
mod lookups;
mod masks;
mod metadata;
mod nested;
mod order;
mod partner;
mod predicates;
mod purposes;
mod record;
mod sessions;
mod shapes;
mod texts;
mod values;
mod versions;

use std::borrow::Cow;

use membrane_model::PrincipalKind;

pub use client::{Address, ClientError, Request};
pub use judge::{Verdict, judge};
pub use outcome::Outcome;
pub use run::{Attacker, Report, Scored, attack, request};

/// Attacks of one kind.
pub struct Family {
    /// Its number in `docs/attacks.md`.
    pub number: u8,
    /// What is tried.
    pub title: &'static str,
    /// By which way something would leak.
    pub channel: &'static str,
    attacks: fn() -> Vec<Attack>,
}

/// Something that somebody tries.
#[derive(Debug, Clone)]
pub struct Attack {
    /// The number of its family, and its place in it: `4.12`.
    pub id: String,
    /// What is tried.
    pub title: Cow<'static, str>,
    /// Who tries it; others try it too, and get nothing.
    pub by: By,
    /// What is sent.
    pub ask: Ask,
    /// What a hub does that holds.
    pub expect: Expect,
    /// Whether it takes much time or memory of the hub, so that a hub at work is spared it unless it is asked for.
    pub heavy: bool,
}

/// For whom an attack is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Principals of these kinds.
    Kinds(&'static [PrincipalKind]),
    /// Principals of these kinds; for whoever may look at the record it is no attack.
    Outsiders(&'static [PrincipalKind]),
    /// Everybody with a bearer.
    Anyone,
}

/// What an attack is for one who tries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It is written for such as them.
    Own,
    /// Whatever they ask, they may ask nothing here, and get no answer.
    Stranger,
    /// It is none.
    None,
}

/// What is sent. `{hidden}` stands for a region of which the attacker may see no row, `{purpose}` for the purpose that is
/// stated, `{bearer}` for the attacker's bearer.
#[derive(Debug, Clone)]
pub enum Ask {
    /// SQL, for the attacker's purpose.
    Sql(Cow<'static, str>),
    /// SQL, with the purpose as it stands here: any JSON, or none.
    SqlFor(Cow<'static, str>, Option<serde_json::Value>),
    /// A release, as the body of the request.
    Release(serde_json::Value),
    /// A request, byte for byte.
    Http(Request),
}

/// What a hub does that holds. Whatever it is, no canary is in it, and two hubs that agree on what the attacker may see do
/// the same.
#[derive(Debug, Clone)]
pub enum Expect {
    /// It refuses with one of these codes.
    Refused(&'static [&'static str]),
    /// It answers with one of these statuses.
    Status(&'static [u16]),
    /// It answers with one row whose first value is 0 or NULL.
    Zero,
    /// It answers, without a row.
    Nothing,
    /// It answers as it answers this statement, which is honest; in any order.
    SameAs(Cow<'static, str>),
    /// It answers this with the same words: what is hidden and what was never there are told alike.
    SameWords(Box<Ask>),
    /// It answers or refuses: what matters is that twins do the same.
    Told,
}

/// Every family, by number.
pub const FAMILIES: &[Family] = &[
    predicates::FAMILY,
    order::FAMILY,
    dictionary::FAMILY,
    hidden_rows::FAMILY,
    values::FAMILY,
    hidden_rows::IN_SUBQUERIES,
    explain::FAMILY,
    metadata::FAMILY,
    bypass::FAMILY,
    changes::FAMILY,
    aggregates::BUFFERS,
    aggregates::STATISTICS,
    functions::FAMILY,
    capture::FAMILY,
    masks::CHAINED,
    nested::FAMILY,
    columns::FAMILY,
    versions::FAMILY,
    masks::FAMILY,
    purposes::FAMILY,
    sessions::FAMILY,
    partner::FAMILY,
    shapes::FAMILY,
    texts::FAMILY,
    http::FAMILY,
    record::FAMILY,
    bombs::FAMILY,
    lookups::FAMILY,
];

/// Returns every attack.
#[must_use]
pub fn corpus() -> Vec<Attack> {
    FAMILIES.iter().flat_map(Family::attacks).collect()
}

impl Family {
    /// Returns the attacks of the family.
    #[must_use]
    pub fn attacks(&self) -> Vec<Attack> {
        let mut attacks = (self.attacks)();
        for (place, attack) in attacks.iter_mut().enumerate() {
            attack.id = format!("{}.{}", self.number, place.saturating_add(1));
        }
        attacks
    }
}

impl Attack {
    fn new(title: impl Into<Cow<'static, str>>, ask: Ask, expect: Expect) -> Self {
        let by = By::Kinds(&[PrincipalKind::Analyst]);
        Self { id: String::new(), title: title.into(), by, ask, expect, heavy: false }
    }

    fn by(self, by: By) -> Self {
        Self { by, ..self }
    }

    /// Tells what is expected when somebody of this kind tries it.
    #[must_use]
    pub fn part_of(&self, kind: PrincipalKind) -> Part {
        match (&self.by, &self.ask) {
            (By::Anyone, _) => Part::Own,
            (By::Kinds(kinds) | By::Outsiders(kinds), _) if kinds.contains(&kind) => Part::Own,
            (By::Outsiders(_), _) if matches!(kind, PrincipalKind::Compliance | PrincipalKind::Operator) => {
                Part::None
            }
            // What others may do at their own doors is no attack.
            (By::Kinds(_) | By::Outsiders(_), Ask::Http(_)) => Part::None,
            (By::Kinds(_) | By::Outsiders(_), _) => Part::Stranger,
        }
    }

    /// Tells whether the attack presumes that policy hides rows from the attacker.
    #[must_use]
    pub fn needs_hidden_rows(&self) -> bool {
        let marked = |sql: &str| sql.contains(HIDDEN);
        match &self.ask {
            Ask::Sql(sql) | Ask::SqlFor(sql, _) => marked(sql),
            Ask::Release(_) | Ask::Http(_) => false,
        }
    }
}

/// Stands for a region of which the attacker may see no row.
pub(crate) const HIDDEN: &str = "{hidden}";

fn sql(title: &'static str, text: impl Into<Cow<'static, str>>, expect: Expect) -> Attack {
    Attack::new(title, Ask::Sql(text.into()), expect)
}

/// Statements that all are to end in one way.
fn all(statements: &[(&'static str, &'static str)], expect: &Expect) -> Vec<Attack> {
    statements.iter().map(|(title, text)| sql(title, *text, expect.clone())).collect()
}

#[cfg(test)]
mod tests;
