//! Runs the corpus against a hub that listens.

use serde_json::{Value, json};

use super::{
    Address, Ask, Attack, ClientError, Expect, HIDDEN, Outcome, Part, Request, Verdict, corpus, judge,
};

/// The regions of the catalog, of which one is looked for that the attacker sees no row of.
const REGIONS: [&str; 8] = ["GD", "ZJ", "JS", "SC", "HB", "SN", "SH", "BJ"];

/// Who attacks.
#[derive(Debug, Clone)]
pub struct Attacker {
    /// The principal.
    pub principal: membrane_model::PrincipalId,
    /// Its bearer.
    pub bearer: String,
    /// The purpose that it states.
    pub purpose: String,
}

/// What came of one attack by one attacker.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The attacker.
    pub principal: membrane_model::PrincipalId,
    /// The attack.
    pub id: String,
    /// What is tried.
    pub title: String,
    /// Whether the hub held.
    pub verdict: Verdict,
}

/// What came of all of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// One for each attack that was made.
    pub scored: Vec<Scored>,
    /// Attacks that were left out: nothing is hidden from the attacker that they could reach for, or they are heavy.
    pub left_out: usize,
}

impl Report {
    /// Returns how many attacks the hub held against.
    #[must_use]
    pub fn held(&self) -> usize {
        self.scored.iter().filter(|scored| scored.verdict == Verdict::Held).count()
    }
}

/// Attacks a hub, as each of the attackers. No `canary` may be in any byte that comes back.
///
/// # Errors
/// [`ClientError`] when the hub does not answer.
pub async fn attack(
    to: &Address,
    attackers: &[Attacker],
    canaries: &[String],
    heavy: bool,
) -> Result<Report, ClientError> {
    let mut report = Report::default();
    for attacker in attackers {
        let door = Door { to, attacker, hidden: hidden_region(to, attacker).await? };
        for attack in corpus() {
            if attack.part_of(attacker.principal.kind()) == Part::None {
                continue;
            }
            if (attack.heavy && !heavy) || (attack.needs_hidden_rows() && door.hidden.is_none()) {
                report.left_out = report.left_out.saturating_add(1);
                continue;
            }
            let verdict = door.verdict(&attack, canaries).await?;
            report.scored.push(Scored {
                principal: attacker.principal.clone(),
                id: attack.id,
                title: attack.title.into_owned(),
                verdict,
            });
        }
    }
    Ok(report)
}

/// Finds a region of which the attacker sees no row; one that may see no region is given any.
async fn hidden_region(to: &Address, attacker: &Attacker) -> Result<Option<String>, ClientError> {
    let door = Door { to, attacker, hidden: None };
    let came = door.send(&Ask::Sql("SELECT DISTINCT region FROM pos_order_lines".into())).await?;
    let shown: Vec<String> = came
        .rows
        .unwrap_or_default()
        .iter()
        .filter_map(|row| row.get("region").and_then(Value::as_str).map(str::to_owned))
        .collect();
    Ok(REGIONS
        .iter()
        .find(|region| !shown.iter().any(|shown| shown == *region))
        .map(|found| (*found).to_owned()))
}

/// One attacker's way in.
struct Door<'a> {
    to: &'a Address,
    attacker: &'a Attacker,
    hidden: Option<String>,
}

impl Door<'_> {
    async fn verdict(&self, attack: &Attack, canaries: &[String]) -> Result<Verdict, ClientError> {
        let came = self.send(&attack.ask).await?;
        if let Some(place) = came.held(canaries) {
            return Ok(Verdict::Broken(format!("canary {} was in the answer", place.saturating_add(1))));
        }
        if attack.part_of(self.attacker.principal.kind()) == Part::Stranger {
            return Ok(if came.is_answered() {
                Verdict::Broken(format!("{} for one who may not ask at all", came.brief()))
            } else {
                Verdict::Held
            });
        }
        let other = match &attack.expect {
            Expect::SameAs(honest) => Some(self.send(&Ask::Sql(honest.clone())).await?),
            Expect::SameWords(ask) => Some(self.send(ask).await?),
            _ => None,
        };
        Ok(judge(attack, &came, other.as_ref()))
    }

    async fn send(&self, ask: &Ask) -> Result<Outcome, ClientError> {
        let hidden = self.hidden.as_deref().unwrap_or("GD");
        request(ask, &self.attacker.bearer, &self.attacker.purpose, hidden).send(self.to).await
    }
}

/// Writes what is sent over HTTP, with the attacker's bearer and purpose and a region that is hidden from it.
#[must_use]
pub fn request(ask: &Ask, bearer: &str, purpose: &str, hidden: &str) -> Request {
    let post = |path: &str, body: &Value| Request {
        method: "POST",
        path: path.to_owned(),
        headers: vec![
            ("authorization", format!("Bearer {bearer}")),
            ("content-type", "application/json".to_owned()),
        ],
        body: body.to_string().into_bytes(),
    };
    match ask {
        Ask::Sql(sql) => {
            post("/v1/query", &json!({ "sql": sql.replace(HIDDEN, hidden), "purpose": purpose }))
        }
        Ask::SqlFor(sql, purpose) => {
            let sql = sql.replace(HIDDEN, hidden);
            post(
                "/v1/query",
                &purpose.as_ref().map_or_else(
                    || json!({ "sql": sql }),
                    |purpose| json!({ "sql": sql, "purpose": purpose }),
                ),
            )
        }
        Ask::Release(body) => post("/v1/release", body),
        Ask::Http(request) => {
            let fill = |text: &str| text.replace("{bearer}", bearer).replace("{purpose}", purpose);
            let headers = request.headers.iter().map(|(name, value)| (*name, fill(value))).collect();
            Request { path: fill(&request.path), headers, ..request.clone() }
        }
    }
}
