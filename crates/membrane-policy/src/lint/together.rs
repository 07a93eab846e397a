//! Weaknesses that are one to a reader: of columns of one name in several datasets, shown alike and of one cost.

use std::collections::BTreeSet;
use std::fmt;

use membrane_model::{DatasetName, PrincipalId, Purpose};

use super::Weakness;
use super::words::{form, joined, policies};

/// Weaknesses that are told in one line.
#[derive(Debug)]
pub struct WeaknessGroup<'a> {
    /// One of them: column, form, policies, cost and waiver are those of all.
    first: &'a Weakness,
    datasets: BTreeSet<&'a DatasetName>,
    principals: BTreeSet<&'a PrincipalId>,
    purposes: BTreeSet<&'a Purpose>,
    /// What looking up costs, for those who may.
    look_up: Option<String>,
    looking_up: BTreeSet<&'a PrincipalId>,
}

impl Weakness {
    /// Puts together those that are one to a reader, in the order of the first of each.
    #[must_use]
    pub fn together(found: &[Self]) -> Vec<WeaknessGroup<'_>> {
        let mut groups: Vec<WeaknessGroup<'_>> = Vec::new();
        for one in found {
            let index = groups.iter().position(|group| group.first.is_one_with(one));
            let index = index.unwrap_or_else(|| {
                groups.push(WeaknessGroup::of(one));
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(index) {
                group.add(one);
            }
        }
        groups
    }

    fn is_one_with(&self, other: &Self) -> bool {
        let told = |one: &Self| (one.column.clone(), one.form, one.by.clone(), one.values, one.ending());
        told(self) == told(other)
    }
}

impl<'a> WeaknessGroup<'a> {
    const fn of(first: &'a Weakness) -> Self {
        Self {
            first,
            datasets: BTreeSet::new(),
            principals: BTreeSet::new(),
            purposes: BTreeSet::new(),
            look_up: None,
            looking_up: BTreeSet::new(),
        }
    }

    fn add(&mut self, one: &'a Weakness) {
        self.datasets.insert(&one.dataset);
        self.principals.extend(&one.principals);
        self.purposes.extend(&one.purposes);
        if let Some(cost) = one.look_up_cost() {
            self.look_up = Some(cost);
            self.looking_up.extend(&one.principals);
        }
    }

    /// Returns one of the weaknesses: in form, cost and waiver all are alike.
    #[must_use]
    pub const fn first(&self) -> &Weakness {
        self.first
    }
}

impl fmt::Display for WeaknessGroup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = &self.first.column;
        match self.datasets.first() {
            Some(dataset) if self.datasets.len() == 1 => write!(f, "{dataset}.{column}")?,
            _ => write!(f, "{column} of {}", joined(&self.datasets))?,
        }
        write!(
            f,
            " is shown as {} to {} for {} ({}): {}",
            form(self.first.form),
            joined(&self.principals),
            joined(&self.purposes),
            policies(&self.first.by),
            self.first.cost()
        )?;
        if let Some(cost) = &self.look_up {
            write!(f, "; {cost}")?;
            if self.looking_up != self.principals {
                write!(f, " ({})", joined(&self.looking_up))?;
            }
        }
        f.write_str(&self.first.ending())
    }
}
