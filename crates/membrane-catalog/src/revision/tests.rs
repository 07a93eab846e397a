//! What hangs on each change of a contract, and the form in which a revision is kept.

use super::*;
use crate::Catalog;

const ORDERS: &str = include_str!("../../fixtures/orders.yaml");
const GOLDEN: &str = include_str!("../../fixtures/orders.revision.json");

const CLASSES: &str = "classes:\n  - {name: pii, description: x}\n  - {name: pii.phone, description: x}\n  \
    - {name: pii.identifier, description: x}\n  - {name: business, description: x}\n  - {name: geo, description: x}\n";

fn revision(contract: &str) -> Revision {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("contracts")).unwrap();
    std::fs::write(dir.path().join("classes.yaml"), CLASSES).unwrap();
    std::fs::write(dir.path().join("purposes.yaml"), "purposes:\n  - {name: service, description: x}\n")
        .unwrap();
    std::fs::write(dir.path().join("contracts/orders.yaml"), contract).unwrap();
    let catalog = Catalog::load(dir.path()).unwrap_or_else(|error| panic!("{error}"));
    catalog.dataset(&"orders".parse().unwrap()).unwrap().revision()
}

/// Replaces the first place after a column's name.
fn changed(column: &str, from: &str, to: &str) -> String {
    let start = ORDERS.find(&format!("- name: {column}\n")).unwrap();
    let (before, after) = ORDERS.split_at(start);
    assert!(after.contains(from), "{column}: {from}");
    format!("{before}{}", after.replacen(from, to, 1))
}

fn told(older: &str, newer: &str) -> Vec<String> {
    let comparison = revision(newer).compare(&revision(older));
    comparison.changes.iter().map(|change| format!("{} {change}", change.effect.as_str())).collect()
}

/// Changes a column and expects this, and the contrary the other way round.
#[track_caller]
fn check(column: &str, from: &str, to: &str, expected: &str, back: &str) {
    let other = changed(column, from, to);
    assert_eq!(told(ORDERS, &other), [expected], "{column}: {from} -> {to}");
    let effect = told(&other, ORDERS);
    assert!(effect.len() == 1 && effect[0].starts_with(back), "{column} back: {effect:?}");
}

const NEW: &str = "      - name: shop\n        logicalType: string\n        classification: business\n        \
    customProperties:\n          - {property: membrane.protection, value: clear}\n";

#[test]
fn columns_that_come_and_go() {
    let optional = format!("{ORDERS}{NEW}");
    assert_eq!(told(ORDERS, &optional), ["compatible column `shop`: added: string, clear, optional"]);
    assert_eq!(
        told(&optional, ORDERS),
        ["breaking column `shop`: removed: string, clear, optional -> nothing"]
    );
    let required = format!("{ORDERS}{}", NEW.replace("string\n", "string\n        required: true\n"));
    assert_eq!(told(ORDERS, &required), ["breaking column `shop`: added: string, clear, required"]);
    let dropped = format!(
        "{ORDERS}{}",
        NEW.replace("string\n", "string\n        required: true\n").replace("clear", "drop")
    );
    assert_eq!(told(ORDERS, &dropped), ["major column `shop`: added: string, drop, required"]);
    let renamed = changed("postcode", "postcode", "zip");
    assert_eq!(told(ORDERS, &renamed), ["breaking column `postcode`: renamed: `postcode` -> `zip`"]);
    // In the middle it is the same column.
    let middle = ORDERS.replace("      - name: amount\n", &format!("{NEW}      - name: amount\n"));
    assert_eq!(told(ORDERS, &middle), ["compatible column `shop`: added: string, clear, optional"]);
    assert_eq!(told(&optional, &middle), ["compatible order of the columns"]);
}

