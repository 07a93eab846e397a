//! The schema of an Avro file: JSON, by which its values are read.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit, UnionFields};
use serde_json::{Map, Value};

/// Types within types.
const DEPTH_MAX: usize = 64;
/// Digits of the widest decimal.
const PRECISION_MAX: u64 = 38;

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    /// Its symbols.
    Enum(Vec<String>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<usize>),
}

/// What a value means besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Plain,
    Date,
    /// A time of day, and whatever else no column of a contract can be made of.
    Other,
    /// An instant; without a zone when it is local.
    Instant {
        unit: TimeUnit,
        is_local: bool,
    },
    Decimal {
        precision: u8,
        scale: i8,
    },
}

/// The schema of a file: types that refer to each other by number, and the fields of its records.
#[derive(Debug)]
pub(super) struct AvroSchema {
    kinds: Vec<(Kind, Meaning)>,
    fields: Vec<FieldOf>,
}

/// A field of the file's records.
#[derive(Debug, Clone)]
pub(super) struct FieldOf {
    pub(super) name: String,
    pub(super) kind: usize,
}

impl AvroSchema {
    /// Reads a schema: of records, or none.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(text).ok()?;
        let mut parser = Parser { kinds: Vec::new(), names: HashMap::new(), fields: Vec::new() };
        let root = parser.kind(&value, "", 0)?;
        let fields =
            parser.fields.into_iter().find_map(|(record, fields)| (record == root).then_some(fields))?;
        Some(Self { kinds: parser.kinds, fields })
    }

    pub(super) fn fields(&self) -> &[FieldOf] {
        &self.fields
    }

    pub(super) fn kind(&self, kind: usize) -> Option<&Kind> {
        self.kinds.get(kind).map(|(kind, _)| kind)
    }

    /// Returns the Arrow type of a value. What no contract's column can be made of has some type of which that is so.
    pub(super) fn arrow(&self, kind: usize) -> DataType {
        match self.kinds.get(kind) {
            Some((Kind::Union(branches), _)) => {
                let is_null = |branch: &&usize| matches!(self.kind(**branch), Some(Kind::Null));
                let mut others = branches.iter().filter(|branch| !is_null(branch));
                match (others.next(), others.next()) {
                    (None, _) => DataType::Null,
                    (Some(only), None) if !matches!(self.kind(*only), Some(Kind::Union(_))) => {
                        self.arrow(*only)
                    }
                    _ => DataType::Union(UnionFields::empty(), arrow::datatypes::UnionMode::Dense),
                }
            }
            Some((kind, meaning)) => plain(kind, *meaning),
            None => DataType::Binary,
        }
    }
}

fn plain(kind: &Kind, meaning: Meaning) -> DataType {
    let nothing = |name: &str| Arc::new(Field::new(name, DataType::Null, true));
    match (kind, meaning) {
        (Kind::Null, _) => DataType::Null,
        (Kind::Boolean, _) => DataType::Boolean,
        (Kind::Int, Meaning::Plain) => DataType::Int32,
        (Kind::Int, Meaning::Date) => DataType::Date32,
        (Kind::Int, _) => DataType::Time32(TimeUnit::Millisecond),
        (Kind::Long, Meaning::Plain) => DataType::Int64,
        (Kind::Long, Meaning::Instant { unit, is_local }) => {
            DataType::Timestamp(unit, (!is_local).then(|| Arc::from("UTC")))
        }
        (Kind::Long, _) => DataType::Time64(TimeUnit::Microsecond),
        (Kind::Float, _) => DataType::Float32,
        (Kind::Double, _) => DataType::Float64,
        (Kind::String | Kind::Enum(_), _) => DataType::Utf8,
        (Kind::Bytes | Kind::Fixed(_), Meaning::Decimal { precision, scale }) => {
            DataType::Decimal128(precision, scale)
        }
        (Kind::Bytes | Kind::Fixed(_), _) => DataType::Binary,
        (Kind::Array(_), _) => DataType::List(nothing("item")),
        (Kind::Map(_), _) => DataType::Map(nothing("entries"), false),
        (Kind::Record(_), _) => DataType::Struct(arrow::datatypes::Fields::empty()),
        (Kind::Union(_), _) => DataType::Union(UnionFields::empty(), arrow::datatypes::UnionMode::Dense),
    }
}

struct Parser {
    kinds: Vec<(Kind, Meaning)>,
    names: HashMap<String, usize>,
    /// The fields of each record.
    fields: Vec<(usize, Vec<FieldOf>)>,
}

impl Parser {
    fn add(&mut self, kind: Kind, meaning: Meaning) -> usize {
        self.kinds.push((kind, meaning));
        self.kinds.len() - 1
    }

