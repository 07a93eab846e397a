use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BinaryViewArray, Date32Array, Int64Array, StringViewArray, UInt32Array,
};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use membrane_catalog::Column;
use membrane_model::{
    DatasetName, Generalisation, IdentityKind, LogicalType, PartialMask, Protection, RevealLevel, Shown,
    TokenForm,
};
use membrane_policy::{CompareOperator, RowExpr, RowRule, RowValue};
use membrane_vault::{CellContext, WrappedKey};

use super::*;
use crate::error::QueryError;
use crate::rules::{Case, ColumnRule, ScanRules};
use crate::session::{trusted_session, user_session};
use crate::table::GovernedTable;
use crate::testing::{Asker, contract_column, ledger, rule, vault, way};
use membrane_model::Limits;

const PHONES: [Option<&str>; 4] = [Some("13800138000"), Some("13900139001"), None, Some("13700137002")];
const BIRTHS: [&str; 4] = ["1990-02-28", "1985-12-31", "2000-01-01", "1970-06-15"];

struct World {
    ledger: Ledger,
    subjects: Vec<SubjectId>,
    keys: Vec<DataKey>,
    wrapped: Vec<WrappedKey>,
    _folder: tempfile::TempDir,
}

/// Four members with keys in the ledger; the key of the one at `erased` was never stored.
async fn world(erased: Option<usize>) -> World {
    let (ledger, folder) = ledger().await;
    let vault = vault();
    let bucket = ledger.reserve_bucket().await.unwrap();
    let (bucket_key, wrapped) = vault.new_bucket(bucket).unwrap();
    ledger.store_bucket(bucket, &wrapped).await.unwrap();
    let kind: IdentityKind = "member_no".parse().unwrap();
    let mut world =
        World { ledger, subjects: Vec::new(), keys: Vec::new(), wrapped: Vec::new(), _folder: folder };
    for index in 0..PHONES.len() {
        let subject = vault.subject_id(&kind, format!("M{index}").as_bytes());
        let (key, wrapped) = bucket_key.new_data_key(&subject).unwrap();
        if erased != Some(index) {
            world.ledger.store_data_keys(&[(subject, bucket, wrapped.clone())]).await.unwrap();
        }
        world.subjects.push(subject);
        world.keys.push(key);
        world.wrapped.push(wrapped);
    }
    world
}

impl World {
    fn seal(&self, column: &str, index: usize, value: &str) -> Vec<u8> {
        let mut sealed = Vec::new();
        let dataset: DatasetName = "member".parse().unwrap();
        let column = column.parse().unwrap();
        let context = CellContext { dataset: &dataset, column: &column, subject: &self.subjects[index] };
        self.keys[index].seal(&context, value.as_bytes(), &mut sealed).unwrap();
        sealed
    }