#[test]
fn what_rows_that_are_stored_are_not() {
    check(
        "amount",
        "decimal(12,2)",
        "decimal(14,2)",
        "breaking column `amount`: type: decimal(12,2) -> decimal(14,2)",
        "breaking",
    );
    check(
        "born_on",
        "value: generalise(year)",
        "value: generalise(month)",
        "breaking column `born_on`: protection: generalise(year) -> generalise(month)",
        "breaking",
    );
    check(
        "phone",
        "value: phone}",
        "value: mobile}",
        "breaking column `phone`: identity: phone -> mobile",
        "breaking",
    );
    check(
        "amount",
        "        classification",
        "        required: true\n        classification",
        "breaking column `amount`: required: optional -> required",
        "compatible",
    );
    // What was not kept can be kept from now on.
    check(
        "note",
        "value: drop",
        "value: sealed",
        "major column `note`: protection: drop -> sealed",
        "breaking",
    );
    let key = ORDERS.replace("        primaryKey: true\n        primaryKeyPosition: 2\n", "");
    assert_eq!(told(ORDERS, &key), ["breaking primary key: order_id, line_no -> order_id"]);
    let subject =
        ORDERS.replace("membrane.subject, value: member_no", "membrane.subject, value: phone").replace(
            "- name: phone\n        logicalType: string",
            "- name: phone\n        logicalType: string\n        required: true",
        );
    let changes = told(ORDERS, &subject);
    assert_eq!(changes[0], "breaking subject: `member_no` (identity member_no) -> `phone` (identity phone)");
}

