//! The rule by which a column is called something.

use membrane_catalog::PersonalWord;

use super::chance::{is_ruled_out, log_tail};
use super::kind::{Family, Kind};
use super::nature::Nature;
use super::recogniser::Recogniser;
use super::recognisers::{ALL, birth};
use super::words::{is_identifier, is_thing};
use super::{Evidence, Tally};

/// A base rate above which the name of a thing, or the nature of the numbers, outweighs the form.
const CHANCE_WEAK: f64 = 0.002;
/// A base rate above which the name of a thing outweighs the form.
const CHANCE_OF_THINGS: f64 = 0.03;
/// A base rate above which some matches, or few values, are no doubt.
const CHANCE_LOOSE: f64 = 0.1;
/// Of the values of the form, how many must pass: a column of something else has them by chance.
const PASSED_MIN: f64 = 0.5;
/// The same of mobile numbers: of eleven digits that start with 1, two thirds pass.
const PASSED_MOBILE_MIN: f64 = 0.8;
/// The same of names in Latin letters: no list has them all.
const PASSED_NAMES_MIN: f64 = 0.25;
/// The share of a family in doubt: some of the values are identifiers.
const SHARE_IN_DOUBT: f64 = 0.05;
/// Different values up to which chance cannot be ruled out, and the form alone must do.
const FEW: u32 = 12;
/// The share of texts that are prose, from which a column may say anything about anybody.
const PROSE_MIN: f64 = 0.3;

/// What a column is called, and why.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    /// The class, when the column identifies somebody (or is a business's number); none when nothing says so.
    pub(crate) class: Option<&'static str>,
    /// What its values are, where they were recognised.
    pub(crate) kind: Option<Kind>,
    /// The family of values, or of what the name says.
    pub(crate) family: Option<Family>,
    /// Whether the values leave no doubt.
    pub(crate) is_sure: bool,
    /// The share of different values that are of the kind.
    pub(crate) share_of_kind: f64,
    /// What speaks for it: shares and counts, never a value.
    pub(crate) because: Vec<String>,
    /// What speaks against it.
    pub(crate) against: Vec<String>,
}

impl Verdict {
    /// Tells whether the column identifies somebody.
    pub(crate) fn is_personal(&self) -> bool {
        self.class.is_some_and(|class| class.starts_with("pii"))
    }
}

/// One recogniser's claim on a column.
struct Claim {
    recogniser: &'static Recogniser,
    tally: Tally,
    share: f64,
    hinted: bool,
    ruled_out: bool,
    against: Option<&'static str>,
}

/// Judges a column by its name and what was seen of it; `today` is the year that it is.
pub(crate) fn judge(name: &str, evidence: &Evidence, today: i32) -> Verdict {
    let word = PersonalWord::find(name);
    let nature = Nature::of(&evidence.shape);
    let claims = claims(name, evidence, word, nature, today);
    let mut verdict = best(&claims).unwrap_or_default();
    if let Some(nature) = nature.filter(|_| !verdict.is_sure) {
        verdict.against.push(nature.in_words().to_owned());
    }
    if let Some(word) = word {
        verdict.because.push(format!("its name has `{}` ({})", word.written, word.kind.means()));
        if verdict.class.is_none() {
            let family = Family::of_word(word.kind);
            verdict.class = Some(family.class());
            verdict.family = Some(family);
            verdict.against.push("its values do not look like that".to_owned());
        }
    }
    if verdict.class == Some(Family::Business.class()) && evidence.sole_traders > 0 {
        let share = evidence.shape.share(evidence.sole_traders);
        verdict.class = Some("pii.identifier");
        verdict.because.push(format!("{} of them are of sole traders, who are people", percent(share)));
    }
    if verdict.class.is_none() {
        by_name_or_text(name, evidence, &mut verdict);
    }
    verdict
}

/// Calls a column personal that no recogniser knows: by a name such as `member_no`, or because anybody may stand in it.
fn by_name_or_text(name: &str, evidence: &Evidence, verdict: &mut Verdict) {
    let shape = &evidence.shape;
    if is_identifier(name) {
        verdict.class = Some("pii.identifier");
        verdict.because.push("its name speaks of a person's number".to_owned());
    } else if evidence.embedded > 0 {
        verdict.class = Some("pii");
        let share = percent(shape.share(evidence.embedded));
        verdict
            .because
            .push(format!("{share} of its texts have an address, a telephone or identity number in them"));
    } else if shape.share(shape.prose) >= PROSE_MIN && shape.looked_at >= FEW && !is_thing(name) {
        verdict.class = Some("pii");
        verdict.because.push("it is free text, in which anybody may be named".to_owned());
    }
}

