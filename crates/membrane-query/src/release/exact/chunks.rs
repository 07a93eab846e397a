//! A list that grows without copying what it holds: its size is known while it grows.

/// Entries of one piece.
const ENTRIES: usize = 4096;

/// Equal entries of `width` values each, in pieces.
pub(super) struct Chunks<T> {
    width: usize,
    length: usize,
    pieces: Vec<Vec<T>>,
}

impl<T: Clone> Chunks<T> {
    /// Makes an empty list.
    pub(super) const fn new(width: usize) -> Self {
        Self { width, length: 0, pieces: Vec::new() }
    }

    /// Returns the number of entries.
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// Appends an entry whose values are all the same.
    pub(super) fn push(&mut self, value: &T) {
        if self.length.is_multiple_of(ENTRIES) {
            self.pieces.push(Vec::with_capacity(ENTRIES.saturating_mul(self.width)));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.extend(std::iter::repeat_n(value.clone(), self.width));
        }
        self.length += 1;
    }

    /// Returns the values of an entry.
    pub(super) fn get(&self, index: usize) -> Option<&[T]> {
        let (piece, start) = (index / ENTRIES, index % ENTRIES * self.width);
        self.pieces.get(piece)?.get(start..start + self.width)
    }

    /// Returns the values of an entry.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut [T]> {
        let (piece, start) = (index / ENTRIES, index % ENTRIES * self.width);
        self.pieces.get_mut(piece)?.get_mut(start..start + self.width)
    }

    /// Returns the first value of an entry: the entry, where one value is all of it.
    pub(super) fn one(&self, index: usize) -> Option<&T> {
        self.get(index)?.first()
    }

    /// Returns the first value of an entry.
    pub(super) fn one_mut(&mut self, index: usize) -> Option<&mut T> {
        self.get_mut(index)?.first_mut()
    }
}

#[cfg(test)]
impl<T> Chunks<T> {
    /// Returns how many bytes the list holds.
    pub(super) fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.capacity() * size_of::<T>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_where_they_are() {
        for width in [0, 1, 3] {
            let mut list: Chunks<usize> = Chunks::new(width);
            for index in 0..2 * ENTRIES + 1 {
                list.push(&index);
                if let Some(first) = list.one_mut(index) {
                    *first += 1;
                }
            }
            assert_eq!(list.len(), 2 * ENTRIES + 1);
            assert_eq!(list.get(2 * ENTRIES).map(<[usize]>::len), Some(width));
            assert_eq!(list.one(ENTRIES).copied(), (width > 0).then_some(ENTRIES + 1));
            assert_eq!(list.get(3 * ENTRIES), None);
        }
    }
}
