//! What the tests of this crate share: a dataset and deliveries from bytes.

use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use membrane_catalog::{
    Column, ColumnPolicy, ColumnPrivacy, ColumnRules, Dataset, FormatCheck, OnTruncated, ServiceLevels,
    SubjectSource,
};
use membrane_ledger::Ledger;
use membrane_model::{LogicalType, Protection};
use membrane_vault::{RootKey, Vault};
use tokio::runtime::Runtime;

use crate::InputSource;
use crate::check::Checker;
use crate::decode::{Decode, Delivered};
use crate::source::{Content, Delivery, Meter, Scratch, Source, Text};

/// Returns when deliveries come in these tests.
pub(crate) fn came() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_323_200, 0).unwrap()
}

/// Makes what checks a delivery of which its source says nothing.
pub(crate) fn checker(dataset: Dataset) -> Checker {
    Checker::new(Arc::new(dataset), std::env::temp_dir(), (came(), None), None).unwrap()
}

/// Money in these tests.
pub(crate) const MONEY: LogicalType = LogicalType::Decimal { precision: 12, scale: 2 };

/// Returns a vault that is the same in every test.
pub(crate) fn vault() -> Vault {
    Vault::new(&RootKey::from_hex(&"07".repeat(32)).unwrap())
}

/// Makes a column.
pub(crate) fn column(name: &str, logical_type: LogicalType, class: &str, protection: Protection) -> Column {
    Column {
        name: name.parse().unwrap(),
        description: String::new(),
        logical_type,
        class: class.parse().unwrap(),
        protection,
        identity: None,
        required: false,
        unique: false,
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    }
}

/// Makes the dataset `members`: `member_no` (subject), `phone`, `email`, `tier`, `amount`, `joined_on`.
pub(crate) fn members() -> Dataset {
    let mut number = column("member_no", LogicalType::String, "pii.identifier", Protection::SealedToken);
    number.required = true;
    number.unique = true;
    number.identity = Some("member_no".parse().unwrap());
    number.rules.pattern = Some(regex::Regex::new("^(?:M[0-9]{4})$").unwrap());
    let mut phone = column("phone", LogicalType::String, "pii.phone", Protection::SealedToken);
    phone.identity = Some("phone".parse().unwrap());
    let mut email = column("email", LogicalType::String, "pii.email", Protection::Sealed);
    email.rules.check = Some(FormatCheck::Email);
    let mut tier = column("tier", LogicalType::String, "transaction", Protection::Clear);
    tier.rules.enumeration = Some(vec!["gold".to_owned(), "silver".to_owned()]);
    let mut amount = column("amount", MONEY, "transaction", Protection::Clear);
    amount.rules.minimum = Some(0.0);
    amount.rules.maximum = Some(1000.0);
    let joined = column("joined_on", LogicalType::Date, "demographic", Protection::Clear);
    Dataset {
        name: "members".parse().unwrap(),
        version: "1.0.0".to_owned(),
        description: String::new(),
        owner: None,
        columns: vec![number, phone, email, tier, amount, joined],
        subject: Some(SubjectSource {
            column: "member_no".parse().unwrap(),
            kind: "member_no".parse().unwrap(),
        }),
        primary_key: vec!["member_no".parse().unwrap()],
        event_time: None,
        on_truncated: OnTruncated::Stop,
        service: ServiceLevels::default(),
        retention: None,
        stewardship: membrane_catalog::Stewardship::default(),
        privacy: None,
    }
}

/// Makes a dataset of optional clear columns, without subject.
pub(crate) fn plain(columns: &[(&str, LogicalType)]) -> Dataset {
    let clear = |(name, logical): &(&str, LogicalType)| column(name, *logical, "business", Protection::Clear);
    Dataset {
        name: "plain".parse().unwrap(),
        version: "1.0.0".to_owned(),
        description: String::new(),
        owner: None,
        columns: columns.iter().map(clear).collect(),
        subject: None,
        primary_key: Vec::new(),
        event_time: None,
        on_truncated: OnTruncated::Stop,
        service: ServiceLevels::default(),
        retention: None,
        stewardship: membrane_catalog::Stewardship::default(),
        privacy: None,
    }
}

/// Returns a scratch folder of this dataset.
pub(crate) fn scratch(folder: &Path) -> Scratch {
    let dataset = members().name;
    Scratch { folder: folder.to_owned(), key: vault().quarantine_key(&dataset), dataset }
}

/// Returns a runtime for streams that are read on a test's own thread.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

/// Opens a delivery of these bytes as a stream.
pub(crate) fn delivery(bytes: impl Into<Vec<u8>>) -> (Delivery, Meter) {
    opened(InputSource::Stream(Box::pin(Cursor::new(bytes.into()))))
}

/// Opens the content of these bytes; what is cut off is refused, unless it is to be saved.
pub(crate) fn content(bytes: impl Into<Vec<u8>>, on_truncated: OnTruncated) -> Content {
    Content::open(delivery(bytes).0, None, on_truncated).unwrap()
}

/// Opens these bytes as text; what is cut off is saved.
pub(crate) fn text(bytes: impl Into<Vec<u8>>) -> Text {
    Text::open(content(bytes, OnTruncated::Save), None).unwrap()
}

/// Opens a delivery.
pub(crate) fn opened(source: InputSource) -> (Delivery, Meter) {
    Delivery::new(Source::open(source).unwrap(), scratch(&std::env::temp_dir()), runtime().handle().clone())
}

/// Reads a decoder to its end.
pub(crate) fn all(decoder: &mut dyn Decode) -> Vec<Delivered> {
    std::iter::from_fn(|| decoder.next().unwrap()).collect()
}

/// Opens a ledger in a folder.
pub(crate) async fn ledger(folder: &Path) -> Ledger {
    Ledger::connect(&format!("sqlite://{}", folder.join("ledger.sqlite").display())).await.unwrap()
}
