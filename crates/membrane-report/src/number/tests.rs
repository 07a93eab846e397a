//! Tests.

use proptest::prelude::*;

use super::*;

#[test]
fn decimals() {
    assert_eq!(Number::from_f64(0.25).unwrap().as_str(), "0.25");
    assert_eq!(Number::from_f64(-3.0).unwrap().as_str(), "-3");
    assert_eq!(Number::from(u64::MAX).as_str(), "18446744073709551615");
    assert_eq!(Number::from(-7_i64).as_str(), "-7");
    assert_eq!(Number::from_f64(f64::NAN), Err(ReportError::Number));
    assert_eq!(Number::from_f64(f64::NEG_INFINITY), Err(ReportError::Number));
}

proptest! {
    #[test]
    fn json_reads_the_same_number(number: f64) {
        prop_assume!(number.is_finite());
        let text = Number::from_f64(number).unwrap().to_string();
        let raw: &serde_json::value::RawValue = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(raw.get().parse::<f64>().unwrap().to_bits(), number.to_bits());
    }
}
