//! The commands of `membrane demo-real`: an analyst, a partner and a compliance officer at work on a year of a grocery
//! chain. Who they are is taken from principals.json, by kind.

use serde_json::{Value, json};

use super::checks::{row_count, rows, text};
use super::{Facts, ShellCommand, Who, curl_get, curl_post};

const ANALYST: Who = Who { id: "an analyst", about: "every household, what is personal masked" };
const PARTNER: Who = Who { id: "a partner", about: "a brand: differentially private aggregates only" };
const COMPLIANCE: Who = Who { id: "compliance", about: "the record, and no data" };

const JOINED: &str = "SELECT h.member_no, h.name, h.phone, h.email, h.income, SUM(t.sales_value) AS spend \
                      FROM transactions t JOIN households h ON t.household_id = h.household_id \
                      GROUP BY h.member_no, h.name, h.phone, h.email, h.income ORDER BY spend DESC LIMIT 5";
const EXACT: &str = "SELECT department, COUNT(*) AS lines, SUM(sales_value) AS sales \
                     FROM transactions GROUP BY department ORDER BY sales DESC";
const WEEKLY: &str = "SELECT p.department, t.week, COUNT(*) AS lines, SUM(t.sales_value) AS sales \
                      FROM transactions t JOIN products p ON t.product_id = p.product_id \
                      GROUP BY p.department, t.week ORDER BY sales DESC";

/// Returns the commands for a hub at this address.
pub(crate) fn commands(base: &str) -> Vec<ShellCommand> {
    let read = |sql: &str| {
        curl_post(base, "/v1/query", "ANALYST", &json!({ "sql": sql, "purpose": "marketing_analysis" }))
    };
    // Few households, many groups each: more groups and rows count than the contract's, at a higher price.
    let weekly = json!({
        "sql": WEEKLY, "purpose": "partner_reporting", "epsilon": 4.0, "groups_max": 200, "rows_max": 12
    });
    vec![
        ShellCommand {
            who: ANALYST,
            title: "the five households that spend most: a join on tokens, names and phones masked",
            shell: read(JOINED),
            check: check_masked,
        },
        ShellCommand {
            who: ANALYST,
            title: "exact sales by department",
            shell: read(EXACT),
            check: |answer, facts| {
                facts.insert("exact", answer.clone());
                Ok(format!("{} departments", row_count(answer)?))
            },
        },
        ShellCommand {
            who: PARTNER,
            title: "sales by department and week, joined with public products, with error bars",
            shell: curl_post(base, "/v1/release", "PARTNER", &weekly),
            check: check_weekly,
        },
        ShellCommand {
            who: PARTNER,
            title: "the same question again: the same answer, for nothing",
            shell: curl_post(base, "/v1/release", "PARTNER", &weekly),
            check: check_replay,
        },
        ShellCommand {
            who: COMPLIANCE,
            title: "where the sales went: the lineage of that answer",
            shell: curl_get(base, "/v1/lineage/transactions/sales_value", "COMPLIANCE"),
            check: check_lineage,
        },
    ]
}

fn check_masked(answer: &Value, _: &mut Facts) -> Result<String, String> {
    let found = row_count(answer)?;
    if found != 5 {
        return Err(format!("{found} rows instead of 5"));
    }
    for row in rows(answer)? {
        for name in ["name", "phone"] {
            if !row.get(name).is_none_or(Value::is_null) && !text(row, name)?.contains('*') {
                return Err(format!("`{name}` is not masked"));
            }
        }
    }
    Ok("5 households, masked".to_owned())
}

/// Compares the weekly noisy sales, added up, with the exact sales of the largest department. What one household
/// contributes is bounded, so the noisy total may lie below, but never far above.
fn check_weekly(answer: &Value, facts: &mut Facts) -> Result<String, String> {
    let groups = row_count(answer)?;
    facts.insert("release", answer.clone());
    let exact = facts.get("exact").ok_or("the exact answer is missing")?;
    let all = rows(exact)?;
    let first = all.first().ok_or("the exact answer is empty")?;
    let department = text(first, "department")?;
    let truth = first.get("sales").and_then(Value::as_f64).ok_or("`sales` is no number")?;
    let (mut noisy, mut sd) = (0.0, 0.0);
    for row in rows(answer)? {
        if row.get("department").and_then(Value::as_str) == Some(department) {
            let number = |name: &str| row.get(name).and_then(Value::as_f64).ok_or("a cell is no number");
            noisy += number("sales")?;
            sd += number("sales_sd")?.powi(2);
        }
    }
    let share = 100.0 * noisy / truth;
    let slack = 5.0 * sd.sqrt();
    if noisy > truth + slack || noisy < truth * 0.7 - slack {
        return Err(format!("{department} adds up to {share:.0} % of its exact sales"));
    }
    let epsilon = answer.pointer("/price/epsilon").and_then(Value::as_f64).unwrap_or_default();
    Ok(format!(
        "{groups} groups at epsilon {epsilon:.2}; the weeks of {department} add up to {share:.1} % of its exact sales"
    ))
}

fn check_replay(answer: &Value, facts: &mut Facts) -> Result<String, String> {
    let first = facts.get("release").ok_or("the first answer is missing")?;
    let free = answer.pointer("/charged/rho").and_then(Value::as_f64) == Some(0.0);
    if free && answer.get("rows") == first.get("rows") && first.get("rows").is_some() {
        Ok("the same rows, charged nothing".to_owned())
    } else {
        Err("it is another answer, or was charged".to_owned())
    }
}

fn check_lineage(answer: &Value, facts: &mut Facts) -> Result<String, String> {
    let release = facts.get("release").ok_or("the release is missing")?;
    // A release of an earlier demonstration in the same folder was drawn, and recorded, then.
    let earlier = release.get("replay_of").filter(|run| !run.is_null());
    let drawn = earlier.or_else(|| release.get("run"));
    let edges = answer.get("downstream").and_then(Value::as_array).ok_or("no edges")?;
    let masked = |edge: &&Value| edge.get("masking").and_then(Value::as_bool) == Some(true);
    if edges.iter().filter(masked).any(|edge| edge.pointer("/to/name") == drawn) {
        Ok(format!("{} edges down, the release among them, obscured on the way", edges.len()))
    } else {
        Err("the release is not there".to_owned())
    }
}
