//! Several answers as one: a GET of a resource wins over its row of Resource Graph, and a part that
//! is missing hides none of the others.

use crate::evidence::azure::Answer;

/// The answer with its value in another form; one that has not this form is no usable answer.
pub(super) fn understood<T, U>(answer: Answer<T>, read: impl FnOnce(&T) -> Option<U>) -> Answer<U> {
    let failed = || Answer::Failed { message: "the answer is not of this resource".to_owned() };
    match answer {
        Answer::Read { value } => read(&value).map_or_else(failed, |value| Answer::Read { value }),
        Answer::Listed { value } => {
            read(&value).map_or_else(failed, |value| Answer::Listed { value })
        }
        other => without_value(other),
    }
}

/// Every item that has its form. Where one has not, the list proves no absence.
pub(super) fn each<T, U>(answer: Answer<Vec<T>>, read: fn(&T) -> Option<U>) -> Answer<Vec<U>> {
    let count = answer.items().len();
    match answer.map(|values| values.iter().filter_map(read).collect::<Vec<U>>()) {
        Answer::Read { value } if value.len() < count => Answer::Listed { value },
        whole => whole,
    }
}

/// The same state, of another type.
pub(super) fn without_value<T, U>(answer: Answer<T>) -> Answer<U> {
    match answer {
        Answer::Absent => Answer::Absent,
        Answer::NotVisible => Answer::NotVisible,
        Answer::Refused { refusal } => Answer::Refused { refusal },
        Answer::Failed { message } => Answer::Failed { message },
        Answer::Read { .. } | Answer::Listed { .. } | Answer::NotAsked => Answer::NotAsked,
    }
}

/// What became of one item of a list.
pub(super) struct Item<T> {
    /// The GET of it.
    pub(super) get: Answer<T>,
    /// Its row of Resource Graph.
    pub(super) row: Option<T>,
}

/// A list of its items: *read* where every one was, and where the list itself is known to be whole;
/// else *listed*. `otherwise` is the answer where nothing is known.
pub(super) fn list<T>(
    items: Vec<Item<T>>,
    is_whole: bool,
    otherwise: Answer<Vec<T>>,
) -> Answer<Vec<T>> {
    let mut values = Vec::new();
    let mut all_read = true;
    let mut trouble = None;
    for Item { get, row } in items {
        match get {
            Answer::Read { value } => values.push(value),
            // The row is older than the GET.
            Answer::Absent => {}
            other => {
                all_read = false;
                values.extend(row);
                if !matches!(other, Answer::NotAsked) {
                    trouble.get_or_insert_with(|| without_value(other));
                }
            }
        }
    }
    match (values.is_empty(), all_read && is_whole) {
        (_, true) => Answer::Read { value: values },
        (false, false) => Answer::Listed { value: values },
        (true, false) => trouble.unwrap_or(otherwise),
    }
}

/// The items of several collections: *read* where every one of them was.
pub(super) fn all<T>(answers: Vec<Answer<Vec<T>>>) -> Answer<Vec<T>> {
    let mut values = Vec::new();
    let mut trouble = None;
    let (mut any, mut all_read) = (false, true);
    for answer in answers {
        all_read &= answer.proved().is_some();
        match answer {
            Answer::Read { value } | Answer::Listed { value } => {
                any = true;
                values.extend(value);
            }
            other => {
                trouble.get_or_insert(other);
            }
        }
    }
    match (any, all_read) {
        (true, true) => Answer::Read { value: values },
        (true, false) => Answer::Listed { value: values },
        (false, _) => trouble.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_an_item_of_another_form_proves_no_absence() {
        let read = |item: &u8| (*item > 1).then_some(*item);
        let whole = each(Answer::Read { value: vec![2, 3] }, read);
        assert_eq!(whole, Answer::Read { value: vec![2, 3] });
        let part = each(Answer::Read { value: vec![1, 3] }, read);
        assert_eq!(part, Answer::Listed { value: vec![3] });
    }
}
