//! What numbers are that are about nobody: negative evidence.

use super::chance::is_ruled_out;
use super::shape::Shape;

/// The share of values that must be of a nature.
const SHARE_MIN: f64 = 0.85;

/// What values are that are about nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Time since 1970.
    Epoch,
    /// GS1: EAN-8, UPC, EAN-13, GTIN-14.
    Barcode,
    /// Counted up.
    Counted,
    /// Numbers that begin with a day.
    Dated,
    /// Amounts.
    Decimal,
    /// Versions of programs.
    Version,
    /// Parcels of post offices.
    Parcel,
}

impl Nature {
    /// Finds the nature of a column.
    pub(crate) fn of(shape: &Shape) -> Option<Self> {
        let most = |count: u32| shape.share(count) >= SHARE_MIN;
        let (form, passed) = shape.barcodes;
        if most(shape.epochs) {
            Some(Self::Epoch)
        } else if most(passed) && is_ruled_out(passed, form, 0.1) {
            Some(Self::Barcode)
        } else if most(shape.dated) && is_ruled_out(shape.dated, shape.looked_at, 0.02) {
            Some(Self::Dated)
        } else if most(shape.decimals) {
            Some(Self::Decimal)
        } else if most(shape.versions) {
            Some(Self::Version)
        } else if most(shape.parcels) {
            Some(Self::Parcel)
        } else if shape.is_counted() {
            Some(Self::Counted)
        } else {
            None
        }
    }

    /// Returns it in words.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Epoch => "they are times since 1970",
            Self::Barcode => "they pass the check digit of barcodes (GS1)",
            Self::Counted => "they are counted up",
            Self::Dated => "they begin with days of this century, as numbers of orders do",
            Self::Decimal => "they are amounts with a point",
            Self::Version => "they are versions with small parts",
            Self::Parcel => "they are numbers of parcels (S10)",
        }
    }
}
