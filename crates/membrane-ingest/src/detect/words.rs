//! Words in a column's name besides those that contracts are checked by: things, people, and what a column is about.

/// Returns the parts of a name.
fn parts(name: &str) -> Vec<String> {
    name.split('_')
        .map(|part| part.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Words of things that are numbered and named, and are nobody.
const THINGS: &str = " order orders trace span event events request message msg transaction txn tx batch line lines item items product \
                      products sku spu goods store shop branch campaign coupon page file version build barcode ean upc isbn gtin tracking \
                      waybill invoice receipt amount price qty quantity count total score points zip postcode postal ts timestamp epoch \
                      created updated category brand spec model type status warehouse till terminal channel supplier vendor \
                      company project task job ticket article content video song movie book recipe dish menu department \
                      city province region district country state currency tag label title keyword search query url path colour color material ";

/// Tells whether a name speaks of things.
pub(crate) fn is_thing(name: &str) -> bool {
    parts(name).iter().any(|part| THINGS.contains(&format!(" {part} ")))
}

/// Words of people.
const PEOPLE: &str = " member customer cust user client buyer guest vip account employee staff patient student subscriber household person \
                      contact visitor cookie passenger owner holder cardholder shopper follower fan consumer crm party uid ";
/// Words of what numbers them.
const NUMBERS: &str = " id no number num nr code key ref token uuid guid uid ";
/// Whole names that are both.
const BOTH: [&str; 12] = [
    "uid",
    "userid",
    "memberid",
    "customerid",
    "uin",
    "cookie",
    "user",
    "member",
    "loyalty_card",
    "username",
    "login",
    "qq",
];

/// Tells whether a name speaks of what identifies a person in a system: `member_no`, `user_id`.
pub(crate) fn is_identifier(name: &str) -> bool {
    let parts = parts(name);
    let people = parts.iter().any(|part| PEOPLE.contains(&format!(" {part} ")));
    let numbers = parts.iter().any(|part| NUMBERS.contains(&format!(" {part} ")));
    (people && numbers) || BOTH.contains(&name)
}

/// Classes by words, tried in this order.
const TOPICS: [(&str, &str); 5] = [
    (
        " gender sex age marital education income occupation household kids children adult minor birthyear ",
        "demographic",
    ),
    (" region city province district country state county zip postcode postal area town ", "geo"),
    (
        " amount price total qty quantity items item discount tax paid pay payment order refund currency coupon points \
         balance revenue sales spend spent basket units ",
        "transaction",
    ),
    (
        " store shop product sku brand category supplier vendor warehouse barcode ean upc campaign branch goods spu \
         material ",
        "business",
    ),
    (
        " event message msg trace request batch id version build checksum seq sequence offset partition etl created \
         updated hash ",
        "technical",
    ),
];

/// Returns the class of a column that identifies nobody, by its name.
pub(crate) fn topic(name: &str) -> Option<&'static str> {
    let parts = parts(name);
    let about = |words: &str| parts.iter().any(|part| words.contains(&format!(" {part} ")));
    TOPICS.iter().find(|(words, _)| about(words)).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests;
