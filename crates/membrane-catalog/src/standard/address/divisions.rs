//! Provinces, prefectures and counties by name: the table of GB/T 2260 beside this file, which says where it is from.

use std::collections::HashMap;
use std::sync::LazyLock;

/// `CODE <tab> NAME`, a line each; `#` before what is said of them.
const TABLE: &str = include_str!("divisions.tsv");

/// Peoples after whom divisions are named. Longer names come before what they end with.
const PEOPLES: [&str; 47] = [
    "柯尔克孜",
    "达斡尔族",
    "鄂温克族",
    "鄂伦春族",
    "哈萨克族",
    "塔吉克族",
    "土家族",
    "仫佬族",
    "毛南族",
    "仡佬族",
    "布依族",
    "哈尼族",
    "拉祜族",
    "布朗族",
    "纳西族",
    "傈僳族",
    "独龙族",
    "普米族",
    "景颇族",
    "朝鲜族",
    "蒙古族",
    "裕固族",
    "撒拉族",
    "东乡族",
    "保安族",
    "哈萨克",
    "塔吉克",
    "锡伯",
    "蒙古",
    "维吾尔",
    "各族",
    "满族",
    "回族",
    "壮族",
    "苗族",
    "瑶族",
    "侗族",
    "彝族",
    "藏族",
    "羌族",
    "白族",
    "傣族",
    "佤族",
    "畲族",
    "黎族",
    "水族",
    "土族",
];
/// A people of whose name no autonomous county is left when it is cut off.
const LEAST_CHARACTERS: usize = 2;

/// What a division is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Level {
    Province,
    City,
    District,
}

/// One division.
#[derive(Debug)]
pub(super) struct Division {
    code: u32,
    pub(super) name: &'static str,
}

static DIVISIONS: LazyLock<Vec<Division>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let division = |line: &'static str| {
        let (code, name) = line.split_once('\t')?;
        Some(Division { code: code.parse().ok()?, name })
    };
    lines.filter_map(division).collect()
});

/// The divisions of a level by what they are called, in full and short.
static NAMES: LazyLock<HashMap<(Level, &'static str), Vec<&'static Division>>> = LazyLock::new(|| {
    let mut names: HashMap<_, Vec<_>> = HashMap::new();
    for division in DIVISIONS.iter() {
        names.entry((division.level(), division.name)).or_default().push(division);
        if let Some(short) = division.short() {
            names.entry((division.level(), short)).or_default().push(division);
        }
    }
    names
});

/// Autonomous counties without their peoples: `石柱县`.
static SHORT_COUNTIES: LazyLock<HashMap<String, Vec<&'static Division>>> = LazyLock::new(|| {
    let mut names: HashMap<_, Vec<_>> = HashMap::new();
    for division in DIVISIONS.iter().filter(|division| division.level() == Level::District) {
        for (long, short) in [("自治县", "县"), ("自治旗", "旗")] {
            if let Some(stem) = division.name.strip_suffix(long).and_then(without_peoples) {
                names.entry(format!("{stem}{short}")).or_default().push(division);
            }
        }
    }
    names
});

static BY_CODE: LazyLock<HashMap<u32, &'static Division>> =
    LazyLock::new(|| DIVISIONS.iter().map(|division| (division.code, division)).collect());

/// The most characters of a name.
static CHARACTERS_MAX: LazyLock<usize> = LazyLock::new(|| {
    DIVISIONS.iter().map(|division| division.name.chars().count()).max().unwrap_or_default()
});

impl Division {
    pub(super) fn level(&self) -> Level {
        match self.code {
            code if code.is_multiple_of(10_000) => Level::Province,
            code if code.is_multiple_of(100) => Level::City,
            _ => Level::District,
        }
    }

    /// Tells whether a county belongs to no prefecture, but to the province itself (`省直辖县级行政区划`).
    pub(super) fn is_direct(&self) -> bool {
        self.code / 100 % 100 == 90
    }

