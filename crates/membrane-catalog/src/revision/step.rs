//! How far the version of a contract went up.

use std::fmt;

/// How far a version went from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It went down.
    Down,
    /// It stayed.
    None,
    /// PATCH went up.
    Patch,
    /// MINOR went up, or PATCH before 1.0.0.
    Minor,
    /// MAJOR went up, or MINOR before 1.0.0.
    Major,
}

impl Step {
    /// Compares two versions, `MAJOR.MINOR.PATCH`. Before 1.0.0 everything counts one place higher, as Semantic Versioning and
    /// those who live by it have it. What stands behind the three numbers does not count.
    pub(super) fn between(older: &str, newer: &str) -> Self {
        let (old, new) = (numbers(older), numbers(newer));
        let [major, minor, patch] = [0, 1, 2].map(|place| {
            let at = |numbers: &[u64]| numbers.get(place).copied().unwrap_or_default();
            at(&new).cmp(&at(&old))
        });
        let is_early = old.first() == Some(&0) && new.first() == Some(&0);
        let step = |ordering: std::cmp::Ordering, up: Self| match ordering {
            std::cmp::Ordering::Less => Some(Self::Down),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(up),
        };
        let (of_minor, of_patch) =
            if is_early { (Self::Major, Self::Minor) } else { (Self::Minor, Self::Patch) };
        step(major, Self::Major)
            .or_else(|| step(minor, of_minor))
            .or_else(|| step(patch, of_patch))
            .unwrap_or(Self::None)
    }

    /// Returns the least version that is this step after another.
    pub(super) fn after(self, older: &str) -> String {
        let old = numbers(older);
        let at = |place: usize| old.get(place).copied().unwrap_or_default();
        let (major, minor, patch) = (at(0), at(1), at(2));
        match (self, major) {
            (Self::Major, 1..) => format!("{}.0.0", major.saturating_add(1)),
            (Self::Major, 0) | (Self::Minor, 1..) => format!("{major}.{}.0", minor.saturating_add(1)),
            (Self::Minor, 0) | (Self::Patch, _) => format!("{major}.{minor}.{}", patch.saturating_add(1)),
            (Self::Down | Self::None, _) => older.to_owned(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "down",
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

fn numbers(version: &str) -> Vec<u64> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.split('.').map(|number| number.parse().unwrap_or_default()).collect()
}
