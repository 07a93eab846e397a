//! The package's files that stay as they are, but for the types of days.

use std::path::Path;

use super::source::Kind::{self, Day, Integer, Text};
use super::{PreparedFile, Source, file_name, finish};
use crate::SampleError;
use crate::parquet_file::{ParquetFile, schema};

/// A file that stays as it is.
pub(super) struct PassedThrough {
    dataset: &'static str,
    columns: &'static [(&'static str, Kind)],
}

pub(super) const FILES: &[PassedThrough] = &[
    PassedThrough {
        dataset: "products",
        columns: &[
            ("product_id", Integer),
            ("manufacturer_id", Integer),
            ("department", Text),
            ("brand", Text),
            ("product_category", Text),
            ("product_type", Text),
            ("package_size", Text),
        ],
    },
    PassedThrough { dataset: "campaigns", columns: &[("campaign_id", Integer), ("household_id", Integer)] },
    PassedThrough {
        dataset: "campaign_descriptions",
        columns: &[("campaign_id", Integer), ("campaign_type", Text), ("start_date", Day), ("end_date", Day)],
    },
    PassedThrough {
        dataset: "coupons",
        columns: &[("coupon_upc", Integer), ("product_id", Integer), ("campaign_id", Integer)],
    },
    PassedThrough {
        dataset: "coupon_redemptions",
        columns: &[
            ("household_id", Integer),
            ("coupon_upc", Integer),
            ("campaign_id", Integer),
            ("redemption_date", Day),
        ],
    },
];

impl PassedThrough {
    pub(super) fn write(&self, package_dir: &Path, out: &Path) -> Result<PreparedFile, SampleError> {
        let columns = self.columns.iter().map(|(name, kind)| (*name, kind.data_type()));
        let mut file = ParquetFile::create(out, &file_name(self.dataset), schema(columns.collect()), &[])?;
        let mut source = Source::open(package_dir, self.dataset)?;
        let mut rows = 0;
        while let Some(some) = source.next()? {
            rows += some.rows();
            let columns = self.columns.iter().map(|(name, kind)| some.column(name, *kind));
            file.write(columns.collect::<Result<_, _>>()?)?;
        }
        finish(file, self.dataset, rows)
    }
}
