//! What tags say of one another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use membrane_model::TagId;

use super::Read;
use crate::read::{At, Mark, did_you_mean};
use crate::tag::{Piece, pieces};
use crate::{Fault, Tag, TagStatus};

/// Finds everything that is wrong between tags. `ids` are those of all files, faulty ones too.
pub(super) fn faults_together(read: &[Read], ids: &BTreeSet<TagId>) -> Vec<Fault> {
    let by_id: BTreeMap<&TagId, &Read> = read.iter().map(|one| (&one.id, one)).collect();
    let mut faults = Vec::new();
    for one in read {
        let mut fault = |mark: Mark, message: String| faults.push(in_file(&one.file, mark, message));
        for used in &one.draft.uses {
            if !ids.contains(&used.value) {
                fault(used.mark, unknown(&used.value, ids));
            } else if let Some((tag, other)) =
                one.draft.tag.as_ref().zip(by_id.get(&used.value).and_then(|other| other.draft.tag.as_ref()))
            {
                for message in faults_of_use(tag, other) {
                    fault(used.mark, message);
                }
            }
        }
        if let Some(next) = &one.draft.replaced_by
            && let Some(message) = fault_of_replacement(one, next, ids, &by_id)
        {
            fault(next.mark, message);
        }
        if let Some(tag) = &one.draft.tag {
            let mark = Mark { line: 1, column: 1 };
            let mark = if tag.sql_file.is_none() {
                Mark { line: tag.sql_place.0, column: tag.sql_place.1 }
            } else {
                mark
            };
            let unsaid = read_unsaid(tag, ids);
            if unsaid.is_empty() && tag.uses.is_empty() && reads_table(tag) {
                let table = &tag.table;
                fault(
                    mark,
                    format!("the statement reads `{table}`: name in `uses` the tags that it reads there"),
                );
            }
            for other in unsaid {
                fault(mark, format!("the statement reads tag `{other}`, which `uses` does not name"));
            }
        }
    }
    faults.extend(circles(&by_id));
    faults
}

fn unknown(id: &TagId, ids: &BTreeSet<TagId>) -> String {
    format!("there is no tag `{id}`{}", did_you_mean(id.as_str(), ids.iter().map(TagId::as_str)))
}

/// Says what is wrong with a tag that uses another.
fn faults_of_use(tag: &Tag, used: &Tag) -> Vec<String> {
    let id = &used.id;
    let mut faults = Vec::new();
    let mut is_read = (false, false);
    for (_, piece) in pieces(&tag.sql) {
        match piece {
            Piece::Text(text) => is_read.0 |= text == id.as_str(),
            Piece::Word(word) => is_read.1 |= word.eq_ignore_ascii_case(used.table.as_str()),
            Piece::AsOf | Piece::Sign(_) => {}
        }
    }
    if is_read != (true, true) {
        faults
            .push(format!("`uses` names tag `{id}`, and the statement does not read it in `{}`", used.table));
    }
    if used.status == TagStatus::Retired {
        faults.push(format!("tag `{id}` is `retired`, and no longer computed"));
    } else if tag.status.is_built() && !used.status.is_built() {
        faults.push(format!("tag `{id}` is `{}`, so that it is not built", used.status.as_str()));
    }
    if used.sensitivity > tag.sensitivity {
        faults.push(format!(
            "tag `{id}` is `{}`: what is made of it cannot be `{}`",
            used.sensitivity.as_str(),
            tag.sensitivity.as_str()
        ));
    }
    for purpose in tag.purposes.iter().filter(|purpose| !used.purposes.contains(purpose)) {
        faults.push(format!("tag `{id}` is not for purpose `{purpose}`, so nothing made of it is"));
    }
    if tag.partner_shareable && !used.partner_shareable {
        faults.push(format!("tag `{id}` is not `partner_shareable`, so nothing made of it is"));
    }
    let slower =
        tag.freshness_slo_seconds.zip(used.freshness_slo_seconds).is_some_and(|(own, other)| own < other);
    if slower {
        faults.push(format!("tag `{id}` has a longer `freshness_slo`: what is made of it cannot be fresher"));
    }
    faults
}

