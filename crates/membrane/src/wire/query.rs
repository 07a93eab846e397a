//! Queries and their answers.

use arrow::datatypes::{FieldRef, Schema};
use membrane_model::{PrincipalId, Purpose};
use membrane_query::{AnswerColumn, Parameter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// 2^63: from here on a whole number is none of 64 bits.
const WHOLE_MAX: f64 = 9_223_372_036_854_775_808.0;

/// A query.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryBody {
    /// One SELECT, WITH or VALUES, or EXPLAIN in front of one for its plan; SHOW TABLES, SHOW COLUMNS FROM x, DESCRIBE x.
    #[schema(example = "SELECT name, phone, city FROM crm_members LIMIT 5")]
    pub sql: String,
    /// Why: one of the catalog's purposes.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "marketing_analysis")]
    pub purpose: Option<Purpose>,
    /// On whose behalf: of somebody who handed this on to the caller. Left out: the caller's own.
    #[serde(default, rename = "for")]
    #[schema(value_type = Option<String>, example = "analyst:ana")]
    pub on_behalf_of: Option<PrincipalId>,
    /// The values of `$1`, `$2` and so on: NULL, true or false, numbers, texts. Whole numbers beyond 64 bits as texts.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Value>>, example = json!([]))]
    pub parameters: Option<Vec<Value>>,
}

impl QueryBody {
    /// Takes the values of the parameters out of the body.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn parameters(&self) -> Result<Vec<Parameter>, &'static str> {
        self.parameters
            .iter()
            .flatten()
            .map(|value| match value {
                Value::Null => Ok(Parameter::Null),
                Value::Bool(value) => Ok(Parameter::Boolean(*value)),
                Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                    (Some(whole), _) => Ok(Parameter::Integer(whole)),
                    (None, Some(number)) if number.abs() < WHOLE_MAX => Ok(Parameter::Number(number)),
                    // A float would be another number than the one that was written.
                    (None, _) => Err("a number in `parameters` is beyond 64 bits: write it as a text"),
                },
                Value::String(text) => Ok(Parameter::Text(text.clone())),
                Value::Array(_) | Value::Object(_) => {
                    Err("a parameter is NULL, true, false, a number or a text, not an array or an object")
                }
            })
            .collect()
    }
}

/// The answer to a query, as JSON. CSV and Arrow carry the rows alone; the run is in the header `membrane-run`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AnswerBody {
    /// The run.
    pub run: String,
    /// The columns, in order.
    pub columns: Vec<AnswerColumnBody>,
    /// The rows: one object each, with every column.
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<Map<String, Value>>,
    /// How many rows there are. Stands last: an answer without it was cut off.
    pub row_count: u64,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerColumnBody {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The highest reveal level of what flows into it: clear, partial, generalised, token or null; none for a
    /// constant or a count of rows.
    #[schema(example = "partial")]
    pub level: Option<String>,
}

/// Shows the columns of an answer.
#[must_use]
pub fn answer_columns(schema: &Schema, levels: &[AnswerColumn]) -> Vec<AnswerColumnBody> {
    let shown = |(index, field): (usize, &FieldRef)| AnswerColumnBody {
        name: field.name().clone(),
        data_type: field.data_type().to_string(),
        level: levels.get(index).and_then(|column| column.level).map(|level| level.to_string()),
    };
    schema.fields().iter().enumerate().map(shown).collect()
}
