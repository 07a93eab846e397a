//! What a contract may say of spellings, and what becomes of it.

use tempfile::TempDir;

use crate::{Catalog, Column, Dataset, Part};

const CLASSES: &str = "classes:\n  - { name: pii, description: x }\n  - { name: pii.phone, description: x }\n  \
                       - { name: pii.address, description: x }\n  - { name: geo, description: x }\n  \
                       - { name: business, description: x }\n";

/// A column in the form of flow maps.
fn column(name: &str, of: &str, settings: &[&str]) -> String {
    let settings: Vec<String> = settings
        .iter()
        .map(|setting| {
            let (name, value) = setting.split_once('=').unwrap();
            format!("{{ property: membrane.{name}, value: {value} }}")
        })
        .collect();
    format!("      - {{ name: {name}, {of}, customProperties: [{}] }}\n", settings.join(", "))
}

const MEMBER: [&str; 3] = [
    "member_no",
    "required: true, logicalType: string, classification: pii",
    "protection=token|identity=member_no",
];

fn write(columns: &[String], subject: bool) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let settings: Vec<&str> = MEMBER[2].split('|').collect();
    let member = column(MEMBER[0], MEMBER[1], &settings);
    let subject = if subject {
        "\n    customProperties: [{ property: membrane.subject, value: member_no }]"
    } else {
        ""
    };
    let contract = format!(
        "apiVersion: v3.0.2\nkind: DataContract\nid: m\nversion: 1.0.0\nstatus: active\nschema:\n  - name: members{subject}\n    \
         properties:\n{member}{}",
        columns.concat()
    );
    std::fs::create_dir(dir.path().join("contracts")).unwrap();
    std::fs::write(dir.path().join("classes.yaml"), CLASSES).unwrap();
    std::fs::write(dir.path().join("purposes.yaml"), "purposes:\n  - { name: operations, description: x }\n")
        .unwrap();
    std::fs::write(dir.path().join("contracts/members.yaml"), contract).unwrap();
    dir
}

fn load(columns: &[String]) -> Dataset {
    let dir = write(columns, true);
    let catalog = Catalog::load(dir.path()).unwrap_or_else(|error| panic!("{error}"));
    Dataset::clone(catalog.dataset(&"members".parse().unwrap()).unwrap())
}

fn check_with(columns: &[String], subject: bool, expected: &[&str]) {
    let dir = write(columns, subject);
    let found: Vec<String> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.message.clone()).collect(),
    };
    assert_eq!(found, expected, "{columns:?}");
}

fn check(columns: &[String], expected: &[&str]) {
    check_with(columns, true, expected);
}

const TEXT: &str = "logicalType: string, classification: pii.phone";
const ADDRESS: &str = "logicalType: string, classification: pii.address";
const GEO: &str = "logicalType: string, classification: geo";

fn address() -> String {
    column("address", ADDRESS, &["protection=sealed", "standard=address(CN)"])
}

fn named<'a>(dataset: &'a Dataset, name: &str) -> &'a Column {
    dataset.column(&name.parse().unwrap()).unwrap()
}

#[test]
fn originals_become_a_column_of_their_own() {
    let phone = column("phone", TEXT, &["protection=sealed+token", "standard=phone(CN)", "original=sealed"]);
    let city = column("city", GEO, &["protection=clear", "from={ column: address, part: city }"]);
    let dataset = load(&[phone, city, address()]);
    let names: Vec<&str> = dataset.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["member_no", "phone", "phone_original", "city", "address"]);
    let stored: Vec<String> = dataset.stored_columns().into_iter().map(|stored| stored.name).collect();
    let expected = [
        "_subject",
        "member_no__token",
        "phone__token",
        "phone__sealed",
        "phone_original__sealed",
        "city",
        "address__sealed",
    ];
    assert_eq!(stored, expected);
    let original = named(&dataset, "phone_original");
    assert_eq!(original.class, named(&dataset, "phone").class);
    assert_eq!(
        original.from.as_ref().map(|from| (from.column.as_str(), from.part)),
        Some(("phone", Part::Original))
    );
    assert!(original.is_identifying() && original.standard.is_none());
    let delivered: Vec<String> =
        dataset.delivered().columns.iter().map(|column| column.name.to_string()).collect();
    assert_eq!(delivered, ["member_no", "phone", "address"]);
    let rules = named(&dataset, "city").describe().rules;
    assert_eq!(rules, ["city of `address`"]);
    assert_eq!(named(&dataset, "phone").describe().rules, ["standard phone(CN)"]);
}

