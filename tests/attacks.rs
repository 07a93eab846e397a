//! The attack suite: every attack of `membrane::attack`, by each role, through each door, against pairs of hubs that agree
//! on what the attacker may see and on nothing else. What leaves the two is the same to the last byte, and none of it holds
//! a canary.

mod command_line;
mod compare;
mod doors;
mod forms;
mod limits;
mod live;
mod rows;
mod twins;

pub(crate) use compare::comparable;
pub(crate) use doors::Door;
pub(crate) use twins::{Keeps, Twin, Twins};
