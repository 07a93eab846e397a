use std::path::Path;

use super::*;
use crate::Fault;
use crate::source::{Cursor, Takes};

fn read(text: &str) -> (Option<Source>, Vec<String>) {
    let mut report = Report::new(Path::new("tills.yaml"));
    let found = read_source(text, "tills", &mut report);
    let told = |fault: Fault| format!("{}:{} {}", fault.line, fault.column, fault.message);
    (found, report.into_faults().into_iter().map(told).collect())
}

const FOLDER: &str = "description: What the tills sold.
dataset: pos_orders
principal: service:tills
kind: files
folder: s3://inbox/tills
pattern: '**/*.csv'
format: csv
settle_seconds: 60
credentials: { aws_access_key_id: { env: TILLS_ID }, AWS_SECRET_ACCESS_KEY: { file: /run/secrets/tills } }
storage: { aws_region: eu-1 }
every_seconds: 300
bad_share_max: 0.1
on_fault: stop
";

const TABLE: &str = "description: Members as the CRM knows them.
dataset: crm_members
kind: postgresql
url: { env: CRM_URL }
table: crm.members
columns: { member_no: card, phone: Mobile No }
take: incremental
cursor: changed_at
";

#[test]
fn a_folder_is_read() {
    let (found, faults) = read(FOLDER);
    assert_eq!(faults, Vec::<String>::new());
    let source = found.expect("a source");
    assert_eq!((source.name.as_str(), source.dataset.as_str()), ("tills", "pos_orders"));
    assert_eq!(source.principal.map(|principal| principal.to_string()).as_deref(), Some("service:tills"));
    assert_eq!(
        (source.every_seconds, source.bad_share_max, source.on_fault),
        (Some(300), Some(0.1), OnFault::Stop)
    );
    let Reads::Files(files) = source.reads else { panic!("files") };
    assert_eq!(
        (files.folder.as_str(), files.format, files.settle_seconds),
        ("s3://inbox/tills", Some("csv"), 60)
    );
    assert_eq!(files.storage.get("aws_region").map(String::as_str), Some("eu-1"));
    let credentials: Vec<_> = files.credentials.into_iter().collect();
    assert_eq!(
        credentials,
        [
            ("aws_access_key_id".to_owned(), Secret::Env("TILLS_ID".to_owned())),
            ("aws_secret_access_key".to_owned(), Secret::File("/run/secrets/tills".into())),
        ]
    );
}

#[test]
fn a_table_is_read() {
    let (found, faults) = read(TABLE);
    assert_eq!(faults, Vec::<String>::new());
    let source = found.expect("a source");
    assert_eq!((source.every_seconds, source.bad_share_max, source.on_fault), (None, None, OnFault::GoOn));
    assert_eq!(source.reads.kind(), "postgresql");
    let Reads::Table(table) = source.reads else { panic!("a table") };
    assert_eq!(table.table, ["crm", "members"]);
    let columns: Vec<_> = table.columns.iter().map(|(name, of)| (name.as_str(), of.as_str())).collect();
    assert_eq!(columns, [("member_no", "card"), ("phone", "Mobile No")]);
    let cursor = Cursor { column: "changed_at".to_owned(), settle_seconds: 5 };
    assert_eq!(table.takes, Takes::Incremental(cursor));
    let snapshot =
        TABLE.replace("incremental\ncursor: changed_at", "snapshot").replace("postgresql", "mysql");
    let (found, faults) = read(&snapshot);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(found.map(|source| source.reads.kind()), Some("mysql"));
}

fn check(text: &str, from: &str, to: &str, fault: &str) {
    assert!(text.contains(from), "{from}");
    let (_, faults) = read(&text.replace(from, to));
    assert_eq!(faults, [fault], "{from} to {to}");
}

#[test]
fn what_is_wrong_is_said() {
    check(
        FOLDER,
        "kind: files\n",
        "",
        "1:1 the source has no `kind`: files, postgresql, mysql, kafka, webhook",
    );
    check(
        FOLDER,
        "kind: files",
        "kind: file",
        "4:7 `kind` is one of files, postgresql, mysql, kafka, webhook, did you mean `files`?",
    );
    check(
        FOLDER,
        "pattern:",
        "patern:",
        "6:1 the source has an unknown key `patern`, did you mean `pattern`?",
    );
    check(FOLDER, "'**/*.csv'", "../x.csv", "6:10 `pattern` names files below `folder`");
    check(
        FOLDER,
        "format: csv",
        "format: cvs",
        "7:9 `format` is one of csv, ndjson, json, parquet, arrow, avro, excel, did you mean `csv`?",
    );
    check(FOLDER, "0.1", "10", "12:16 `bad_share_max` is a share, from 0 to 1");
    check(FOLDER, "300", "100000", "11:16 `every_seconds` is more than a day, 86400");
    check(
        FOLDER,
        "s3://inbox",
        "ftp://inbox",
        "5:9 `folder` is a path, `file:///...` or `s3://bucket/prefix`",
    );
    check(FOLDER, "on_fault: stop", "on_fault: halt", "13:11 `on_fault` is one of go_on, stop");
    check(
        TABLE,
        "take: incremental\ncursor: changed_at\n",
        "",
        "1:1 the source has no `take`: snapshot, incremental",
    );
    check(
        TABLE,
        "incremental",
        "snapshot",
        "8:9 `cursor` is for `take: incremental`: a snapshot takes every row",
    );
    check(
        TABLE,
        "cursor: changed_at\n",
        "",
        "1:1 `take: incremental` needs a `cursor`: a column of the table that only grows, a whole number or an instant",
    );
    check(
        TABLE,
        "crm.members",
        "a.b.c",
        "5:8 `table` is a table, or a schema and a table with a dot between",
    );
    check(
        TABLE,
        "Mobile No",
        "a\\\"b",
        "6:36 a column of the table is no name of a database: at most 64 bytes, no quotes",
    );
}

