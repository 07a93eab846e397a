use clap::{CommandFactory, Parser};

use super::Cli;
use super::table::count;

/// What clap itself asserts only where dependencies have debug assertions, which here they have not: two arguments of one
/// name, of which one would never be heard of.
#[test]
fn no_two_arguments_have_one_name() {
    fn walk(command: &clap::Command) {
        let mut known = std::collections::HashSet::new();
        for argument in command.get_arguments() {
            let mut names = vec![argument.get_id().to_string()];
            names.extend(argument.get_long().map(|long| format!("--{long}")));
            names.extend(argument.get_short().map(|short| format!("-{short}")));
            for name in names {
                assert!(known.insert(name.clone()), "{} has two arguments {name}", command.get_name());
            }
        }
        command.get_subcommands().for_each(walk);
    }
    let mut command = Cli::command();
    command.build();
    walk(&command);
}

#[test]
fn every_subcommand_and_flag_has_help() {
    fn walk(command: &clap::Command) {
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            assert!(argument.get_help().is_some() || id == "help", "{} {id}", command.get_name());
        }
        for sub in command.get_subcommands() {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
            walk(sub);
        }
    }
    walk(&Cli::command());
}

#[test]
fn every_subcommand_has_an_example_that_it_takes() {
    fn walk(path: &str, command: &clap::Command) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains(path), "{path} has no example: {help}");
        for sub in command.get_subcommands() {
            walk(&format!("{path} {}", sub.get_name()), sub);
        }
    }
    for sub in Cli::command().get_subcommands() {
        walk(&format!("membrane {}", sub.get_name()), sub);
    }
}

/// Splits a line as a shell would, as far as examples need it, up to a comment, a redirection or another command.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars().chain([' ']) {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => all.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
            other => word.push(other),
        }
    }
    let end = all.iter().position(|word| ["#", "<", ">", "|", "&&"].contains(&word.as_str()));
    all.truncate(end.unwrap_or(all.len()));
    all
}

/// Parses each command line of a text that shows some; returns how many those were.
fn parse_examples(text: &str) -> usize {
    let text = text.replace("\\\n", " ").replace(" RUN", " 01890a5d-ac96-774b-bcce-b302099a8057");
    let mut found = 0;
    for line in text.lines().map(str::trim).filter(|line| line.starts_with("membrane ")) {
        if let Err(error) = Cli::try_parse_from(words(line)) {
            panic!("{line}: {error}");
        }
        found += 1;
    }
    found
}

#[test]
fn examples_are_command_lines() {
    fn walk(command: &clap::Command, found: &mut usize) {
        for sub in command.get_subcommands() {
            *found += parse_examples(&sub.get_after_help().map(ToString::to_string).unwrap_or_default());
            walk(sub, found);
        }
    }
    let mut found = 0;
    walk(&Cli::command(), &mut found);
    assert!(found > 30, "{found} examples");
}

#[test]
fn pages_show_command_lines() {
    for (page, text) in [
        ("README.md", include_str!("../../../../README.md")),
        ("docs/attacks.md", include_str!("../../../../docs/attacks.md")),
        ("docs/contracts.md", include_str!("../../../../docs/contracts.md")),
        ("docs/policies.md", include_str!("../../../../docs/policies.md")),
        ("docs/partners.md", include_str!("../../../../docs/partners.md")),
        ("docs/sources.md", include_str!("../../../../docs/sources.md")),
        ("docs/reports.md", include_str!("../../../../docs/reports.md")),
        ("docs/tags.md", include_str!("../../../../docs/tags.md")),
        ("docs/storage.md", include_str!("../../../../docs/storage.md")),
    ] {
        let found: usize = text.split("```").skip(1).step_by(2).map(parse_examples).sum();
        assert!(found > 2 || page != "README.md", "{page}: {found} command lines");
    }
}

#[test]
fn where_purposes_and_principals_are_listed_is_said_where_they_are_asked_for() {
    let command = Cli::command();
    let help = |sub: &str, argument: &str| {
        let sub = command.find_subcommand(sub).expect("subcommand");
        let found = sub.get_arguments().find(|known| known.get_id().as_str() == argument).expect("argument");
        found.get_help().expect("help").to_string()
    };
    for (sub, argument, lists) in [
        ("sql", "purpose", "membrane catalog purposes"),
        ("release", "purpose", "membrane catalog purposes"),
        ("sql", "as", "membrane policy principals"),
        ("bearer", "principal", "membrane policy principals"),
    ] {
        assert!(help(sub, argument).contains(lists), "{sub} {argument}");
    }
}

#[test]
fn where_the_hub_is_can_be_said_on_every_subcommand() {
    for line in [
        "membrane catalog check --catalog c --policies p --data d --ledger l --config f",
        "membrane runs --ledger sqlite:///tmp/l",
        "membrane --data s3://bucket/hub serve",
        "membrane ingest crm_members file.csv --data file:///tmp/d",
        "membrane catalog purposes --json --catalog c",
        "membrane policy principals --json --policies p",
        "membrane release x --as partner:acme --bounds amount=0..300 --bounds quantity=-1..10",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
    }
}

#[test]
fn wrong_usage_is_refused() {
    for line in [
        "membrane",
        "membrane ingest CRM x.csv",
        "membrane sql",
        "membrane sql x --json --csv",
        "membrane sql x --as root",
        "membrane sql x --as analyst:ana --bearer y",
        "membrane release x --bounds amount=300..0",
        "membrane lineage crm_members",
        "membrane runs not-a-run",
        "membrane bearer nobody",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}

/// What a number may be is for the hub to say, which says why.
#[test]
fn negative_numbers_are_numbers() {
    for flag in ["--epsilon", "--rho", "--delta"] {
        let line = format!("membrane release x --as partner:acme {flag} -1 --dry-run");
        assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
    }
    for flag in ["--groups-max", "--rows-max"] {
        let line = format!("membrane release x --as partner:acme {flag} -1");
        let told = Cli::try_parse_from(line.split(' ')).expect_err("no number of groups").to_string();
        assert!(told.contains("'-1'") && told.contains("-1 is not in"), "{told}");
    }
}

#[test]
fn counts_have_commas() {
    let shown = [(0, "0"), (999, "999"), (1000, "1,000"), (1_469_307, "1,469,307")];
    for (number, expected) in shown {
        assert_eq!(count(number), expected);
    }
}
