use datafusion::arrow::array::{Int64Array, StringArray, StringViewArray};
use datafusion::logical_expr::{col, lit};

use super::*;
use crate::session::trusted_session;

const TEXTS: [Option<&str>; 9] = [
    Some("SH"),
    Some("BJ"),
    Some(""),
    Some("SH "),
    Some("twelve bytes"),
    Some("thirteen byte"),
    Some("thirteen bytes, and more of them"),
    None,
    Some("sh"),
];

fn batch() -> RecordBatch {
    let texts: StringViewArray = TEXTS.iter().copied().cycle().take(200).collect();
    let plain: StringArray = TEXTS.iter().copied().cycle().take(200).collect();
    let numbers: Int64Array = (0..200).map(|row| (row % 7 != 0).then_some(row)).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("text", Arc::new(texts)), ("plain", Arc::new(plain)), ("number", Arc::new(numbers))];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn view(text: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(text.to_owned())))
}

/// Compares with DataFusion's own evaluation of the whole; `words` is how many conditions are compared as words.
fn check(conditions: &[Expr], words: usize) {
    let batch = batch();
    // Also where the batch is a part of a longer one.
    for batch in [batch.clone(), batch.slice(3, 150), batch.slice(0, 0)] {
        let predicate =
            Predicate::bind(conditions, &batch.schema(), &trusted_session().unwrap()).unwrap().unwrap();
        assert_eq!(predicate.words.len(), words, "{conditions:?}");
        let whole = predicate.whole().evaluate(&batch).unwrap().into_array(batch.num_rows()).unwrap();
        let expected: Vec<bool> = whole.as_boolean().iter().map(|kept| kept == Some(true)).collect();
        let found = predicate.verdict(&batch).unwrap();
        assert_eq!(found.null_count(), 0);
        assert_eq!(
            found.iter().map(|kept| kept == Some(true)).collect::<Vec<_>>(),
            expected,
            "{conditions:?}"
        );
    }
}

#[test]
fn words_and_texts_agree() {
    let list = |texts: &[&str]| texts.iter().map(|text| view(text)).collect::<Vec<_>>();
    check(&[col("text").in_list(list(&["SH", "BJ"]), false)], 1);
    check(&[col("text").in_list(list(&["SH"]), false), col("number").gt(lit(20_i64))], 1);
    check(&[col("text").in_list(list(&["", "twelve bytes", "nowhere"]), false)], 1);
    check(&[col("text").eq(view("SH"))], 1);
    check(&[col("text").eq(view(""))], 1);
    check(&[col("text").eq(view("SH")), col("text").in_list(list(&["SH", "BJ"]), false)], 2);
    check(&[col("text").is_not_null(), col("text").in_list(list(&["SH", "BJ"]), false)], 1);
    // What does not lie in a view, is negated or is no text is left to DataFusion.
    check(&[col("text").in_list(list(&["SH", "thirteen byte"]), false)], 0);
    check(&[col("text").in_list(list(&["SH", "BJ"]), true)], 0);
    check(&[col("text").not_eq(view("SH"))], 0);
    check(&[col("plain").eq(lit("SH"))], 0);
    check(&[col("number").eq(lit(5_i64))], 0);
    check(&[col("text").in_list((0..17).map(|n| view(&n.to_string())).collect(), false)], 0);
    check(&[col("number").gt(lit(20_i64)), col("number").lt(lit(90_i64))], 0);
    check(&[lit(true)], 0);
    check(&[lit(false)], 0);
    check(&[lit(ScalarValue::Boolean(None))], 0);
}

#[test]
fn without_conditions_there_is_none() {
    assert!(Predicate::bind(&[], &batch().schema(), &trusted_session().unwrap()).unwrap().is_none());
}

#[test]
fn conditions_that_do_not_fit_are_refused() {
    let wrong = [col("absent").eq(view("SH"))];
    let bound = Predicate::bind(&wrong, &batch().schema(), &trusted_session().unwrap());
    assert_eq!(bound.err(), Some(ScanFault::Rule));
}
