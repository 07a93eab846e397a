//! Deliveries in every format, packing and encoding, through the doors: the same rows come in, what cannot be read is set
//! aside or refused in one message, and no identifier is in clear anywhere.

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Program, text};
use crate::world::{CANARIES, canary_deliveries, files_with, holds};

/// The planted member's rows as a table: names, a row that is good, and one that breaks the contract.
fn table() -> Vec<Vec<String>> {
    let (_, csv, _) =
        canary_deliveries().into_iter().find(|(dataset, ..)| *dataset == "crm_members").unwrap();
    csv.lines().take(3).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn csv() -> String {
    table().iter().map(|row| row.join(",") + "\n").collect()
}

fn objects() -> Vec<Value> {
    let table = table();
    let object = |row: &Vec<String>| -> Value {
        let fields = table[0].iter().cloned().zip(row.iter().map(|cell| json!(cell)));
        Value::Object(fields.collect())
    };
    table[1..].iter().map(object).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

fn utf_16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An Avro file of texts, in one block.
fn avro() -> Vec<u8> {
    let long = |length: usize| {
        let mut bytes = Vec::new();
        let mut rest = length * 2;
        while rest >= 0x80 {
            bytes.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        bytes.push(u8::try_from(rest).unwrap());
        bytes
    };
    let written = |text: &str| [long(text.len()), text.as_bytes().to_vec()].concat();
    let table = table();
    let fields: Vec<Value> =
        table[0].iter().map(|name| json!({ "name": name, "type": ["null", "string"] })).collect();
    let schema = json!({ "type": "record", "name": "member", "fields": fields }).to_string();
    let cells = table[1..].iter().flatten();
    let block: Vec<u8> = cells.flat_map(|cell| [vec![2], written(cell)].concat()).collect();
    let header = [written("avro.schema"), written(&schema)].concat();
    let block = [long(table.len() - 1), long(block.len()), block, vec![7; 16]].concat();
    [b"Obj\x01\x02".to_vec(), header, vec![0], vec![7; 16], block].concat()
}

/// A workbook of one sheet, its parts stored as they are.
fn workbook(sheets: usize) -> Vec<u8> {
    let cell = |text: &String| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let row = |row: &Vec<String>| format!("<row>{}</row>", row.iter().map(cell).collect::<String>());
    let rows: String = table().iter().map(row).collect();
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let numbers = 1..=sheets;
    let listed: String =
        numbers.clone().map(|sheet| format!("<sheet name=\"Members {sheet}\" r:id=\"r{sheet}\"/>")).collect();
    let related: String = numbers
        .clone()
        .map(|sheet| format!("<Relationship Id=\"r{sheet}\" Type=\"worksheet\" Target=\"{sheet}.xml\"/>"))
        .collect();
    let mut parts = vec![
        ("xl/workbook.xml".to_owned(), format!("<workbook><sheets>{listed}</sheets></workbook>")),
        ("xl/_rels/workbook.xml.rels".to_owned(), format!("<Relationships>{related}</Relationships>")),
    ];
    parts.extend(numbers.map(|number| (format!("xl/{number}.xml"), sheet.clone())));
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    let length = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    for (name, text) in parts {
        let place = length(bytes.len());
        let sizes = [length(text.len()), length(text.len())].concat();
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let head = [&[0; 10][..], &sizes, &name_length].concat();
        bytes
            .extend([b"PK\x03\x04\x14\0\0\0", &head[..], &[0; 2], name.as_bytes(), text.as_bytes()].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0\x14\0\0\0", &head[..], &[0; 12], &place[..], name.as_bytes()].concat(),
        );
    }
    let place = bytes.len();
    bytes.extend(&directory);
    bytes.extend([&b"PK\x05\x06"[..], &[0; 8], &length(directory.len()), &length(place), &[0; 2]].concat());
    bytes
}

/// Deliveries of the same two rows: the file's name, its bytes, and what else is said.
fn deliveries() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let lines: String = objects().iter().map(|object| format!("{object}\n")).collect();
    let array = serde_json::to_string_pretty(&objects()).unwrap();
    vec![
        ("members.csv", csv().into_bytes(), &[]),
        ("members.csv.gz", gzip(csv().as_bytes()), &[]),
        ("members-2.csv", gzip(&utf_16(&csv())), &[]),
        ("members.tsv.zst", zstd::encode_all(csv().replace(',', "\t").as_bytes(), 3).unwrap(), &[]),
        ("members-3.csv", gb18030(&csv()), &["--encoding", "gb18030"]),
        ("members-4.csv", utf_16(&csv()), &[]),
        ("members.ndjson", lines.clone().into_bytes(), &[]),
        ("members.jsonl.zst", zstd::encode_all(lines.as_bytes(), 3).unwrap(), &[]),
        ("members.json", array.clone().into_bytes(), &[]),
        ("members-2.json", gb18030(&array), &["--encoding", "gbk"]),
        ("members-3.json", format!(" {lines}").into_bytes(), &[]),
        ("members.avro", avro(), &[]),
        ("members.avro.gz", gzip(&avro()), &[]),
        ("members.xlsx", workbook(1), &[]),
        ("members-2.xlsx", gzip(&workbook(2)), &["--sheet", "Members 2"]),
    ]
}

struct Deliverer {
    program: Program,
    seen: Vec<Vec<u8>>,
}

impl Deliverer {
    fn new() -> Self {
        let program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "trace").with_env("RUST_LOG", "trace");
        Self { program, seen: Vec::new() }
    }

    /// Brings a file in, from disk or through standard input, and returns the report or the error.
    fn bring(&mut self, name: &str, bytes: &[u8], more: &[&str]) -> Result<Value, String> {
        let path: PathBuf = self.program.path(name);
        std::fs::write(&path, bytes).unwrap();
        let words = [&["ingest", "crm_members", text(&path), "--json"], more].concat();
        let output = self.program.run(&words);
        std::fs::remove_file(&path).unwrap();
        let told = String::from_utf8(output.stderr.clone()).unwrap();
        let report = output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap());
        self.seen.extend([output.stdout, output.stderr]);
        report.ok_or(told)
    }

    /// No identifier is in clear in what was kept or told.
    fn nothing_is_in_clear(&self) {
        for canary in CANARIES {
            let kept = files_with(&self.program.path(".membrane"), canary);
            assert_eq!(kept, Vec::<PathBuf>::new(), "{canary}");
            let shown = self.seen.iter().find(|bytes| holds(bytes, canary.as_bytes()));
            assert!(shown.is_none(), "{canary}: {}", String::from_utf8_lossy(shown.unwrap()));
        }
    }
}

