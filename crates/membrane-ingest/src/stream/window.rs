//! Which events came a short while ago.

use std::collections::{HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::Acknowledged;

/// A keyed hash that stands for an event, or for the name of a push.
pub type EventId = [u8; 16];

/// Parts of the window: it forgets a part at a time.
const SLICES: i32 = 8;

/// What came within a time: event ids, and what was answered to pushes that had a name.
///
/// It forgets what is older than its span, give or take an eighth of it, and what is more than it may hold, an eighth of that at a time: the
/// oldest first.
#[derive(Debug)]
pub struct Window {
    slice_span: TimeDelta,
    slices: VecDeque<Slice>,
    ids_max: usize,
}

#[derive(Debug)]
struct Slice {
    began: DateTime<Utc>,
    ids: HashSet<u128>,
    answers: HashMap<u128, ([u8; 32], Acknowledged)>,
}

impl Slice {
    fn len(&self) -> usize {
        self.ids.len() + self.answers.len()
    }
}

impl Window {
    /// Makes an empty one that remembers for so long, and so many ids at most.
    #[must_use]
    pub fn new(span: TimeDelta, ids_max: usize) -> Self {
        let slice_span = (span / SLICES).max(TimeDelta::seconds(1));
        Self { slice_span, slices: VecDeque::new(), ids_max: ids_max.max(1) }
    }

    /// Tells whether an event is remembered.
    #[must_use]
    pub fn has(&self, id: &EventId) -> bool {
        let id = u128::from_be_bytes(*id);
        self.slices.iter().rev().any(|slice| slice.ids.contains(&id))
    }

    /// Returns what a push of this name held, and what was answered to it.
    #[must_use]
    pub fn answer(&self, name: &EventId) -> Option<&([u8; 32], Acknowledged)> {
        let name = u128::from_be_bytes(*name);
        self.slices.iter().rev().find_map(|slice| slice.answers.get(&name))
    }

    /// Remembers events, and the answer to the push that they came by, if that has a name.
    pub fn note(
        &mut self,
        at: DateTime<Utc>,
        ids: impl IntoIterator<Item = EventId>,
        answer: Option<(EventId, [u8; 32], Acknowledged)>,
    ) {
        self.turn(at);
        let Some(slice) = self.slices.back_mut() else { return };
        slice.ids.extend(ids.into_iter().map(u128::from_be_bytes));
        if let Some((name, digest, answer)) = answer {
            slice.answers.insert(u128::from_be_bytes(name), (digest, answer));
        }
    }

    /// Forgets events that were noted and then not kept.
    pub fn forget(&mut self, ids: &[EventId], name: Option<&EventId>) {
        for slice in &mut self.slices {
            for id in ids {
                slice.ids.remove(&u128::from_be_bytes(*id));
            }
            if let Some(name) = name {
                slice.answers.remove(&u128::from_be_bytes(*name));
            }
        }
    }

    /// Returns how many events and names are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slices.iter().map(Slice::len).sum()
    }

    /// Tells whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the moment before which nothing is remembered.
    #[must_use]
    pub fn horizon(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.slice_span * (SLICES + 1)
    }

    /// Begins the part of the present, and drops those that are over.
    fn turn(&mut self, at: DateTime<Utc>) {
        let part = (self.ids_max / SLICES.unsigned_abs() as usize).max(1);
        let is_over = |last: &Slice| at >= last.began + self.slice_span || last.len() >= part;
        let begins = self.slices.back().is_none_or(is_over);
        if begins {
            self.slices.push_back(Slice { began: at, ids: HashSet::new(), answers: HashMap::new() });
        }
        let horizon = self.horizon(at);
        let is_old = |slice: &Slice| slice.began < horizon;
        // The part that begins now has room of its own.
        while self.slices.len() > 1
            && (begins && self.len() + part > self.ids_max || self.slices.front().is_some_and(is_old))
        {
            self.slices.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn events_are_remembered_for_the_span_and_forgotten_after() {
        let mut window = Window::new(TimeDelta::seconds(80), 1000);
        window.note(at(0), [[1; 16]], None);
        for second in 1..=80 {
            window.note(at(second), [], None);
            assert!(window.has(&[1; 16]), "after {second} s");
        }
        window.note(at(100), [], None);
        assert!(!window.has(&[1; 16]));
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let mut window = Window::new(TimeDelta::seconds(80), 100);
        for second in 0..500_u64 {
            let id = u128::from(second).to_be_bytes();
            window.note(at(i64::try_from(second).unwrap() / 2), [id], None);
            assert!(window.len() <= 121, "{} at {second}", window.len());
        }
        assert!(window.has(&499_u128.to_be_bytes()), "the newest is there");
    }

    /// Also within the time of one part; and what came just before is known when another part begins.
    #[test]
    fn it_holds_no_more_within_one_part() {
        let mut window = Window::new(TimeDelta::days(7), 800);
        for number in 0..5_000_u128 {
            let answer = (number.to_be_bytes(), [0; 32], Acknowledged::default());
            window.note(at(0), [number.to_be_bytes()], Some(answer));
            assert!(window.len() <= 801, "{} at {number}", window.len());
            let before = number.saturating_sub(349);
            assert!(window.has(&before.to_be_bytes()), "{before} at {number}");
            assert!(window.answer(&before.to_be_bytes()).is_some(), "{before} at {number}");
        }
    }

    #[test]
    fn what_was_not_kept_is_forgotten() {
        let mut window = Window::new(TimeDelta::seconds(80), 100);
        let answer = Acknowledged { read: 1, ..Acknowledged::default() };
        window.note(at(0), [[1; 16], [2; 16]], Some(([9; 16], [0; 32], answer)));
        assert_eq!(window.answer(&[9; 16]), Some(&([0; 32], answer)));
        window.forget(&[[1; 16]], Some(&[9; 16]));
        assert!(!window.has(&[1; 16]) && window.has(&[2; 16]));
        assert_eq!(window.answer(&[9; 16]), None);
    }
}