    fn batch(&self, views: bool, moved: bool) -> (Arc<Schema>, RecordBatch) {
        let phones: Vec<Option<Vec<u8>>> = PHONES
            .iter()
            .enumerate()
            .map(|(index, phone)| phone.map(|phone| self.seal("phone", index, phone)))
            .collect();
        let mut births: Vec<Option<Vec<u8>>> = BIRTHS
            .iter()
            .enumerate()
            .map(|(index, birth)| Some(self.seal("birth_date", index, birth)))
            .collect();
        if moved {
            births.swap(0, 1);
        }
        let tokens: Vec<Option<Vec<u8>>> = PHONES
            .iter()
            .map(|phone| phone.map(|phone| vault().tokenizer("pii.test").token(phone.as_bytes()).to_vec()))
            .collect();
        let subjects: Vec<Option<Vec<u8>>> =
            self.subjects.iter().map(|subject| Some(subject.as_bytes().to_vec())).collect();
        let binary = |cells: Vec<Option<Vec<u8>>>| -> ArrayRef {
            if views {
                Arc::new(cells.into_iter().collect::<BinaryViewArray>())
            } else {
                Arc::new(cells.into_iter().collect::<BinaryArray>())
            }
        };
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("_subject", binary(subjects)),
            ("id", Arc::new(Int64Array::from_iter_values(0..4))),
            ("phone__token", binary(tokens)),
            ("phone__sealed", binary(phones)),
            ("birth_date__sealed", binary(births)),
        ];
        let fields: Vec<Field> =
            columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
        (schema, batch)
    }

    fn table(&self, views: bool, swapped: bool) -> MemTable {
        let (schema, batch) = self.batch(views, swapped);
        MemTable::try_new(schema, vec![vec![batch]]).unwrap()
    }

    /// The table with swapped cells, its rows the other way round.
    fn reversed(&self) -> MemTable {
        let (schema, batch) = self.batch(true, true);
        let rows = UInt32Array::from(vec![3, 2, 1, 0]);
        let batch = take_record_batch(&batch, &rows).unwrap();
        MemTable::try_new(schema, vec![vec![batch]]).unwrap()
    }

    fn asker(&self, level: RevealLevel, birth_level: RevealLevel, table: MemTable) -> Asker {
        let phone = rule("phone", LogicalType::String, Protection::SealedToken, level);
        let birth = rule("birth_date", LogicalType::Date, Protection::Sealed, birth_level);
        self.asker_by(phone, birth, table)
    }

    fn asker_by(&self, phone: ColumnRule, birth: ColumnRule, table: MemTable) -> Asker {
        let rules = ScanRules {
            dataset: "member".parse().unwrap(),
            columns: vec![
                rule("id", LogicalType::Integer, Protection::Clear, RevealLevel::Clear),
                phone,
                birth,
            ],
            rows: RowRule::All,
            with_subject: false,
        };
        let opener = Arc::new(Opener::new(self.ledger.clone(), vault()));
        let table = GovernedTable::new(rules, Some(Arc::new(table)), trusted_session().unwrap(), opener);
        let limits = Limits::default();
        let state = user_session(vec![("member".parse().unwrap(), Arc::new(table))], &limits).unwrap();
        Asker::over(state, limits)
    }

    async fn show(
        &self,
        level: RevealLevel,
        birth_level: RevealLevel,
        table: MemTable,
    ) -> Result<RecordBatch, QueryError> {
        let asker = self.asker(level, birth_level, table);
        let batches = asker.ask("select id, phone, birth_date from member order by id").await?;
        Ok(concat_batches(&batches[0].schema(), &batches).unwrap())
    }
}

fn texts(batch: &RecordBatch, column: usize) -> Vec<Option<String>> {
    let array: &StringViewArray = batch.column(column).as_string_view();
    array.iter().map(|text| text.map(str::to_owned)).collect()
}

fn some(values: &[Option<&str>]) -> Vec<Option<String>> {
    values.iter().map(|value| value.map(str::to_owned)).collect()
}

#[tokio::test]
async fn sealed_cells_open_at_every_level() {
    let world = world(None).await;
    for views in [true, false] {
        let shown =
            world.show(RevealLevel::Clear, RevealLevel::Clear, world.table(views, false)).await.unwrap();
        assert_eq!(texts(&shown, 1), some(&PHONES));
        let births =
            Date32Array::from(BIRTHS.map(|text| crate::typed::days_of(text.parse().unwrap())).to_vec());
        assert_eq!(shown.column(2).as_ref(), &births);

        let shown = world
            .show(RevealLevel::Partial, RevealLevel::Generalised, world.table(views, false))
            .await
            .unwrap();
        assert_eq!(
            texts(&shown, 1),
            some(&[Some("138******00"), Some("139******01"), None, Some("137******02")])
        );
        let years = Date32Array::from(
            ["1990-01-01", "1985-01-01", "2000-01-01", "1970-01-01"]
                .map(|text| crate::typed::days_of(text.parse().unwrap()))
                .to_vec(),
        );
        assert_eq!(shown.column(2).as_ref(), &years);
    }
}

/// Stored tokens are re-keyed; a sealed column without them tells of no two rows that they are equal.
#[tokio::test]
async fn tokens_come_from_storage_and_not_from_opening() {
    let world = world(None).await;
    let stored = world.show(RevealLevel::Token, RevealLevel::Token, world.table(true, true)).await.unwrap();
    let shown = texts(&stored, 1);
    assert!(shown[0].as_ref().is_some_and(|token| token.len() == 22) && shown[2].is_none());
    let of_value = rule("phone", LogicalType::String, Protection::Clear, RevealLevel::Token);
    let values: ArrayRef = Arc::new(StringViewArray::from(PHONES.to_vec()));
    let array = crate::mask::of_values(&of_value.otherwise, &values, true).unwrap();
    assert_eq!(Some(array.as_string_view().value(0)), shown[0].as_deref());
    assert_eq!(stored.column(2).null_count(), 4);
}

