use super::*;

fn noisy(value: i64, sd: f64) -> NoisyValue {
    NoisyValue { value, low95: value - 2, high95: value + 2, sd }
}

fn call(function: Function, parts: Vec<Value>) -> Value {
    Value::Call(function, parts)
}

fn group<'a>(keys: &'a [Option<String>], values: &'a [NoisyValue]) -> Group<'a> {
    Group {
        keys,
        values,
        kinds: &[AggregateKind::Sum { lower: 0, upper: 50_000, scale: 2 }, AggregateKind::Rows],
        quantiles: &[],
        rolled: 0,
    }
}

/// 200.00 with a deviation of 3.00, and 50 with one of 4.
fn released() -> [NoisyValue; 2] {
    [noisy(20_000, 300.0), noisy(50, 4.0)]
}

#[test]
fn noise_is_carried_through_what_is_computed() {
    let (values, keys) = (released(), [Some("SH".to_owned()), None]);
    let group = group(&keys, &values);
    let (sum, count) = (Value::Aggregate(0), Value::Aggregate(1));
    let near = |value: &Value, expected: f64, sd: f64| {
        let found = value.estimate(&group).expect("a number");
        assert!(
            (found.value - expected).abs() < 1e-9 && (found.sd - sd).abs() < sd * 0.02 + 1e-9,
            "{found:?}"
        );
    };
    near(&call(Function::Add, vec![sum.clone(), count.clone()]), 250.0, 5.0);
    near(&call(Function::Multiply, vec![Value::Number(2.0), sum.clone()]), 400.0, 6.0);
    // The same noise twice is not independent of itself.
    near(&call(Function::Subtract, vec![sum.clone(), sum.clone()]), 0.0, 0.0);
    // sd = 4 * sqrt((3/200)^2 + (4/50)^2), to first order.
    near(&call(Function::Divide, vec![sum, count]), 4.0, 0.3256);
}

/// Intervals are as wide as those of what they are made of: Laplace noise reaches further than 1.96 deviations, and what
/// is divided by a count near zero is not known.
#[test]
fn intervals_are_those_of_the_noise() {
    let laplace = NoisyValue { low95: 19_000, high95: 21_000, ..noisy(20_000, 450.0) };
    let values = [laplace, NoisyValue { low95: -3, high95: 13, ..noisy(5, 4.0) }];
    let group = group(&[], &values);
    let double = call(Function::Multiply, vec![Value::Number(2.0), Value::Aggregate(0)]);
    let found = double.estimate(&group).expect("a number");
    assert!((found.low95 - 380.0).abs() < 1e-6 && (found.high95 - 420.0).abs() < 1e-6, "{found:?}");
    let ratio = call(Function::Divide, vec![Value::Aggregate(0), Value::Aggregate(1)]);
    let found = ratio.estimate(&group).expect("a number");
    assert!((found.value - 40.0).abs() < 1e-9 && found.high95.is_infinite(), "{found:?}");
}

