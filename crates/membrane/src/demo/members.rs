//! The commands of `membrane demo`: an analyst, a partner and a compliance officer at work on generated members.

use serde_json::{Value, json};

use super::checks::{code_is, near, row_count, rows, text};
use super::{Facts, ShellCommand, Who, curl_get, curl_post};

const ANALYST: Who = Who { id: "analyst:ana", about: "marketing: her own regions, what is personal masked" };
const INSIGHT: Who = Who { id: "analyst:lee", about: "insight: all regions, nothing personal in clear" };
const PARTNER: Who = Who { id: "partner:acme", about: "a brand: differentially private aggregates only" };
const COMPLIANCE: Who = Who { id: "compliance:olga", about: "the record, and no data" };
const STRANGER: Who = Who { id: "a stranger", about: "no bearer, nothing" };

const MASKED: &str = "SELECT member_no, name, phone, email, birth_date, region, tier \
                      FROM crm_members ORDER BY joined_on DESC, member_no LIMIT 5";
const JOINED: &str = "SELECT m.tier, COUNT(*) AS orders, SUM(o.amount) AS spend FROM crm_members m \
                      JOIN pos_orders o ON m.member_no = o.member_no GROUP BY m.tier ORDER BY spend DESC";
/// Without what minors bought: partners are told nothing of it.
const EXACT: &str = "SELECT category, COUNT(DISTINCT member_no) AS members, COUNT(*) AS lines, \
                     SUM(amount) AS sales FROM pos_order_lines WHERE NOT buyer_is_minor \
                     GROUP BY category ORDER BY category";
const SPEND: &str = "SELECT category, COUNT(DISTINCT member_no) AS members, COUNT(*) AS lines, SUM(amount) AS sales \
                     FROM pos_order_lines GROUP BY category";
const ROWS: &str = "SELECT * FROM pos_order_lines LIMIT 5";

/// Whose bearers the commands need: the variable and the principal.
pub(crate) const BEARERS: [(&str, &str); 4] = [
    ("ANALYST", "analyst:ana"),
    ("INSIGHT", "analyst:lee"),
    ("PARTNER", "partner:acme"),
    ("COMPLIANCE", "compliance:olga"),
];

/// Returns the commands for a hub at this address.
pub(crate) fn commands(base: &str) -> Vec<ShellCommand> {
    let marketing = |sql: &str| json!({ "sql": sql, "purpose": "marketing_analysis" });
    let mut all = analyst(base, &marketing);
    all.extend(partner(base, &marketing));
    all.extend(compliance(base));
    all
}

fn analyst(base: &str, marketing: &dyn Fn(&str) -> Value) -> Vec<ShellCommand> {
    vec![
        ShellCommand {
            who: ANALYST,
            title: "five members, masked as policy says",
            shell: curl_post(base, "/v1/query", "ANALYST", &marketing(MASKED)),
            check: check_masked,
        },
        ShellCommand {
            who: ANALYST,
            title: "spend by tier: a join on tokens that she cannot read",
            shell: curl_post(base, "/v1/query", "ANALYST", &marketing(JOINED)),
            check: |answer, _| at_least(answer, 2),
        },
        ShellCommand {
            who: INSIGHT,
            title: "exact sales by category, without what minors bought",
            shell: curl_post(base, "/v1/query", "INSIGHT", &marketing(EXACT)),
            check: |answer, facts| {
                facts.insert("exact", answer.clone());
                at_least(answer, 2)
            },
        },
    ]
}

fn partner(base: &str, marketing: &dyn Fn(&str) -> Value) -> Vec<ShellCommand> {
    let release = |more: Value| {
        let mut body = json!({ "sql": SPEND, "purpose": "partner_reporting" });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        curl_post(base, "/v1/release", "PARTNER", &body)
    };
    let command = |title, shell, check| ShellCommand { who: PARTNER, title, shell, check };
    vec![
        command(
            "what sales by category would cost, and how exact they would be",
            release(json!({ "dry_run": true })),
            check_price,
        ),
        command("sales by category, with error bars", release(json!({})), check_release),
        command("the same question again: the same answer, for nothing", release(json!({})), check_replay),
        command(
            "dearer than one answer may be: refused",
            release(json!({ "epsilon": 19.5 })),
            |answer, _| code_is(answer, "over_price"),
        ),
        command(
            "rows instead of aggregates: refused",
            curl_post(base, "/v1/query", "PARTNER", &marketing(ROWS)),
            |answer, _| code_is(answer, "not_permitted"),
        ),
        command("what is left of the budget", curl_get(base, "/v1/budget", "PARTNER"), check_budget),
    ]
}

