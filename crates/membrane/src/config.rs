//! Configuration: defaults, then `membrane.toml`, then `MEMBRANE__SECTION__KEY`, then flags. Each later one wins.
//!
//! Every key is listed once, in the file of its section, with its kind and a sentence; the reference file
//! `deploy/membrane.toml` is rendered from that list. Unknown keys and values of the wrong kind are refused,
//! all at once. No other module reads the environment.

mod anomalies;
mod audit;
mod catalog;
mod data;
mod fault;
mod key;
mod keys;
mod ledger;
mod limits;
mod load;
mod log;
mod maintenance;
mod openlineage;
mod policies;
mod privacy;
mod reference;
mod secret;
mod server;
mod streams;
mod tags;

use serde::{Deserialize, Serialize};

pub use anomalies::AnomaliesSection;
pub use audit::{Answers, AuditSection};
pub use catalog::CatalogSection;
pub use data::DataSection;
pub use fault::{ConfigError, Fault};
pub use key::{Key, Kind, Section};
pub use keys::{KeysSection, SecretText};
pub use ledger::LedgerSection;
pub use limits::LimitsSection;
pub use load::Sources;
pub use log::LogSection;
pub use maintenance::{MaintenanceSection, RetentionSwitch};
pub use openlineage::OpenLineageSection;
pub use policies::{PoliciesSection, Serve};
pub use privacy::{BudgetsStart, PartnerSection, PrivacySection};
pub use secret::SecretError;
pub(crate) use secret::find as find_secret;
pub use server::ServerSection;
pub use streams::StreamsSection;
pub use tags::TagsSection;

/// Everything that an operator can set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the contracts are.
    pub catalog: CatalogSection,
    /// Where the policies are.
    pub policies: PoliciesSection,
    /// Where the tables are.
    pub data: DataSection,
    /// Where the record is.
    pub ledger: LedgerSection,
    /// Where the root key is.
    pub keys: KeysSection,
    /// How the HTTP server listens.
    pub server: ServerSection,
    /// Bounds on what a caller may ask.
    pub limits: LimitsSection,
    /// How events that are pushed are kept.
    pub streams: StreamsSection,
    /// In whose name tags are built.
    pub tags: TagsSection,
    /// How the files of tables are kept in order.
    pub maintenance: MaintenanceSection,
    /// Where the log is published.
    pub audit: AuditSection,
    /// Up to which figures nothing stands out of what principals do.
    pub anomalies: AnomaliesSection,
    /// Where OpenLineage events are sent.
    pub openlineage: OpenLineageSection,
    /// Prices and budgets of releases.
    pub privacy: PrivacySection,
    /// What is logged.
    pub log: LogSection,
}

/// Every section, in the order of the reference file.
pub const SECTIONS: [Section; 15] = [
    catalog::SECTION,
    policies::SECTION,
    data::SECTION,
    ledger::SECTION,
    keys::SECTION,
    server::SECTION,
    limits::SECTION,
    streams::SECTION,
    tags::SECTION,
    maintenance::SECTION,
    audit::SECTION,
    anomalies::SECTION,
    openlineage::SECTION,
    privacy::SECTION,
    log::SECTION,
];

impl Config {
    /// Merges the sources and checks the result.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault that was found.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        load::load(sources)
    }

    /// Renders this configuration as a TOML file in which every key stands with its sentence. Secrets are left out.
    #[must_use]
    pub fn render(&self) -> String {
        reference::render(self)
    }
}

#[cfg(test)]
mod tests;
