//! Three small tables whose values often meet: rows about members and their orders, and shops.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use membrane_model::{LogicalType, Protection, RevealLevel};
use membrane_policy::{CompareOperator, RowExpr, RowRule, RowValue};

use super::Dice;
use crate::rules::{Case, ColumnRule, ScanRules};
use crate::testing::{contract_column, shown, way};

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bool,
}

#[derive(Debug)]
pub(super) struct TestColumn {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    level: RevealLevel,
}

#[derive(Debug)]
pub(super) struct TestTable {
    pub(super) name: &'static str,
    pub(super) columns: &'static [TestColumn],
    rows: usize,
}

const fn clear(name: &'static str, kind: Kind) -> TestColumn {
    TestColumn { name, kind, level: RevealLevel::Clear }
}

/// `members` shows half of its rows, by `active`, and `phone` in part, or in clear where `tier` is `t1`.
pub(super) const TABLES: [TestTable; 3] = [
    TestTable {
        name: "members",
        columns: &[
            clear("id", Kind::Int),
            clear("tier", Kind::Text),
            clear("spend", Kind::Int),
            clear("active", Kind::Bool),
            TestColumn { name: "phone", kind: Kind::Text, level: RevealLevel::Partial },
        ],
        rows: 14,
    },
    TestTable {
        name: "orders",
        columns: &[
            clear("order_id", Kind::Int),
            clear("member_id", Kind::Int),
            clear("shop", Kind::Text),
            clear("amount", Kind::Int),
        ],
        rows: 20,
    },
    TestTable {
        name: "shops",
        columns: &[clear("shop", Kind::Text), clear("region", Kind::Text), clear("size", Kind::Int)],
        rows: 6,
    },
];

/// Says how a table is shown.
pub(super) fn rules(table: &TestTable) -> ScanRules {
    let is = |column: &str, value| RowExpr::Compare {
        column: column.parse().unwrap(),
        operator: CompareOperator::Eq,
        value,
    };
    let column = |column: &TestColumn| {
        let logical = match column.kind {
            Kind::Int => LogicalType::Integer,
            Kind::Text => LogicalType::String,
            Kind::Bool => LogicalType::Boolean,
        };
        let contract = contract_column(column.name, logical, Protection::Clear);
        let cases = match column.level {
            RevealLevel::Clear => Vec::new(),
            _ => vec![Case {
                condition: is("tier", RowValue::String("t1".to_owned())),
                way: way(&contract, shown(RevealLevel::Clear)).unwrap(),
            }],
        };
        ColumnRule::new(column.name.parse().unwrap(), cases, way(&contract, shown(column.level)).unwrap())
            .unwrap()
    };
    ScanRules {
        dataset: table.name.parse().unwrap(),
        columns: table.columns.iter().map(column).collect(),
        rows: match table.name {
            "members" => RowRule::When(is("active", RowValue::Boolean(true))),
            _ => RowRule::All,
        },
        with_subject: false,
    }
}

/// One value; none is NULL.
type Cell = Option<usize>;

/// The values of all tables, by table and column.
#[derive(Debug, Clone)]
pub(in crate::lineage) struct Data(Vec<Vec<Vec<Cell>>>);

impl Data {
    pub(in crate::lineage) fn new(dice: &mut Dice) -> Self {
        let column = |rows: usize, dice: &mut Dice| (0..rows).map(|_| cell(dice)).collect();
        let mut tables = Vec::new();
        for table in &TABLES {
            tables.push(table.columns.iter().map(|_| column(table.rows, dice)).collect());
        }
        Self(tables)
    }

    /// Returns the same data with other values in one column.
    pub(super) fn changed(&self, table: &str, column: &str, dice: &mut Dice) -> Self {
        let mut other = self.clone();
        let table_place = TABLES.iter().position(|one| one.name == table).unwrap();
        let column_place = TABLES[table_place].columns.iter().position(|one| one.name == column).unwrap();
        for value in &mut other.0[table_place][column_place] {
            if !dice.once_in(4) {
                *value = cell(dice);
            }
        }
        other
    }

    pub(super) fn batch(&self, table: &str) -> RecordBatch {
        let place = TABLES.iter().position(|one| one.name == table).unwrap();
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (column, cells) in TABLES[place].columns.iter().zip(&self.0[place]) {
            let (kind, array): (DataType, ArrayRef) = match column.kind {
                Kind::Int => {
                    let numbers = cells.iter().map(|cell| cell.map(|number| i64::try_from(number).unwrap()));
                    (DataType::Int64, Arc::new(numbers.collect::<Int64Array>()))
                }
                Kind::Text => {
                    let long = column.name == "phone";
                    let text = |number: usize| {
                        if long {
                            format!("138{number}00000{number}7{number}")
                        } else {
                            format!("t{}", number % 4)
                        }
                    };
                    let texts = cells.iter().map(|cell| cell.map(text));
                    (DataType::Utf8View, Arc::new(texts.collect::<StringViewArray>()))
                }
                Kind::Bool => {
                    let truths = cells.iter().map(|cell| cell.map(|number| number % 3 != 0));
                    (DataType::Boolean, Arc::new(truths.collect::<BooleanArray>()))
                }
            };
            fields.push(Field::new(column.name, kind, true));
            arrays.push(array);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
    }
}

fn cell(dice: &mut Dice) -> Cell {
    (!dice.once_in(9)).then(|| dice.below(8))
}
