use super::*;
use crate::testing::{contract_column, shown, way};

fn decide(protection: &str, level: RevealLevel) -> (Source, &'static str, RevealLevel) {
    let column = contract_column("c", LogicalType::Date, protection.parse().unwrap());
    let way = way(&column, shown(level)).unwrap();
    let mask = match way.mask {
        Mask::Null => "null",
        Mask::Clear => "clear",
        Mask::Partial(_) => "partial",
        Mask::Generalise(_) => "generalise",
        Mask::Age(_) => "age",
        Mask::Format(_) => "format",
        Mask::Token(token) if token.stored.is_none() => "re-key",
        Mask::Token(_) => "tokenise",
        Mask::Key => "key",
    };
    (way.source, mask, way.level)
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
            let way = way(&column, shown(level)).unwrap();
            assert_eq!(way.contract, contract, "{protection} {level}");
            let rule = ColumnRule::new(column.name, Vec::new(), way).unwrap();
            assert_eq!(
                rule.is_stored_value(),
                protection == "clear" && level == Clear,
                "{protection} {level}"
            );
        }
    }
    let wrong = contract_column("c", LogicalType::String, "generalise(year)".parse().unwrap());
    assert!(way(&wrong, Shown::Clear).is_err());
}

#[test]
fn a_generalisation_that_does_not_fit_is_refused() {
    let column = contract_column("c", LogicalType::String, Protection::Clear);
    assert!(way(&column, shown(RevealLevel::Generalised)).is_err());
}

/// Digits are encrypted where equal values may be told, and where there are digits.
#[test]
fn a_token_in_its_format_needs_the_value_and_a_token() {
    let ff1 = |protection: &str, logical| {
        let way =
            way(&contract_column("c", logical, protection.parse().unwrap()), Shown::Token(TokenForm::Ff1));
        let way = way.unwrap();
        (way.source, matches!(way.mask, Mask::Format(_)), way.level)
    };
    let text = LogicalType::String;
    assert_eq!(ff1("clear", text), (Source::Value, true, RevealLevel::Token));
    assert_eq!(ff1("sealed+token", text), (Source::Sealed, true, RevealLevel::Token));
    assert_eq!(ff1("sealed", text), (Source::Nothing, false, RevealLevel::Null));
    assert_eq!(ff1("token", text), (Source::Token, false, RevealLevel::Token));
    assert_eq!(ff1("clear", LogicalType::Date), (Source::Value, false, RevealLevel::Token));
}

/// Ways of one column show one type; NULL has every type.
#[test]
fn the_ways_of_a_column_show_one_type() {
    let column = contract_column("c", LogicalType::Date, Protection::Clear);
    let rule = |cases: &[Shown], otherwise: Shown| {
        let condition = || RowExpr::Has("c".parse().unwrap());
        let cases =
            cases.iter().map(|shown| Case { condition: condition(), way: way(&column, *shown).unwrap() });
        ColumnRule::new(column.name.clone(), cases.collect(), way(&column, otherwise).unwrap())
    };
    let year = Shown::Generalised(Generalisation::Year);
    let age = Shown::Generalised(Generalisation::Age(10));
    let one = rule(&[Shown::Clear, Shown::Null], year).unwrap();
    assert_eq!((one.shown_type(), one.level()), (DataType::Date32, RevealLevel::Clear));
    assert!(!one.is_stored_value() && !one.is_clear());
    assert_eq!(rule(&[age], Shown::Null).unwrap().shown_type(), DataType::Int64);
    assert_eq!(rule(&[], Shown::Null).unwrap().shown_type(), DataType::Date32);
    assert!(rule(&[age], year).is_err());
    assert!(rule(&[Shown::Clear], Shown::Token(TokenForm::Opaque)).is_err());
}

#[test]
fn releases_see_columns_in_clear_and_the_unit() {
    let rules = crate::testing::member_rules(RowRule::All).for_release(true);
    let names: Vec<_> = rules.shown_schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["id", "region", "spend", "note", "active", SUBJECT_COLUMN]);
}
