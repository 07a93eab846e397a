use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Int8Array, Int32Array, Int64Array, ListArray,
    ListBuilder, StringArray, StringBuilder, StringViewArray, StructArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int8Type, Int64Type};
use arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use membrane_model::Limits;
use proptest::prelude::*;

use super::*;
use crate::session::user_session;

fn batch(numbers: &[Option<i64>], texts: &[Option<String>]) -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(numbers.iter().copied().collect::<Int64Array>())),
        ("t", Arc::new(texts.iter().cloned().collect::<StringArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn digest(batches: &[RecordBatch]) -> String {
    let mut digest = AnswerDigest::new(batches[0].schema());
    batches.iter().for_each(|batch| digest.add(batch).unwrap());
    digest.finish()
}

proptest! {
    /// In which batches rows came does not matter; what is in any cell does.
    #[test]
    fn an_answer_is_its_cells(
        rows in proptest::collection::vec((proptest::option::of(any::<i64>()), proptest::option::of(".{0,9}")), 1..40),
        cut in any::<prop::sample::Index>(),
        row in any::<prop::sample::Index>(),
    ) {
        let (numbers, texts): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
        let whole = batch(&numbers, &texts);
        let at = cut.index(rows.len());
        let parts = [whole.slice(0, at), whole.slice(at, rows.len() - at)];
        prop_assert_eq!(digest(std::slice::from_ref(&whole)), digest(&parts));
        let mut other = numbers.clone();
        let row = row.index(rows.len());
        other[row] = other[row].map_or(Some(0), |number| Some(number.wrapping_add(1)));
        prop_assert_ne!(digest(std::slice::from_ref(&whole)), digest(&[batch(&other, &texts)]));
        let mut other = texts;
        other[row] = match other[row].take() {
            None => Some(String::new()),
            Some(text) if text.is_empty() => None,
            Some(_) => Some(String::new()),
        };
        prop_assert_ne!(digest(&[whole]), digest(&[batch(&numbers, &other)]));
    }
}

/// What lies in memory alike, and is not the same.
#[test]
fn another_type_is_another_answer() {
    let of =
        |array: ArrayRef| digest(&[RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap()]);
    let list = |texts: &[&str]| -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new());
        texts.iter().for_each(|text| lists.values().append_value(text));
        lists.append(true);
        Arc::new(lists.finish())
    };
    let pairs: [(ArrayRef, ArrayRef); 5] = [
        (Arc::new(Int32Array::from(vec![7, 16_777_216])), Arc::new(Int64Array::from(vec![Some(7), None]))),
        (Arc::new(Int64Array::from(vec![7])), Arc::new(TimestampMicrosecondArray::from(vec![7]))),
        (Arc::new(StringArray::from(vec!["a"])), Arc::new(BinaryArray::from(vec![b"a".as_slice()]))),
        (list(&["a, b"]), list(&["a", "b"])),
        (
            Arc::new(DictionaryArray::new(
                Int8Array::from(vec![0]),
                Arc::new(StringArray::from(vec![None::<&str>])),
            )),
            Arc::new(DictionaryArray::new(Int8Array::from(vec![0]), Arc::new(StringArray::from(vec![""])))),
        ),
    ];
    for (one, other) in pairs {
        assert_ne!(of(one), of(other));
    }
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("a")]));
    let words: DictionaryArray<Int8Type> = [Some("a"), None, Some("a")].into_iter().collect();
    assert_eq!(of(texts), of(Arc::new(words)));
}

/// How texts lie in memory is no part of an answer; what they are called is.
#[test]
fn a_text_is_its_letters() {
    let of = |name: &str, array: ArrayRef| {
        digest(&[RecordBatch::try_from_iter_with_nullable([(name, array, true)]).unwrap()])
    };
    let texts = [Some("a"), None, Some("a text of more than twelve bytes")];
    let plain = of("t", Arc::new(texts.into_iter().collect::<StringArray>()));
    assert_eq!(plain, of("t", Arc::new(texts.into_iter().collect::<StringViewArray>())));
    assert_ne!(plain, of("u", Arc::new(texts.into_iter().collect::<StringArray>())));
    // One text does not run into the next.
    let pair = |first: &'static str, second: &'static str| {
        of("t", Arc::new([Some(first), Some(second)].into_iter().collect::<StringArray>()))
    };
    assert_ne!(pair("ab", "c"), pair("a", "bc"));
}