#[test]
fn the_same_rows_come_in_in_every_format_packing_and_encoding() {
    let mut deliverer = Deliverer::new();
    for (name, bytes, more) in deliveries() {
        let report = deliverer.bring(name, &bytes, more).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (&report["rows_read"], &report["rows_accepted"], &report["rows_quarantined"]),
            (&json!(2), &json!(1), &json!(1)),
            "{name}: {report}"
        );
        assert_eq!(report["truncated"], false);
        assert_eq!(report["unknown_columns"], 0);
        assert_eq!(report["bytes_read"], json!(bytes.len()), "what was delivered is counted");
        let again = deliverer.bring(name, &bytes, more).unwrap();
        assert_eq!(again["already"], true, "{name}");
    }
    deliverer.nothing_is_in_clear();
}

#[test]
fn what_is_cut_off_is_refused_or_saved_as_it_is_said() {
    let mut deliverer = Deliverer::new();
    let row = table()[1].join(",");
    let many: String =
        (0..20_000_u32).map(|n| format!("{row}-{}\n", n.wrapping_mul(2_654_435_761))).collect();
    let whole = gzip((table()[0].join(",") + "\n" + &many).as_bytes());
    let cut = &whole[..whole.len() / 2];
    let told = deliverer.bring("members.csv.gz", cut, &[]).unwrap_err();
    assert!(told.contains("the input is cut off") && told.contains("input_cut_off"), "{told}");
    let told = deliverer.bring("members.json", b"[{\"member_no\":\"x\"}", &[]).unwrap_err();
    assert!(told.contains("input_cut_off"), "{told}");
    let report = deliverer.bring("members.csv.gz", cut, &["--on-truncated", "save"]).unwrap();
    assert_eq!(report["truncated"], true);
    assert_eq!(report["reasons"]["malformed:truncated"], 1);
    assert!(report["rows_read"].as_u64().unwrap() > 5_000, "{report}");
    // A delivery that is damaged, and not cut off, is refused whatever is said.
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 50].fill(0x55);
    let told = deliverer.bring("members.csv.gz", &damaged, &["--on-truncated", "save"]).unwrap_err();
    assert!(told.contains("the input is not gzip: it is damaged"), "{told}");
    deliverer.nothing_is_in_clear();
}

