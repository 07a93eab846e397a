use std::sync::Arc;

use arrow::array::{Decimal128Array, StringArray};
use proptest::prelude::*;

use super::*;
use crate::fixture::members;

/// The columns of `members`, of which only `amount` has values: in hundredths.
fn columns(amounts: &[Option<i128>]) -> Vec<ArrayRef> {
    let amount = Decimal128Array::from(amounts.to_vec()).with_precision_and_scale(12, 2).unwrap();
    let other = || Arc::new(StringArray::from(vec![None::<&str>; amounts.len()])) as ArrayRef;
    let of = |name: &str| if name == "amount" { Arc::new(amount.clone()) as ArrayRef } else { other() };
    members().columns.iter().map(|column| of(column.name.as_str())).collect()
}

fn tally(stated: &str) -> Result<Tally, String> {
    let totals = ControlTotals::parse(stated.as_bytes(), OnDifference::Stop);
    totals.and_then(|totals| Tally::new(&members(), &totals)).map_err(|error| error.to_string())
}

fn told(tally: &Tally) -> Vec<String> {
    let told = |total: &Reconciled| {
        let Reconciled { verdict, taken, rest, unread, .. } = total;
        let (stated, aside) = rest.as_ref().map_or(("?", "?"), |rest| (&rest.stated, &rest.aside));
        format!("{} {}: {stated} = {taken} + {aside}, {unread}", total.what(), verdict.as_str())
    };
    tally.reconciled().iter().map(told).collect()
}

fn amount() -> usize {
    members().columns.iter().position(|column| column.name.as_str() == "amount").unwrap()
}