fn claims(
    name: &str,
    evidence: &Evidence,
    word: Option<PersonalWord>,
    nature: Option<Nature>,
    today: i32,
) -> Vec<Claim> {
    let shape = &evidence.shape;
    let is_thing = is_thing(name);
    let is_identifier = is_identifier(name);
    let claim = |(recogniser, tally): (&'static Recogniser, &Tally)| {
        let kind = recogniser.kind;
        let family = kind.family();
        let hinted = word.is_some_and(|word| Family::of_word(word.kind) == family)
            || (is_identifier && matches!(kind, Kind::Uuid | Kind::Digest | Kind::WechatId));
        let against = match kind {
            Kind::BirthDate => birth::against_birth(shape, today),
            _ => (recogniser.against)(shape),
        };
        let loose = recogniser.chance > CHANCE_OF_THINGS || matches!(kind, Kind::Uuid | Kind::Digest);
        let thing = (is_thing && kind != Kind::CnMobile && loose).then_some("its name speaks of things");
        // The divisions in papers look like days: 310115 is in Shanghai.
        let is_place = family == Family::Identity;
        let nature = nature
            .filter(|nature| recogniser.chance > CHANCE_WEAK && !(is_place && *nature == Nature::Dated))
            .map(Nature::in_words);
        Claim {
            recogniser,
            tally: *tally,
            share: shape.share(tally.matches),
            hinted,
            ruled_out: is_ruled_out(tally.matches, tally.matches + tally.form, recogniser.chance),
            against: against.or(thing).or(nature).filter(|_| !hinted),
        }
    };
    let claims = ALL.iter().zip(&evidence.tallies).map(claim);
    claims.filter(|claim| claim.tally.matches > 0).collect()
}

impl Claim {
    fn passed(&self) -> f64 {
        f64::from(self.tally.matches) / f64::from(self.tally.matches + self.tally.form)
    }

    /// Tells whether it may count together with others of its family.
    fn counts(&self) -> bool {
        let passed_min = match self.recogniser.kind {
            Kind::CnMobile => PASSED_MOBILE_MIN,
            Kind::NameLatin => PASSED_NAMES_MIN,
            _ => PASSED_MIN,
        };
        let passed = self.hinted || self.passed() >= passed_min;
        self.against.is_none() && passed && (self.ruled_out || self.hinted)
    }
}

/// Chooses the family that most values are of, and its most frequent kind.
fn best(claims: &[Claim]) -> Option<Verdict> {
    let mut found: Option<(Verdict, f64)> = None;
    for claim in claims {
        let family = claim.recogniser.kind.family();
        let same = || claims.iter().filter(|other| other.recogniser.kind.family() == family);
        let share: f64 = same().filter(|other| other.counts()).map(|other| other.share).sum::<f64>().min(1.0);
        let Some(is_sure) = sureness(claim, share) else { continue };
        let verdict = verdict(claim, share, is_sure);
        let chance = claim.recogniser.chance;
        let better = found.as_ref().is_none_or(|(best, best_chance)| {
            let rank = |verdict: &Verdict| (verdict.is_sure, (verdict.share_of_kind * 50.0).round());
            let (ours, theirs) = (rank(&verdict), rank(best));
            ours.partial_cmp(&theirs).is_some_and(|order| order.is_gt())
                || (ours.partial_cmp(&theirs).is_some_and(|order| order.is_eq()) && chance < *best_chance)
        });
        if better {
            found = Some((verdict, chance));
        }
    }
    found.map(|(verdict, _)| verdict)
}

/// Tells whether a column is of a claim's family: surely, in doubt, or (none) not.
fn sureness(claim: &Claim, share: f64) -> Option<bool> {
    let recogniser = claim.recogniser;
    let looked_at = if claim.share > 0.0 { f64::from(claim.tally.matches) / claim.share } else { 0.0 };
    let few = looked_at < f64::from(FEW);
    if claim.hinted && share >= recogniser.share_hinted_min {
        return Some(claim.ruled_out || few);
    }
    if claim.counts() && share >= recogniser.share_min {
        return Some(true);
    }
    // Something of it is there, and chance does not make it.
    let some = claim.counts() && share >= SHARE_IN_DOUBT && recogniser.chance <= CHANCE_LOOSE;
    let few_but_all =
        few && claim.against.is_none() && claim.share >= 0.8 && recogniser.chance <= CHANCE_LOOSE;
    (some || few_but_all).then_some(false)
}

fn verdict(claim: &Claim, share: f64, is_sure: bool) -> Verdict {
    let kind = claim.recogniser.kind;
    let Tally { form, matches } = claim.tally;
    let mut because =
        vec![format!("{} of its different values are {}", percent(claim.share), kind.in_words())];
    if form + matches > 0 && claim.recogniser.chance < 1.0 {
        let tail = log_tail(matches, form + matches, claim.recogniser.chance) / std::f64::consts::LN_10;
        let passed = percent(claim.passed());
        let chance = percent(claim.recogniser.chance);
        let ruled_out = if tail <= -1.0 {
            format!(" (probability below 10^{:.0})", tail.max(-300.0).ceil())
        } else {
            String::new()
        };
        let trials = form + matches;
        because.push(format!(
            "{passed} of the {trials} that have the form pass; {chance} would by chance{ruled_out}"
        ));
    }
    if share > claim.share + 0.005 {
        because.push(format!("with others of their kind it is {}", percent(share)));
    }
    Verdict {
        class: Some(kind.family().class()),
        kind: Some(kind),
        family: Some(kind.family()),
        is_sure,
        share_of_kind: claim.share,
        because,
        against: Vec::new(),
    }
}

/// Writes a share.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 1.0 { format!("{percent:.3} %") } else { format!("{percent:.1} %") }
}

#[cfg(test)]
mod tests;
