//! Chinese addresses: province, prefecture, county and the rest, as `浙江省|杭州市|西湖区|文三路1号`.
//!
//! The names are those of GB/T 2260 ([`divisions`]). Provinces and prefectures may be written short (`浙江`, `恩施`), counties
//! in full; autonomous counties without their peoples too (`石柱县`). What is not written follows from what is: `义乌市` is in
//! 浙江省 and 金华市. What cannot be told stays empty: there is a 西湖区 in two cities. An address of which nothing can be told is
//! standard as `|||` and the text; whoever wants such rows set aside makes a column of the province, `required: true`.

mod divisions;

use super::Part;
use super::width::{self, is_han};
use divisions::{Division, Level};

pub(super) use divisions::province_of_code;

/// Words in front of an address that say nothing.
const FRONT: [&str; 3] = ["中华人民共和国", "中国", "CHINA"];

pub(super) fn standard(text: &str) -> Option<String> {
    let bare = bare(text);
    if !bare.chars().any(char::is_alphanumeric) {
        return None;
    }
    let mut text = bare.as_str();
    for word in FRONT {
        text = text.strip_prefix(word).map_or(text, trimmed);
    }
    let Reading { place, rest, .. } = Reading::best(text);
    let [province, city, district] = place.names();
    Some(format!("{province}|{city}|{district}|{rest}"))
}

/// Brings an address to one width, without spaces beside Chinese characters and without the marks of a standard text.
fn bare(text: &str) -> String {
    let folded = width::fold(text).to_uppercase();
    let letters: Vec<char> = folded.chars().filter(|letter| *letter != '|').collect();
    let mut bare = String::with_capacity(folded.len());
    for (at, &letter) in letters.iter().enumerate() {
        let before = bare.chars().next_back();
        let beside_han = before.is_none_or(|it| is_han(it) || it == ' ')
            || letters.get(at + 1).is_none_or(|it| is_han(*it));
        match letter {
            ' ' if beside_han => {}
            dash if width::is_dash(dash) => bare.push('-'),
            other => bare.push(other),
        }
    }
    bare
}

/// Cuts off what stands between the parts of an address.
fn trimmed(text: &str) -> &str {
    text.trim_start_matches([' ', '-', ',', '.', '/', ';', ':', '、', '。', '·', '_', '>'])
}

/// Where an address lies, as far as it says.
#[derive(Clone, Copy, Default)]
struct Place {
    province: Option<&'static Division>,
    city: Option<&'static Division>,
    district: Option<&'static Division>,
}

/// One way to read the start of an address.
#[derive(Clone, Copy)]
struct Reading<'a> {
    place: Place,
    rest: &'a str,
    /// How many divisions stand there.
    written: usize,
    /// Whether one of them is written short.
    short: bool,
}

impl<'a> Reading<'a> {
    /// Reads an address so that most of it are divisions: `济南市中区` is 市中区 in 济南, not something in 济南市. A short name alone
    /// is none: `中山北路` is not in 中山市.
    fn best(text: &'a str) -> Self {
        let nothing = Self { place: Place::default(), rest: text, written: 0, short: false };
        let mut best = nothing;
        for province in nothing.ways(Level::Province) {
            for city in province.ways(Level::City) {
                for district in city.ways(Level::District) {
                    if district.written > best.written && (district.written > 1 || !district.short) {
                        best = district;
                    }
                }
            }
        }
        best.place.complete();
        best
    }

    /// Returns the ways to go on with a division of a level, the longest name first, and at last without one.
    fn ways(self, level: Level) -> impl Iterator<Item = Self> {
        let found = divisions::at_start(self.rest, level, |division| self.place.has_room_for(division));
        let with = found.into_iter().filter_map(move |(division, length)| {
            Some(Self {
                place: self.place.with(division),
                rest: trimmed(self.rest.get(length..)?),
                written: self.written + 1,
                short: self.short || (level != Level::District && length < division.name.len()),
            })
        });
        with.chain([self])
    }
}

impl Place {
    /// Tells whether a division lies within what is known so far.
    fn has_room_for(&self, division: &Division) -> bool {
        let within = |known: Option<&'static Division>| known.is_none_or(|known| known.has(division));
        within(self.province) && within(self.city)
    }

    fn with(mut self, division: &'static Division) -> Self {
        match division.level() {
            Level::Province => self.province = Some(division),
            Level::City => self.city = Some(division),
            Level::District => self.district = Some(division),
        }
        self
    }

    /// Adds what follows from what is known: the prefecture of a county, the province of a prefecture, the one prefecture of a
    /// municipality.
    fn complete(&mut self) {
        self.city = self.city.or_else(|| self.district.and_then(Division::city));
        let narrowest = self.district.or(self.city);
        self.province = self.province.or_else(|| narrowest.and_then(Division::province));
        self.city = self.city.or_else(|| self.province.and_then(Division::municipality));
    }

    /// Returns the three names. A county that belongs to no prefecture stands in the place of one.
    fn names(&self) -> [&'static str; 3] {
        let name = |division: Option<&'static Division>| division.map_or("", |division| division.name);
        match (self.city, self.district) {
            (None, Some(county)) if county.is_direct() => [name(self.province), county.name, ""],
            _ => [name(self.province), name(self.city), name(self.district)],
        }
    }
}

pub(super) fn part(part: Part, standard: &str) -> Option<&str> {
    let mut parts = standard.splitn(4, '|');
    let (province, city, district) = (parts.next()?, parts.next()?, parts.next()?);
    match part {
        Part::Province => Some(province),
        Part::City => Some(city),
        Part::District => Some(district),
        Part::Rest => parts.next(),
        Part::Code => divisions::code(province, city, district),
        _ => None,
    }
}
