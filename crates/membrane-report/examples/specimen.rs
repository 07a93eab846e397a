//! Writes a specimen in all four forms, to be looked at: `cargo run --example specimen -- FOLDER [FONT]`.

use std::path::PathBuf;

use membrane_report::{
    Block, Cell, Column, ColumnKind, Document, FindingKind, Fonts, Level, Limits, Moment, Section, Slug,
    Table, to_html, to_json, to_markdown, to_pdf,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().unwrap_or_else(|| ".".to_owned()));
    let mut fonts = Fonts::bundled()?;
    if let Some(font) = args.next() {
        fonts = fonts.with_fallback(std::fs::read(font)?)?;
    }
    let limits = Limits::default();
    for (name, document) in [("access", access(230)?), ("ropa", ropa()?), ("large", access(5_000)?)] {
        std::fs::write(folder.join(format!("{name}.md")), to_markdown(&document))?;
        std::fs::write(folder.join(format!("{name}.json")), to_json(&document))?;
        std::fs::write(folder.join(format!("{name}.html")), to_html(&document, &limits))?;
        std::fs::write(folder.join(format!("{name}.pdf")), to_pdf(&document, &fonts, &limits)?)?;
    }
    Ok(())
}

/// Returns a report of who accessed what.
fn access(rows: u64) -> Result<Document, Box<dyn std::error::Error>> {
    let mut document = Document::new("Who accessed what: claims_2026", "rep-2026-11-7f3a");
    document.subject =
        "All reads of the dataset claims_2026, with the purposes they were made for".to_owned();
    document.made_at = Some(Moment::utc((2026, 11, 2), (9, 30, 0))?);
    document.push_fact("Period", "2026-10-01 to 2026-10-31 (UTC)");
    document.push_fact("Made at", "2026-11-02T09:30:00Z");
    document.push_fact("Hub", "hub.example-insurance.eu");
    document.push_fact("Made by", "Dr. Eva Grünwald, Datenschutzbeauftragte <dpo@example-insurance.eu>");
    document.push_fact("Run", "0192f3d4-7c1e-7a55-9b1e-0c7d5b2a9e44");

    let mut summary = section("summary", Level::One, "Summary")?;
    summary.blocks = vec![
        Block::Paragraph("In the period, 14 people and 3 services read the dataset for four purposes. Every read was permitted by a policy that was in force at the time. The ledger that this report is taken from was checked against its published checkpoints, and is complete.".to_owned()),
        Block::Finding { kind: FindingKind::Info, text: "Counts of rows are exact. They are of rows returned, not of rows scanned.".to_owned() },
        Block::Finding { kind: FindingKind::Warning, text: "The purpose `fraud-review` has no retention period. Article 30(1)(f) asks for one where possible.".to_owned() },
        Block::Finding { kind: FindingKind::Fault, text: "Two reads by svc-export took place after its contract had ended on 2026-10-15.".to_owned() },
    ];
    document.push_section(summary)?;
    push_terms(&mut document)?;
    push_reads(&mut document, rows)?;
    push_rest(&mut document)?;
    Ok(document)
}

/// Adds terms.
fn push_terms(document: &mut Document) -> Result<(), Box<dyn std::error::Error>> {
    let mut terms = section("terms", Level::Two, "Terms")?;
    terms.blocks = vec![
        Block::Definitions(vec![
            ("Read".to_owned(), "A query that returned at least one row, or a count, of the dataset.".to_owned()),
            ("Purpose".to_owned(), "What the reader said the data was for; the policy decides whether it is allowed for that. A purpose has an owner, a legal basis and a period after which data is erased.".to_owned()),
            ("Run".to_owned(), "One request, from the question to the last row.".to_owned()),
        ]),
        Block::List(vec![
            "Names are those of the directory on the day of the read.".to_owned(),
            "Moments are in UTC.".to_owned(),
            "A hidden character is written as its code point: evil\u{202e}gpj.exe; one that no font has as U+XXXX in brackets: 王小明, \u{10900}.".to_owned(),
        ]),
    ];
    document.push_section(terms)?;
    Ok(())
}

