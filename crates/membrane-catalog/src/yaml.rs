//! YAML files that people write, read with places: for those of other crates.
//!
//! A reader takes a [`Report`], writes down what is wrong and goes on with what is left, so that every fault of a file is
//! told at once, with its line.

pub use crate::read::{
    At, Document, Fields, Mark, Node, Report, Value, did_you_mean, parse, read_items, text, whole,
};
