//! The doors of a hub, each giving an [`Outcome`].

use futures::StreamExt;
use membrane::answer::{AnswerFormat, Encoder};
use membrane::attack::{Ask, Outcome, request};
use membrane::error::Failure;
use membrane::flow::{self, QueryAnswer, QueryRequest};
use membrane::wire::answer_columns;
use serde_json::{Value, json};

use super::twins::Twin;

/// A region of which an analyst of SH and BJ sees no row.
pub(super) const HIDDEN: &str = "GD";
pub(super) const PURPOSE: &str = "marketing_analysis";

/// A way into a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The flow and the encoder of answers, in each of its forms.
    Flow,
    /// HTTP over a socket.
    Http,
}

impl Door {
    /// Asks, if this door takes such a question.
    pub(crate) async fn ask(self, twin: &Twin, principal: &str, ask: &Ask) -> Option<Outcome> {
        match (self, ask) {
            (Self::Http, _) => {
                let sent = request(ask, &twin.bearer(principal), PURPOSE, HIDDEN);
                Some(sent.send(&twin.address).await.unwrap())
            }
            (Self::Flow, Ask::Sql(sql)) => Some(query(twin, principal, sql, Some(PURPOSE)).await),
            (Self::Flow, Ask::SqlFor(sql, purpose)) => match purpose {
                None => Some(query(twin, principal, sql, None).await),
                Some(Value::String(text)) if text.parse::<membrane_model::Purpose>().is_ok() => {
                    Some(query(twin, principal, sql, Some(text)).await)
                }
                Some(_) => None,
            },
            (Self::Flow, Ask::Release(_) | Ask::Http(_)) => None,
        }
    }
}

async fn query(twin: &Twin, principal: &str, sql: &str, purpose: Option<&str>) -> Outcome {
    let request = QueryRequest {
        sql: sql.replace("{hidden}", HIDDEN),
        purpose: purpose.map(|text| text.parse().unwrap()),
        on_behalf_of: None,
        parameters: Vec::new(),
    };
    let answered = match flow::query(&twin.world.ctx(principal), &twin.world.hub, request).await {
        Ok(answer) => encoded(answer).await,
        Err(failure) => Err(failure),
    };
    answered.unwrap_or_else(|failure| Outcome::of_failure(&failure))
}

/// An answer in all forms, one behind the other.
async fn encoded(mut answer: QueryAnswer) -> Result<Outcome, Failure> {
    let head = || vec![("columns", json!(answer_columns(&answer.schema, &answer.columns)))];
    let mut encoders: Vec<Encoder> =
        AnswerFormat::ALL.iter().map(|form| Encoder::start(*form, &answer.schema, head()).unwrap()).collect();
    let mut forms = vec![Vec::new(); encoders.len()];
    while let Some(batch) = answer.batches.next().await {
        let batch = batch?;
        for (encoder, bytes) in encoders.iter_mut().zip(&mut forms) {
            // Where one piece ends and the next begins is to be seen too.
            let piece = encoder.write(&batch).unwrap();
            if !piece.is_empty() {
                bytes.extend(piece);
                bytes.push(b'|');
            }
        }
    }
    for (encoder, bytes) in encoders.into_iter().zip(&mut forms) {
        bytes.extend(encoder.finish().unwrap());
    }
    let text: Vec<u8> = forms[0].iter().copied().filter(|byte| *byte != b'|').collect();
    Ok(Outcome::of_http(200, &text, forms.concat()))
}
