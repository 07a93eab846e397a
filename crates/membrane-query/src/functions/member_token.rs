//! `member_token('COLUMN', 'VALUE')`: the token under which an exact value is shown.
//!
//! It finds the rows of one member whose number is known, in a column of which only tokens are shown, without opening
//! any cell: `SELECT .. FROM app_events WHERE phone = member_token('phone', '13800138000')`. The column may be written
//! as `DATASET.COLUMN`. The value is brought into the form in which tokens are made of it ([`Spelling`]: the column's standard, a
//! phone without spaces and country code, an e-mail in lower case); of a value that nobody has, the token is in no row.
//!
//! Policy decides who may (action `lookUp`), each value looked up is on record and counted, and the token is that of the
//! asker's purpose: under another purpose it matches nothing. Both arguments are literals ([`crate::gate`]), so that no
//! stored value can be looked up elsewhere.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::scalar_doc_sections::DOC_SECTION_OTHER;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use membrane_catalog::{Column, Spelling};
use membrane_model::{LogicalType, Protection, Shown};

use crate::mask::Sink;
use crate::rules::{Asked, Mask, TokenMask, Way};

/// The function's name.
pub(crate) const NAME: &str = "member_token";

static DOC: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        DOC_SECTION_OTHER,
        "The token under which an exact value is shown, to find the rows of one member whose number is known. \
         Policy says who may; each value is on record, and they are limited by the hour.",
        "member_token('COLUMN', 'VALUE')",
    )
    .with_argument("COLUMN", "A column that is shown as its token, or `DATASET.COLUMN`; a literal.")
    .with_argument("VALUE", "The value, in any form in which it may be delivered; a literal or a parameter.")
    .with_sql_example("SELECT event_type FROM app_events WHERE phone = member_token('phone', $1)")
    .build()
});

/// The columns in which a statement may look values up.
#[derive(Default)]
pub(crate) struct Lookups(HashMap<String, LookupColumn>);

/// How a value of one column becomes the token that is shown.
struct LookupColumn {
    way: Way,
    form: Form,
}

/// The form that a value has where tokens are made of it.
#[derive(Clone, Copy)]
enum Form {
    Text(Spelling),
    /// A whole number, as it is written without zeros in front.
    Whole,
    /// What is left of a value that was made coarser.
    Coarse,
}

impl Form {
    fn apply(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Text(spelling) => spelling.apply(value),
            // What is no number has a token that is in no row.
            Self::Whole => {
                value.trim().parse::<i64>().map_or(Cow::Borrowed(value), |number| number.to_string().into())
            }
            Self::Coarse => Cow::Borrowed(value),
        }
    }

    /// Returns the value as it is stored where it can be read.
    fn stored(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Text(spelling) => spelling.standard(value),
            Self::Whole | Self::Coarse => Cow::Borrowed(value),
        }
    }
}

impl Lookups {
    /// Adds a column, by its own name and by that behind its dataset's.
    pub(crate) fn add(
        &mut self,
        dataset: &str,
        column: &Column,
        shown: Shown,
        asked: &Asked<'_>,
    ) -> Result<(), &'static str> {
        for name in [column.name.to_string(), format!("{dataset}.{}", column.name)] {
            let way = of_value(column, Way::decide(column, shown, asked)?, asked);
            let form = match (column.logical_type, column.protection) {
                (LogicalType::Integer, _) => Form::Whole,
                (_, Protection::Token | Protection::SealedToken) => Form::Text(Spelling::of(column)),
                (_, Protection::Generalise(_)) => Form::Coarse,
                // What is stored in clear is made a token as it is.
                _ => Form::Text(Spelling::stored(column)),
            };
            self.0.insert(name, LookupColumn { way, form });
        }
        Ok(())
    }

    /// Tells whether there is any.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The way of a value that somebody knows, in place of a stored token.
fn of_value(column: &Column, way: Way, asked: &Asked<'_>) -> Way {
    let mask = match way.mask {
        Mask::Token(token) if token.stored.is_none() => Mask::Token(Arc::new(TokenMask {
            stored: Some(asked.vault.tokenizer(&column.token_domain())),
            shown: token.shown.clone(),
        })),
        other => other,
    };
    Way { mask, ..way }
}

/// The function, for the lookups of one permit.
pub(crate) struct MemberToken {
    lookups: Arc<Lookups>,
    signature: Signature,
}

impl MemberToken {
    /// Makes the function.
    pub(crate) fn new(lookups: Lookups) -> Self {
        let texts = TypeSignature::Exact(vec![DataType::Utf8, DataType::Utf8]);
        Self { lookups: Arc::new(lookups), signature: Signature::new(texts, Volatility::Immutable) }
    }

    fn token(&self, column: &str, value: &str) -> Option<String> {
        let column = self.lookups.0.get(column)?;
        let mut sink = Sink::new(&column.way, 1).ok()?;
        let value = match &column.way.mask {
            Mask::Token(_) => column.form.apply(value),
            // Digits are encrypted as they are stored.
            _ => column.form.stored(value),
        };
        sink.push(Some(value.as_bytes())).ok()?;
        let array = sink.finish().ok()?;
        match ScalarValue::try_from_array(&array, 0).ok()? {
            ScalarValue::Utf8View(text) => text,
            _ => None,
        }
    }
}

impl ScalarUDFImpl for MemberToken {
    fn name(&self) -> &str {
        NAME
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOC)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let text = |argument: &ColumnarValue| match argument {
            ColumnarValue::Scalar(scalar) => scalar.try_as_str().flatten().map(str::to_owned),
            ColumnarValue::Array(_) => None,
        };
        let [column, value] = args.args.as_slice() else { return Err(fault()) };
        let (Some(column), Some(value)) = (text(column), text(value)) else { return Err(fault()) };
        let token = self.token(&column, &value).ok_or_else(fault)?;
        Ok(ColumnarValue::Scalar(ScalarValue::Utf8View(Some(token))))
    }
}

// PRIVACY: neither the column nor the value is told.
fn fault() -> DataFusionError {
    DataFusionError::Internal("a value cannot be looked up".to_owned())
}

// PRIVACY: lookups hold keys.
impl fmt::Debug for MemberToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl PartialEq for MemberToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.lookups, &other.lookups)
    }
}

impl Eq for MemberToken {}

impl Hash for MemberToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.lookups).hash(state);
    }
}
