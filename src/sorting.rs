//! Stable sorting with one copy of the algorithm: the standard library's is 4 KB of code for each type
//! of item and key, and this program has dozens of them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts by a key; items with the same key keep their order.
pub fn by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    let keys: Vec<K> = items.iter().map(key).collect();
    let order = order(keys.len(), &mut |a, b| keys[a].cmp(&keys[b]));
    arrange(items, &order);
}

/// Sorts by a comparison; items that are equal keep their order.
pub fn by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &mut |a, b| compare(&items[a], &items[b]));
    arrange(items, &order);
}

/// Sorts, the smallest first.
pub fn ascending<T: Ord>(items: &mut [T]) {
    by(items, T::cmp);
}

/// A set of the items: `collect` sorts them first.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// A map of the pairs: `collect` sorts them first.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

/// Puts the items in the order of their places.
fn arrange<T>(items: &mut [T], order: &[usize]) {
    for place in 0..order.len() {
        // What belongs here may have been moved away by an earlier swap: follow it.
        let mut from = order[place];
        while from < place {
            from = order[from];
        }
        items.swap(place, from);
    }
}

fn order(length: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|a, b| compare(*a, *b));
    places
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut seed = 7_u32;
        for length in 0..60 {
            let mut items: Vec<(u32, usize)> = (0..length)
                .map(|place| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 29, place)
                })
                .collect();
            let mut wanted = items.clone();
            wanted.sort_by_key(|(key, _)| *key);
            let mut compared = items.clone();
            super::by(&mut compared, |a, b| a.0.cmp(&b.0));
            assert_eq!(compared, wanted);
            super::by_key(&mut items, |(key, _)| *key);
            assert_eq!(items, wanted);
            wanted.reverse();
            super::ascending(&mut wanted);
            items.sort_unstable();
            assert_eq!(items, wanted);
        }
    }
}
