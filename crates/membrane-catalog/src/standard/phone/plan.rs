//! The plan of numbers of a country: the rules of libphonenumber about digits.
//!
//! The functions are named after what they do; in libphonenumber they are `maybeStripInternationalPrefixAndNormalize`,
//! `maybeExtractCountryCode`, `maybeStripNationalPrefixAndCarrierCode`, `testNumberLength` and `getRegionCodeForNumber`. The
//! crate's own parser is not used: it lacks some of their conditions, and slices texts.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, OnceLock};

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor, Descriptors};
use regex::{Regex, RegexBuilder};

/// What the metadata call an area that is no country, such as satellites.
const NO_REGION: &str = "001";

/// Every country code, with the plans of the regions that share it: the main one first.
static CODES: LazyLock<HashMap<u16, Plans>> = LazyLock::new(|| {
    let of_code = |code: u16| {
        let entries = DATABASE.by_code(&code)?.into_iter();
        let entries: Vec<Entry> = entries.map(|metadata| Entry { metadata, plan: OnceLock::new() }).collect();
        (!entries.is_empty()).then(|| (code, Plans { entries }))
    };
    (1..=999).filter_map(of_code).collect()
});

/// The code of every region, and its place among those that share it.
static REGIONS: LazyLock<HashMap<&'static str, (u16, usize)>> = LazyLock::new(|| {
    let places = CODES.iter().flat_map(|(code, plans)| {
        plans.entries.iter().enumerate().map(|(at, entry)| (entry.metadata.id(), (*code, at)))
    });
    places.filter(|(id, _)| *id != NO_REGION).collect()
});

/// The plans of the regions that share a country code.
pub(super) struct Plans {
    entries: Vec<Entry>,
}

struct Entry {
    metadata: &'static Metadata,
    /// Compiled when it is first asked for; none if the metadata do not compile.
    plan: OnceLock<Option<Plan>>,
}

impl Entry {
    fn plan(&'static self) -> Option<&'static Plan> {
        self.plan.get_or_init(|| Plan::new(self.metadata)).as_ref()
    }
}

impl Plans {
    pub(super) fn main(&'static self) -> Option<&'static Plan> {
        self.entries.first()?.plan()
    }
}

/// Whether a number may be one of a country, by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Possible,
    /// Only within an area.
    Local,
    TooShort,
    TooLong,
    /// Between two that are possible.
    Between,
}

/// The rules of one region.
pub(super) struct Plan {
    pub(super) code: String,
    international_prefix: Option<Regex>,
    national_prefix: Option<Regex>,
    transform: Option<String>,
    general: Regex,
    leading: Option<Regex>,
    lengths: BTreeSet<usize>,
    local_lengths: BTreeSet<usize>,
    kinds: Vec<(Vec<u16>, Regex)>,
}

/// Finds the plan of a region.
pub(super) fn of_region(id: &str) -> Option<&'static Plan> {
    let (code, at) = REGIONS.get(id)?;
    CODES.get(code)?.entries.get(*at)?.plan()
}

/// Finds the country of a number that begins with a country code, and the rest.
pub(super) fn of_number(number: &str) -> Option<(&'static Plans, &str)> {
    if number.starts_with('0') {
        return None;
    }
    (1..=3).find_map(|length| {
        let (code, national) = number.split_at_checked(length)?;
        Some((CODES.get(&code.parse::<u16>().ok()?)?, national))
    })
}

