//! Tests. What poppler reads out of the files is compared with what went in; where poppler is not installed,
//! the test says so and looks at the bytes alone.

use std::io::Write as _;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::testing::{column, every_block, hostile, slug};
use crate::{Block, ColumnKind, Level, Moment, Section, Table};

thread_local! {
    static FONTS: Fonts = Fonts::bundled().unwrap();
}

/// Writes a PDF.
fn pdf_of(document: &Document, rows_max: usize) -> Vec<u8> {
    FONTS.with(|fonts| to_pdf(document, fonts, &Limits { rows_max }).unwrap())
}

/// Counts the places at which bytes stand.
fn count(pdf: &[u8], bytes: &str) -> usize {
    pdf.windows(bytes.len()).filter(|window| *window == bytes.as_bytes()).count()
}

/// Runs a program of poppler on a file; nothing when there is no such program here.
fn poppler(program: &str, options: &[&str], target: Option<&str>, pdf: &[u8]) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let output = Command::new(program).args(options).arg(file.path()).args(target).output();
    match output {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) => {
            eprintln!("{program} is not to be had ({error}): the text of the file is NOT checked");
            None
        }
    }
}

/// Returns the text in the order of the file, without blanks: lines are broken anywhere.
fn text_of(pdf: &[u8]) -> Option<String> {
    Some(poppler("pdftotext", &["-raw", "-enc", "UTF-8"], Some("-"), pdf)?.split_whitespace().collect())
}

/// Returns a document with one table whose cells all differ.
fn with_table(rows: u64, words: usize) -> (Document, Vec<String>) {
    let columns = vec![
        column("at", "Zeitpunkt", ColumnKind::Moment),
        column("who", "Wer", ColumnKind::Text),
        column("what", "Was", ColumnKind::Code),
        column("rows", "Zeilen", ColumnKind::Number),
    ];
    let mut table = Table::new(slug("t"), columns).unwrap().with_caption("Alle Zugriffe");
    let mut cells = Vec::new();
    for row in 0..rows {
        let who = format!("<{row}:{}>", "Ελένη Müller ".repeat(words));
        let texts = [format!("<2026-{row}>"), who, format!("<x/{row}/{}>", "y".repeat(40))];
        let [at, who, what] = texts.clone();
        table.push_row(vec![at.into(), who.into(), what.into(), (100_000 + row).into()]).unwrap();
        cells.extend(texts);
        cells.push((100_000 + row).to_string());
    }
    let mut document = Document::new("Wer hat was gelesen?", "rep-7f3a");
    let mut section = Section::new(slug("s"), Level::One, "Zugriffe");
    section.blocks.push(Block::Table(table));
    document.push_section(section).unwrap();
    (document, cells)
}

/// Checks that each cell is in a file once, and returns how many pages it has.
#[track_caller]
fn check_cells(rows: u64, words: usize) -> usize {
    let (document, cells) = with_table(rows, words);
    let pdf = pdf_of(&document, usize::MAX);
    let pages = count(&pdf, "/Type/Page/");
    // One cell of the tree for each cell of the table, however many pages it is on.
    assert_eq!(count(&pdf, "/S/TD"), cells.len());
    assert_eq!(count(&pdf, "/S/TH/"), 4);
    if let Some(text) = text_of(&pdf) {
        for cell in cells {
            let cell: String = cell.split_whitespace().collect();
            assert_eq!(text.matches(&cell).count(), 1, "{cell}");
        }
        assert_eq!(text.matches("ZeitpunktWerWasZeilen").count(), pages, "the head is on each page");
        for page in 1..=pages {
            assert!(text.contains(&format!("Werhatwasgelesen?·rep-7f3a{page}/{pages}")), "{page}");
        }
    }
    pages
}

#[test]
fn every_cell_is_there_once() {
    assert_eq!(check_cells(3, 1), 1);
    assert!(check_cells(300, 2) > 5);
}

#[test]
fn a_cell_may_be_longer_than_a_page() {
    let (document, _) = with_table(1, 3_000);
    let pdf = pdf_of(&document, usize::MAX);
    assert!(count(&pdf, "/Type/Page/") > 3);
    if let Some(text) = text_of(&pdf) {
        assert_eq!(text.matches("Ελένη").count(), 3_000);
    }
}

#[test]
fn scripts_that_run_leftward_are_read_as_they_were() {
    let mut document = Document::new("Title", "id");
    document.push_fact("Name", "x שלום עולם y");
    // Without `-raw`, poppler finds the order of reading by itself, as other programs do. It puts marks of
    // direction around the words.
    if let Some(text) = poppler("pdftotext", &["-enc", "UTF-8"], Some("-"), &pdf_of(&document, 9)) {
        let text: String = text.chars().filter(|c| !crate::visible::is_hidden(*c)).collect();
        assert!(text.contains("שלום עולם"), "{text}");
    }
}

#[test]
fn rows_beyond_the_limit_are_counted() {
    let (document, _) = with_table(9, 1);
    let pdf = pdf_of(&document, 7);
    assert_eq!(count(&pdf, "/S/TD"), 28);
    if let Some(text) = text_of(&pdf) {
        assert!(text.contains("100006") && !text.contains("100007"));
        assert!(text.contains("2morerowsareintheJSONform."));
    }
}