#[test]
fn what_is_taken_in_and_what_is_set_aside_is_all_there_is() {
    let mut tally = tally(r#"{"rows": 4, "sums": {"amount": "12.50"}}"#).unwrap();
    tally.add(&columns(&[Some(1000), None]), &[true, true], &[], 0).unwrap();
    tally.add(&columns(&[Some(300), Some(-50)]), &[false, true], &[], 0).unwrap();
    assert_eq!(told(&tally), ["rows agrees: 4 = 3 + 1, 0", "amount agrees: ? = 9.50 + ?, 0"]);
    tally.add(&columns(&[Some(1)]), &[true], &[], 0).unwrap();
    assert_eq!(told(&tally), ["rows differs: 4 = 4 + 1, 0", "amount differs: ? = 9.51 + ?, 0"]);
}

/// A sender that adds up a value which the column cannot have is honest: the row is set aside, and the sum says nothing.
#[test]
fn a_sum_that_the_column_cannot_have_refuses_nothing_but_good_rows() {
    for stated in ["3.125", "NaN", "1e400"] {
        let totals = format!(r#"{{"rows": 2, "sums": {{"amount": "{stated}"}}}}"#);
        let mut with_bad = tally(&totals).unwrap();
        let fault = Fault { row: 0, about: amount(), code: ReasonCode::WrongType };
        with_bad.add(&columns(&[None, Some(200)]), &[false, true], &[fault], 0).unwrap();
        assert_eq!(told(&with_bad), ["rows agrees: 2 = 1 + 1, 0", "amount unknown: ? = 2.00 + ?, 1"]);
        let mut all_good = tally(&totals).unwrap();
        all_good.add(&columns(&[Some(100), Some(200)]), &[true, true], &[], 0).unwrap();
        assert_eq!(told(&all_good)[1], format!("amount differs: {stated} = 3.00 + 0.00, 0"));
    }
}

/// What stands in an amount of a bad row may be a telephone number.
#[test]
fn of_bad_rows_nothing_is_told_but_whether_it_fits() {
    let whole = tally(r#"{"sums": {"amount": "12.50"}}"#).unwrap();
    let mut tally = tally(r#"{"sums": {"amount": "12.50"}}"#).unwrap();
    tally.add(&columns(&[Some(1250)]), &[true], &[], 0).unwrap();
    assert_eq!(told(&tally), ["amount agrees: 12.50 = 12.50 + 0.00, 0"]);
    tally.add(&columns(&[Some(1_380_013_800_100)]), &[false], &[], 0).unwrap();
    assert_eq!(told(&tally), ["amount differs: ? = 12.50 + ?, 0"]);
    assert_eq!(told(&whole), ["amount differs: 12.50 = 0.00 + 0.00, 0"]);
    let kept = serde_json::to_string(&tally.reconciled()).unwrap();
    assert!(!kept.contains("13800138001"), "{kept}");
}

#[test]
fn a_value_that_cannot_be_read_leaves_a_sum_open() {
    let mut tally = tally(r#"{"rows": 3, "sums": {"amount": 12}}"#).unwrap();
    let fault = |code| Fault { row: 0, about: amount(), code };
    tally.add(&columns(&[None]), &[false], &[fault(ReasonCode::WrongType)], 0).unwrap();
    tally.add(&columns(&[Some(200)]), &[false], &[fault(ReasonCode::OutOfRange)], 1).unwrap();
    assert_eq!(told(&tally), ["rows agrees: 3 = 0 + 3, 0", "amount unknown: ? = 0.00 + ?, 2"]);
}

#[test]
fn what_cannot_be_held_against_a_delivery_is_refused() {
    let form =
        "the control totals cannot be read: it is JSON like {\"rows\": 3, \"sums\": {\"amount\": \"12.50\"}}";
    let cases = [
        ("canary", form),
        (r#"{"rows": -1}"#, form),
        (r#"{"rows": 1, "canary": 2}"#, form),
        (r#"{"sums": {"amount": 12.5}}"#, form),
        (r#"{"sums": {"No Name": "1"}}"#, form),
        ("{}", "the control totals cannot be read: it states neither `rows` nor `sums`"),
        (
            r#"{"sums": {"canary": "1"}}"#,
            "the control totals cannot be read: it states the sum of a column that the contract does not have",
        ),
        (
            r#"{"sums": {"phone": "1"}}"#,
            "the control totals do not fit: column `phone`: only columns whose protection is `clear` are added up",
        ),
        (
            r#"{"sums": {"tier": "1"}}"#,
            "the control totals do not fit: column `tier`: only whole numbers and decimals add up exactly",
        ),
        (
            r#"{"sums": {"amount": "one"}}"#,
            "the control totals do not fit: column `amount`: its sum is no number",
        ),
    ];
    for (stated, wanted) in cases {
        assert_eq!(tally(stated).err().unwrap(), wanted, "{stated}");
    }
}

#[test]
fn nothing_that_is_printed_has_a_sum() {
    let totals = ControlTotals::parse(br#"{"sums": {"amount": "7777.77"}}"#, OnDifference::Stop).unwrap();
    let tally = Tally::new(&members(), &totals).unwrap();
    assert!(!format!("{totals:?} {:?}", tally.reconciled()).contains("7777"));
}

proptest! {
    /// Whatever lies where, and however it is cut into batches: the sums are those of all rows.
    #[test]
    fn sums_are_exact(rows in proptest::collection::vec((any::<Option<i32>>(), any::<bool>()), 0..60), cut in 0_usize..60) {
        let sum: i128 = rows.iter().filter_map(|(value, _)| value.map(i128::from)).sum();
        let text = Decimal128Type::format_decimal(sum, DIGITS, 2);
        let mut tally = tally(&format!(r#"{{"rows": {}, "sums": {{"amount": "{text}"}}}}"#, rows.len())).unwrap();
        let (one, other) = rows.split_at(cut.min(rows.len()));
        for part in [one, other] {
            let amounts: Vec<_> = part.iter().map(|(value, _)| value.map(i128::from)).collect();
            let good: Vec<bool> = part.iter().map(|(_, good)| *good).collect();
            tally.add(&columns(&amounts), &good, &[], 0).unwrap();
        }
        prop_assert!(tally.reconciled().iter().all(|total| total.verdict == Verdict::Agrees));
    }
}