#[test]
fn classes_matter_to_tokens_and_to_statistics() {
    check("amount", "business", "geo", "major column `amount`: class: business -> geo", "major");
    // Without an identity the class is the scope of its tokens.
    let token = changed("amount", "value: clear", "value: token")
        .replace("          - {property: membrane.privacy.bounds, value: [0, 5000.5]}\n", "");
    let other = token.replacen(
        "description: What was paid.\n        classification: business",
        "description: What was paid.\n        classification: geo",
        1,
    );
    assert_eq!(told(&token, &other), ["breaking column `amount`: class: business -> geo"]);
    let coarse = changed("amount", "value: clear", "value: generalise(width(10))")
        .replace("          - {property: membrane.privacy.bounds, value: [0, 5000.5]}\n", "")
        .replace(
            "description: What was paid.\n",
            "description: What was paid.\n        logicalTypeOptions: {minimum: 0, maximum: 5000}\n",
        );
    let pii = coarse.replacen(
        "maximum: 5000}\n        classification: business",
        "maximum: 5000}\n        classification: pii",
        1,
    );
    assert_eq!(told(&coarse, &pii), ["breaking column `amount`: class: business -> pii"]);
    assert_eq!(told(&pii, &coarse), ["major column `amount`: class: pii -> business"]);
    // Rows before have tokens of what was delivered, and join with those of a standard.
    check(
        "phone",
        "          - {property: membrane.check, value: mobile_china}\n",
        "          - {property: membrane.check, value: mobile_china}\n          - {property: membrane.standard, value: phone(CN)}\n",
        "major column `phone`: standard: phone(CN)",
        "breaking",
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one rule after the other")]
fn rules_that_let_fewer_pass_need_a_version() {
    check(
        "region",
        "[SH, BJ, GD]",
        "[SH, BJ, GD, ZJ]",
        "compatible column `region`: enumeration: 3 values -> 4 values (0 gone, 1 new)",
        "major",
    );
    check(
        "line_no",
        "maximum: 500",
        "maximum: 400",
        "major column `line_no`: maximum: 500 -> 400",
        "compatible",
    );
    check("line_no", "minimum: 1", "minimum: 2", "major column `line_no`: minimum: 1 -> 2", "compatible");
    check("line_no", "minimum: 1, ", "", "compatible column `line_no`: minimum: 1 -> nothing", "major");
    check(
        "line_no",
        "minimum: 1,",
        "minimum: 1, exclusiveMinimum: true,",
        "major column `line_no`: minimum: 1 -> 1, itself outside",
        "compatible",
    );
    check(
        "line_no",
        "maximum: 500",
        "maximum: 500, multipleOf: 6",
        "major column `line_no`: multiple of: 6",
        "compatible",
    );
    check(
        "member_no",
        r"M\d{8}",
        r"[MN]\d{8}",
        "major column `member_no`: pattern: a pattern -> another pattern",
        "major",
    );
    check(
        "member_no",
        "maxLength: 9",
        "maxLength: 8",
        "major column `member_no`: longest: 9 characters -> 8 characters",
        "compatible",
    );
    check(
        "member_no",
        "maxLength: 9",
        "maxLength: 9, minLength: 2",
        "major column `member_no`: shortest: 2 characters",
        "compatible",
    );
    check(
        "phone",
        "          - {property: membrane.check, value: mobile_china}\n",
        "",
        "compatible column `phone`: check: mobile_china -> nothing",
        "major",
    );
    check(
        "line_no",
        "        primaryKey",
        "        unique: true\n        primaryKey",
        "major column `line_no`: unique: not unique -> unique",
        "compatible",
    );
    check(
        "amount",
        "[0, 5000.5]",
        "[0, 100]",
        "compatible column `amount`: bounds of sums: 0 to 5000.5 -> 0 to 100",
        "compatible",
    );
    check(
        "region",
        "          - {property: membrane.privacy.publicKeys, value: true}\n",
        "",
        "compatible column `region`: keys of releases: public -> not public",
        "compatible",
    );
    let six = changed("line_no", "maximum: 500", "maximum: 500, multipleOf: 6");
    let three = changed("line_no", "maximum: 500", "maximum: 500, multipleOf: 3");
    assert_eq!(told(&six, &three), ["compatible column `line_no`: multiple of: 6 -> 3"]);
    assert_eq!(told(&three, &six), ["major column `line_no`: multiple of: 3 -> 6"]);
}

#[test]
fn words_are_words() {
    check("amount", "What was paid.", "What they paid.", "wording column `amount`: description", "wording");
    let owner = ORDERS.replace("username: ana", "username: olga");
    assert_eq!(told(ORDERS, &owner), ["wording owner: ana -> olga"]);
    assert_eq!(told(ORDERS, &ORDERS.replace("What members bought.", "Sales.")), ["wording description"]);
    assert!(told(ORDERS, &format!("{ORDERS}# a comment\n")).is_empty());
}

#[test]
fn by_which_right_and_how_long_rows_are_kept_is_no_wording() {
    let basis = "      - { property: membrane.legalBasis, value: Consent. }\n";
    let setting = "    customProperties:\n";
    let with = |basis: &str| ORDERS.replacen(setting, &format!("{setting}{basis}"), 1);
    assert_ne!(with(basis), ORDERS);
    let other = basis.replace("Consent", "Legitimate interest");
    assert_eq!(told(ORDERS, &with(basis)), ["compatible legal basis: Consent."]);
    assert_eq!(
        told(&with(basis), &with(&other)),
        ["compatible legal basis: Consent. -> Legitimate interest."]
    );
    let kept = |years: u32| {
        format!("{ORDERS}slaProperties:\n  - {{ property: retention, value: {years}, unit: y }}\n")
    };
    assert_eq!(told(&kept(3), &kept(9)), ["compatible retention: 3 y -> 9 y"]);
    assert_eq!(told(ORDERS, &format!("{ORDERS}domain: sales\n")), ["wording domain: sales"]);
}

#[test]
fn a_shorter_period_takes_out_rows_that_are_there() {
    let with = |rule: &str| {
        let setting = "    customProperties:\n";
        let rule = format!("{setting}      - {{ property: membrane.retention, value: {rule} }}\n");
        ORDERS.replacen(setting, &rule, 1)
    };
    assert_eq!(told(ORDERS, &with("3 y")), ["major kept for: 3 y"]);
    assert_eq!(told(&with("3 y"), ORDERS), ["compatible kept for: 3 y -> nothing"]);
    assert_eq!(told(&with("3 y"), &with("3 d")), ["major kept for: 3 y -> 3 d"]);
    assert_eq!(told(&with("12 months"), &with("2 y")), ["compatible kept for: 12 month -> 2 y"]);
    let both = with("[{ keep: 3 y }, { keep: 1 y, purpose: service }]");
    assert_eq!(told(&with("3 y"), &both), ["major shown for a purpose for: 1 y (service)"]);
    assert_eq!(revision(&both).retention(), Some("3 y; 1 y for service"));
    assert_eq!(Revision::parse(&revision(&both).text().unwrap()).unwrap(), revision(&both));
}

#[test]
fn the_version_goes_up_with_what_changed() {
    let with = |text: &str, version: &str| text.replacen("version: 1.0.0", &format!("version: {version}"), 1);
    let fault = |text: &str, version: &str| {
        let comparison = revision(&with(text, version)).compare(&revision(ORDERS));
        (comparison.version_fault(), comparison.in_the_way().count())
    };
    let (narrower, wider) = (
        changed("line_no", "maximum: 500", "maximum: 400"),
        changed("line_no", "maximum: 500", "maximum: 600"),
    );
    assert_eq!(fault(&narrower, "2.0.0"), (None, 0));
    let told = "the version went from 1.0.0 to 1.3.0 only: these changes make it 2.0.0 or higher".to_owned();
    assert_eq!(fault(&narrower, "1.3.0"), (Some(told), 1));
    let told = "the version is 1.0.0 still: these changes make it 1.1.0 or higher".to_owned();
    assert_eq!(fault(&wider, "1.0.0"), (Some(told), 0));
    assert_eq!(fault(&wider, "1.1.0"), (None, 0));
    let told = "the version went down from 1.0.0 to 0.9.0: these changes make it 1.0.0 or higher".to_owned();
    assert_eq!(fault(ORDERS, "0.9.0"), (Some(told), 0));
    // A version does not make tokens of what was sealed.
    let broken = changed("amount", "value: clear", "value: token")
        .replace("          - {property: membrane.privacy.bounds, value: [0, 5000.5]}\n", "");
    assert_eq!(fault(&broken, "2.0.0").1, 1);
}

#[test]
fn before_one_everything_counts_a_place_higher() {
    for (older, newer, step) in [
        ("0.1.0", "0.2.0", Step::Major),
        ("0.1.0", "0.1.1", Step::Minor),
        ("0.9.9", "1.0.0", Step::Major),
        ("1.0.0", "1.0.1", Step::Patch),
        ("1.9.0", "1.10.0", Step::Minor),
        ("2.0.0", "1.9.9", Step::Down),
        ("1.0.0-rc.1", "1.0.0+build", Step::None),
    ] {
        assert_eq!(Step::between(older, newer), step, "{older} {newer}");
    }
    assert_eq!(Step::Major.after("0.1.7"), "0.2.0");
    assert_eq!(Step::Minor.after("0.1.7"), "0.1.8");
    assert_eq!(Step::Major.after("3.1.7"), "4.0.0");
}

/// Hubs keep this form: it is read by later versions, and the fingerprint of the same contract stays.
#[test]
fn the_kept_form_is_stable() {
    let revision = revision(ORDERS);
    let text = revision.text().unwrap();
    assert_eq!(text, GOLDEN.trim_end());
    assert_eq!(Revision::parse(&text), Some(revision));
    assert_eq!(Revision::parse(&text.replacen("\"form\":1", "\"form\":2", 1)), None);
    assert_eq!(Revision::parse("{}"), None);
}

/// PRIVACY: somebody may have put real data into a contract.
#[test]
fn no_change_tells_a_listed_value_or_a_pattern() {
    for (from, to) in
        [("[SH, BJ, GD]", "[SH, SECRET]"), (r"'M\d{8}'", "'SECRET'"), ("What was paid.", "SECRET")]
    {
        for text in told(ORDERS, &ORDERS.replace(from, to)) {
            assert!(!text.contains("SECRET") && !text.contains("GD"), "{text}");
        }
    }
}

#[test]
fn promises_are_no_fault_of_rows_and_clocks_are() {
    let levels = "schema:\n";
    let with = |text: &str| ORDERS.replacen(levels, &format!("slaProperties:\n  - {text}\n{levels}"), 1);
    let daily = with("{ property: frequency, value: 1, unit: d }");
    assert_eq!(told(ORDERS, &daily), ["compatible frequency: 86400 s"]);
    assert_eq!(told(&daily, ORDERS), ["compatible frequency: 86400 s -> nothing"]);
    let strict = with("{ property: errorRate, value: 0.5, unit: percent }");
    assert_eq!(told(ORDERS, &strict), ["compatible error rate: 0.005"]);
    let mut minute = revision(ORDERS);
    minute.ahead_seconds_max = Some(60);
    let hour = Revision { ahead_seconds_max: Some(3_600), ..minute.clone() };
    let effect = |newer: &Revision, older: &Revision| newer.compare(older).effect();
    assert_eq!(effect(&minute, &revision(ORDERS)), Some(Effect::Major));
    assert_eq!(effect(&minute, &hour), Some(Effect::Major));
    assert_eq!(effect(&hour, &minute), Some(Effect::Compatible));
    assert_eq!(effect(&revision(ORDERS), &minute), Some(Effect::Compatible));
}