#[test]
fn what_cannot_be_read_is_set_aside_with_its_reason() {
    let mut deliverer = Deliverer::new();
    let [phone, email, name, ..] = CANARIES;
    let good = table()[1].join(",");
    let header = table()[0].join(",");
    let more = format!("{header},{phone},channel\n{good},1,web\n");
    let report = deliverer.bring("more.csv", more.as_bytes(), &[]).unwrap();
    assert_eq!((&report["unknown_columns"], &report["unknown_names"]), (&json!(2), &json!(["channel"])));
    let (_, after) = good.split_once(',').unwrap();
    let huge = format!("\"{}{phone}\",{after}", "x".repeat(100 << 20));
    let records = [
        header.as_bytes().to_vec(),
        good.clone().into_bytes(),
        // Text in another encoding beside, a quote that is never closed, a cell of 100 MB, the header again.
        gb18030(&good),
        format!("\"{name},{email}").into_bytes(),
        huge.into_bytes(),
        header.as_bytes().to_vec(),
        good.clone().into_bytes(),
        format!("{phone},too,few").into_bytes(),
        good.into_bytes(),
    ];
    let report = deliverer.bring("dirty.csv", &records.join(&b'\n'), &[]).unwrap();
    let counted = |reason: &str| report["reasons"][reason].as_u64().unwrap_or_default();
    assert_eq!(counted("malformed:gb18030"), 1, "{report}");
    assert_eq!(counted("malformed:too_large"), 1, "{report}");
    assert_eq!(counted("malformed:header"), 1, "{report}");
    assert_eq!(counted("malformed"), 2, "{report}");
    assert_eq!(report["rows_read"], 8, "{report}");
    let deep = format!("{{\"member_no\":{}\n", "[".repeat(500_000));
    let lines = format!("{deep}{}\n", objects()[0]);
    let report = deliverer.bring("deep.ndjson", lines.as_bytes(), &[]).unwrap();
    assert_eq!((&report["rows_accepted"], &report["reasons"]["malformed"]), (&json!(1), &json!(1)));
    for (name, bytes, more, word) in [
        ("members.csv", gb18030(&csv()), &[][..], "it looks like GB18030: say which encoding it has"),
        (
            "members.xlsx",
            workbook(3),
            &[],
            "the workbook has 3 sheets that can be seen, and which one is meant",
        ),
        ("members.xls", workbook(1), &[], "say what the data is"),
        ("members.csv", csv().into_bytes(), &["--sheet", "x"], "--sheet is for excel"),
        ("members.avro", avro(), &["--encoding", "gbk"], "--encoding is for csv, ndjson and json"),
        ("members.csv", csv().into_bytes(), &["--encoding", "klingon"], "no such encoding"),
    ] {
        let told = deliverer.bring(name, &bytes, more).unwrap_err();
        assert!(told.contains(word), "{name}: {told}");
    }
    deliverer.nothing_is_in_clear();
}

#[test]
fn bodies_say_what_they_are_in_their_headers() {
    let program = Program::new();
    let served = program.serve();
    let bearer = program.bearer("service:ingestor");
    let send = |path: &str, bytes: &[u8], headers: &[&str]| {
        let file = program.path("body");
        std::fs::write(&file, bytes).unwrap();
        let data = format!("@{}", text(&file));
        let headers = headers.iter().flat_map(|header| ["--header", header]);
        let more: Vec<&str> = headers.chain(["--data-binary", &data]).collect();
        String::from_utf8(served.curl(path, Some(&bearer), &more)).unwrap()
    };
    let path = "/v1/ingest/crm_members";
    let excel = "Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let array = json!(objects()).to_string();
    for (path, bytes, headers) in [
        (path, gzip(csv().as_bytes()), &["Content-Type: text/csv", "Content-Encoding: gzip"][..]),
        (path, gzip(utf_16(&csv()).as_slice()), &["Content-Type: text/csv"]),
        (path, gb18030(&csv()), &["Content-Type: text/csv; charset=\"GB18030\""]),
        (path, array.clone().into_bytes(), &["Content-Type: application/json"]),
        (
            path,
            zstd::encode_all(array.as_bytes(), 3).unwrap(),
            &["Content-Type: application/json", "Content-Encoding: zstd"],
        ),
        (path, avro(), &["Content-Type: application/vnd.apache.avro", "Content-Encoding: identity"]),
        ("/v1/ingest/crm_members?sheet=Members%202", workbook(2), &[excel]),
    ] {
        let reply = send(path, &bytes, headers);
        assert!(
            reply.starts_with("HTTP/1.1 200") && reply.contains("\"rows_accepted\":1"),
            "{headers:?}: {reply}"
        );
    }
    let cut = &array.as_bytes()[..array.len() - 1];
    let json_type = "Content-Type: application/json";
    let reply = send("/v1/ingest/crm_members?on_truncated=save", cut, &[json_type]);
    assert!(reply.contains("\"truncated\":true"), "{reply}");
    for (path, bytes, headers, code) in [
        (path, cut.to_vec(), &[json_type][..], "input_cut_off"),
        (path, csv().into_bytes(), &["Content-Type: text/csv", "Content-Encoding: gzip"], "input_malformed"),
        (path, csv().into_bytes(), &["Content-Type: text/csv", "Content-Encoding: br"], "unsupported_media"),
        (path, csv().into_bytes(), &["Content-Type: text/csv; charset=klingon"], "unsupported_media"),
        (path, workbook(2), &[excel], "input_malformed"),
        ("/v1/ingest/crm_members?on_truncated=keep", cut.to_vec(), &[json_type], "bad_request"),
        ("/v1/ingest/crm_members?sheet=1", cut.to_vec(), &[json_type], "bad_request"),
    ] {
        let reply = send(path, &bytes, headers);
        assert!(reply.contains(&format!("\"code\":\"{code}\"")), "{headers:?}: {reply}");
    }
    served.stop();
}