/// Says what is wrong with what takes a tag's place.
fn fault_of_replacement(
    one: &Read,
    next: &At<TagId>,
    ids: &BTreeSet<TagId>,
    by_id: &BTreeMap<&TagId, &Read>,
) -> Option<String> {
    let id = &next.value;
    if *id == one.id {
        return Some("a tag cannot be `replaced_by` itself".to_owned());
    }
    if !ids.contains(id) {
        return Some(unknown(id, ids));
    }
    let status = by_id.get(id)?.draft.tag.as_ref()?.status;
    matches!(status, TagStatus::Retired | TagStatus::Deprecated)
        .then(|| format!("tag `{id}` is `{}` itself, and takes nobody's place", status.as_str()))
}

/// Tells whether a statement reads the table of tags.
fn reads_table(tag: &Tag) -> bool {
    let table = tag.table.as_str();
    let is_table =
        |piece: &Piece<'_>| matches!(piece, Piece::Word(found) if found.eq_ignore_ascii_case(table));
    pieces(&tag.sql).iter().any(|(_, piece)| is_table(piece))
}

/// Finds tags whose ids stand in a statement that reads a table of tags, and that its tag does not say.
fn read_unsaid<'a>(tag: &Tag, ids: &'a BTreeSet<TagId>) -> Vec<&'a TagId> {
    let pieces = pieces(&tag.sql);
    if !reads_table(tag) {
        return Vec::new();
    }
    let named = |id: &TagId| pieces.iter().any(|(_, piece)| *piece == Piece::Text(id.as_str()));
    ids.iter().filter(|id| !tag.uses.contains(id) && named(id)).collect()
}

/// Finds tags that lead back to themselves, each circle once: in the file of the first of its tags.
fn circles(by_id: &BTreeMap<&TagId, &Read>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut done: BTreeSet<&TagId> = BTreeSet::new();
    for start in by_id.keys() {
        let mut path: Vec<(&TagId, usize)> = Vec::new();
        if !done.contains(start) {
            path.push((start, 0));
        }
        while let Some((id, next)) = path.last_mut() {
            let id = *id;
            let used = by_id.get(id).and_then(|one| one.draft.uses.get(*next));
            *next += 1;
            let Some(used) = used else {
                done.insert(id);
                path.pop();
                continue;
            };
            let Some((known, _)) = by_id.get_key_value(&used.value) else { continue };
            if let Some(from) = path.iter().position(|(other, _)| other == known) {
                faults.extend(path.get(from..).and_then(|circle| circle_fault(circle, by_id)));
            } else if !done.contains(known) {
                path.push((known, 0));
            }
        }
    }
    faults
}

/// Tells of a circle, from the first of its tags on.
fn circle_fault(circle: &[(&TagId, usize)], by_id: &BTreeMap<&TagId, &Read>) -> Option<Fault> {
    let (first, _) = circle.iter().enumerate().min_by_key(|(_, (id, _))| *id)?;
    let from_first = || circle.iter().cycle().skip(first).take(circle.len());
    let one = by_id.get(circle.get(first)?.0)?;
    let second = from_first().nth(1).or(circle.first())?.0;
    let used = one.draft.uses.iter().find(|used| used.value == *second)?;
    let names: Vec<_> =
        from_first().map(|(id, _)| *id).chain([&one.id]).map(|id| format!("`{id}`")).collect();
    let message = format!("tags use one another in a circle: {}", names.join(" -> "));
    Some(in_file(&one.file, used.mark, message))
}

/// Takes out tags that use one that is not there, until none is left, and says so of each.
pub(super) fn faults_of_users(good: &mut BTreeMap<&TagId, &Read>, ids: &BTreeSet<TagId>) -> Vec<Fault> {
    let mut faults = Vec::new();
    loop {
        let out = good.values().find_map(|one| {
            let missing = one.draft.uses.iter().find(|used| !good.contains_key(&used.value))?;
            Some((*one, missing))
        });
        let Some((one, missing)) = out else { return faults };
        good.remove(&one.id);
        if ids.contains(&missing.value) {
            let message = format!("it uses tag `{}`, in which something is wrong", missing.value);
            faults.push(in_file(&one.file, missing.mark, message));
        }
    }
}

fn in_file(file: &Path, mark: Mark, message: String) -> Fault {
    Fault { file: file.to_owned(), line: mark.line, column: mark.column, message }
}
