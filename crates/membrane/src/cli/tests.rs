use clap::{CommandFactory, Parser};

use super::Cli;
use super::table::count;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
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
fn where_the_hub_is_can_be_said_on_every_subcommand() {
    for line in [
        "membrane catalog check --catalog c --policies p --data d --ledger l --config f",
        "membrane runs --ledger sqlite:///tmp/l",
        "membrane --data s3://bucket/hub serve",
        "membrane ingest crm_members file.csv --data file:///tmp/d",
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
        "membrane lineage crm_members",
        "membrane runs not-a-run",
        "membrane bearer nobody",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}

#[test]
fn counts_have_commas() {
    let shown = [(0, "0"), (999, "999"), (1000, "1,000"), (1_469_307, "1,469,307")];
    for (number, expected) in shown {
        assert_eq!(count(number), expected);
    }
}