/// What is computed of an average has the average's own interval, also where the average is held at a bound: it was a
/// point of no width there, which one in three did not hold.
#[test]
fn what_is_made_of_averages_has_their_intervals() {
    let kinds = [AggregateKind::MeanSum { lower: 0, upper: 100, scale: 0 }, AggregateKind::Rows];
    let average = Value::Ratio(0, 1);
    let number = |value: f64| Value::Number(value);
    // Centred at 50: 50 - 3000 / 40 is below 0.
    for sum in [-3_000, -400, 0, 900, 3_000] {
        let noisy = |value: i64, half: i64, sd: f64| NoisyValue {
            value,
            low95: value - half,
            high95: value + half,
            sd,
        };
        let values = [noisy(sum, 980, 500.0), noisy(40, 8, 4.0)];
        let group = Group { keys: &[], values: &values, kinds: &kinds, quantiles: &[], rolled: 0 };
        let own = average.estimate(&group).expect("a number");
        for (value, times) in [
            (call(Function::Add, vec![average.clone(), number(0.0)]), 1.0),
            (call(Function::Multiply, vec![number(100.0), average.clone()]), 100.0),
            (call(Function::Divide, vec![average.clone(), number(-10.0)]), -0.1),
        ] {
            let found = value.estimate(&group).expect("a number");
            let (low95, high95) = (own.low95 * times, own.high95 * times);
            let (low95, high95) = (low95.min(high95), low95.max(high95));
            let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
            assert!(near(found.low95, low95) && near(found.high95, high95), "{sum}: {found:?} of {own:?}");
            assert!(
                found.high95 > found.low95 && near(found.sd, own.sd * times.abs()),
                "{sum}: {found:?} of {own:?}"
            );
        }
        // An average that may be zero has no inverse, or one without end; of one that is not, the ends change places.
        let inverse = call(Function::Divide, vec![number(1.0), average.clone()]).estimate(&group);
        match inverse {
            None => assert!(own.value <= 0.0, "{own:?}"),
            Some(found) if own.low95 <= 0.0 => assert!(found.high95.is_infinite(), "{found:?} of {own:?}"),
            Some(found) => {
                let near = |one: f64, other: f64| (one - other).abs() < 1e-9;
                assert!(
                    near(found.low95, 1.0 / own.high95) && near(found.high95, 1.0 / own.low95),
                    "{found:?} of {own:?}"
                );
            }
        }
        // The same number twice is not independent of itself.
        let twice = call(Function::Subtract, vec![average.clone(), average.clone()]).estimate(&group);
        assert_eq!(twice.map(|found| (found.low95, found.high95)), Some((0.0, 0.0)));
    }
}

#[test]
fn what_has_no_value_is_null_and_no_condition_holds_of_it() {
    let (values, keys) = (released(), [Some("SH".to_owned()), None]);
    let group = group(&keys, &values);
    let nothing = call(Function::Divide, vec![Value::Aggregate(0), Value::Number(0.0)]);
    assert_eq!(nothing.estimate(&group), None);
    let compare =
        |left: Value, comparison, right: Value| Value::Compare(Box::new(left), comparison, Box::new(right));
    assert!(!compare(nothing.clone(), CompareOperator::Gt, Value::Number(1.0)).holds(&group));
    assert!(
        !Value::Not(Box::new(compare(nothing.clone(), CompareOperator::Gt, Value::Number(1.0))))
            .holds(&group)
    );
    assert!(Value::IsNull(Box::new(nothing.clone())).holds(&group));
    assert!(Value::IsNull(Box::new(Value::Key(1, TypeOf::Text))).holds(&group));
    let key = compare(
        Value::Key(0, TypeOf::Text),
        CompareOperator::Eq,
        Value::Constant(Literal::Text("SH".into()), TypeOf::Text),
    );
    assert!(key.holds(&group));
    let many = compare(Value::Aggregate(1), CompareOperator::GtEq, Value::Number(50.0));
    assert!(Value::And(vec![key.clone(), many.clone()]).holds(&group));
    let unknown = compare(nothing, CompareOperator::Lt, Value::Number(1.0));
    assert!(Value::Or(vec![unknown.clone(), many]).holds(&group));
    assert!(!Value::And(vec![key, unknown]).holds(&group));
}

#[test]
fn dates_compare_as_dates() {
    let keys = [Some("2026-03-01".to_owned())];
    let group = Group { keys: &keys, values: &[], kinds: &[], quantiles: &[], rolled: 0 };
    let day = |days| Value::Constant(Literal::Date(days), TypeOf::Date);
    let before = |days| {
        let (key, day) = (Box::new(Value::Key(0, TypeOf::Date)), Box::new(day(days)));
        Value::Compare(key, CompareOperator::Lt, day).holds(&group)
    };
    assert!(before(20_514) && !before(20_513));
}