#[tokio::test]
async fn an_erased_subject_is_null() {
    let world = world(Some(1)).await;
    let shown = world.show(RevealLevel::Clear, RevealLevel::Clear, world.table(true, false)).await.unwrap();
    assert_eq!(texts(&shown, 1), some(&[PHONES[0], None, None, PHONES[3]]));
    assert!(shown.column(2).is_null(1) && shown.column(2).is_valid(0));
}

#[tokio::test]
async fn a_cell_that_does_not_open_ends_the_query() {
    let world = world(None).await;
    let error =
        world.show(RevealLevel::Clear, RevealLevel::Clear, world.table(true, true)).await.unwrap_err();
    assert_eq!(error, QueryError::CellUnreadable);
    assert_eq!(error.to_string(), "a protected cell could not be opened");
}

/// The cells of rows 0 and 1 are each other's and do not open. Rows that a statement does not want are left alone.
#[tokio::test]
async fn only_cells_of_wanted_rows_are_opened() {
    let world = world(None).await;
    let asker = world.asker(RevealLevel::Clear, RevealLevel::Clear, world.table(true, true));
    for sql in [
        "select phone, birth_date from member where id >= 2",
        "select phone, birth_date from member where id >= 2 limit 1",
        "select phone, birth_date from member limit 0",
        "select id from member",
        "select id from member limit 1",
    ] {
        assert!(asker.ask(sql).await.is_ok(), "{sql}");
    }
    let backwards = world.asker(RevealLevel::Clear, RevealLevel::Clear, world.reversed());
    let two = backwards.ask("select phone, birth_date from member limit 2").await.unwrap();
    assert_eq!(two.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    let error = backwards.ask("select phone, birth_date from member limit 3").await.unwrap_err();
    assert_eq!(error, QueryError::CellUnreadable);
}

/// The cells of rows 0 and 1 do not open: a mask that shows them as NULL, or as tokens, leaves them alone, and those
/// of the other rows are opened for the way that shows them.
#[tokio::test]
async fn a_conditional_mask_opens_the_cells_of_its_own_rows() {
    let world = world(None).await;
    let from_two = || RowExpr::Compare {
        column: "id".parse().unwrap(),
        operator: CompareOperator::GtEq,
        value: RowValue::Integer(2),
    };
    let by = |column: Column, some: Shown, others: Shown| {
        let cases = vec![Case { condition: from_two(), way: way(&column, some).unwrap() }];
        ColumnRule::new(column.name.clone(), cases, way(&column, others).unwrap()).unwrap()
    };
    let phone = contract_column("phone", LogicalType::String, Protection::SealedToken);
    let birth = contract_column("birth_date", LogicalType::Date, Protection::Sealed);
    let partial = Shown::Partial(PartialMask::LastFour);
    let phone = by(phone, partial, Shown::Token(TokenForm::Opaque));
    let birth = by(birth, Shown::Generalised(Generalisation::Month), Shown::Null);
    let asker = world.asker_by(phone, birth, world.table(true, true));
    let batches = asker.ask("select id, phone, birth_date from member order by id").await.unwrap();
    let shown = concat_batches(&batches[0].schema(), &batches).unwrap();
    let phones = texts(&shown, 1);
    assert!(phones[..2].iter().all(|token| token.as_ref().is_some_and(|token| token.len() == 22)));
    assert_eq!(phones[2..], some(&[None, Some("nnnnnnn7002")]));
    let month = |text: &str| Some(crate::typed::days_of(text.parse().unwrap()));
    let births = Date32Array::from(vec![None, None, month("2000-01-01"), month("1970-06-01")]);
    assert_eq!(shown.column(2).as_ref(), &births);
}

#[tokio::test]
async fn levels_that_open_nothing_need_no_keys() {
    let world = world(None).await;
    let shown = world.show(RevealLevel::Null, RevealLevel::Null, world.table(true, true)).await.unwrap();
    assert!(texts(&shown, 1).iter().all(Option::is_none));
}

#[test]
fn what_is_no_subject_closes_the_scan() {
    let short: ArrayRef = Arc::new(BinaryArray::from(vec![b"short".as_slice()]));
    assert_eq!(subjects_of(&short).unwrap_err(), ScanFault::Shape);
    let missing: ArrayRef = Arc::new(BinaryArray::from(vec![None::<&[u8]>]));
    assert_eq!(subjects_of(&missing).unwrap_err(), ScanFault::Shape);
}
