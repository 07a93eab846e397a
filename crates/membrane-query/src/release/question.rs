//! What a release asks, after planning: a closed form in which every part can be bounded.
//!
//! Nothing of the partner's SQL survives but this: which columns, which comparisons with constants
//! already of the column's type, which groups. Whatever is computed on rows is therefore total: it
//! cannot fail on some member's row and tell by it that the row is there.

use membrane_model::{ColumnName, DatasetName, LogicalType};
use serde::Serialize;

/// A release as it will be computed. Its serialised form, after [`crate::release::canonical`], is part
/// of the name of the release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Question {
    /// The tables, in the order of FROM.
    pub(crate) tables: Vec<TableUse>,
    /// The one table whose rows are about members.
    pub(crate) private: usize,
    /// One entry for each table but the private one, in an order in which they can be made: each is joined with tables
    /// that come before it, the private one first.
    pub(crate) joins: Vec<Join>,
    /// Conditions of which all must be true.
    pub(crate) conditions: Vec<Condition>,
    /// The keys of the groups.
    pub(crate) keys: Vec<Key>,
    /// What is counted and summed, each once.
    pub(crate) aggregates: Vec<Aggregate>,
    /// The columns of the answer.
    pub(crate) outputs: Vec<Output>,
    /// How the answer is sorted, after noise.
    pub(crate) order: Vec<Order>,
    /// Rows of the answer to leave out at its start.
    pub(crate) offset: usize,
    /// Rows of the answer to show at most.
    pub(crate) limit: Option<usize>,
}

/// One use of a dataset in FROM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TableUse {
    /// The dataset.
    pub(crate) dataset: DatasetName,
    /// By what name the statement calls it. Without meaning for the result.
    #[serde(skip)]
    pub(crate) alias: String,
}

/// A column of one of the tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct ColumnRef {
    /// The position of the table.
    pub(crate) table: usize,
    /// The column.
    pub(crate) column: ColumnName,
    /// Its type.
    #[serde(skip)]
    pub(crate) logical: TypeOf,
    /// Whether every row has a value.
    #[serde(skip)]
    pub(crate) required: bool,
}

/// A column's type, in a form that sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TypeOf {
    Text,
    Integer,
    Number,
    Decimal(u8, i8),
    Boolean,
    Date,
    Timestamp,
}

impl From<LogicalType> for TypeOf {
    fn from(logical: LogicalType) -> Self {
        match logical {
            LogicalType::String => Self::Text,
            LogicalType::Integer => Self::Integer,
            LogicalType::Number => Self::Number,
            LogicalType::Decimal { precision, scale } => Self::Decimal(precision, scale),
            LogicalType::Boolean => Self::Boolean,
            LogicalType::Date => Self::Date,
            LogicalType::Timestamp => Self::Timestamp,
        }
    }
}

/// How a table without subject meets those before it: an inner join in which a row meets one row of it at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Join {
    /// The position of the table.
    pub(crate) table: usize,
    /// The columns that name a row of the table. All of them are in `on`.
    pub(crate) key: Vec<ColumnName>,
    /// Columns of tables that come before, each with the column of this table that it must equal.
    pub(crate) on: Vec<(ColumnRef, ColumnRef)>,
}

/// A condition on one row. Total: for every row it is true, false or NULL, and never fails.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Condition {
    Constant(bool),
    Compare { column: ColumnRef, comparison: Comparison, value: Literal },
    CompareColumns { left: ColumnRef, comparison: Comparison, right: ColumnRef },
    In { column: ColumnRef, values: Vec<Literal> },
    Like { column: ColumnRef, pattern: String, ignore_case: bool },
    IsNull(ColumnRef),
    IsTrue(ColumnRef),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

/// How two values of one type are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Comparison {
    Eq,
    NotEq,
    Lt,
    LtEq,
    Gt,
    GtEq,
}

impl Comparison {
    /// Returns the comparison that means the same with the sides exchanged.
    pub(crate) const fn mirrored(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::NotEq => Self::NotEq,
            Self::Lt => Self::Gt,
            Self::LtEq => Self::GtEq,
            Self::Gt => Self::Lt,
            Self::GtEq => Self::LtEq,
        }
    }
}

/// A constant of a column's own type.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Literal {
    Text(String),
    Integer(i64),
    Number(f64),
    /// In units of the column's last decimal.
    Decimal(i128),
    Boolean(bool),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
}

/// What a group is made by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum Key {
    Column(ColumnRef),
    /// `date_trunc(unit, column)` of a timestamp or date.
    Truncate(Unit, ColumnRef),
    /// `date_part(part, column)`, `EXTRACT(part FROM column)`.
    Part(Part, ColumnRef),
}

impl Key {
    /// Returns the column that the key is made from.
    pub(crate) const fn column(&self) -> &ColumnRef {
        match self {
            Self::Column(column) | Self::Truncate(_, column) | Self::Part(_, column) => column,
        }
    }
}

/// What `date_trunc` cuts off to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
}

/// What `date_part` takes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Part {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    /// Day of the week, Sunday = 0.
    DayOfWeek,
    Hour,
}

/// What is counted or summed per group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) enum Aggregate {
    Rows,
    NonNull(ColumnRef),
    Members,
    Sum(ColumnRef),
    /// What AVG divides by the number of rows. It is not what SUM is where members have more rows than count.
    MeanSum(ColumnRef),
}

impl Aggregate {
    /// Returns the column that it reads.
    pub(crate) const fn column(&self) -> Option<&ColumnRef> {
        match self {
            Self::Rows | Self::Members => None,
            Self::NonNull(column) | Self::Sum(column) | Self::MeanSum(column) => Some(column),
        }
    }
}

/// One column of the answer, as the statement asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Output {
    /// Its name.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) shows: Shows,
}

/// What a column of the answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Shows {
    /// The key at this position.
    Key(usize),
    /// The aggregate at this position.
    Aggregate(usize),
    /// The first aggregate divided by the second.
    Ratio(usize, usize),
}

/// One criterion of the order of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Order {
    /// The position of the output.
    pub(crate) output: usize,
    /// Smallest first.
    pub(crate) ascending: bool,
    /// NULL before everything else.
    pub(crate) nulls_first: bool,
}
