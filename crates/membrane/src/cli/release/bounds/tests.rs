use super::{ColumnBounds, by_column};

fn check(text: &str, expected: Result<(&str, f64, f64), &str>) {
    let expected = expected.map(|(column, lower, upper)| ColumnBounds {
        column: column.parse().expect("column"),
        lower,
        upper,
    });
    assert_eq!(text.parse::<ColumnBounds>(), expected.map_err(str::to_owned), "{text}");
}

#[test]
fn bounds_are_a_column_and_two_numbers() {
    check("amount=0..300", Ok(("amount", 0.0, 300.0)));
    check("amount=-12.5..1e3", Ok(("amount", -12.5, 1000.0)));
    check("amount = 5 .. 5", Ok(("amount", 5.0, 5.0)));
}

#[test]
fn what_is_wrong_is_said_with_the_form() {
    const FORM: &str = "expected COLUMN=LOWER..UPPER, like amount=0..300";
    for text in ["", "amount", "amount=300", "amount=0,300", "0..300"] {
        check(text, Err(FORM));
    }
    check("amount=..300", Err(&format!("LOWER is not a number; {FORM}")));
    check("amount=0..many", Err(&format!("UPPER is not a number; {FORM}")));
    check("amount=0..inf", Err(&format!("UPPER is not a number; {FORM}")));
    check("amount=NaN..1", Err(&format!("LOWER is not a number; {FORM}")));
    check("amount=300..0", Err("LOWER is above UPPER: say the smaller number first"));
    let error = "Amount!=0..1".parse::<ColumnBounds>().expect_err("no column");
    assert!(error.ends_with(FORM), "{error}");
}

#[test]
fn a_column_is_bounded_once() {
    let all = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("bounds")).collect::<Vec<_>>();
    let found = by_column(all(&["amount=0..300", "quantity=0..10"])).expect("bounds");
    let found: Vec<_> = found.iter().map(|(column, bounds)| (column.as_str(), *bounds)).collect();
    assert_eq!(found, [("amount", (0.0, 300.0)), ("quantity", (0.0, 10.0))]);
    let twice = by_column(all(&["amount=0..300", "amount=0..10"])).expect_err("twice");
    assert!(format!("{twice:?}").contains("--bounds says column `amount` twice"), "{twice:?}");
}
