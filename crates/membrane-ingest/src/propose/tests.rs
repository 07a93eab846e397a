use std::path::PathBuf;

use super::*;

/// A file, and what is proposed for it without a catalog.
struct Case {
    folder: tempfile::TempDir,
    catalog: Option<Catalog>,
}

impl Case {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), catalog: None }
    }

    fn shipped() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
        Self { catalog: Some(Catalog::load(&folder).unwrap()), ..Self::new() }
    }

    /// A catalog with one contract.
    fn with_contract(dataset: &str, contract: &str) -> Self {
        let case = Self::new();
        let folder = case.folder.path().join("catalog");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
        std::fs::create_dir_all(folder.join("contracts")).unwrap();
        for name in ["classes.yaml", "purposes.yaml"] {
            std::fs::copy(shipped.join(name), folder.join(name)).unwrap();
        }
        std::fs::write(folder.join(format!("contracts/{dataset}.yaml")), contract).unwrap();
        Self { catalog: Some(Catalog::load(&folder).unwrap()), ..case }
    }

    fn try_propose(&self, name: &str, text: &str) -> Result<Proposal, IngestError> {
        let file: PathBuf = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        propose(&ProposeOptions {
            file: &file,
            format: Format::from_path(&file).unwrap(),
            dataset: dataset_name_of(&file).unwrap(),
            rows_max: SAMPLE_ROWS,
            year: 2026,
            limits: Limits::default(),
            reading: Reading::default(),
            catalog: self.catalog.as_ref(),
            contract: None,
        })
    }

    /// Proposes, and requires that the catalog takes it.
    fn propose(&self, name: &str, text: &str) -> Proposal {
        let proposal = self.try_propose(name, text).unwrap();
        if let Some(catalog) = &self.catalog {
            let checked = catalog.check_contract(&proposal.dataset, &proposal.yaml);
            assert!(checked.is_ok(), "{}\n{}", checked.unwrap_err(), proposal.yaml);
        }
        proposal
    }
}

fn column<'a>(proposal: &'a Proposal, name: &str) -> &'a ProposedColumn {
    proposal
        .columns
        .iter()
        .find(|column| column.name == name)
        .unwrap_or_else(|| panic!("{name}: {}", proposal.yaml))
}

