//! Checked ids, names and values that two crates exchange. Nothing here is async and nothing does I/O.
//!
//! A value of one of these types was checked when it was made: a function that takes a [`DatasetName`]
//! never has to look at its letters again.

mod action;
mod address;
mod channel;
mod clock;
mod column;
mod id;
mod level;
mod limits;
mod lineage;
mod mask;
mod name;
mod price;
mod principal;
mod protection;
mod reconciled;

pub use action::Action;
pub use address::AddressClass;
pub use channel::Channel;
pub use clock::{Clock, FixedClock};
pub use column::LogicalType;
pub use id::{RunId, SubjectId, TableVersion};
pub use level::RevealLevel;
pub use limits::{FileLimits, Limits};
pub use lineage::{FieldRef, LineageEdge, Transformation};
pub use mask::{Generalisation, PartialMask, Shown, TokenForm};
pub use name::{
    ClassName, ColumnName, DatasetName, IdentityKind, NameError, Purpose, ReleaseName, SourceName, TagId,
};
pub use price::{Delta, Epsilon, Price, PriceError};
pub use principal::{PrincipalId, PrincipalKind};
pub use protection::Protection;
pub use reconciled::{Reconciled, Rest, Verdict};
