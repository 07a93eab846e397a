//! Files that people write, most of them YAML, read with places: for those of other crates.
//!
//! A reader takes a [`Report`], writes down what is wrong and goes on with what is left, so that every fault of a file is
//! told at once, with its line.

pub use crate::read::{
    At, Document, Fields, FileError, Mark, Node, Report, Value, did_you_mean, parse, read_items, read_text,
    text, too_many_files, whole,
};