/// Numbers that look drawn.
fn scattered(row: u64) -> u64 {
    (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

fn phone(row: u64) -> String {
    format!(
        "1{}{:09}",
        [31, 38, 52, 77, 86, 99][usize::try_from(row % 6).unwrap()],
        scattered(row) % 100_000_000
    )
    .chars()
    .take(11)
    .collect()
}

/// Orders of 120 members, 5 each.
fn orders() -> String {
    let mut text = String::from("order_id,member_no,phone,tier,amount,paid_at,note\n");
    for row in 0..600_u64 {
        let member = row % 120;
        let tier =
            if row == 7 { "qxjzv-alone" } else { ["gold", "silver"][usize::try_from(member % 2).unwrap()] };
        text.push_str(&format!(
            "O{row:09},M{member:08},{},{tier},{}.{:02},2026-03-{:02}T10:00:00Z,\n",
            phone(member),
            scattered(row) % 900,
            row % 100,
            1 + row % 28
        ));
    }
    text
}

#[test]
fn a_dataset_about_members_is_proposed_whole() {
    let proposal = Case::shipped().propose("shop_orders.csv", &orders());
    let is = |name: &str| {
        let found = column(&proposal, name);
        (found.logical_type.as_str(), found.class.as_str(), found.protection.as_str())
    };
    assert_eq!(is("order_id"), ("string", "transaction", "clear"));
    assert_eq!(is("member_no"), ("string", "pii.identifier", "sealed+token"));
    assert_eq!(is("phone"), ("string", "pii.phone", "sealed+token"));
    assert_eq!(is("amount"), ("decimal(12,2)", "transaction", "clear"));
    assert_eq!(is("paid_at").0, "timestamp");
    assert_eq!(proposal.subject.as_ref().map(ColumnName::as_str), Some("member_no"));
    let yaml = &proposal.yaml;
    for line in [
        "membrane.subject, value: member_no",
        "membrane.eventTime, value: paid_at",
        "membrane.identity, value: phone",
        "membrane.check, value: mobile_china",
        "minimum: 0, maximum: 1000",
        "value: [\"gold\", \"silver\"]",
        "primaryKey: true",
    ] {
        assert!(yaml.contains(line), "{line}:\n{yaml}");
    }
    // One member's value is nobody's list.
    assert!(!yaml.contains("qxjzv"), "{yaml}");
}

#[test]
fn no_value_of_a_member_is_in_a_proposal() {
    let mut text = String::from("member_no,name,remark,birth_date,spent\n");
    for row in 0..300_u64 {
        text.push_str(&format!(
            "QXM{row:05},Qxjzv Smith {row},canary zzqx{row} here,19{:02}-03-04,{}\n",
            40 + row % 60,
            row * 37 % 991
        ));
    }
    let proposal = Case::shipped().propose("canary_members.csv", &text);
    let all = format!("{}{proposal:?}", proposal.yaml).to_lowercase();
    for canary in ["qxm0", "qxjzv", "zzqx", "03-04", "990"] {
        assert!(!all.contains(canary), "{canary}: {all}");
    }
}

#[test]
fn a_file_without_a_header_is_refused_and_not_repeated() {
    let rows: String = (0..50).map(|row| format!("{},x{row}\n", phone(row))).collect();
    let error = Case::new().try_propose("people.csv", &rows).unwrap_err();
    assert!(matches!(error, IngestError::NoHeader { values: 1, columns: 2 }), "{error}");
    assert_eq!(error.code(), "input_columns");
}

#[test]
fn things_are_left_in_clear() {
    let mut text = String::from("store_id,city,opened_on,is_open,area\n");
    for row in 0..200_u64 {
        text.push_str(&format!(
            "S{row:03},{},20{:02}-05-06,true,{}\n",
            ["Lyon", "Riga"][usize::try_from(row % 2).unwrap()],
            10 + row % 14,
            40 + scattered(row) % 300
        ));
    }
    let proposal = Case::shipped().propose("my_stores.csv", &text);
    assert_eq!(proposal.subject, None);
    for shown in &proposal.columns {
        assert_eq!(shown.protection, "clear", "{shown:?}");
    }
    assert_eq!(column(&proposal, "is_open").logical_type, "boolean");
    assert_eq!(column(&proposal, "opened_on").logical_type, "date");
    assert!(
        proposal.yaml.contains("unique: true") && proposal.yaml.contains("[\"Lyon\", \"Riga\"]"),
        "{}",
        proposal.yaml
    );
}

#[test]
fn json_says_what_is_text() {
    let line = |row: u64| {
        format!("{{\"userId\":\"U{row:06}\",\"phone\":{},\"n\":{},\"tags\":[1]}}\n", phone(row), row % 7)
    };
    let text: String = (0..100).map(line).collect();
    let proposal = Case::shipped().propose("visits.ndjson", &text);
    // A contract's text is a text of JSON; these are numbers.
    assert_eq!(
        (column(&proposal, "phone").logical_type.as_str(), column(&proposal, "phone").class.as_str()),
        ("integer", "pii.phone")
    );
    assert_eq!(proposal.subject.as_ref().map(ColumnName::as_str), Some("user_id"));
    assert!(
        proposal.remarks.iter().any(|remark| remark.contains("deliver it as `user_id`")),
        "{:?}",
        proposal.remarks
    );
    assert!(proposal.remarks.iter().any(|remark| remark.contains("nested")), "{:?}", proposal.remarks);
    // The kind `phone` is a text in the other contracts.
    assert!(proposal.yaml.contains("membrane.identity, value: visits_phone"), "{}", proposal.yaml);
}

#[test]
fn a_contract_is_kept_and_made_stricter() {
    let case = Case::shipped();
    let header = "store_id,store_name,city,region,opened_on,manager_email\n";
    let row =
        |row: u64| format!("S{row:03},Shop {row},Shanghai,SH,2020-01-0{},m{row}@example.com\n", 1 + row % 9);
    let text = format!("{header}{}", (0..100).map(row).collect::<String>());
    let proposal = case.propose("dim_stores.csv", &text);
    let kept = case.catalog.as_ref().unwrap().dataset(&"dim_stores".parse().unwrap()).unwrap().clone();
    for known in &kept.columns {
        let shown = column(&proposal, known.name.as_str());
        assert_eq!(
            (shown.class.as_str(), shown.protection.clone()),
            (known.class.as_str(), known.protection.to_string())
        );
    }
    assert_eq!(column(&proposal, "manager_email").protection, "token");
    assert!(
        proposal.differs.iter().any(|line| line.contains("`manager_email` is not in the contract")),
        "{:?}",
        proposal.differs
    );
}

#[test]
fn what_a_contract_leaves_in_clear_is_raised() {
    let contract = "apiVersion: v3.0.2\nkind: DataContract\nid: urn:x\nversion: 1.4.2\nstatus: active\nschema:\n  - name: leads\n    properties:\n\
                    \x20     - name: reference\n        logicalType: string\n        classification: business\n        customProperties:\n\
                    \x20         - { property: membrane.protection, value: clear }\n\
                    \x20     - name: gone\n        logicalType: string\n        classification: pii\n        customProperties:\n\
                    \x20         - { property: membrane.protection, value: drop }\n";
    let case = Case::with_contract("leads", contract);
    let text =
        format!("reference\n{}", (0..100).map(|row| format!("m{row}@example.com\n")).collect::<String>());
    let proposal = case.propose("leads.csv", &text);
    let shown = column(&proposal, "reference");
    assert_eq!((shown.class.as_str(), shown.protection.as_str()), ("pii.email", "token"));
    assert_eq!(column(&proposal, "gone").protection, "drop");
    assert!(proposal.yaml.contains("version: 1.5.0"), "{}", proposal.yaml);
    assert!(
        proposal.differs.iter().any(|line| line.contains("`clear` becomes `token`")),
        "{:?}",
        proposal.differs
    );
}

/// All that a contract says of a file's spelling, ends and edges is there in the proposal.
#[test]
fn what_a_contract_says_besides_is_kept() {
    let contract = "apiVersion: v3.0.2\nkind: DataContract\nid: urn:x\nversion: 1.0.0\nstatus: active\nschema:\n  - name: leads\n    customProperties:\n\
                    \x20     - { property: membrane.subject, value: member_no }\n      - { property: membrane.onTruncated, value: save }\n    properties:\n\
                    \x20     - name: member_no\n        logicalType: string\n        logicalTypeOptions: { minLength: 4, maxLength: 9 }\n        required: true\n        classification: pii.identifier\n\
                    \x20       customProperties:\n          - { property: membrane.protection, value: sealed+token }\n          - { property: membrane.identity, value: member_no }\n\
                    \x20     - name: phone\n        logicalType: string\n        classification: pii.phone\n        customProperties:\n\
                    \x20         - { property: membrane.protection, value: sealed+token }\n          - { property: membrane.identity, value: phone }\n\
                    \x20         - { property: membrane.standard, value: phone(CN) }\n          - { property: membrane.original, value: sealed }\n\
                    \x20     - name: country\n        logicalType: string\n        classification: geo\n        customProperties:\n\
                    \x20         - { property: membrane.protection, value: clear }\n          - { property: membrane.from, value: { column: phone, part: country } }\n\
                    \x20     - name: spent\n        logicalType: number\n        logicalTypeOptions: { minimum: -5, exclusiveMinimum: true, multipleOf: 0.5 }\n        classification: transaction\n\
                    \x20       customProperties:\n          - { property: membrane.protection, value: clear }\n";
    let case = Case::with_contract("leads", contract);
    let rows: String = (0..60).map(|row| format!("M{row:04},{},{row}.5\n", phone(row))).collect();
    let proposal = case.propose("leads.csv", &format!("member_no,phone,spent\n{rows}"));
    let catalog = case.catalog.as_ref().unwrap();
    let known = catalog.dataset(&proposal.dataset).unwrap();
    let proposed = catalog.check_contract(&proposal.dataset, &proposal.yaml).unwrap();
    assert_eq!(known.columns.len(), 5, "with the originals");
    let shown = |dataset: &Dataset| {
        let columns = dataset.columns.iter();
        let shown = columns.map(|column| {
            let rules = &column.rules;
            format!(
                "{} {} {:?} {:?} {:?} {:?} {:?}",
                column.name,
                column.protection,
                column.standard,
                column.from,
                (rules.minimum, rules.above_minimum, rules.maximum, rules.below_maximum),
                (rules.length_min, rules.length_max),
                rules.multiple_of
            )
        });
        (shown.collect::<Vec<_>>(), dataset.on_truncated)
    };
    assert_eq!(shown(&proposed), shown(known), "{}", proposal.yaml);
    assert!(!proposal.differs.iter().any(|line| line.contains("not in the file")), "{:?}", proposal.differs);
}

#[test]
fn packed_and_json_files_are_looked_at_too() {
    use std::io::Write as _;

    let case = Case::shipped();
    let rows: Vec<String> =
        (0..300).map(|row| format!("{{\"member_no\":\"M{row:06}\",\"phone\":\"{}\"}}", phone(row))).collect();
    let proposal = case.propose("callers.json", &format!("[{}]", rows.join(",\n")));
    assert_eq!(column(&proposal, "phone").class, "pii.phone");
    let path = case.folder.path().join("packed_callers.ndjson.gz");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(rows.join("\n").as_bytes()).unwrap();
    std::fs::write(&path, packer.finish().unwrap()).unwrap();
    let packed = propose(&ProposeOptions {
        file: &path,
        format: Format::from_path(&path).unwrap(),
        dataset: dataset_name_of(&path).unwrap(),
        rows_max: SAMPLE_ROWS,
        year: 2026,
        limits: Limits::default(),
        reading: Reading::default(),
        catalog: case.catalog.as_ref(),
        contract: None,
    })
    .unwrap();
    assert_eq!(packed.dataset.as_str(), "packed_callers");
    assert_eq!((packed.rows, packed.columns.len()), (300, 2));
    assert_eq!(column(&packed, "phone").class, "pii.phone");
}

#[test]
fn a_large_file_is_sampled_from_all_over() {
    let mut text = String::from("id,half\n");
    for row in 0..200_000_u64 {
        text.push_str(&format!("{row},{}\n", if row < 100_000 { "first" } else { "second" }));
    }
    let file = Case::new();
    let path = file.folder.path().join("large.csv");
    std::fs::write(&path, text).unwrap();
    let (walk, _) = Walk::open(&path, Format::Csv, Limits::default(), &Reading::default(), 40_000).unwrap();
    let mut halves = [0, 0];
    let walked = walk
        .each(&mut |piece| {
            for row in 0..piece.rows {
                halves[usize::from(piece.cell(1, row) == Some("second"))] += 1;
            }
        })
        .unwrap();
    assert!(walked.is_sample && walked.rows <= 40_000, "{walked:?}");
    assert!(halves[0] > 10_000 && halves[1] > 10_000, "{halves:?}");
}
