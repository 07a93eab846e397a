//! What a release asks, after planning: a closed form in which every part can be bounded.
//!
//! Nothing of the partner's SQL survives but this: tables, expressions that cannot fail on any row ([`Scalar`]), groups.
//!
//! ```text
//! Question   keys and aggregates over the rows of a Block, and what is made of the released values
//!   Block    one table whose rows are about members, joined with others, filtered
//!     Table  a dataset | rows of a dataset, so many per member | groups of each member's rows | UNION ALL of blocks
//! ```
//!
//! INVARIANT: each row of a block is about one member and depends on rows of that member and on datasets without
//! subject alone. So whatever one member did changes only that member's rows.

use membrane_model::{ColumnName, DatasetName, LogicalType};
use serde::Serialize;

pub(crate) use super::scalar::{CompareOperator, Function, Literal, Scalar};
pub(crate) use super::value::{Output, Shows, SpreadOf, Value};

/// A release as it will be computed. Its serialised form, after [`crate::release::canonical`], is part
/// of the name of the release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Question {
    /// The tables: each after those that it is made from.
    pub(crate) tables: Vec<Table>,
    /// The rows.
    pub(crate) block: Block,
    /// The keys of the groups.
    pub(crate) keys: Vec<Scalar>,
    /// Coarser groups that are asked for as well: how many of the first keys those of each level have, the finest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rollup: Vec<usize>,
    /// What is counted and summed, each once.
    pub(crate) aggregates: Vec<Aggregate>,
    /// The columns of the answer.
    pub(crate) outputs: Vec<Output>,
    /// Which groups are shown: a condition on released values.
    pub(crate) having: Option<Value>,
    /// How the answer is sorted, after noise.
    pub(crate) order: Vec<Order>,
    /// Rows of the answer to leave out at its start.
    pub(crate) offset: usize,
    /// Rows of the answer to show at most.
    pub(crate) limit: Option<usize>,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Table {
    /// A dataset, as the governed scan shows it.
    Dataset {
        /// Its name.
        name: DatasetName,
        /// Whether its rows are about members.
        private: bool,
    },
    /// Rows of another table about members, so many of each member: what is held while another table streams past.
    Kept(Kept),
    /// Groups of the rows of each member.
    PerMember(PerMember),
    /// The rows of several blocks.
    Union(Vec<UnionPart>),
}

/// Rows of a table, `rows_max` of each member at most: those that rank lowest by a keyed hash of the row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Kept {
    /// The table.
    pub(crate) of: usize,
    /// Conditions on the table alone, before rows are chosen.
    pub(crate) conditions: Vec<Scalar>,
    /// The columns that are held, under their own names.
    pub(crate) columns: Vec<ColumnRef>,
    /// The columns of which a member's rows have each value once: of several with the same, one is kept.
    pub(crate) key: Vec<ColumnName>,
    /// Rows of one member.
    pub(crate) rows_max: u32,
    /// The column of days or instants whose earliest rows are kept, in place of those that rank lowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) earliest: Option<ColumnName>,
}

/// One row for each member and key: columns `c0`, `c1`, .. hold the keys, then the folds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PerMember {
    /// The rows.
    pub(crate) block: Block,
    /// Besides the member.
    pub(crate) keys: Vec<Scalar>,
    /// What is computed of the rows of a group. None of it is bounded yet: that is done to what is aggregated over
    /// members.
    pub(crate) folds: Vec<Fold>,
    /// Groups of one member.
    pub(crate) groups_max: u32,
}

/// What is computed of the rows of one member and group, exactly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Fold {
    /// `COUNT(*)`.
    Rows,
    /// `COUNT(x)`.
    NonNull(Scalar),
    /// `SUM(x)`.
    Sum(Scalar),
    /// `AVG(x)`.
    Mean(Scalar),
    /// `MIN(x)`.
    Least(Scalar),
    /// `MAX(x)`.
    Greatest(Scalar),
}