#[test]
fn the_digest_of_an_answer_is_golden() {
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None]);
    let field = Arc::new(Field::new("f", DataType::Int32, true));
    let structs =
        StructArray::from(vec![(field, Arc::new(Int32Array::from(vec![Some(2), None])) as ArrayRef)]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int64Array::from(vec![Some(1), None]))),
        ("t", Arc::new(StringArray::from(vec![Some("Ana"), Some("会员")]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("l", Arc::new(lists)),
        ("s", Arc::new(structs)),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    );
    assert_eq!(digest(&[batch.unwrap()]), "d98562268b80eec7b6dae8037f07a455cc33664760d38ef0fd6b7ee7fe832f85");
}

async fn of_sql(sql: &str) -> String {
    let rows = batch(&[Some(1)], &[Some("a".to_owned())]);
    let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
    let state =
        user_session(vec![("members".parse().unwrap(), Arc::new(table))], &Limits::default()).unwrap();
    let plan = state.create_logical_plan(sql).await.unwrap();
    plan_digest(&plan).unwrap()
}

/// Values, and names that say them, are no part of a plan's digest: nobody can try them. What is asked is.
#[tokio::test]
async fn a_plan_is_its_shape() {
    let same = [
        ("SELECT n FROM members WHERE t = 'Ana'", "SELECT n FROM members WHERE t = 'Bo'"),
        ("SELECT n AS ana FROM members", "SELECT n AS bo FROM members"),
        ("SELECT ana.n FROM members ana", "SELECT bo.n FROM members bo"),
        ("SELECT 'Ana', COUNT(*) FROM members GROUP BY 1", "SELECT 'Bo', COUNT(*) FROM members GROUP BY 1"),
        (
            "SELECT SUM(CASE WHEN t = 'Ana' THEN n END) FROM members HAVING SUM(n) > 1",
            "SELECT SUM(CASE WHEN t = 'Bo' THEN n END) FROM members HAVING SUM(n) > 2",
        ),
        (
            "SELECT n FROM members WHERE n IN (SELECT n FROM members WHERE t = 'Ana')",
            "SELECT n FROM members WHERE n IN (SELECT n FROM members WHERE t = 'Bo')",
        ),
    ];
    for (one, other) in same {
        assert_eq!(of_sql(one).await, of_sql(other).await, "{one}");
    }
    let different = [
        "SELECT n FROM members",
        "SELECT t FROM members",
        "SELECT n FROM members WHERE t = 'Ana'",
        "SELECT n FROM members WHERE t <> 'Ana'",
        "SELECT n FROM members WHERE n = 1",
        "SELECT n FROM members WHERE n IN (SELECT n FROM members)",
        "SELECT n FROM members WHERE n NOT IN (SELECT n FROM members)",
        "SELECT n FROM members ORDER BY n",
        "SELECT n FROM members LIMIT 1",
        "SELECT COUNT(n) FROM members",
        "SELECT COUNT(DISTINCT n) FROM members",
        "SELECT MAX(n) FROM members",
        "SELECT n FROM members UNION ALL SELECT n FROM members",
        "SELECT n FROM members ORDER BY n DESC",
        "SELECT n FROM members ORDER BY n NULLS FIRST",
        "SELECT CAST(n AS TEXT) FROM members",
        "SELECT CAST(n AS SMALLINT) FROM members",
        "SELECT a.n FROM members a JOIN members b ON a.n = b.n WHERE b.t = 'Ana'",
        "SELECT b.n FROM members a JOIN members b ON a.n = b.n WHERE b.t = 'Ana'",
        "SELECT a.n FROM members a CROSS JOIN members b",
        "SELECT b.n FROM members a CROSS JOIN members b",
        "SELECT x FROM (SELECT n + 1 AS x, n - 1 AS y FROM members) made",
        "SELECT y FROM (SELECT n + 1 AS x, n - 1 AS y FROM members) made",
        "SELECT SUM(n) OVER (ORDER BY t) FROM members",
        "SELECT SUM(n) OVER (ORDER BY t DESC) FROM members",
        "SELECT SUM(n) OVER (ORDER BY t ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM members",
        "SELECT t FROM members WHERE t LIKE 'a'",
        "SELECT t FROM members WHERE t ILIKE 'a'",
    ];
    let mut digests = Vec::new();
    for sql in different {
        digests.push(of_sql(sql).await);
    }
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), count);
}