/// Adds a long table.
fn push_reads(document: &mut Document, rows: u64) -> Result<(), Box<dyn std::error::Error>> {
    let columns = vec![
        column("at", "At", ColumnKind::Moment)?,
        column("who", "Who", ColumnKind::Text)?,
        column("purpose", "Purpose", ColumnKind::Code)?,
        column("what", "What was read", ColumnKind::Text)?,
        column("rows", "Rows", ColumnKind::Number)?,
        column("run", "Run", ColumnKind::Code)?,
    ];
    let mut table = Table::new(Slug::new("reads-table")?, columns)?
        .with_caption("Reads in the order in which they took place");
    let names = [
        "Ada Lovelace",
        "Grace Hopper",
        "José María Núñez-Fernández",
        "svc-export",
        "Ελένη Παπαδοπούλου",
        "Иван Петров",
    ];
    let purposes = ["billing", "fraud-review", "product-analytics-quarterly", "subject-access"];
    let whats = [
        "age, region",
        "claim_id, amount, diagnosis_code (masked), date of the claim and of its settlement",
        "count by region with noise (epsilon 0.1)",
        "https://hub.example-insurance.eu/datasets/claims_2026/versions/0192f3d4-7c1e-7a55-9b1e-0c7d5b2a9e44?columns=all",
    ];
    for row in 0..rows {
        let at = usize::try_from(row)?;
        let pick = |list: &[&'static str], step: usize| {
            list.get(at / step % list.len()).copied().unwrap_or_default()
        };
        table.push_row(vec![
            format!("2026-10-{:02}T{:02}:{:02}:07Z", row / 9 % 31 + 1, row * 7 % 24, row * 13 % 60).into(),
            pick(&names, 1).into(),
            pick(&purposes, 2).into(),
            pick(&whats, 3).into(),
            if row % 17 == 16 { Cell::Empty } else { (row * 7919 % 120_000).into() },
            format!("0192f3d4-{:04x}", row * 31 % 65_536).into(),
        ])?;
    }
    let mut reads = section("reads", Level::One, "Reads")?;
    reads.blocks = vec![Block::Paragraph("One line for each read.".to_owned()), Block::Table(table)];
    document.push_section(reads)?;
    Ok(())
}

/// Adds a table without rows, a small one, a policy and questions.
fn push_rest(document: &mut Document) -> Result<(), Box<dyn std::error::Error>> {
    let empty = Table::new(Slug::new("refusals-table")?, vec![column("who", "Who", ColumnKind::Text)?])?
        .with_caption("Refusals")
        .with_empty("Nobody was refused in the period.");
    let small =
        vec![column("purpose", "Purpose", ColumnKind::Text)?, column("reads", "Reads", ColumnKind::Number)?];
    let mut small = Table::new(Slug::new("by-purpose")?, small)?.with_caption("Reads by purpose");
    for (purpose, reads) in [("Billing", 120_u64), ("Fraud review", 80), ("Product analytics", 30)] {
        small.push_row(vec![purpose.into(), reads.into()])?;
    }
    let mut refusals = section("refusals", Level::One, "Refusals")?;
    refusals.blocks = vec![Block::Table(empty), Block::Table(small)];
    document.push_section(refusals)?;
    let mut policy = section("policy", Level::Two, "The policy in force")?;
    policy.blocks = vec![Block::Code("permit (\n    principal in Group::\"claims-analysts\",\n    action == Action::\"Read\",\n    resource == Dataset::\"claims_2026\"\n) when { context.purpose in [\"billing\", \"fraud-review\"] };".to_owned())];
    document.push_section(policy)?;
    let mut assessment = section("assessment", Level::One, "Assessment")?;
    assessment.blocks = vec![
        question(
            "necessity",
            "Why is each of the purposes necessary, and could it be reached with less data?",
            5,
        )?,
        question("consulted", "Who was consulted?", 2)?,
    ];
    document.push_section(assessment)?;
    Ok(())
}

/// Returns records of processing: a wide table.
fn ropa() -> Result<Document, Box<dyn std::error::Error>> {
    let mut document = Document::new("Records of processing activities (Art. 30 GDPR)", "ropa-2026-11");
    document.subject = "Example Insurance AG, as controller".to_owned();
    document.push_fact("Made at", "2026-11-02T09:30:00Z");
    let names = [
        "Activity",
        "Purpose",
        "Legal basis",
        "Categories of persons",
        "Categories of data",
        "Recipients",
        "Third countries",
        "Erasure",
        "Security measures",
        "Owner",
    ];
    let columns =
        names.iter().enumerate().map(|(at, name)| column(&format!("c{at}"), name, ColumnKind::Text));
    let mut table = Table::new(Slug::new("activities-table")?, columns.collect::<Result<_, _>>()?)?;
    for _ in 0..24 {
        table.push_row(
            [
                "Claims handling",
                "Settlement of claims and defence against unfounded ones",
                "Art. 6(1)(b), Art. 9(2)(f)",
                "Policyholders, injured persons, witnesses, Bevollmächtigte",
                "Contact data, claims history, diagnoses (pseudonymised), bank accounts",
                "Reinsurers, medical experts, Versicherungsaufsichtsbehörde",
                "None",
                "10 years after settlement",
                "Encryption per person; purposes enforced by policy; every read recorded",
                "Head of claims",
            ]
            .map(Cell::from)
            .to_vec(),
        )?;
    }
    let mut section = section("activities", Level::One, "Activities")?;
    section.blocks = vec![Block::Table(table)];
    document.push_section(section)?;
    Ok(document)
}

fn section(id: &str, level: Level, heading: &str) -> Result<Section, Box<dyn std::error::Error>> {
    Ok(Section::new(Slug::new(id)?, level, heading))
}

fn column(id: &str, name: &str, kind: ColumnKind) -> Result<Column, Box<dyn std::error::Error>> {
    Ok(Column { id: Slug::new(id)?, name: name.to_owned(), kind })
}

fn question(id: &str, question: &str, lines: u8) -> Result<Block, Box<dyn std::error::Error>> {
    Ok(Block::ToFill { id: Slug::new(id)?, question: question.to_owned(), lines })
}