#[test]
fn wide_tables_lie_on_their_side() {
    let columns = (0..9).map(|at| column(&format!("c{at}"), "Verarbeitungstätigkeit", ColumnKind::Text));
    let mut table = Table::new(slug("t"), columns.collect()).unwrap();
    table.push_row((0..9).map(|_| "Text".into()).collect()).unwrap();
    let mut document = Document::new("Title", "id");
    let mut section = Section::new(slug("s"), Level::One, "A section");
    section.blocks.push(Block::Table(table));
    document.push_section(section).unwrap();
    assert_eq!(count(&pdf_of(&document, 9), "/MediaBox[0 0 841.89 595.28]"), 1);
    assert_eq!(count(&pdf_of(&with_table(1, 1).0, 9), "/MediaBox[0 0 595.28 841.89]"), 1);
}

#[test]
fn tables_that_no_page_can_hold_are_written_all_the_same() {
    let name = "Verarbeitungstätigkeit ".repeat(400);
    let columns = (0..120).map(|at| column(&format!("c{at}"), &name, ColumnKind::Text));
    let mut table = Table::new(slug("t"), columns.collect()).unwrap();
    for _ in 0..20 {
        table.push_row((0..120).map(|at| format!("{at}").into()).collect()).unwrap();
    }
    let mut document = Document::new("Title", "id");
    let mut section = Section::new(slug("s"), Level::One, "A section");
    section.blocks.push(Block::Table(table));
    document.push_section(section).unwrap();
    let pdf = pdf_of(&document, 100);
    assert_eq!(count(&pdf, "/S/TD"), 2_400);
    // The names fill pages by themselves, and the rows behind them few.
    let names_only = pdf_of(&document, 1);
    assert!(count(&pdf, "/Type/Page/") < count(&names_only, "/Type/Page/") + 5);
}

#[test]
fn the_file_says_what_it_is() {
    let mut document = every_block(str::to_owned);
    let pdf = pdf_of(&document, 9);
    for part in ["/Lang(en)", "/Marked true", "/Title(Who accessed what)", "/Title(Summary)", "pdfuaid:part"]
    {
        assert!(count(&pdf, part) > 0, "{part}");
    }
    assert_eq!(count(&pdf, "pdfaid:part"), 0);
    document.made_at = Some(Moment::utc((2026, 11, 2), (9, 30, 0)).unwrap());
    let pdf = pdf_of(&document, 9);
    assert!(count(&pdf, "pdfaid:part") > 0 && count(&pdf, "/CreationDate(D:20261102093000Z)") > 0);
    if let Some(info) = poppler("pdfinfo", &[], None, &pdf) {
        assert!(info.contains("Tagged:          yes"), "{info}");
    }
}

#[test]
fn every_kind_of_block_is_there() {
    let pdf = pdf_of(&every_block(str::to_owned), 9);
    for part in ["/S/L/", "/S/LBody", "/S/Code", "/S/Caption", "/S/TBody", "/S/H1", "/S/H2", "/S/H3"] {
        assert!(count(&pdf, part) > 0, "{part}");
    }
    if let Some(text) = text_of(&pdf) {
        for part in [
            "Nobodywasrefused.",
            "Warning",
            "Onepurposehasnoretentionperiod.",
            "Tobefilledin",
            "permit(principal,action);",
            "Whatisthelegalbasis?",
            "ControllerExampleInsuranceAG",
            "•analysis•billing",
        ] {
            assert_eq!(text.matches(part).count(), 1, "{part}");
        }
    }
}

#[test]
fn contents_lead_to_the_pages() {
    let mut document = with_table(200, 1).0;
    for at in 0..3 {
        let section = Section::new(slug(&format!("more-{at}")), Level::Two, format!("More {at}"));
        document.push_section(section).unwrap();
    }
    let pdf = pdf_of(&document, 1_000);
    let pages = count(&pdf, "/Type/Page/");
    assert_eq!(count(&pdf, "/Subtype/Link"), 4);
    if let Some(text) = text_of(&pdf) {
        let contents = format!("ContentsZugriffe1More0{pages}More1{pages}More2{pages}");
        assert!(pages > 3 && text.contains(&contents), "{contents}");
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = every_block(str::to_owned);
    let again = to_pdf(&document, &Fonts::bundled().unwrap(), &Limits { rows_max: 9 }).unwrap();
    assert!(pdf_of(&document, 9) == again);
}

#[test]
fn nothing_to_say() {
    let pdf = pdf_of(&Document::new("", ""), 0);
    assert!(count(&pdf, "/Title((untitled))") > 0);
    let blank = pdf_of(&every_block(|_| String::new()), 9);
    assert!(blank.starts_with(b"%PDF-1.7"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The library refuses files that are not PDF/UA-1 and PDF/A-2a; no text may make one.
    #[test]
    fn any_text_can_be_written(text in prop_oneof![hostile(), any::<String>(), "\\PC{0,300}"]) {
        let mut document = every_block(|benign| format!("{text}{benign}{text}"));
        document.made_at = Some(Moment::utc((2026, 11, 2), (9, 30, 0)).unwrap());
        let pdf = pdf_of(&document, 9);
        // The tree is that of the document, whatever its texts are.
        prop_assert_eq!(count(&pdf, "/S/TD"), 12);
        prop_assert_eq!(count(&pdf, "/S/TH/"), 4);
    }
}