#[test]
fn a_standard_fits_its_column() {
    let phone = |of: &str, settings: &[&str]| column("phone", of, settings);
    check(&[phone(TEXT, &["protection=token", "standard=phone(CN)"])], &[]);
    check(
        &[phone(TEXT, &["protection=token", "standard=phone(cn)"])],
        &[
            "`membrane.standard` of column `phone` is not a standard: expected phone(REGION) with a region like CN, email, \
           chinese_identity_number, card_number, name, address(CN), text, text(lower), text(upper), date(ymd), date(dmy) or \
           date(mdy)",
        ],
    );
    check(
        &[phone(
            "logicalType: integer, classification: pii.phone",
            &["protection=token", "standard=phone(CN)"],
        )],
        &[
            "column `phone`: `membrane.standard` is for strings, and `date(..)` for dates too; the column is integer",
        ],
    );
    check(
        &[column(
            "seen_on",
            "logicalType: date, classification: business",
            &["protection=clear", "standard=date(ymd)"],
        )],
        &[],
    );
    check(
        &[column("line", GEO, &["protection=clear", "standard=phone(CN)"])],
        &[
            "column `line` is of class `geo`, but its standard is `phone(CN)`: give it a class in `pii`, or say in \
             `membrane.notPersonal` why it identifies nobody, and who says so",
            "column `line` has identifiers (`membrane.standard`, phone(CN)) and must not be `clear`: use token, sealed, \
             sealed+token, generalise(..) or drop",
        ],
    );
    check(
        &[column("tier", GEO, &["protection=clear", "standard=text(upper)", "enumeration=[GOLD, SILVER]"])],
        &[],
    );
    check(
        &[column("tier", GEO, &["protection=clear", "standard=text(upper)", "enumeration=[GOLD, silver]"])],
        &["column `tier`: value 2 of the enumeration is not standard, so that no row has it"],
    );
    check(&[phone(TEXT, &["protection=generalise(prefix(7))", "standard=phone(CN)"])], &[]);
    check(
        &[phone(TEXT, &["protection=generalise(prefix(18))", "standard=phone(CN)"])],
        &[
            "column `phone`: `generalise(prefix(18))` keeps more than half of an identifier of at most 34 characters",
        ],
    );
}

#[test]
fn originals_need_a_standard_a_key_and_a_name() {
    let phone = |settings: &[&str]| column("phone", TEXT, settings);
    check(
        &[phone(&["protection=token", "standard=phone(CN)", "original=clear"])],
        &["`membrane.original` of column `phone` is `sealed` or left out"],
    );
    check(
        &[phone(&["protection=token", "original=sealed"])],
        &["column `phone` has no `membrane.standard`: what is stored is the original"],
    );
    check(
        &[phone(&["protection=drop", "standard=phone(CN)", "original=sealed"])],
        &["column `phone` is dropped, so its original is not kept"],
    );
    let taken = column("phone_original", TEXT, &["protection=token"]);
    check(
        &[phone(&["protection=token", "standard=phone(CN)", "original=sealed"]), taken],
        &["column `phone`: its originals become the column `phone_original`, which is there already"],
    );
    check_with(
        &[phone(&["protection=token", "standard=phone(CN)", "original=sealed"])],
        false,
        &[
            "the original of column `phone` cannot be sealed: the schema object has no `membrane.subject`, so there is no key for it",
        ],
    );
}

#[test]
fn parts_fit_their_column() {
    let part = |of: &str, from: &str| column("part", of, &["protection=clear", &format!("from={from}")]);
    check(&[address(), part(GEO, "{ column: address, part: city }")], &[]);
    check(
        &[address(), part(GEO, "{ column: adress, part: city }")],
        &["column `part`: `membrane.from` names no column: there is no `adress`, did you mean `address`?"],
    );
    check(
        &[address(), part(GEO, "{ column: member_no, part: city }")],
        &["column `part`: column `member_no` has no `membrane.standard`, so it has no parts"],
    );
    check(
        &[address(), part(GEO, "{ column: address, part: country }")],
        &[
            "column `part`: the parts of address(CN) are original, province, city, district, rest, code, not country",
        ],
    );
    check(
        &[address(), part(GEO, "{ column: address, part: town }")],
        &[
            "`part` in `membrane.from` of column `part` is not a part: expected original, country, domain, province, city, \
           district, rest, code, birth_date or sex",
        ],
    );
    check(
        &[address(), part(GEO, "{ column: address, part: rest }")],
        &[
            "column `part` is of class `geo`, but the rest of column `address` identifies as much as the whole: give it a class \
           in `pii`",
        ],
    );
    check(
        &[address(), part("logicalType: date, classification: geo", "{ column: address, part: city }")],
        &["column `part`: the city of a column is string, not date"],
    );
    let both =
        column("part", GEO, &["protection=clear", "standard=text", "from={ column: address, part: city }"]);
    check(&[address(), both], &["column `part` is made of another column, which has the standard"]);
    let number = column(
        "id_no",
        "logicalType: string, classification: pii",
        &["protection=sealed", "standard=chinese_identity_number"],
    );
    let born = column(
        "born_on",
        "logicalType: date, classification: pii",
        &["protection=generalise(year)", "from={ column: id_no, part: birth_date }"],
    );
    check(&[number, born], &[]);
}
