//! `membrane catalog propose`: what it proposes for files whose contracts people wrote, and what it never says.

use std::path::Path;

use serde_json::Value;

use crate::program::{Program, text};
use crate::world::repository;

/// A file of the sample, as it is proposed under a name that no contract has.
fn propose(program: &Program, file: &str, rows: &str) -> Value {
    let path = program.path("sample").join(file);
    let stem = Path::new(file).file_stem().unwrap().to_str().unwrap();
    let dataset = format!("new_{stem}");
    program.json(&["catalog", "propose", text(&path), "--dataset", &dataset, "--rows", rows])
}

fn column<'a>(proposal: &'a Value, name: &str) -> &'a Value {
    let columns = proposal["columns"].as_array().unwrap();
    columns.iter().find(|column| column["name"] == name).unwrap_or_else(|| panic!("{name}: {proposal}"))
}

/// What people called personal in the contracts of this repository is personal in what is proposed for the same files.
#[test]
fn what_people_protect_is_protected_in_proposals() {
    let program = Program::new();
    program.ok(&["sample", "--members", "1500", "--seed", "5", "--out", "sample"]);
    let listed: Value = serde_json::from_str(&program.ok(&["catalog", "list", "--json"])).unwrap();
    let mut personal = 0;
    for dataset in listed.as_array().unwrap() {
        let name = dataset["name"].as_str().unwrap();
        // The hub writes it, and nobody delivers it.
        if name == "member_tags" {
            continue;
        }
        let Some(file) = ["csv", "ndjson", "parquet", "arrow", "arrows"]
            .iter()
            .map(|ending| format!("{name}.{ending}"))
            .find(|file| program.path("sample").join(file).exists())
        else {
            panic!("the sample has no file of {name}");
        };
        let proposal = propose(&program, &file, "20000");
        assert_eq!(proposal["faults"], serde_json::json!([]), "{name}");
        for known in dataset["columns"].as_array().unwrap() {
            let class = known["class"].as_str().unwrap();
            let shown = column(&proposal, known["name"].as_str().unwrap());
            if class.starts_with("pii") {
                personal += 1;
                assert!(shown["class"].as_str().unwrap().starts_with("pii"), "{name}: {shown}");
                assert_ne!(shown["protection"], "clear", "{name}: {shown}");
            }
        }
    }
    assert!(personal > 20, "{personal}");
}

#[test]
fn what_is_proposed_is_taken_by_the_catalog() {
    let program = Program::new();
    program.ok(&["sample", "--members", "400", "--seed", "5", "--out", "sample", "--dirty-rate", "0"]);
    for name in ["classes.yaml", "purposes.yaml"] {
        let folder = program.path("own/contracts");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(repository().join("catalog").join(name), program.path("own").join(name)).unwrap();
    }
    // The folder of contracts has one at least.
    std::fs::copy(
        repository().join("catalog/contracts/dim_products.yaml"),
        program.path("own/contracts/dim_products.yaml"),
    )
    .unwrap();
    let own = |words: &[&str]| {
        let output = program.bare().args(words).args(["--catalog", "own"]).output().unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{words:?}: {err}");
        out
    };
    let file = program.path("sample/crm_members.csv");
    let contract = "own/contracts/crm_members.yaml";
    let table = own(&["catalog", "propose", text(&file), "--out", contract]);
    assert!(table.contains("written to own/contracts/crm_members.yaml"), "{table}");
    let checked = own(&["catalog", "check"]);
    assert!(checked.contains("2 datasets") && checked.contains("no fault"), "{checked}");
    // Nothing is overwritten.
    let again = program
        .bare()
        .args(["catalog", "propose", text(&file), "--out", contract, "--catalog", "own"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    // Without --out the contract is on standard output alone, and the one that is there is kept: nothing differs.
    let yaml = own(&["catalog", "propose", text(&file)]);
    assert!(yaml.contains("kind: DataContract") && yaml.contains("version: 1.1.0"), "{yaml}");
}

/// Neither the contract nor the table nor a message has a value of a member.
#[test]
fn values_stay_out_of_proposals() {
    let program = Program::new();
    let mut rows = String::from("Member No,姓名,phone,note,tier,spent\n");
    for row in 0..400 {
        rows.push_str(&format!(
            "QXM{row:06},Qxjzv{row},1381234{row:04},zzcanary{row} wrote a long remark here,{},{}.5\n",
            if row == 3 { "kkalone" } else { "gold" },
            row * 3
        ));
    }
    std::fs::write(program.path("people.csv"), &rows).unwrap();
    let output = program.run(&["catalog", "propose", "people.csv"]);
    let json = program.run(&["catalog", "propose", "people.csv", "--json"]);
    let all = [output.stdout, output.stderr, json.stdout, json.stderr].concat();
    let all = String::from_utf8(all).unwrap();
    assert!(all.contains("pii.phone") && all.contains("member_no"), "{all}");
    for canary in ["QXM0", "Qxjzv", "1381234", "zzcanary", "kkalone", "1197"] {
        assert!(!all.contains(canary), "{canary}: {all}");
    }
    // Without a header the first line is somebody's.
    std::fs::write(program.path("bare.csv"), rows.lines().skip(1).collect::<Vec<_>>().join("\n")).unwrap();
    let output = program.run(&["catalog", "propose", "bare.csv"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no header") && !said.contains("Qxjzv") && !said.contains("1381234"), "{said}");
}

#[test]
fn what_cannot_be_proposed_is_told() {
    let program = Program::new();
    std::fs::write(program.path("a.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(program.path("会员.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(program.path("a.bin"), "a,b\n1,2\n").unwrap();
    let code = |words: &[&str]| program.run(&[&["catalog", "propose"], words].concat()).status.code();
    assert_eq!(code(&["none.csv"]), Some(1));
    assert_eq!(code(&["a.bin"]), Some(2));
    assert_eq!(code(&["会员.csv"]), Some(2));
    assert_eq!(code(&["会员.csv", "--dataset", "members"]), Some(0));
    assert_eq!(code(&["a.csv", "--rows", "0"]), Some(2));
    assert_eq!(code(&["a.bin", "--format", "csv"]), Some(0));
    // Without a catalog it goes by the classes of this one.
    let alone =
        program.bare().args(["catalog", "propose", "a.csv", "--catalog", "nowhere"]).output().unwrap();
    assert_eq!(alone.status.code(), Some(0));
    assert!(String::from_utf8(alone.stderr).unwrap().contains("there is no catalog in `nowhere`"));
}
