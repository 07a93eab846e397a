use std::fmt::Write as _;

use tempfile::TempDir;

use super::*;
use crate::CatalogError;

const LISTS: [(&str, &str); 2] = [
    ("classes.yaml", include_str!("../../../../../catalog/classes.yaml")),
    ("purposes.yaml", include_str!("../../../../../catalog/purposes.yaml")),
];
const TABLE: &str = include_str!("../../../../../catalog/contracts/member_tags.yaml");
const ORDERS: &str = include_str!("../../../../../catalog/contracts/pos_orders.yaml");

/// A catalog in which tests change one file.
struct Files(BTreeMap<String, String>);

impl Files {
    fn new() -> Self {
        let contracts = [("contracts/member_tags.yaml", TABLE), ("contracts/pos_orders.yaml", ORDERS)];
        let files = LISTS.into_iter().chain(contracts);
        Self(files.map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
    }

    fn with(mut self, name: &str, text: &str) -> Self {
        self.0.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Adds a tag that reads others, with more keys.
    fn tag(self, id: &str, uses: &[&str], more: &str) -> Self {
        let mut text = format!(
            "id: {id}\nname: {{ en: A, zh: 甲 }}\nkind: sql\nentity: member_no\nvalue: {{ type: integer }}\n\
             version: 1\nowner: {{ team: crm }}\n"
        );
        for (key, default) in
            [("purposes", "[marketing_analysis]"), ("sensitivity", "personal"), ("status", "draft")]
        {
            if !more.contains(&format!("{key}:")) {
                let _ = writeln!(text, "{key}: {default}");
            }
        }
        let from = if uses.is_empty() { "pos_orders".to_owned() } else { "member_tags".to_owned() };
        let named: String = uses.iter().fold(String::new(), |mut named, id| {
            let _ = write!(named, " AND tag = '{id}'");
            named
        });
        if !more.contains("source:") {
            let _ = writeln!(
                text,
                "source: {{ query: \"SELECT member_no, 1 AS value FROM {from} WHERE TRUE{named}\", uses: [{}] }}",
                uses.join(", ")
            );
        }
        self.with(&format!("tags/{id}.yaml"), &(text + more))
    }

    fn write(&self) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in &self.0 {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    fn hash(&self) -> String {
        Catalog::load(self.write().path()).unwrap().content_hash().to_owned()
    }

    /// Expects these faults, as `file:line: message`, and these tags in a hub that serves, in the order in which they are built.
    fn check(&self, expected: &[&str], served: &[&str]) {
        let dir = self.write();
        let shown = |fault: &Fault| {
            let file = fault.file.strip_prefix(dir.path()).unwrap().display();
            format!("{file}:{}: {}", fault.line, fault.message)
        };
        let strict = match Catalog::load(dir.path()) {
            Ok(_) => Vec::new(),
            Err(CatalogError::Faults(faults)) => faults,
            Err(error) => panic!("{error}"),
        };
        let found: Vec<_> = strict.iter().map(shown).collect();
        assert_eq!(found, expected);
        let catalog = Catalog::load_to_serve(dir.path()).unwrap();
        assert_eq!(catalog.tag_faults(), strict);
        let ordered: Vec<_> = catalog.tags_in_order().iter().map(|tag| tag.id.to_string()).collect();
        assert_eq!(ordered, served);
        assert_eq!(catalog.tags().count(), served.len());
    }
}

#[test]
fn used_tags_come_first() {
    let files =
        Files::new().tag("a", &["z", "m.b"], "").tag("m.b", &["z"], "").tag("z", &[], "").tag("c", &[], "");
    files.check(&[], &["c", "z", "m.b", "a"]);
}

#[test]
fn a_faulty_tag_takes_its_users_with_it() {
    let files =
        Files::new().tag("a", &["b"], "").tag("b", &["c"], "").tag("c", &[], "ownr: x\n").tag("d", &[], "");
    files.check(
        &[
            "tags/a.yaml:11: it uses tag `b`, in which something is wrong",
            "tags/b.yaml:11: it uses tag `c`, in which something is wrong",
            "tags/c.yaml:12: the tag has an unknown key `ownr`, did you mean `owner`?",
        ],
        &["d"],
    );
}

#[test]
fn circles_are_told_whole_and_once() {
    let files =
        Files::new().tag("a", &["c"], "").tag("b", &["a"], "").tag("c", &["b"], "").tag("d", &["d"], "");
    files.check(
        &[
            "tags/a.yaml:11: tags use one another in a circle: `a` -> `c` -> `b` -> `a`",
            "tags/b.yaml:11: it uses tag `a`, in which something is wrong",
            "tags/c.yaml:11: it uses tag `b`, in which something is wrong",
            "tags/d.yaml:11: tags use one another in a circle: `d` -> `d`",
        ],
        &[],
    );
}

#[test]
fn what_is_used_fits() {
    let files = Files::new().tag("member.a", &["member.c"], "").tag("member.b", &[], "");
    files.check(
        &["tags/member.a.yaml:11: there is no tag `member.c`, did you mean `member.a`?"],
        &["member.b"],
    );
    let files = Files::new()
        .tag(
            "a",
            &["b"],
            "purposes: [marketing_analysis, operations]\nsensitivity: internal\nstatus: review\n",
        )
        .tag("b", &[], "status: retired\n");
    files.check(
        &[
            "tags/a.yaml:8: tag `b` is `personal`: what is made of it cannot be `internal`",
            "tags/a.yaml:8: tag `b` is `retired`, and no longer computed",
            "tags/a.yaml:8: tag `b` is not for purpose `operations`, so nothing made of it is",
        ],
        &["b"],
    );
    let said = "source: { query: \"SELECT member_no, value FROM pos_orders\", uses: [b] }\n";
    Files::new().tag("a", &[], said).tag("b", &[], "").check(
        &["tags/a.yaml:11: `uses` names tag `b`, and the statement does not read it in `member_tags`"],
        &["b"],
    );
    let unsaid = "source: { query: \"SELECT member_no, value FROM member_tags WHERE tag = 'b'\" }\n";
    Files::new()
        .tag("a", &[], unsaid)
        .tag("b", &[], "")
        .check(&["tags/a.yaml:11: the statement reads tag `b`, which `uses` does not name"], &["b"]);
}

#[test]
fn what_takes_a_place_is_there() {
    let end = |next: &str| format!("status: deprecated\nsunset: 2026-12-31\nreplaced_by: {next}\n");
    let fault = |next: &str, message: &str| {
        let files = Files::new().tag("member.a", &[], &end(next)).tag("member.b", &[], "status: retired\n");
        files.check(&[&format!("tags/member.a.yaml:13: {message}")], &["member.b"]);
    };
    fault("member.a", "a tag cannot be `replaced_by` itself");
    fault("member.b", "tag `member.b` is `retired` itself, and takes nobody's place");
    fault("other", "there is no tag `other`");
}

#[test]
fn contracts_and_purposes_are_there() {
    let check = |more: &str, message: &str| {
        Files::new().tag("a", &[], more).check(&[&format!("tags/a.yaml:{message}")], &[]);
    };
    check("purposes: [marketing]\n", "11: purpose `marketing` is not in `purposes.yaml`");
    check("table: member_tag\n", "12: dataset `member_tag` has no contract, did you mean `member_tags`?");
    let other = Files::new().tag("a", &[], "").0.remove("tags/a.yaml").unwrap();
    let other = other
        .replace("entity: member_no", "entity: member_id")
        .replace("SELECT member_no", "SELECT member_id");
    Files::new().with("tags/a.yaml", &other).check(
        &[
            "tags/a.yaml:1: `member_tags` is no table of tags: it has no column `member_id`",
            "tags/a.yaml:4: `member_id` is the identity of no dataset's subject, did you mean `member_no`?",
        ],
        &[],
    );
}

#[test]
fn the_table_has_its_shape() {
    let check = |column: &str, from: &str, to: &str, message: &str| {
        let start = TABLE.find(column).unwrap();
        let (before, after) = TABLE.split_at(start);
        assert!(after.contains(from), "{column}: {from}");
        let changed = format!("{before}{}", after.replacen(from, to, 1));
        let files = Files::new().tag("a", &[], "").with("contracts/member_tags.yaml", &changed);
        files.check(&[&format!("tags/a.yaml:1: `member_tags` is no table of tags: {message}")], &[]);
    };
    check(
        "- name: value",
        "logicalType",
        "required: true\n        logicalType",
        "column `value` must not be required",
    );
    check("- name: version", "required: true", "required: false", "column `version` must be required");
    check(
        "- name: number",
        "physicalType: double",
        "physicalType: decimal(9,2)",
        "column `number` must be number, and is decimal(9,2)",
    );
    check(
        "- name: member_no",
        "value: token",
        "value: sealed+token",
        "column `member_no` must be stored as `token`",
    );
    check("- name: definition", "definition\n", "defined\n", "it has no column `definition` (string)");
    let more = "- name: note\n        logicalType: string\n        required: true\n        classification: technical\n        \
                customProperties:\n          - { property: membrane.protection, value: clear }\n      - name: tag";
    check("- name: tag", "- name: tag", more, "nothing gives its required column `note` a value");
}

#[test]
fn all_that_the_table_lacks_is_told() {
    let files = Files::new().tag("a", &[], "table: pos_orders\n");
    files.check(
        &[
            "tags/a.yaml:11: the statement reads `pos_orders`: name in `uses` the tags that it reads there",
            "tags/a.yaml:12: `pos_orders` is no table of tags: `since` must be its `membrane.eventTime`",
            "tags/a.yaml:12: `pos_orders` is no table of tags: it has no column `definition` (string)",
            "tags/a.yaml:12: `pos_orders` is no table of tags: it has no column `number` (number)",
            "tags/a.yaml:12: `pos_orders` is no table of tags: it has no column `since` (timestamp)",
            "tags/a.yaml:12: `pos_orders` is no table of tags: it has no column `tag` (string)",
            "tags/a.yaml:12: `pos_orders` is no table of tags: it has no column `value` (string)",
            "tags/a.yaml:12: `pos_orders` is no table of tags: it has no column `version` (integer)",
        ],
        &[],
    );
}

#[test]
fn every_file_is_for_something() {
    let files = Files::new()
        .tag("a", &[], "")
        .with("tags/unused.sql", "SELECT 1")
        .with("tags/fixtures/unused.csv", "a\n")
        .with("tags/b.yml", "")
        .with("tags/b.csv", "")
        .with("tags/README.md", "")
        .with("tags/more/c.yaml", "");
    files.check(
        &[
            "tags/b.csv:1: rows of tests lie in `fixtures`",
            "tags/b.yml:1: not read under this name: tags end in `.yaml`, statements in `.sql`",
            "tags/fixtures/unused.csv:1: no test of a tag names this file",
            "tags/more:1: a folder is not read here: only `fixtures` is",
            "tags/unused.sql:1: no tag has this statement",
        ],
        &["a"],
    );
}

#[test]
fn rows_of_tests_are_of_the_contract() {
    let tests = "tests:\n  - { name: x, given: { pos_orders: fixtures/rows.csv }, expect: fixtures/expected.csv }
  - { name: y, given: { pos_order: fixtures/rows.csv, member_tags: fixtures/none.csv }, expect: fixtures/expected.csv }\n";
    let files = Files::new()
        .tag("a", &[], tests)
        .with("tags/fixtures/rows.csv", "member_no,ordered,region,region\n")
        .with("tags/fixtures/none.csv", "member_no\n")
        .with("tags/fixtures/expected.csv", "member_no,value\nM1,1\n");
    files.check(
        &[
            "tags/a.yaml:13: `fixtures/rows.csv` has a column `ordered`, and dataset `pos_orders` has none, did you mean `order_id`?",
            "tags/a.yaml:13: `fixtures/rows.csv` has the column `region` twice",
            "tags/a.yaml:14: dataset `pos_order` has no contract, did you mean `pos_orders`?",
            "tags/a.yaml:14: the statement does not read `member_tags`, whose rows a test gives",
        ],
        &[],
    );
}

#[test]
fn a_statement_that_cannot_be_read_is_told_of_where_it_lies() {
    let files = Files::new().tag("a", &[], "source: { sql: a.sql }\n");
    let dir = files.write();
    std::fs::write(dir.path().join("tags/a.sql"), [0xff]).unwrap();
    let catalog = Catalog::load_to_serve(dir.path()).unwrap();
    let found: Vec<_> = catalog.tag_faults().iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!((found, catalog.tags().count()), (vec!["not UTF-8"], 0));
}

#[test]
fn every_file_makes_the_version() {
    let tests = "source: { sql: a.sql }\ntests:\n  - { name: x, given: { pos_orders: fixtures/rows.csv }, expect: fixtures/expected.csv }\n";
    let files = || {
        Files::new()
            .tag("a", &[], tests)
            .with("tags/a.sql", "SELECT member_no, value FROM pos_orders")
            .with("tags/fixtures/rows.csv", "member_no\n")
            .with("tags/fixtures/expected.csv", "member_no,value\nM1,1\n")
    };
    let first = files().hash();
    assert_eq!(files().hash(), first);
    for (name, text) in [
        ("tags/a.sql", "SELECT member_no, value  FROM pos_orders"),
        ("tags/fixtures/rows.csv", "member_no\nM1\n"),
        ("tags/fixtures/expected.csv", "member_no,value\nM1,2\n"),
    ] {
        assert_ne!(files().with(name, text).hash(), first, "{name}");
    }
}

#[test]
fn the_tags_of_this_repository_are_valid() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    let catalog = Catalog::load(&dir).unwrap_or_else(|error| panic!("{error}"));
    let ids: Vec<_> = catalog.tags().map(|tag| tag.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "member.active_30d",
            "member.favourite_category",
            "member.last_order_day",
            "member.orders_90d",
            "member.shopping_now",
            "member.spend_band_90d",
        ]
    );
    assert_eq!(catalog.tag(&"member.orders_90d".parse().unwrap()).unwrap().column.as_str(), "orders");
}

/// Which value a member has follows from all rows.
#[test]
fn no_rule_takes_out_rows_of_tags() {
    let line = "      - { property: membrane.eventTime, value: since }\n";
    let rule = format!("{line}      - {{ property: membrane.retention, value: 1 y }}\n");
    assert!(TABLE.contains(line));
    let files = Files::new().with("contracts/member_tags.yaml", &TABLE.replacen(line, &rule, 1));
    files.check(&[], &[]);
    let error = Catalog::load(files.tag("buyer", &[], "").write().path()).unwrap_err();
    let messages: Vec<&str> = error.faults().iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(messages, ["`membrane.retention`: the dataset holds tags, which the hub writes itself"]);
}
