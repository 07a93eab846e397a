//! `member_token('COLUMN', 'VALUE')`: the token under which an exact value is shown.
//!
//! It finds the rows of one member whose number is known, in a column of which only tokens are shown, without opening
//! any cell: `SELECT .. FROM app_events WHERE phone = member_token('phone', '13800138000')`. The column may be written
//! as `DATASET.COLUMN`. The value is brought into the form in which tokens are made of it (a phone without spaces and
//! country code, an e-mail in lower case); of a value that nobody has, the token is in no row.
//!
//! Policy decides who may (action `lookUp`), each value looked up is on record and counted, and the token is that of the
//! asker's purpose: under another purpose it matches nothing. Both arguments are literals ([`crate::gate`]), so that no
//! stored value can be looked up elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use membrane_catalog::{Canon, Column};
use membrane_model::{Protection, Shown};

use crate::mask::Sink;
use crate::rules::{Asked, Mask, TokenMask, Way};

/// The function's name.
pub(crate) const NAME: &str = "member_token";

/// The columns in which a statement may look values up.
#[derive(Default)]
pub(crate) struct Lookups(HashMap<String, LookupColumn>);

/// How a value of one column becomes the token that is shown.
struct LookupColumn {
    way: Way,
    canon: Canon,
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
            // What is stored in clear is made a token as it is.
            let canon = match column.protection {
                Protection::Token | Protection::SealedToken => Canon::of(&column.token_domain()),
                _ => Canon::Exact,
            };
            self.0.insert(name, LookupColumn { way, canon });
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
            Mask::Token(_) => column.canon.apply(value),
            // Digits are encrypted as they were delivered.
            _ => value.into(),
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
