//! The groups of a release while rows come in, by the bytes of their keys.
//!
//! Where keys are public, the groups are those of the list and no others. Where they come from the data, a group is
//! here for as long as some member holds it: one that was let go by its last member is forgotten, so that there are
//! never more groups than parts of members.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::RowConverter;
use datafusion::common::ScalarValue;
use membrane_privacy::{GroupKey, KeyDomain};

use super::numbers::Numbers;
use crate::QueryError;
use crate::release::cell;
use crate::release::literal::typed;
use crate::release::question::{Literal, TypeOf};
use crate::release::scalar::typed_scalar;

/// The groups.
pub(in crate::release) struct Groups {
    numbers: Numbers,
    held: Vec<Option<HeldGroup>>,
    free: Vec<u32>,
    forgotten: u64,
    listed: Option<Vec<GroupKey>>,
}

/// A group, and how many members hold it.
struct HeldGroup {
    key: Arc<[u8]>,
    holders: u32,
}

impl Groups {
    /// Starts without groups, or with the one that there is without keys.
    pub(in crate::release) fn new(domain: &KeyDomain) -> Self {
        let listed = match domain {
            KeyDomain::Public(keys) => Some(keys.clone()),
            KeyDomain::None => Some(vec![GroupKey::new()]),
            KeyDomain::Unknown => None,
        };
        let mut groups =
            Self { numbers: Numbers::default(), held: Vec::new(), free: Vec::new(), forgotten: 0, listed };
        if *domain == KeyDomain::None {
            groups.list(0, &[]);
        }
        groups
    }

    fn list(&mut self, number: u32, key: &[u8]) {
        let key: Arc<[u8]> = Arc::from(key);
        self.numbers.insert(&key, number);
        self.held.push(Some(HeldGroup { key, holders: 0 }));
    }

    /// Tells whether the groups are a list that was known before.
    pub(super) const fn are_listed(&self) -> bool {
        self.listed.is_some()
    }

    /// Learns how the keys of the list look as bytes, once it is known of which types they are.
    pub(super) fn encode_list(
        &mut self,
        keys: &[TypeOf],
        types: &[DataType],
        converter: &RowConverter,
    ) -> Result<(), QueryError> {
        let Some(listed) = &self.listed else { return Ok(()) };
        let columns = keys.iter().zip(types).enumerate().map(|(index, (key, data_type))| {
            let cells = listed.iter().map(|texts| {
                let text = texts.get(index).ok_or(QueryError::Failed)?;
                cell_of(*key, text.as_deref(), data_type)
            });
            let cells = cells.collect::<Result<Vec<ScalarValue>, QueryError>>()?;
            ScalarValue::iter_to_array(cells).map_err(|_| QueryError::Failed)
        });
        let columns = columns.collect::<Result<Vec<ArrayRef>, QueryError>>()?;
        let rows = converter.convert_columns(&columns).map_err(|_| QueryError::Failed)?;
        for (row, number) in rows.iter().zip(0_u32..) {
            self.list(number, row.data());
        }
        Ok(())
    }

    /// Returns how many groups were forgotten: their numbers may mean others.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Finds a group.
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.numbers.get(key)
    }

    /// Takes hold of a group for one more member. A group that is not there yet is made, where keys come from the data.
    /// The second value tells whether it was made.
    pub(super) fn hold(&mut self, key: &[u8]) -> Result<(u32, bool), QueryError> {
        if let Some(number) = self.find(key) {
            if let Some(group) = self.held.get_mut(place(number)).and_then(Option::as_mut) {
                group.holders = group.holders.saturating_add(1);
            }
            return Ok((number, false));
        }
        if self.are_listed() {
            return Err(QueryError::Failed);
        }
        let key: Arc<[u8]> = Arc::from(key);
        let group = HeldGroup { key: Arc::clone(&key), holders: 1 };
        let number = match self.free.pop() {
            Some(number) => {
                *self.held.get_mut(place(number)).ok_or(QueryError::Failed)? = Some(group);
                number
            }
            None => {
                self.held.push(Some(group));
                u32::try_from(self.held.len() - 1).map_err(|_| QueryError::Failed)?
            }
        };
        self.numbers.insert(&key, number);
        Ok((number, true))
    }

    /// Lets a group go for one member. Returns the length of its key when nobody holds it any more.
    pub(super) fn let_go(&mut self, number: u32) -> Option<usize> {
        if self.are_listed() {
            return None;
        }
        let slot = self.held.get_mut(place(number))?;
        let group = slot.as_mut()?;
        group.holders = group.holders.saturating_sub(1);
        if group.holders > 0 {
            return None;
        }
        let key = slot.take()?.key;
        self.numbers.remove(&key);
        self.forgotten += 1;
        self.free.push(number);
        Some(key.len())
    }

    /// Returns the bytes of a group's key.
    pub(super) fn key(&self, number: u32) -> &[u8] {
        self.held.get(place(number)).and_then(Option::as_ref).map_or(&[], |group| &group.key)
    }

    /// Returns the written key of every number that is a group, and nothing for those that are free.
    pub(super) fn names(
        &self,
        converter: Option<&RowConverter>,
    ) -> Result<Vec<Option<GroupKey>>, QueryError> {
        if let Some(listed) = &self.listed {
            return Ok(listed.iter().cloned().map(Some).collect());
        }
        let Some(converter) = converter else { return Ok(vec![None; self.held.len()]) };
        let parser = converter.parser();
        let keys = self.held.iter().flatten().map(|group| parser.parse(&group.key));
        let arrays = converter.convert_rows(keys).map_err(|_| QueryError::Failed)?;
        let texts = arrays.iter().map(|array| cell::texts(array.as_ref()));
        let texts = texts.collect::<Result<Vec<Vec<Option<String>>>, QueryError>>()?;
        let mut texts: Vec<_> = texts.into_iter().map(Vec::into_iter).collect();
        let mut next = || texts.iter_mut().map(|column| column.next().flatten()).collect::<GroupKey>();
        Ok(self.held.iter().map(|group| group.as_ref().map(|_| next())).collect())
    }
}

#[cfg(test)]
impl Groups {
    /// Returns how many bytes the groups hold while rows come.
    pub(super) fn bytes(&self) -> usize {
        let keys: usize = self.held.iter().flatten().map(|group| group.key.len() + 32).sum();
        keys + self.numbers.bytes() + self.held.capacity() * size_of::<Option<HeldGroup>>()
    }
}

/// Reads a cell of a public list as what the rows have there.
fn cell_of(key: TypeOf, text: Option<&str>, data_type: &DataType) -> Result<ScalarValue, QueryError> {
    let Some(text) = text else {
        return ScalarValue::try_new_null(data_type).map_err(|_| QueryError::Failed);
    };
    let literal = match key {
        TypeOf::Boolean => text.parse().ok().map(Literal::Boolean),
        logical => typed(text, logical),
    };
    typed_scalar(&literal.ok_or(QueryError::Failed)?, data_type)
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
