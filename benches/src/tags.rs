//! Tags: how long it takes to build twenty of them of all members, and again after one line in a hundred is new.
//!
//! All twenty have one statement, as tags that are told together do: thresholds over sums and counts of a year and of its last months. Lines are
//! made from their number; members have them in no order.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use membrane::flow::{BuiltTag, TagRequest, build_tags};
use membrane::{Channel, Hub};
use tokio::runtime::Runtime;

use crate::hub::{ingest, open_with};
use crate::table::{note, print};

/// Lines when nobody says how many, in millions; a member has fifty.
const MILLIONS: u64 = 50;
const EACH: u64 = 50;
const TAGS: u64 = 20;

/// Runs the bench and prints its table.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let millions: u64 = arguments.first().map_or(Ok(MILLIONS), |text| text.parse())?;
    let dir = tempfile::tempdir().context("make a folder")?;
    write_rules(dir.path())?;
    runtime.block_on(measure(dir.path(), millions * 1_000_000))
}

async fn measure(dir: &Path, lines: u64) -> Result<()> {
    let hub = open_with(&dir.join("home"), dir).await?;
    let members = (lines / EACH).max(1);
    note(&format!("{lines} lines of {members} members"));
    bring_in(&hub, dir, (0, lines), members).await?;
    let (first, built) = build(&hub).await?;
    ensure!(built.iter().all(|one| one.build.members == members), "somebody has no value");
    let (nothing, _) = build(&hub).await?;
    bring_in(&hub, dir, (lines, lines + lines / 100), members).await?;
    let (news, again) = build(&hub).await?;
    let changed: u64 = again.iter().map(|one| one.build.changed).sum();
    let kinds: Vec<&str> = again.iter().map(|one| one.build.kind.as_str()).collect();
    ensure!(kinds.iter().all(|kind| *kind == "members"), "not incremental: {kinds:?}");
    print("");
    print(&format!("| {TAGS} tags of {members} members, {lines} lines | seconds | values written |"));
    print("| --- | ---: | ---: |");
    print(&format!("| first build | {:.1} | {} |", first.as_secs_f64(), TAGS * members));
    print(&format!("| nothing is new | {:.2} | 0 |", nothing.as_secs_f64()));
    print(&format!("| one line in a hundred is new | {:.1} | {changed} |", news.as_secs_f64()));
    Ok(())
}

async fn build(hub: &Hub) -> Result<(Duration, Vec<BuiltTag>)> {
    let ctx = hub.ctx("service:tagger".parse()?, Channel::Cli);
    let began = Instant::now();
    let built = build_tags(&ctx, hub, TagRequest::default()).await;
    let built = built.map_err(|failure| anyhow!("{}", failure.error))?;
    let took = began.elapsed();
    let faults: Vec<_> =
        built.iter().filter_map(|one| Some((one.build.fault.as_deref()?, &one.detail))).collect();
    ensure!(faults.is_empty(), "{faults:?}");
    Ok((took, built))
}

