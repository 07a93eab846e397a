use super::*;

fn column(logical: TypeOf) -> ColumnRef {
    ColumnRef { table: 0, column: "c".parse().expect("a column name"), logical, required: false }
}

fn equals(text: &str) -> Condition {
    Condition::Compare {
        column: column(TypeOf::Text),
        comparison: Comparison::Eq,
        value: Literal::Text(text.into()),
    }
}

fn check(condition: &Condition, value: Option<&str>, expected: Option<Option<bool>>) {
    let value = value.map(|text| Literal::Text(text.into()));
    assert_eq!(condition.decide(value.as_ref()), expected, "{condition:?} at {value:?}");
}

#[test]
fn conditions_are_decided_in_three_valued_logic() {
    let (a, b) = (equals("a"), equals("b"));
    let null = Condition::IsNull(column(TypeOf::Text));
    check(&a, Some("a"), Some(Some(true)));
    check(&a, Some("b"), Some(Some(false)));
    check(&a, None, Some(None));
    check(&Condition::Not(Box::new(a.clone())), None, Some(None));
    check(&null, None, Some(Some(true)));
    check(&Condition::Or(vec![a.clone(), null.clone()]), None, Some(Some(true)));
    check(&Condition::And(vec![a.clone(), null]), None, Some(None));
    check(&Condition::And(vec![a.clone(), b.clone()]), Some("a"), Some(Some(false)));
    check(&Condition::Or(vec![a, b]), Some("b"), Some(Some(true)));
    let within = Condition::In { column: column(TypeOf::Text), values: vec![Literal::Text("x".into())] };
    check(&within, Some("x"), Some(Some(true)));
    check(&within, None, Some(None));
    let less = Condition::Compare {
        column: column(TypeOf::Text),
        comparison: Comparison::Lt,
        value: Literal::Text("m".into()),
    };
    check(&less, Some("a"), Some(Some(true)));
    check(&less, Some("z"), Some(Some(false)));
}

#[test]
fn what_cannot_be_decided_is_not_guessed() {
    let like = Condition::Like { column: column(TypeOf::Text), pattern: "a%".into(), ignore_case: false };
    check(&like, Some("a"), None);
    check(&Condition::And(vec![equals("a"), like]), Some("a"), None);
}
