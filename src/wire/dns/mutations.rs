//! Whatever a resolver sends is an answer with bounded, harmless text, or is not taken for one.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::message::Question;
use crate::evidence::dns::QuestionType;
use crate::wire::mutations::{config, is_tame, mutated};

/// A reply to `question`: an alias, an address behind it, and an authority.
fn reply(question: &Question) -> Vec<u8> {
    let mut bytes = question.plain.clone();
    // Response, recursion available; two answers, one authority (RFC 1035, section 4.1.1).
    bytes[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 2, 0, 1, 0, 0]);
    let alias = bytes.len() + 12;
    bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 9, 6, b'm', 0x1b, b'[', b'2', b'J', b'x']);
    bytes.extend([0xc0, 12]);
    bytes.extend([0xc0, alias as u8, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 3, 0, 5]);
    bytes.extend([0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 24, 0xc0, 12, 0xc0, 12]);
    bytes.extend([0, 0, 0, 1].repeat(5));
    bytes
}

static QUESTION: LazyLock<Question> =
    LazyLock::new(|| Question::new("myacct.openai.azure.com", QuestionType::A, false).unwrap());

#[test]
fn the_reply_is_one() {
    let answer = QUESTION.read(&reply(&QUESTION)).unwrap();
    assert_eq!(answer.records.len(), 2, "{answer:?}");
}

proptest! {
    #![proptest_config(config(4000))]

    #[test]
    fn any_reply_is_read_or_left(bytes in mutated(reply(&QUESTION))) {
        if let Ok(answer) = QUESTION.read(&bytes) {
            is_tame(&serde_json::to_value(&answer).unwrap())?;
        }
    }
}