    /// Tells whether another division lies in this one, or is it.
    pub(super) fn has(&self, other: &Self) -> bool {
        match self.level() {
            Level::Province => self.code / 10_000 == other.code / 10_000,
            // The counties of 重庆 have a prefecture of their own by code, and none by name.
            Level::City if self.code == 500_100 => other.code / 10_000 == 50,
            Level::City => self.code / 100 == other.code / 100,
            Level::District => self.code == other.code,
        }
    }

    pub(super) fn province(&self) -> Option<&'static Self> {
        BY_CODE.get(&(self.code / 10_000 * 10_000)).copied()
    }

    /// Returns the one prefecture of a province that is a city.
    pub(super) fn municipality(&self) -> Option<&'static Self> {
        BY_CODE.get(&(self.code + 100)).copied().filter(|city| city.name == self.name)
    }

    pub(super) fn city(&self) -> Option<&'static Self> {
        let code = if self.code / 100 == 5_002 { 500_100 } else { self.code / 100 * 100 };
        BY_CODE.get(&code).copied()
    }

    /// Returns what it is called without what it is; counties are called in full.
    fn short(&self) -> Option<&'static str> {
        let endings: &[&str] = match self.level() {
            Level::Province => {
                &["特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市"]
            }
            Level::City => &["自治州", "地区", "市", "盟"],
            Level::District => return None,
        };
        let (ending, stem) = endings.iter().find_map(|it| Some((*it, self.name.strip_suffix(it)?)))?;
        let stem = if ending == "自治州" { without_peoples(stem)? } else { stem };
        // `海南` is a province and a prefecture of 青海; the prefecture is called in full.
        (stem.chars().count() >= LEAST_CHARACTERS && !(self.level() == Level::City && stem == "海南"))
            .then_some(stem)
    }
}

/// Cuts peoples off the end of a name; none when nothing is left of it.
fn without_peoples(name: &'static str) -> Option<&'static str> {
    let mut stem = name;
    while let Some(shorter) = PEOPLES.iter().find_map(|people| stem.strip_suffix(people)) {
        if shorter.chars().count() < LEAST_CHARACTERS {
            break;
        }
        stem = shorter;
    }
    (stem != name).then_some(stem)
}

/// Finds the divisions of a level whose names stand at the start of a text, the longest name first, and the bytes of the
/// names. A name that several divisions have is nobody's.
pub(super) fn at_start(
    text: &str,
    level: Level,
    fits: impl Fn(&Division) -> bool,
) -> Vec<(&'static Division, usize)> {
    let ends: Vec<usize> =
        text.char_indices().skip(1).map(|(at, _)| at).chain([text.len()]).take(*CHARACTERS_MAX).collect();
    let found = ends.into_iter().rev().filter_map(|end| {
        let mut divisions = named(text.get(..end)?, level).filter(|division| fits(division));
        match (divisions.next(), divisions.next()) {
            (Some(only), None) => Some((only, end)),
            _ => None,
        }
    });
    found.collect()
}

fn named(name: &str, level: Level) -> impl Iterator<Item = &'static Division> {
    let full = NAMES.get(&(level, name)).into_iter().flatten();
    let short = (level == Level::District).then(|| SHORT_COUNTIES.get(name)).flatten();
    full.chain(short.into_iter().flatten()).copied()
}

/// Returns the name of the province that the first digits of a code say.
pub(crate) fn province_of_code(code: &str) -> Option<&'static str> {
    let province = code.get(..2)?.parse::<u32>().ok()?;
    BY_CODE.get(&(province * 10_000)).map(|division| division.name)
}

/// Returns the code of a division by the names in a standard text: six digits.
pub(super) fn code(province: &str, city: &str, district: &str) -> Option<&'static str> {
    let province = named(province, Level::Province).next()?;
    let within = |level: Level, name: &str, outer: &'static Division| {
        named(name, level).find(|division| outer.has(division))
    };
    let deepest = match (city, district) {
        ("", "") => province,
        (city, "") => {
            within(Level::City, city, province).or_else(|| within(Level::District, city, province))?
        }
        (city, district) => {
            let city = within(Level::City, city, province).unwrap_or(province);
            within(Level::District, district, city)?
        }
    };
    TABLE.lines().find_map(|line| {
        let (code, _) = line.split_once('\t')?;
        (code.parse() == Ok(deepest.code)).then_some(code)
    })
}