fn compliance(base: &str) -> Vec<ShellCommand> {
    let command = |title, path, check| ShellCommand {
        who: COMPLIANCE,
        title,
        shell: curl_get(base, path, "COMPLIANCE"),
        check,
    };
    vec![
        command("who did what", "/v1/runs?limit=20", check_runs),
        command(
            "where the amounts of order lines came from and went",
            "/v1/lineage/pos_order_lines/amount",
            check_lineage,
        ),
        ShellCommand {
            who: STRANGER,
            title: "anything: refused",
            shell: format!("curl -s {base}/v1/datasets"),
            check: |answer, _| code_is(answer, "unauthenticated"),
        },
    ]
}

fn at_least(answer: &Value, least: u64) -> Result<String, String> {
    let rows = row_count(answer)?;
    if rows >= least { Ok(format!("{rows} rows")) } else { Err(format!("{rows} rows, fewer than {least}")) }
}

fn check_masked(answer: &Value, _: &mut Facts) -> Result<String, String> {
    if row_count(answer)? != 5 {
        return Err("not five rows".to_owned());
    }
    for row in rows(answer)? {
        let phone = text(row, "phone")?;
        if phone.matches('*').count() < 4 {
            return Err("a phone number is not masked".to_owned());
        }
        if !text(row, "name")?.contains('*') {
            return Err("a name is not masked".to_owned());
        }
        if !["SH", "BJ"].contains(&text(row, "region")?) {
            return Err("a row of another region is shown".to_owned());
        }
    }
    Ok("5 rows of her regions, names and phones masked".to_owned())
}

fn check_price(answer: &Value, _: &mut Facts) -> Result<String, String> {
    let epsilon = answer.pointer("/price/epsilon").and_then(Value::as_f64).ok_or("no price")?;
    if answer.get("rows").is_some() {
        return Err("a dry run has rows".to_owned());
    }
    Ok(format!("epsilon {epsilon:.2}"))
}

fn check_release(answer: &Value, facts: &mut Facts) -> Result<String, String> {
    let exact = facts.get("exact").cloned().ok_or("the exact answer is missing")?;
    let groups = rows(&exact)?.len();
    let members = near(answer, &exact, "category", "members")?;
    let lines = near(answer, &exact, "category", "lines")?;
    let sales = near(answer, &exact, "category", "sales")?;
    let answered = row_count(answer)?;
    facts.insert("release", answer.clone());
    Ok(format!(
        "{answered} of {groups} groups, at most {members:.1} % off in members, {lines:.1} % in lines, {sales:.1} % in sales"
    ))
}

fn check_replay(answer: &Value, facts: &mut Facts) -> Result<String, String> {
    let first = facts.get("release").ok_or("the first answer is missing")?;
    if answer.get("replay_of").is_none_or(Value::is_null) {
        return Err("it was drawn again".to_owned());
    }
    if answer.pointer("/charged/rho").and_then(Value::as_f64) != Some(0.0) {
        return Err("it was charged again".to_owned());
    }
    if answer.get("rows") != first.get("rows") {
        return Err("it is another answer".to_owned());
    }
    Ok("the same rows, charged nothing".to_owned())
}

fn check_budget(answer: &Value, _: &mut Facts) -> Result<String, String> {
    let lines = answer.get("budgets").and_then(Value::as_array).ok_or("no budgets")?;
    let spent = lines.iter().filter_map(|line| line.pointer("/spent/rho")?.as_f64()).fold(0.0, f64::max);
    if spent > 0.0 { Ok(format!("rho {spent:.4} spent")) } else { Err("nothing was spent".to_owned()) }
}

fn check_runs(answer: &Value, _: &mut Facts) -> Result<String, String> {
    let runs = answer.get("runs").and_then(Value::as_array).ok_or("no runs")?;
    let of = |action: &str| runs.iter().any(|run| run.get("action").and_then(Value::as_str) == Some(action));
    if of("read") && of("release") {
        Ok(format!("{} runs, reads and releases among them", runs.len()))
    } else {
        Err("the reads and releases of this demonstration are not there".to_owned())
    }
}

fn check_lineage(answer: &Value, _: &mut Facts) -> Result<String, String> {
    let edges = |name: &str| answer.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    let (upstream, downstream) = (edges("upstream"), edges("downstream"));
    if upstream > 0 && downstream > 0 {
        Ok(format!("{upstream} edges up, {downstream} down"))
    } else {
        Err(format!("{upstream} edges up, {downstream} down"))
    }
}
