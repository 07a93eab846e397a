//! `docs/contracts.md` says what the code does.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/contracts.md");

/// Writes the files of the page: blocks of YAML that start with a comment naming the file.
fn write_example(change: impl Fn(&str) -> String) -> TempDir {
    let blocks = PAGE.split("```yaml\n# catalog/").skip(1);
    let files: Vec<(&str, String)> = blocks
        .map(|block| {
            let (text, _) = block.split_once("```").unwrap();
            let (name, text) = text.split_once('\n').unwrap();
            (name, change(text))
        })
        .collect();
    assert_eq!(files.len(), 3);
    write(&files.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>())
}

#[test]
fn the_example_is_valid() {
    let dir = write_example(ToOwned::to_owned);
    let catalog = Catalog::load(dir.path()).unwrap_or_else(|error| panic!("{error}"));
    let visits = catalog.dataset(&"store_visits".parse().unwrap()).unwrap();
    assert_eq!(visits.columns.len(), 7);
}

#[test]
fn each_mistake_is_reported_as_the_page_says() {
    let (_, table) =
        PAGE.split_once("| this | changed to | is reported as |\n| --- | --- | --- |\n").unwrap();
    let rows: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 20, "{}", rows.len());
    for row in rows {
        let row = row.replace("\\|", "\u{1}");
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
        let [_, from, to, message, _] = cells.as_slice() else { panic!("{row}") };
        let from = from.trim_matches('`');
        let dir = write_example(|text| match to.as_str() {
            "removed" => {
                text.lines().filter(|line| line.trim() != from).map(|line| format!("{line}\n")).collect()
            }
            to => text.replacen(from, to.trim_matches('`'), 1),
        });
        let error = Catalog::load(dir.path()).map(|_| row.clone()).unwrap_err();
        assert!(error.faults().iter().any(|fault| fault.message == *message), "{row}\n{error}");
    }
}

#[test]
fn the_page_names_every_setting_and_check() {
    for check in crate::FormatCheck::ALL {
        assert!(PAGE.contains(&format!("| `{check}` |")), "{check}");
    }
    for setting in crate::read::settings() {
        assert!(PAGE.contains(&format!("| `{setting}` |")), "{setting}");
    }
}
