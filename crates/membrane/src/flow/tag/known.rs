//! What a table of tags says of members, read to see what changed.

use futures::StreamExt as _;
use membrane_policy::Permit;
use membrane_query::{Statement, TagKnown, TagMembers, TagQuestion};

use super::SECONDS_MAX;
use super::group::Group;
use crate::error::Error;
use crate::hub::Hub;

/// Reads what is known of members; with `any_version`, as if this version of each tag had said it.
pub(super) async fn read_known(
    hub: &Hub,
    permit: &Permit,
    group: &Group,
    (members, any_version): (TagMembers<'_>, bool),
) -> Result<TagKnown, Error> {
    let mut known = TagKnown::of(group.tags.len());
    let ids: Vec<String> = group.tags.iter().map(|tag| format!("'{}'", tag.id)).collect();
    let sql = format!(
        "SELECT {}, tag, value, version, since FROM {} WHERE tag IN ({})",
        group.entity,
        group.table,
        ids.join(", ")
    );
    let statement = Statement::parse(&sql, &hub.engine().limits()).map_err(Error::Query)?;
    let question = TagQuestion {
        statement: &statement,
        entity: &group.entity,
        members,
        tags: (&group.table, &group.own()),
        seconds_max: SECONDS_MAX,
    };
    let mut stream = hub.engine().tag(permit, question).await.map_err(Error::Query)?.answer.stream;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(Error::Query)?;
        known.add(&batch, &group.tags, any_version).map_err(|fault| Error::Internal(fault.0))?;
    }
    Ok(known)
}