    /// Reads a type and returns its number.
    fn kind(&mut self, value: &Value, namespace: &str, depth: usize) -> Option<usize> {
        if depth > DEPTH_MAX {
            return None;
        }
        match value {
            Value::String(name) => self.named(name, namespace, Meaning::Plain),
            Value::Array(branches) => {
                let branches = branches.iter().map(|branch| self.kind(branch, namespace, depth + 1));
                let branches = branches.collect::<Option<Vec<_>>>()?;
                Some(self.add(Kind::Union(branches), Meaning::Plain))
            }
            Value::Object(object) => self.complex(object, namespace, depth),
            _ => None,
        }
    }

    /// Finds a type by its name.
    fn named(&mut self, name: &str, namespace: &str, meaning: Meaning) -> Option<usize> {
        let kind = match name {
            "null" => Kind::Null,
            "boolean" => Kind::Boolean,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "bytes" => Kind::Bytes,
            "string" => Kind::String,
            _ => {
                return self.names.get(&full_name(name, namespace)).or_else(|| self.names.get(name)).copied();
            }
        };
        Some(self.add(kind, meaning))
    }

    fn complex(&mut self, object: &Map<String, Value>, namespace: &str, depth: usize) -> Option<usize> {
        let kind = match object.get("type")? {
            Value::String(kind) => kind.as_str(),
            nested => return self.kind(nested, namespace, depth + 1),
        };
        let meaning = meaning(object);
        match kind {
            "array" => {
                let items = self.kind(object.get("items")?, namespace, depth + 1)?;
                Some(self.add(Kind::Array(items), Meaning::Plain))
            }
            "map" => {
                let values = self.kind(object.get("values")?, namespace, depth + 1)?;
                Some(self.add(Kind::Map(values), Meaning::Plain))
            }
            "fixed" => {
                let size = usize::try_from(object.get("size")?.as_u64()?).ok()?;
                let place = self.add(Kind::Fixed(size), meaning);
                self.name(object, namespace, place)?;
                Some(place)
            }
            "enum" => {
                let symbols = object.get("symbols")?.as_array()?.iter();
                let symbols =
                    symbols.map(|symbol| symbol.as_str().map(str::to_owned)).collect::<Option<_>>()?;
                let place = self.add(Kind::Enum(symbols), Meaning::Plain);
                self.name(object, namespace, place)?;
                Some(place)
            }
            "record" | "error" => self.record(object, namespace, depth),
            name => self.named(name, namespace, meaning),
        }
    }

    fn record(&mut self, object: &Map<String, Value>, namespace: &str, depth: usize) -> Option<usize> {
        // It has its name before its fields are read: they may refer to it.
        let place = self.add(Kind::Null, Meaning::Plain);
        let full = self.name(object, namespace, place)?;
        let namespace = full.rsplit_once('.').map_or("", |(namespace, _)| namespace);
        let mut fields = Vec::new();
        for field in object.get("fields")?.as_array()? {
            let name = field.get("name")?.as_str()?.to_owned();
            let kind = self.kind(field.get("type")?, namespace, depth + 1)?;
            fields.push(FieldOf { name, kind });
        }
        if let Some(slot) = self.kinds.get_mut(place) {
            slot.0 = Kind::Record(fields.iter().map(|field| field.kind).collect());
        }
        self.fields.push((place, fields));
        Some(place)
    }

    /// Gives a type its name, and returns that.
    fn name(&mut self, object: &Map<String, Value>, namespace: &str, place: usize) -> Option<String> {
        let name = object.get("name")?.as_str()?;
        let own = object.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
        let full = full_name(name, own);
        self.names.insert(full.clone(), place);
        Some(full)
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

/// Reads what a value means. A meaning that nobody knows is none, as Avro says.
fn meaning(object: &Map<String, Value>) -> Meaning {
    let instant = |unit, is_local| Meaning::Instant { unit, is_local };
    match object.get("logicalType").and_then(Value::as_str) {
        Some("date") => Meaning::Date,
        Some("time-millis" | "time-micros") => Meaning::Other,
        Some("timestamp-millis") => instant(TimeUnit::Millisecond, false),
        Some("timestamp-micros") => instant(TimeUnit::Microsecond, false),
        Some("timestamp-nanos") => instant(TimeUnit::Nanosecond, false),
        Some("local-timestamp-millis") => instant(TimeUnit::Millisecond, true),
        Some("local-timestamp-micros") => instant(TimeUnit::Microsecond, true),
        Some("local-timestamp-nanos") => instant(TimeUnit::Nanosecond, true),
        Some("decimal") => {
            let precision = object.get("precision").and_then(Value::as_u64);
            let precision = precision.filter(|precision| (1..=PRECISION_MAX).contains(precision));
            let scale = object.get("scale").map_or(Some(0), Value::as_u64);
            let scale = scale.filter(|scale| precision.is_some_and(|precision| *scale <= precision));
            match (precision.map(u8::try_from), scale.map(i8::try_from)) {
                (Some(Ok(precision)), Some(Ok(scale))) => Meaning::Decimal { precision, scale },
                _ => Meaning::Plain,
            }
        }
        _ => Meaning::Plain,
    }
}
