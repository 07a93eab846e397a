//! The columns that a random statement can name, by type.

use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// The types that expressions are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Integer,
    Number,
    Text,
    Truth,
    Day,
}

pub(super) const TYPES: [Type; 5] = [Type::Integer, Type::Number, Type::Text, Type::Truth, Type::Day];

/// A dataset with the columns that are used, and those that together are different in each row.
pub(super) struct Dataset {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Type)],
    pub(super) key: &'static str,
}

/// What an analyst of the demonstration sees: clear, masked and token columns alike.
pub(super) const DATASETS: [Dataset; 4] = [
    Dataset {
        name: "crm_members",
        columns: &[
            ("member_no", Type::Text),
            ("name", Type::Text),
            ("gender", Type::Text),
            ("phone", Type::Text),
            ("email", Type::Text),
            ("city", Type::Text),
            ("region", Type::Text),
            ("tier", Type::Text),
            ("birth_date", Type::Day),
            ("joined_on", Type::Day),
            ("marketing_consent", Type::Truth),
            ("address", Type::Text),
            ("id_number", Type::Text),
        ],
        key: "member_no",
    },
    Dataset {
        name: "pos_order_lines",
        columns: &[
            ("order_id", Type::Text),
            ("line_no", Type::Integer),
            ("member_no", Type::Text),
            ("store_id", Type::Text),
            ("region", Type::Text),
            ("product_id", Type::Text),
            ("category", Type::Text),
            ("quantity", Type::Integer),
            ("amount", Type::Number),
            ("ordered_at", Type::Day),
            ("ordered_month", Type::Text),
            ("buyer_is_minor", Type::Truth),
        ],
        key: "order_id",
    },
    Dataset {
        name: "dim_products",
        columns: &[
            ("product_id", Type::Text),
            ("name", Type::Text),
            ("category", Type::Text),
            ("brand", Type::Text),
            ("price", Type::Number),
        ],
        key: "product_id",
    },
    Dataset {
        name: "app_events",
        columns: &[
            ("event_id", Type::Text),
            ("phone", Type::Text),
            ("event", Type::Text),
            ("page", Type::Text),
            ("occurred_at", Type::Day),
            ("amount", Type::Number),
        ],
        key: "event_id",
    },
];

/// The columns in reach.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) columns: Vec<(String, Type)>,
}

impl Scope {
    /// The columns of a dataset behind a name for it.
    pub(super) fn of(dataset: &Dataset, alias: &str) -> Self {
        let columns = dataset.columns.iter().map(|(name, kind)| (format!("{alias}.{name}"), *kind)).collect();
        Self { columns }
    }

    pub(super) fn and(mut self, other: &Self) -> Self {
        self.columns.extend(other.columns.iter().cloned());
        self
    }

    /// A column of a type, if there is one.
    pub(super) fn column(&self, random: &mut ChaCha8Rng, kind: Type) -> Option<String> {
        let fitting: Vec<&String> =
            self.columns.iter().filter(|(_, found)| *found == kind).map(|(name, _)| name).collect();
        fitting.choose(random).map(|name| (*name).clone())
    }
}
