//! Resources of one type, gathered over several steps: none is read twice, and the first answer of
//! Resource Manager stays.

use serde_json::Value;

use super::joined::{Item, list};
use super::questions::Questions;
use crate::azure::allowed::Row;
use crate::azure::resources::own_id;
use crate::evidence::azure::{Answer, ResourceId};

/// What a type of resource is read by.
pub(super) struct Kind<T> {
    /// The GET.
    pub(super) row: &'static Row,
    /// What its JSON says.
    pub(super) read: fn(&Value) -> Option<T>,
    /// Notes that a GET gave it.
    pub(super) mark: fn(&mut T),
    /// Reads of one run, at most.
    pub(super) most: usize,
}

/// Resources of one type.
pub(super) struct Gathered<T: 'static> {
    kind: &'static Kind<T>,
    items: Vec<(ResourceId, Item<T>)>,
    /// Whether each id came from a GET: rows of Resource Graph are never all.
    is_whole: bool,
}

impl<T> Gathered<T> {
    /// None yet.
    pub(super) const fn new(kind: &'static Kind<T>) -> Self {
        Self { kind, items: Vec::new(), is_whole: true }
    }

    /// Adds rows of Resource Graph.
    pub(super) fn add_rows(&mut self, rows: &[Value]) {
        for row in rows {
            let (Some(id), Some(item)) = (own_id(row), (self.kind.read)(row)) else { continue };
            if !self.has(&id) {
                self.items.push((id, Item { get: Answer::NotAsked, row: Some(item) }));
                self.is_whole = false;
            }
        }
    }

    fn has(&self, id: &ResourceId) -> bool {
        self.items.iter().any(|(known, _)| known == id)
    }

    /// Reads what rows have named, and `more`.
    pub(super) async fn read(
        &mut self,
        q: &Questions<'_, '_>,
        more: impl IntoIterator<Item = ResourceId>,
    ) {
        for id in more {
            if !self.has(&id) {
                self.items.push((id, Item { get: Answer::NotAsked, row: None }));
            }
        }
        let asked = self.items.iter().filter(|(_, item)| !is_open(item)).count();
        let ids: Vec<ResourceId> = self
            .items
            .iter()
            .filter(|(id, item)| is_open(item) && id.is_a(self.kind.row.of))
            .map(|(id, _)| id.clone())
            .take(self.kind.most.saturating_sub(asked))
            .collect();
        let answers = q.get_all(self.kind.row, &ids, self.kind.read).await;
        for (id, get) in ids.into_iter().zip(answers) {
            let get = get.map(|mut item| {
                (self.kind.mark)(&mut item);
                item
            });
            if let Some((_, item)) = self.items.iter_mut().find(|(known, _)| *known == id) {
                item.get = get;
            }
        }
    }

    /// Those that are known.
    pub(super) fn known(&self) -> impl Iterator<Item = &T> {
        self.items.iter().filter_map(|(_, item)| match &item.get {
            Answer::Read { value } => Some(value),
            Answer::Absent => None,
            _ => item.row.as_ref(),
        })
    }

    /// Those that a GET gave.
    pub(super) fn into_read(self) -> Vec<T> {
        let of = |item: Item<T>| match item.get {
            Answer::Read { value } => Some(value),
            _ => None,
        };
        self.items.into_iter().filter_map(|(_, item)| of(item)).collect()
    }

    /// The answer about them all; `otherwise` where there are none.
    pub(super) fn into_answer(self, otherwise: Answer<Vec<T>>) -> Answer<Vec<T>> {
        let is_whole = self.is_whole && !self.items.is_empty();
        list(self.items.into_iter().map(|(_, item)| item).collect(), is_whole, otherwise)
    }
}

fn is_open<T>(item: &Item<T>) -> bool {
    matches!(item.get, Answer::NotAsked)
}