/// Finds the region of a national number among those that share its code; none where the number belongs to no region.
pub(super) fn region(plans: &'static Plans, national: &str) -> Option<&'static str> {
    let id = |entry: &Entry| Some(entry.metadata.id()).filter(|id| *id != NO_REGION);
    if let [only] = plans.entries.as_slice() {
        return id(only);
    }
    let has = |entry: &&'static Entry| entry.plan().is_some_and(|plan| plan.has(national));
    plans.entries.iter().find(has).and_then(id)
}

/// Tells whether a national number is in a range that is in use in one of the regions that share its code.
pub(super) fn is_valid(plans: &'static Plans, national: &str) -> bool {
    plans.entries.iter().filter_map(Entry::plan).any(|plan| plan.is_valid(national))
}

impl Plan {
    fn new(metadata: &'static Metadata) -> Option<Self> {
        let descriptors = metadata.descriptors();
        let kinds = kinds(descriptors);
        let lengths: BTreeSet<usize> = lengths(&kinds, Descriptor::possible_length);
        let local = lengths_local(&kinds, &lengths);
        let prefix = metadata.national_prefix_for_parsing().map(|regex| regex.as_str().to_owned());
        let prefix = prefix.or_else(|| metadata.national_prefix().map(regex::escape));
        Some(Self {
            code: metadata.country_code().to_string(),
            international_prefix: optional(metadata.international_prefix().map(|it| it.as_str()), start)?,
            national_prefix: optional(prefix.as_deref(), start)?,
            transform: metadata.national_prefix_transform_rule().map(template),
            general: whole(descriptors.general().national_number().as_str())?,
            leading: optional(metadata.leading_digits().map(|it| it.as_str()), start)?,
            lengths,
            local_lengths: local,
            kinds: kinds
                .into_iter()
                .map(|kind| Some((kind.possible_length().to_vec(), whole(kind.national_number().as_str())?)))
                .collect::<Option<_>>()?,
        })
    }

    /// Cuts off what is dialled to reach another country; none if it is not there. A country code never starts with 0.
    pub(super) fn without_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let prefix = self.international_prefix.as_ref()?.find(digits)?;
        digits.get(prefix.end()..).filter(|rest| !rest.starts_with('0'))
    }

    /// Cuts off the country's own code where the number is one only then, or is too long with it.
    pub(super) fn without_country_code<'a>(&self, digits: &'a str) -> &'a str {
        let Some(rest) = digits.strip_prefix(self.code.as_str()) else { return digits };
        let better = !self.general.is_match(digits) && self.general.is_match(&self.stripped(rest));
        if better || self.length(digits) == Length::TooLong { rest } else { digits }
    }

    /// Cuts off what is dialled within the country, unless the number is none without it.
    pub(super) fn without_national_prefix<'a>(&self, national: &'a str) -> Cow<'a, str> {
        let stripped = self.stripped(national);
        match self.length(&stripped) {
            Length::TooShort | Length::Local | Length::Between => Cow::Borrowed(national),
            Length::Possible | Length::TooLong => stripped,
        }
    }

    fn stripped<'a>(&self, number: &'a str) -> Cow<'a, str> {
        let whole = Cow::Borrowed(number);
        let Some(captures) = self.national_prefix.as_ref().and_then(|prefix| prefix.captures(number)) else {
            return whole;
        };
        let Some(prefix) = captures.get(0) else { return whole };
        let rest = number.get(prefix.end()..).unwrap_or_default();
        // The last group says whether the transformation is for this number. Without groups, the prefix as a whole does.
        let has_last = captures.get(captures.len() - 1).is_some();
        let stripped = match &self.transform {
            Some(template) if has_last => {
                let mut transformed = String::with_capacity(number.len());
                captures.expand(template, &mut transformed);
                transformed.push_str(rest);
                Cow::Owned(transformed)
            }
            _ => Cow::Borrowed(rest),
        };
        if self.general.is_match(number) && !self.general.is_match(&stripped) { whole } else { stripped }
    }

    pub(super) fn length(&self, national: &str) -> Length {
        let length = national.len();
        match (self.lengths.first(), self.lengths.last()) {
            _ if self.local_lengths.contains(&length) => Length::Local,
            _ if self.lengths.contains(&length) => Length::Possible,
            (Some(least), _) if length < *least => Length::TooShort,
            (_, Some(most)) if length > *most => Length::TooLong,
            _ => Length::Between,
        }
    }

    /// Tells whether a number is one of this region and no other with its code.
    fn has(&self, national: &str) -> bool {
        if let Some(leading) = &self.leading {
            return leading.is_match(national);
        }
        self.is_valid(national)
    }

    fn is_valid(&self, national: &str) -> bool {
        let fits = |(lengths, regex): &(Vec<u16>, Regex)| {
            (lengths.is_empty() || lengths.iter().any(|length| usize::from(*length) == national.len()))
                && regex.is_match(national)
        };
        self.general.is_match(national) && self.kinds.iter().any(fits)
    }
}

/// The kinds of numbers that can be dialled from abroad.
fn kinds(descriptors: &Descriptors) -> Vec<&Descriptor> {
    let kinds = [
        descriptors.fixed_line(),
        descriptors.mobile(),
        descriptors.toll_free(),
        descriptors.premium_rate(),
        descriptors.shared_cost(),
        descriptors.personal_number(),
        descriptors.voip(),
        descriptors.pager(),
        descriptors.uan(),
        descriptors.voicemail(),
    ];
    kinds.into_iter().flatten().collect()
}

fn lengths(kinds: &[&Descriptor], of: fn(&Descriptor) -> &[u16]) -> BTreeSet<usize> {
    kinds.iter().flat_map(|kind| of(kind)).map(|length| usize::from(*length)).collect()
}

/// Lengths that are possible within an area and nowhere else.
fn lengths_local(kinds: &[&Descriptor], national: &BTreeSet<usize>) -> BTreeSet<usize> {
    let local = lengths(kinds, Descriptor::possible_local_length);
    local.difference(national).copied().collect()
}

/// Compiles a pattern that may be missing; the outer none is one that does not compile.
#[expect(clippy::option_option, reason = "missing and broken are two things")]
fn optional(pattern: Option<&str>, compile: fn(&str) -> Option<Regex>) -> Option<Option<Regex>> {
    pattern.map_or(Some(None), |pattern| compile(pattern).map(Some))
}

fn start(pattern: &str) -> Option<Regex> {
    compiled(&format!("^(?:{pattern})"))
}

fn whole(pattern: &str) -> Option<Regex> {
    compiled(&format!("^(?:{pattern})$"))
}

fn compiled(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).ignore_whitespace(true).build().ok()
}

/// Writes `$1` as `${1}`: behind it may stand a digit.
fn template(rule: &str) -> String {
    let mut template = String::with_capacity(rule.len() + 4);
    let mut letters = rule.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '$' => {
                template.push_str("${");
                template.extend(letters.next());
                template.push('}');
            }
            other => template.push(other),
        }
    }
    template
}
