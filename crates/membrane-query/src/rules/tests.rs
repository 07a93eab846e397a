use super::*;
use crate::testing::{contract_column, vault, wish};

fn decide(protection: &str, level: RevealLevel) -> (Source, &'static str, RevealLevel) {
    let column = contract_column("c", LogicalType::Date, protection.parse().unwrap());
    let rule = ColumnRule::decide(&column, wish(level), &vault(), "purpose:test").unwrap();
    let mask = match rule.mask {
        Mask::Null => "null",
        Mask::Clear => "clear",
        Mask::Partial(_) => "partial",
        Mask::Generalise(_) => "generalise",
        Mask::Token(token) if token.stored.is_none() => "re-key",
        Mask::Token(_) => "tokenise",
    };
    (rule.source, mask, rule.level)
}

#[test]
fn every_protection_at_every_level() {
    use RevealLevel::{Clear, Generalised, Null, Partial, Token};
    for (protection, level, source, mask, shown) in [
        ("clear", Clear, Source::Value, "clear", Clear),
        ("clear", Partial, Source::Value, "partial", Partial),
        ("clear", Generalised, Source::Value, "generalise", Generalised),
        ("clear", Token, Source::Value, "tokenise", Token),
        ("clear", Null, Source::Nothing, "null", Null),
        ("sealed", Clear, Source::Sealed, "clear", Clear),
        ("sealed", Partial, Source::Sealed, "partial", Partial),
        ("sealed", Generalised, Source::Sealed, "generalise", Generalised),
        ("sealed", Token, Source::Nothing, "null", Null),
        ("sealed", Null, Source::Nothing, "null", Null),
        ("sealed+token", Clear, Source::Sealed, "clear", Clear),
        ("sealed+token", Partial, Source::Sealed, "partial", Partial),
        ("sealed+token", Token, Source::Token, "re-key", Token),
        ("token", Clear, Source::Token, "re-key", Token),
        ("token", Partial, Source::Nothing, "null", Null),
        ("token", Generalised, Source::Nothing, "null", Null),
        ("token", Token, Source::Token, "re-key", Token),
        ("token", Null, Source::Nothing, "null", Null),
        ("generalise(year)", Clear, Source::Value, "clear", Clear),
        ("generalise(year)", Generalised, Source::Value, "clear", Generalised),
        ("generalise(month)", Generalised, Source::Value, "generalise", Generalised),
        ("drop", Clear, Source::Nothing, "null", Null),
        ("drop", Token, Source::Nothing, "null", Null),
    ] {
        assert_eq!(decide(protection, level), (source, mask, shown), "{protection} {level}");
    }
}

/// Rows that were stored before the contract became coarser are as fine as they were: at each level they are made as
/// coarse as the contract says now, and no filter sees the finer value.
#[test]
fn what_the_contract_stores_coarse_is_made_so_again() {
    use RevealLevel::{Clear, Generalised, Partial, Token};
    for level in [Clear, Partial, Generalised, Token] {
        for (protection, contract) in [
            ("generalise(year)", Some(Generalisation::Year)),
            ("generalise(month)", Some(Generalisation::Month)),
            ("clear", None),
        ] {
            let column = contract_column("c", LogicalType::Date, protection.parse().unwrap());
            let rule = ColumnRule::decide(&column, wish(level), &vault(), "purpose:test").unwrap();
            assert_eq!(rule.contract, contract, "{protection} {level}");
            assert_eq!(
                rule.is_stored_value(),
                protection == "clear" && level == Clear,
                "{protection} {level}"
            );
        }
    }
    let wrong = contract_column("c", LogicalType::String, "generalise(year)".parse().unwrap());
    assert!(ColumnRule::decide(&wrong, wish(Clear), &vault(), "purpose:test").is_err());
}

#[test]
fn a_generalisation_that_does_not_fit_is_refused() {
    let column = contract_column("c", LogicalType::String, Protection::Clear);
    assert!(ColumnRule::decide(&column, wish(RevealLevel::Generalised), &vault(), "purpose:test").is_err());
}

#[test]
fn releases_see_columns_in_clear_and_the_unit() {
    let rules = crate::testing::member_rules(RowRule::All).for_release(true);
    let names: Vec<_> = rules.shown_schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "region", "spend", "note", "active", SUBJECT_COLUMN]);
}
