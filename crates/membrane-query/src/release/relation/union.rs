//! UNION ALL of rows about members.

use datafusion::logical_expr::Union;

use super::{Draft, Reader, made_column};
use crate::QueryError;
use crate::release::question::{ColumnRef, Scalar, Table, TypeOf, UnionPart};
use crate::release::refusal::refuse;
use crate::release::scalar::{Entry, as_type, type_of_all};

impl Reader<'_> {
    /// Reads UNION ALL: the columns are brought to one type each.
    pub(super) fn read_union(&mut self, union: &Union) -> Result<Draft, QueryError> {
        let mut drafts = Vec::with_capacity(union.inputs.len());
        for input in &union.inputs {
            let draft = self.read(input)?;
            if !self.is_about_members(&draft) {
                return Err(refuse(
                    "UNION ALL with rows that are not about members",
                    "unite datasets about members only",
                ));
            }
            drafts.push(draft);
        }
        let width = drafts.first().map_or(0, |draft| draft.entries.len());
        if drafts.iter().any(|draft| draft.entries.len() != width) {
            return Err(QueryError::Failed);
        }
        let mut columns: Vec<Option<TypeOf>> = Vec::with_capacity(width);
        for index in 0..width {
            columns.push(type_of_column(&drafts, index)?);
        }
        let mut parts = Vec::with_capacity(drafts.len());
        let mut required = vec![true; width];
        for mut draft in drafts {
            for ((entry, logical), required) in draft.entries.iter_mut().zip(&columns).zip(&mut required) {
                if let Some(logical) = logical {
                    entry.scalar = as_type(entry.scalar.clone(), *logical);
                    *required &= entry.scalar.is_required();
                }
            }
            let closed = self.close(draft)?;
            let kept = closed.entries.into_iter().zip(&columns).filter(|(_, logical)| logical.is_some());
            parts.push(UnionPart {
                block: closed.block,
                columns: kept.map(|(entry, _)| entry.scalar).collect(),
            });
        }
        let sources: Vec<usize> = parts.iter().map(|part| part.block.source).collect();
        for (one, other) in sources.iter().zip(sources.iter().skip(1)) {
            self.check_kinds(*one, *other)?;
        }
        let table = self.add(Table::Union(parts))?;
        let mut next = 0_usize;
        let entries = columns.into_iter().zip(required).map(|(logical, required)| match logical {
            None => Ok(Entry { scalar: Scalar::Member(table), member: Some(table) }),
            Some(logical) => {
                let column = ColumnRef { table, column: made_column(next)?, logical, required };
                next += 1;
                Ok(Entry { scalar: Scalar::Column(column), member: None })
            }
        });
        let entries = entries.collect::<Result<_, QueryError>>()?;
        Ok(Draft { tables: vec![table], entries, ..Draft::default() })
    }
}

/// Returns the type of a column, or nothing where it is the member in all parts.
fn type_of_column(drafts: &[Draft], index: usize) -> Result<Option<TypeOf>, QueryError> {
    let entries = || drafts.iter().filter_map(|draft| draft.entries.get(index));
    if entries().all(|entry| entry.member.is_some()) {
        return Ok(None);
    }
    if entries().any(|entry| matches!(entry.scalar, Scalar::Member(_))) {
        return Err(refuse(
            "UNION ALL of the member with something else",
            "put the columns that tell members apart in the same place of each SELECT",
        ));
    }
    type_of_all(&entries().map(|entry| &entry.scalar).collect::<Vec<_>>()).map(Some)
}