impl Fold {
    /// Returns what it reads.
    pub(crate) const fn argument(&self) -> Option<&Scalar> {
        match self {
            Self::Rows => None,
            Self::NonNull(one)
            | Self::Sum(one)
            | Self::Mean(one)
            | Self::Least(one)
            | Self::Greatest(one) => Some(one),
        }
    }
}

/// One part of a UNION ALL: columns `c0`, `c1`, ..
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct UnionPart {
    /// The rows.
    pub(crate) block: Block,
    /// The columns, of one type in all parts.
    pub(crate) columns: Vec<Scalar>,
}

/// Rows about members: of one table, joined with others, filtered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Block {
    /// The table that streams: its rows are about members.
    pub(crate) source: usize,
    /// In an order in which they can be made.
    pub(crate) joins: Vec<Join>,
    /// Conditions of which all must be true, on the joined rows.
    pub(crate) conditions: Vec<Scalar>,
}

/// How a table meets the rows before it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Join {
    /// The position of the table, which is held in memory.
    pub(crate) table: usize,
    /// Which rows come of it.
    pub(crate) kind: JoinKind,
    /// Whether the member must be the same.
    pub(crate) member: bool,
    /// What must be equal: something of the rows before, and a column of the table.
    pub(crate) on: Vec<(Scalar, ColumnRef)>,
    /// Conditions on the table alone, before it is joined; only of a dataset without subject.
    pub(crate) conditions: Vec<Scalar>,
    /// The columns of a dataset without subject by which its rows are reduced. All of them are in `on`.
    pub(crate) key: Vec<ColumnName>,
    /// Rows of the table that one row meets at most.
    pub(crate) rows_max: u32,
}

/// Which rows come of a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum JoinKind {
    /// One for each pair.
    Inner,
    /// One for each pair, and each row that meets none.
    Left,
    /// Each row that meets some.
    Semi,
    /// Each row that meets none.
    Anti,
}

/// Names a column of a table that a plan makes: `c0`, `c1`, ..
pub(super) fn made_column(index: usize) -> String {
    format!("c{index}")
}

/// Returns the position of a column of a table that a plan makes; a dataset's own column may look like one.
pub(super) fn made_index(column: &ColumnName) -> Option<usize> {
    column.as_str().strip_prefix('c')?.parse().ok()
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

/// A value's type, in a form that sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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

impl TypeOf {
    /// Tells whether values can be added.
    pub(crate) const fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Number | Self::Decimal(..))
    }
}

/// What `date_trunc` cuts off to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
}

/// What `date_part` takes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Aggregate {
    Rows,
    NonNull(Scalar),
    Members,
    Sum(Scalar),
    /// What AVG divides by the number of rows. It is not what SUM is where members have more rows than count.
    MeanSum(Scalar),
    /// What a variance needs besides the above.
    MeanSquares(Scalar),
    /// `COUNT(DISTINCT x)` of something other than the member.
    Distinct(Scalar),
    /// Quantiles of a number, at these shares.
    Quantiles(Scalar, Vec<f64>),
}

impl Aggregate {
    /// Returns what it reads.
    pub(crate) const fn argument(&self) -> Option<&Scalar> {
        match self {
            Self::Rows | Self::Members => None,
            Self::NonNull(scalar)
            | Self::Sum(scalar)
            | Self::MeanSum(scalar)
            | Self::MeanSquares(scalar)
            | Self::Distinct(scalar)
            | Self::Quantiles(scalar, _) => Some(scalar),
        }
    }

    /// Tells whether it needs bounds of the values that it reads.
    pub(crate) const fn is_of_numbers(&self) -> bool {
        match self {
            Self::Sum(_) | Self::MeanSum(_) | Self::MeanSquares(_) | Self::Quantiles(..) => true,
            Self::Rows | Self::NonNull(_) | Self::Members | Self::Distinct(_) => false,
        }
    }
}

/// One criterion of the order of the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Order {
    /// What is compared.
    pub(crate) by: Value,
    /// Smallest first.
    pub(crate) ascending: bool,
    /// NULL before everything else.
    pub(crate) nulls_first: bool,
}
