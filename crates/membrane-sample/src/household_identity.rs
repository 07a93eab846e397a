//! Identifiers for the households of a data set that has none.

use rand::RngExt;

use crate::names::{Language, Name, Sex, Surname};
use crate::pick::pick;
use crate::seeds::{Draw, Seeds};

/// Who a household might be. Nobody is: the number and the address are from ranges kept for fiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HouseholdIdentity {
    /// The loyalty programme's number: `H00000001`.
    pub member_no: String,
    /// Given and family name.
    pub name: String,
    /// E.164. No two of the first 31,000 households have the same.
    pub phone: String,
    /// At a domain kept for examples. No two households have the same.
    pub email: String,
    /// Number, street and city.
    pub address: String,
}

/// Returns generated identifiers for a household that another data set only numbers. The same seed and
/// id give the same identifiers.
#[must_use]
pub fn household_identity(seed: u64, household_id: u64) -> HouseholdIdentity {
    let seeds = Seeds::new(seed);
    let mut rng = seeds.rng(Draw::External, household_id);
    let sex = if rng.random() { Sex::Female } else { Sex::Male };
    let surname = Surname::draw(&mut rng, Language::English);
    let name = Name::draw(&mut rng, Language::English, sex, surname);
    let domain = pick(&mut rng, &["example.com", "example.net", "example.org", "mail.example.com"]);
    let (city, state) = pick(&mut rng, CITIES);
    let street = pick(&mut rng, STREETS);
    let number = rng.random_range(1..10_000);
    HouseholdIdentity {
        member_no: format!("H{household_id:08}"),
        email: format!("{}.{}{household_id}@{domain}", name.latin_given, name.latin_family),
        name: name.written,
        phone: phone(seeds, household_id),
        address: format!("{number} {street}, {city}, {state}"),
    }
}

/// Returns a number that is never given out: 555-0100 to 555-0199 of an area code.
fn phone(seeds: Seeds, household_id: u64) -> String {
    let areas = AREA_CODES.len() as u64;
    let number = seeds.permute(Draw::External, 0, household_id, areas * 100);
    let area = usize::try_from(number / 100).ok().and_then(|index| AREA_CODES.get(index)).unwrap_or(&202);
    format!("+1{area}55501{:02}", number % 100)
}

const CITIES: &[(&str, &str)] = &[
    ("Cincinnati", "OH"),
    ("Columbus", "OH"),
    ("Dayton", "OH"),
    ("Louisville", "KY"),
    ("Lexington", "KY"),
    ("Indianapolis", "IN"),
    ("Fort Wayne", "IN"),
    ("Nashville", "TN"),
    ("Knoxville", "TN"),
    ("Atlanta", "GA"),
];

const STREETS: &[&str] = &[
    "Main Street",
    "Oak Avenue",
    "Maple Drive",
    "Park Road",
    "Second Street",
    "Hillcrest Lane",
    "Washington Avenue",
    "Lake View Court",
    "Elm Street",
    "Cedar Way",
    "Church Street",
    "Sunset Boulevard",
];

const AREA_CODES: &[u32] = &[
    201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 220, 223, 224, 225,
    228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 272, 274, 276, 281,
    301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325,
    330, 331, 334, 336, 337, 339, 346, 347, 351, 352, 360, 361, 364, 380, 385, 386, 401, 402, 404, 405, 406,
    407, 408, 409, 410, 412, 413, 414, 415, 417, 419, 423, 424, 425, 430, 432, 434, 435, 440, 442, 443, 458,
    463, 469, 470, 475, 478, 479, 480, 484, 501, 502, 503, 504, 505, 507, 508, 509, 510, 512, 513, 515, 516,
    517, 518, 520, 530, 531, 534, 539, 540, 541, 551, 559, 561, 562, 563, 567, 570, 571, 573, 574, 575, 580,
    585, 586, 601, 602, 603, 605, 606, 607, 608, 609, 610, 612, 614, 615, 616, 617, 618, 619, 620, 623, 626,
    628, 629, 630, 631, 636, 641, 646, 650, 651, 657, 660, 661, 662, 667, 669, 678, 681, 682, 701, 702, 703,
    704, 706, 707, 708, 712, 713, 714, 715, 716, 717, 718, 719, 720, 724, 725, 727, 731, 732, 734, 737, 740,
    743, 747, 754, 757, 760, 762, 763, 765, 769, 770, 772, 773, 774, 775, 779, 781, 785, 786, 801, 802, 803,
    804, 805, 806, 808, 810, 812, 813, 814, 815, 816, 817, 818, 828, 830, 831, 832, 843, 845, 847, 848, 850,
    854, 856, 857, 858, 859, 860, 862, 863, 864, 865, 870, 872, 878, 901, 903, 904, 906, 907, 908, 909, 910,
    912, 913, 914, 915, 916, 917, 918, 919, 920, 925, 928, 929, 930, 931, 934, 936, 937, 938, 940, 941, 947,
    949, 951, 952, 954, 956, 959, 970, 971, 972, 973, 978, 979, 980, 984, 985, 989,
];

#[cfg(test)]
mod tests;