/// Who writes the secret itself into the file is told so, and the secret is not repeated.
#[test]
fn a_secret_does_not_stand_in_the_file() {
    let form = "says where it is found: `{ env: NAME }` or `{ file: PATH }`, never the secret itself";
    check(TABLE, "{ env: CRM_URL }", "postgres://u:canary@h/d", &format!("4:6 `url` {form}"));
    check(TABLE, "{ env: CRM_URL }", "{ env: A, file: /b }", &format!("4:6 `url` {form}"));
    check(
        TABLE,
        "env: CRM_URL",
        "env: 'postgres://u:canary@h/d'",
        "4:13 `url`: `env` is the name of a variable of the environment",
    );
    check(
        FOLDER,
        "{ aws_region: eu-1 }",
        "{ aws_secret_access_key: canary }",
        "10:12 `aws_secret_access_key` is a secret: name where it is found in `credentials`",
    );
    check(FOLDER, "{ env: TILLS_ID }", "canary", &format!("9:35 `aws_access_key_id` {form}"));
    check(
        FOLDER,
        "s3://inbox",
        "s3://id:canary@inbox",
        "5:9 `folder` has a credential in it: name where it is found in `credentials`",
    );
    let (source, _) = read(FOLDER);
    assert!(!format!("{source:?}").contains("canary"));
}

#[test]
fn files_may_call_columns_otherwise() {
    let (found, faults) = read(&format!("{FOLDER}columns: {{ phone: Phone Number, name: 姓名 }}\n"));
    assert_eq!(faults, Vec::<String>::new());
    let Reads::Files(files) = found.unwrap().reads else { panic!("files") };
    let names: Vec<String> = files.columns.iter().map(|(name, called)| format!("{name}={called}")).collect();
    assert_eq!(names, ["name=姓名", "phone=Phone Number"]);
    let told = |columns: &str| read(&format!("{FOLDER}columns: {columns}\n")).1;
    assert!(
        told("{ phone: X, name: X }")[0]
            .ends_with("two columns of the contract are called the same in files")
    );
    assert!(
        told("[phone]")[0].ends_with("must be a mapping of columns of the contract to what files call them")
    );
}

/// What would fail for every file, or find none, is told before it does.
#[test]
fn what_can_never_be_taken_in_is_a_fault() {
    let faults = |from: &str, to: &str| {
        let text = FOLDER.replacen(from, to, 1);
        assert_ne!(text, FOLDER);
        read(&text).1
    };
    assert!(faults("format: csv", "encoding: GB18030").is_empty());
    let unknown = faults("format: csv", "encoding: gb1803");
    assert_eq!(unknown.len(), 1);
    assert!(
        unknown[0].contains("WHATWG Encoding Standard") && unknown[0].ends_with("did you mean `gb18030`?"),
        "{unknown:?}"
    );
    let pattern = |pattern: &str, rest: &str| {
        faults("pattern: '**/*.csv'\nformat: csv\n", &format!("pattern: '{pattern}'\n{rest}"))
    };
    for good in ["*", "**/*", "*.csv", "a?/*.CSV.gz", "*.csv*", "day.*", "*.json.zst", "2026/*.xlsx"] {
        assert_eq!(pattern(good, ""), Vec::<String>::new(), "{good}");
    }
    assert_eq!(pattern("*.txt", "format: csv\n"), Vec::<String>::new());
    for (never, why) in [
        ("*.txt", "whose ending says no form"),
        ("*.txt.gz", "whose ending says no form"),
        ("_done/*", "what is never read"),
        (".*", "what is never read"),
        ("**", "write `**/*`"),
        ("a//b.csv", "an empty name"),
        ("till/", "an empty name"),
    ] {
        let found = pattern(never, "");
        assert!(found.len() == 1 && found[0].contains(why), "{never}: {found:?}");
    }
    let control = pattern("*.control.json", "control_suffix: .control.json\n");
    assert!(control.len() == 1 && control[0].contains("`control_suffix`"), "{control:?}");
    assert!(pattern("*.json", "control_suffix: .control.json\ncontrol_wait_seconds: 60\n").is_empty());
    let alone = pattern("*", "control_wait_seconds: 60\n");
    assert!(alone.len() == 1 && alone[0].contains("state `control_suffix`"), "{alone:?}");
}