/// Brings in lines, in deliveries of five million.
async fn bring_in(hub: &Hub, dir: &Path, (from, to): (u64, u64), members: u64) -> Result<()> {
    let file = dir.join("lines.csv");
    let mut at = from;
    while at < to {
        let end = to.min(at + 5_000_000);
        let mut out = std::io::BufWriter::with_capacity(1 << 20, fs::File::create(&file)?);
        out.write_all(b"member_no,category,amount,ordered_at\n")?;
        let mut text = String::new();
        for number in at..end {
            // SplitMix64's last step: members come in no order.
            let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^= mixed >> 27;
            // Each member has a line in the first ones.
            let member = if number < members { number } else { mixed % members };
            let (category, cents) = ((mixed >> 20) % 12, (mixed >> 32) % 30_000);
            let (month, day) = (1 + (mixed >> 48) % 12, 1 + number % 28);
            writeln!(
                text,
                "M{member:08},c{category},{}.{:02},2025-{month:02}-{day:02}T10:20:30Z",
                cents / 100,
                cents % 100
            )?;
            if text.len() > 1 << 16 {
                out.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        out.write_all(text.as_bytes())?;
        out.flush()?;
        drop(out);
        let rows = ingest(hub, "lines", &file, Some(format!("lines-{at}"))).await?;
        ensure!(rows == end - at, "{rows} of {} lines", end - at);
        at = end;
    }
    fs::remove_file(&file)?;
    Ok(())
}

/// Writes the catalog and the policies.
#[expect(clippy::too_many_lines, reason = "one file after the other")]
fn write_rules(dir: &Path) -> Result<()> {
    let put = |name: &str, text: &str| -> Result<()> {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(&path, text).with_context(|| format!("write {name}"))
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find the repository")?;
    put("policies/membrane.cedarschema", &fs::read_to_string(root.join("policies/membrane.cedarschema"))?)?;
    put(
        "policies/principals.json",
        r#"[{ "uid": { "type": "Service", "id": "ingestor" }, "attrs": {}, "parents": [] },
            { "uid": { "type": "Service", "id": "tagger" }, "attrs": {}, "parents": [] }]"#,
    )?;
    put(
        "policies/all.cedar",
        r#"@id("service.ingest") permit (principal is Service, action == Action::"ingest", resource in Hub::"hub");
@id("tagger.read") permit (principal is Service, action == Action::"read", resource in Hub::"hub");
@id("tagger.rows") permit (principal is Service, action == Action::"readRow", resource);
@id("tagger.tokens") permit (principal is Service, action == Action::"readToken", resource in Class::"pii");
@id("tagger.clear") permit (principal is Service, action == Action::"readClear", resource) when { resource in [Class::"behaviour", Class::"technical"] };
"#,
    )?;
    put(
        "catalog/classes.yaml",
        "classes:\n  - { name: pii, description: Says who. }\n  - { name: pii.identifier, description: A number. }\n  - { name: behaviour, description: What somebody did. }\n  - { name: technical, description: Numbers. }\n",
    )?;
    put("catalog/purposes.yaml", "purposes:\n  - { name: operations, description: To run the bench. }\n")?;
    let column = |name: &str, logical: &str, class: &str, more: &str| {
        format!(
            "      - name: {name}\n        logicalType: {logical}\n{more}        classification: {class}\n        customProperties:\n          - {{ property: membrane.protection, value: clear }}\n"
        )
    };
    let required = "        required: true\n";
    let member = "      - name: member_no\n        logicalType: string\n        required: true\n        classification: pii.identifier\n        customProperties:\n          - { property: membrane.protection, value: token }\n          - { property: membrane.identity, value: member_no }\n";
    let contract = |name: &str, time: &str, columns: &str| {
        format!(
            "apiVersion: v3.0.2\nkind: DataContract\nid: urn:membrane:bench:{name}\nname: {name}\nversion: 1.0.0\nstatus: active\nschema:\n  - name: {name}\n    physicalType: table\n    description: Generated.\n    customProperties:\n      - {{ property: membrane.subject, value: member_no }}\n      - {{ property: membrane.eventTime, value: {time} }}\n    properties:\n{member}{columns}"
        )
    };
    let stamp = "        physicalType: timestamp\n        required: true\n";
    let lines = [
        column("category", "string", "behaviour", required),
        column(
            "amount",
            "number",
            "behaviour",
            "        physicalType: decimal(12,2)\n        required: true\n",
        ),
        column("ordered_at", "date", "behaviour", stamp),
    ]
    .concat();
    put("catalog/contracts/lines.yaml", &contract("lines", "ordered_at", &lines))?;
    let tags = [
        column("tag", "string", "technical", required),
        column("value", "string", "behaviour", ""),
        column("number", "number", "behaviour", "        physicalType: double\n"),
        column("since", "date", "technical", stamp),
        column("version", "integer", "technical", required),
        column("definition", "string", "technical", required),
    ]
    .concat();
    put("catalog/contracts/member_tags.yaml", &contract("member_tags", "since", &tags))?;
    let mut sql = "SELECT member_no".to_owned();
    for tag in 0..TAGS {
        let (low, high) = (100 + 50 * tag, 400 + 100 * tag);
        let what = match tag % 4 {
            0 => "SUM(amount)".to_owned(),
            1 => format!("SUM(CASE WHEN category = 'c{}' THEN amount ELSE 0 END)", tag % 12),
            2 => format!(
                "COUNT(CASE WHEN ordered_at >= TIMESTAMP '2025-{:02}-01 00:00:00' THEN 1 END) * 100",
                1 + tag % 12
            ),
            _ => "MAX(amount) * 4".to_owned(),
        };
        write!(
            sql,
            ",\n  CASE WHEN {what} >= {high} THEN 'high' WHEN {what} >= {low} THEN 'mid' ELSE 'low' END AS t{tag}"
        )?;
        put(
            &format!("catalog/tags/bench.t{tag}.yaml"),
            &format!(
                "id: bench.t{tag}\nname: {{ en: Tag {tag}, zh: 标签{tag} }}\nkind: rule\nentity: member_no\nvalue: {{ type: enum, values: [high, mid, low] }}\nversion: 1\nstatus: active\nowner: {{ team: bench }}\npurposes: [operations]\nsensitivity: personal\nsource: {{ sql: all.sql, column: t{tag} }}\nrefresh: {{ mode: manual }}\nconsent_missing: ignore\ntests:\n  - name: one\n    given: {{ lines: fixtures/one.csv }}\n    expect: fixtures/none.csv\n"
            ),
        )?;
    }
    sql.push_str("\nFROM lines\nGROUP BY member_no\n");
    put("catalog/tags/all.sql", &sql)?;
    put(
        "catalog/tags/fixtures/one.csv",
        "member_no,category,amount,ordered_at\nM00000001,c99,0.00,2024-01-01T00:00:00Z\n",
    )?;
    put("catalog/tags/fixtures/none.csv", "member_no,value\nM00000001,low\n")
}
