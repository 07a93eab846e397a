//! What both demonstrations share: bringing files in, commands that a person may paste, and checks of their answers.

mod bring_in;
mod checks;
mod command;
pub(crate) mod households;
pub(crate) mod members;
pub(crate) mod stage;

pub(crate) use bring_in::{Delivery, bring_in, taken_table};
pub(crate) use command::{Facts, ShellCommand, Who, check_all, curl_get, curl_post, show};
