//! The rows of a twin. What a principal may see of them follows from their number; the rest follows from a variant.

use std::fmt::Write as _;

/// What differs between twins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    One,
    Other,
}

/// How many rows there are, of which kind, and how they lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Members of the regions SH and BJ who agreed to marketing.
    pub(super) members: usize,
    /// Lines of the regions SH and BJ.
    pub(super) lines: usize,
    /// Rows that are hidden from an analyst of these regions, for each hundred that are shown.
    pub(super) hidden_percent: usize,
    /// Which hidden rows there are.
    pub(super) hidden: Variant,
    /// Which values lie under masks.
    pub(super) masked: Variant,
    /// Deliveries of hidden rows alone.
    pub(super) hidden_deliveries: usize,
}

/// Strings of which none may be in a byte that leaves a hub for somebody from whom these rows and values are hidden.
pub(super) const UNDER_MASKS: &[&str] = &[
    "Zalpha",
    "Zomega",
    "zalpha",
    "zomega",
    "1384711",
    "1389922",
    "qalpha",
    "qomega",
    "瑶光路",
    "北斗巷",
    "31010419",
    "6222027",
];
/// The same for rows that are hidden from an analyst of SH and BJ. None is so short that a random token could hold it.
pub(super) const IN_HIDDEN_ROWS: &[&str] = &[
    "HIDDENCITY",
    "Hiddencity",
    "hiddencity",
    "OCANARY",
    "ocanary",
    "P98765",
    "4321.09",
    "1234.56",
    "1999-12",
    "Zhidden",
    "qhidden",
    "1377788",
];

/// Birth dates, of which only the year or the month is shown.
pub(super) fn birth_dates() -> Vec<String> {
    let days = ["17", "23", "28"];
    (1980..1990)
        .flat_map(|year| ["03", "07"].map(|month| (year, month)))
        .flat_map(|(year, month)| days.map(|day| format!("{year}-{month}-{day}")))
        .collect()
}

/// Deliveries of a dataset: in each, rows that are shown with hidden ones between them, or hidden ones alone.
pub(super) fn deliveries(dataset: &str, plan: &Plan) -> Vec<String> {
    let (header, shown, make): (&str, usize, fn(usize, &Plan) -> String) = match dataset {
        "crm_members" => (MEMBERS, plan.members, member),
        _ => (LINES, plan.lines, line),
    };
    let hide: fn(usize, &Plan) -> String = if dataset == "crm_members" { hidden_member } else { hidden_line };
    let hidden = shown * plan.hidden_percent / 100;
    let alone = hidden / 5 * usize::from(plan.hidden_deliveries > 0);
    let between = hidden - alone;
    let mut files = Vec::new();
    let mut next = 0;
    for third in 0..3 {
        let mut text = header.to_owned();
        for row in shown * third / 3..shown * (third + 1) / 3 {
            while next < due(row, shown, between, plan.hidden) {
                text.push_str(&hide(next, plan));
                next += 1;
            }
            text.push_str(&make(row, plan));
        }
        files.push(text);
    }
    let last = files.last_mut().unwrap();
    (next..between).for_each(|row| last.push_str(&hide(row, plan)));
    // A delivery of hidden rows stands between others.
    for part in 0..plan.hidden_deliveries {
        let (start, end) =
            (alone * part / plan.hidden_deliveries, alone * (part + 1) / plan.hidden_deliveries);
        let rows: String = (start..end).map(|row| hide(between + row, plan)).collect();
        files.insert(1 + part, format!("{header}{rows}"));
    }
    files
}

/// How many hidden rows stand before a row that is shown.
fn due(row: usize, shown: usize, between: usize, variant: Variant) -> usize {
    match variant {
        // Evenly.
        Variant::One => (row + 1) * between / shown,
        // In heaps, and most of them late.
        Variant::Other if row * 10 < shown * 7 => (row / 50) * 50 * between / shown / 3,
        Variant::Other => (row / 100) * 100 * between / shown,
    }
}

const MEMBERS: &str = "member_no,name,gender,birth_date,phone,email,id_number,address,city,region,joined_on,tier,marketing_consent\n";
const LINES: &str = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n";
const CITIES: [&str; 7] =
    ["上海", "北京", "Shanghai", "Beijing", "a city with a long name of many letters", "崇明", "怀柔"];

