//! What can be wrong with a tag before anything is asked.

use chrono::{DateTime, Utc};
use membrane_catalog::{AsOfParam, ConsentRule, Tag, TagStatus};

use super::group::consent_home;
use super::{good_of, trial};
use crate::error::Error;
use crate::hub::Hub;

/// Looks at all that can be wrong before anything is asked.
pub(super) async fn before_asking(
    hub: &Hub,
    tag: &Tag,
    as_of: DateTime<Utc>,
    dry_run: bool,
) -> Result<Option<(&'static str, Option<String>)>, Error> {
    if tag.status == TagStatus::Retired {
        return Ok(Some(("tag_retired", Some("it is built no more".to_owned()))));
    }
    if tag.as_of.param != AsOfParam::None && as_of > hub.clock().now() {
        return Ok(Some((
            "tag_as_of",
            Some("that moment is to come: what is said of it now would end what is so".to_owned()),
        )));
    }
    if tag.consent == ConsentRule::Ignore && consent_home(hub.catalog(), tag).is_some() {
        let detail = "members say whether they consent to its purpose: write `consent_missing: exclude`, or build it for another purpose";
        return Ok(Some(("tag_consent", Some(detail.to_owned()))));
    }
    if tag.consent == ConsentRule::Exclude && consent_home(hub.catalog(), tag).is_none() {
        let purpose = tag.purposes.first().map(ToString::to_string).unwrap_or_default();
        let detail = format!(
            "not exactly one dataset of members says who consents to `{purpose}`: is `consent_missing: ignore` meant?"
        );
        return Ok(Some(("tag_consent", Some(detail))));
    }
    let failed = trial::failures(hub, tag).await;
    if let Some(first) = failed.into_iter().next() {
        return Ok(Some(("tag_test_failed", Some(first))));
    }
    let builds = hub.ledger().last_tag_builds().await.map_err(Error::Ledger)?;
    Ok(good_of(&builds, tag).and_then(|good| {
        if good.definition != tag.definition() && good.version >= tag.version && !dry_run {
            let detail =
                format!("version {} is built, and says something else: raise `version`", good.version);
            return Some(("tag_version", Some(detail)));
        }
        let earlier = tag.as_of.param != AsOfParam::None && good.as_of.is_some_and(|last| last > as_of);
        earlier.then(|| ("tag_as_of", Some("a later moment was built already, and moments are built in their order: leave `--as-of` out, or name a later one".to_owned())))
    }))
}
