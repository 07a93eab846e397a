//! The edges of masks.

use super::{Attack, Expect, Family, all};

pub(super) const CHAINED: Family = Family {
    number: 15,
    title: "masks of one row together",
    channel: "a mask that is made of another masked column",
    attacks: chained,
};

pub(super) const FAMILY: Family = Family {
    number: 19,
    title: "short values under partial masks",
    channel: "a mask that shows a short value whole",
    attacks,
};

fn chained() -> Vec<Attack> {
    let mut attacks = all(CHAINED_ZERO, &Expect::Zero);
    attacks.extend(all(CHAINED_TOLD, &Expect::Told));
    attacks
}

fn attacks() -> Vec<Attack> {
    all(SHORT, &Expect::Zero)
}

const CHAINED_ZERO: &[(&str, &str)] = &[
    (
        "what one mask hides, another shows",
        "SELECT count(*) AS n FROM crm_members WHERE strpos(split_part(email, '@', 1), replace(name, '*', '')) > 2",
    ),
    (
        "a number in an address",
        "SELECT count(*) AS n FROM crm_members WHERE strpos(email, substr(phone, 4, 4)) > 0 AND substr(phone, 4, 4) <> '****'",
    ),
    (
        "a mask of a mask",
        "SELECT count(*) AS n FROM (SELECT replace(phone, '*', '') AS p FROM crm_members) x WHERE length(p) > 5",
    ),
    (
        "two masks of one value",
        "SELECT count(*) AS n FROM app_events WHERE phone NOT LIKE '%*%' AND length(phone) <> 22",
    ),
];

const CHAINED_TOLD: &[(&str, &str)] = &[
    (
        "in the order of the columns",
        "SELECT phone, email, name, birth_date FROM crm_members ORDER BY member_no",
    ),
    ("in another order", "SELECT birth_date, name, email, phone FROM crm_members ORDER BY member_no"),
    ("one of them alone", "SELECT email FROM crm_members ORDER BY email, member_no"),
];

const SHORT: &[(&str, &str)] = &[
    (
        "a name with one hidden letter",
        "SELECT count(*) AS n FROM crm_members WHERE length(name) - length(replace(name, '*', '')) < 2",
    ),
    (
        "a name that is half shown",
        "SELECT count(*) AS n FROM crm_members WHERE 2 * length(replace(name, '*', '')) > length(name)",
    ),
    (
        "a name of two letters",
        "SELECT count(*) AS n FROM crm_members WHERE length(name) <= 2 AND name <> '**'",
    ),
    (
        "a number with one hidden digit",
        "SELECT count(*) AS n FROM crm_members WHERE length(phone) - length(replace(phone, '*', '')) < 2",
    ),
    (
        "a number that is half shown",
        "SELECT count(*) AS n FROM crm_members WHERE 2 * length(replace(phone, '*', '')) > length(phone)",
    ),
    ("an address without its stars", "SELECT count(*) AS n FROM crm_members WHERE email NOT LIKE '%***%'"),
    (
        "an address by the number of its stars",
        "SELECT count(*) AS n FROM crm_members WHERE length(email) - length(replace(email, '*', '')) <> 3",
    ),
    (
        "an address that shows two letters",
        "SELECT count(*) AS n FROM crm_members WHERE strpos(email, '*') > 2",
    ),
    (
        "bytes behind letters",
        "SELECT count(*) AS n FROM crm_members WHERE octet_length(name) > 4 * character_length(name)",
    ),
];