/// A member who is shown. What lies under a mask differs by variant and looks the same.
fn member(row: usize, plan: &Plan) -> String {
    let number = row / 100 % 100;
    let (name, phone, email, day, id, address) = match plan.masked {
        Variant::One => (
            format!("Zalpha{}", letters(row)),
            format!("1384711{number:02}{:02}", row % 100),
            format!("qalpha{}@example.com", letters(row)),
            17,
            identity(row),
            format!("瑶光路{row}号"),
        ),
        Variant::Other => (
            format!("Zomega{}", letters(99_999 - row)),
            format!("1389922{:02}{:02}", 99 - number, row % 100),
            format!("qomega.{}.and.more@example.com", letters(77_777 - row)),
            23,
            if row.is_multiple_of(3) { identity(90_000 - row) } else { String::new() },
            format!("北斗巷{}", "x".repeat(row % 60)),
        ),
    };
    // A short name shows nothing, an absent address is absent in both.
    let name = if row.is_multiple_of(7) {
        if plan.masked == Variant::One { "李娜" } else { "白" }
    } else {
        &name
    };
    let email = if row % 11 == 3 { "" } else { &email };
    format!(
        "M1{row:07},{name},{},{}-{}-{day},{phone},{email},{id},{address},{},{},2024-0{}-1{},{},true\n",
        ["male", "female", "unknown"][row % 3],
        1980 + row % 10,
        ["03", "07"][row % 2],
        CITIES[row % 7],
        ["SH", "BJ"][row % 2],
        1 + row % 9,
        row % 10,
        ["bronze", "silver", "gold", "platinum"][row % 4],
    )
}

/// A member of another region, or one who did not agree to marketing.
fn hidden_member(row: usize, plan: &Plan) -> String {
    let other = plan.hidden == Variant::Other;
    let (region, consent) = match row % 5 {
        0 => ("SH", false),
        1 if other => ("ZJ", true),
        2 if other => ("BJ", false),
        _ => ("GD", true),
    };
    let place = if other { 88_888 - row } else { row };
    format!(
        "M9{place:07},Zhidden{},female,1981-03-28,1377788{:04},qhidden{}@{},,{},HIDDENCITY{},{region},{}-01-01,gold,{consent}\n",
        letters(place),
        place % 10_000,
        letters(place),
        if other { "example.org" } else { "example.com" },
        "号".repeat(1 + place % if other { 90 } else { 5 }),
        letters(place),
        if other { 1999 } else { 2025 },
    )
}

/// A line that is shown.
fn line(row: usize, plan: &Plan) -> String {
    let pay = match plan.masked {
        Variant::One if !row.is_multiple_of(3) => card(row),
        Variant::Other if row.is_multiple_of(3) => card(90_000 - row),
        _ => String::new(),
    };
    format!(
        "O{:013},{},M1{:07},{pay},S00{},{},P0000{},{},{},{}.{:02},2025-0{}-1{}T1{}:00:00Z,2025-0{},{}\n",
        row / 3,
        row % 3 + 1,
        row % plan.members,
        row % 9,
        ["SH", "BJ"][row % 2],
        row % 4,
        ["snacks", "dairy", "bakery"][row % 3],
        1 + row % 6,
        10 + row % 90,
        row % 100,
        1 + row % 9,
        row % 10,
        row % 10,
        1 + row % 9,
        row.is_multiple_of(13),
    )
}

/// A line of another region: with values that are smaller and greater than all that are shown.
fn hidden_line(row: usize, plan: &Plan) -> String {
    let other = plan.hidden == Variant::Other;
    let place = if other { 9_000_000 - row } else { row };
    let (store, amount, region) = if other { ("S988", "1234.56", "ZJ") } else { ("S987", "4321.09", "GD") };
    format!(
        "OCANARY{place:07},{},M{}{:07},{},{store},{region},P98765,health,{},{amount},1999-12-0{}T00:00:00Z,1999-12,{}\n",
        1 + place % 3,
        if row.is_multiple_of(2) { 9 } else { 1 },
        place % plan.members,
        card(place),
        if other { 99 } else { 100 },
        1 + row % 9,
        other || row.is_multiple_of(7),
    )
}

/// Five letters for a number.
fn letters(mut number: usize) -> String {
    let mut text = String::new();
    for _ in 0..5 {
        text.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
        number /= 26;
    }
    text
}

/// A card number that passes Luhn's check.
fn card(row: usize) -> String {
    let body = format!("6222027{row:08}");
    let sum: u32 = body
        .chars()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = digit.to_digit(10).unwrap() * if place.is_multiple_of(2) { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// An identity number that passes its check.
fn identity(row: usize) -> String {
    let body = format!("3101041987031{:04}", row % 10_000);
    let sum: u32 = body
        .chars()
        .zip([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(digit, weight)| digit.to_digit(10).unwrap() * weight)
        .sum();
    let mut text = body;
    write!(text, "{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize % 11]).unwrap();
    text
}

/// Events, which are the same in twins: an analyst sees them all, and their tokens.
pub(super) fn events() -> String {
    (0..200)
        .map(|row| {
            format!(
                "{{\"event_id\":\"ae_{row:013}\",\"app_user_id\":\"au_{row:010}\",\"phone\":\"1395555{row:04}\",\
                 \"device_id\":\"ca9a4700-77aa-4000-8000-{row:012}\",\"event\":\"app_open\",\
                 \"occurred_at\":\"2025-06-01T08:00:00Z\",\"page\":\"home\",\"amount\":null}}\n"
            )
        })
        .collect()
}

/// Products, which everybody sees.
pub(super) const PRODUCTS: &str = "\
product_id,name,category,brand,price
P00000,Rice crackers,snacks,Acme,10.25
P00001,Milk,dairy,Globex,9.90
P00002,Bread,bakery,Acme,11.00
P00003,Tea,tea_coffee,Globex,31.00
";
