//! The same handshake is answered on some connections and not on others: one of several
//! backends does not work.

use super::{experiments, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

pub(super) const RULE: Rule = rule!(
    "tls-fails-now-and-then",
    Tls,
    "The same handshake is answered on some connections and not on others",
    Code(check)
)
.explains(&["tls-silent", "tls-reset", "tls-closed", "tls-alert", "tls-version-refused"]);

fn check(e: &View<'_>) -> Option<Because> {
    if !e.tls.walk_hung() && !e.tls.walk_cut() {
        return None;
    }
    let sizes = e.tls.segment_sizes();
    // A path that carries the larger segment carries the smaller one.
    let crossed = sizes.iter().find_map(|(small, at, x)| {
        let larger =
            sizes.iter().find(|(large, _, y)| large > small && experiments::finished(y))?;
        (!x.answered() && x.tls.is_some()).then_some((*small, at, larger))
    });
    let control = e.tls.control_name().filter(|(.., x)| experiments::finished(x));
    // The control is as large as the walk's own, so size is not what parts them; the small one
    // has the same name, so neither is the name.
    let small = e.tls.small_hello().filter(|(_, x)| experiments::finished(x)).zip(control);
    let versions = e.tls.versions_that_work() > 1;
    let again = e.tls.same_again().find(|(_, x)| experiments::finished(x));
    let (parted_by_size, named_both) = (crossed.is_some(), small.is_some());
    let (sure, fact, pointers) = match (crossed, small) {
        _ if again.is_some() => (
            Sure::Proved,
            "the very same handshake, put again, is answered: nothing in it parts them".to_owned(),
            again.map(|(at, _)| at).into_iter().collect(),
        ),
        (Some((small, at, (large, at_large, _))), _) => (
            Sure::Proved,
            format!(
                "with segments of {large} octets the handshake is answered, with {small} it is not: \
                 size is not what parts them"
            ),
            vec![at.clone(), at_large.clone()],
        ),
        (None, Some(((at, _), (at_control, name, _)))) => (
            Sure::Inferred,
            format!(
                "the same name in a small ClientHello is answered, and so is {name} in a large one: \
                 neither the name nor the size parts them"
            ),
            vec![at, at_control],
        ),
        (None, None) if versions => (
            Sure::Inferred,
            "each TLS version alone is answered, both offered together were not".to_owned(),
            vec!["/experiments/handshakes".to_owned()],
        ),
        _ => return None,
    };
    let again = e.tls.same_again().any(|(_, x)| experiments::finished(x));
    // A peer that is slow now and then looks the same as long as none of them is cut.
    let sure = if e.tls.walk_hung() { Sure::Inferred } else { sure };
    let answered = e.tls.handshakes().filter(|x| experiments::finished(x)).count();
    let tried = e.tls.handshakes().count();
    let peer = session::peer(e);
    let mut because = session::broken_as(
        e,
        sure,
        format!("{peer} answers some handshakes and not others"),
    )
    .seen(format!(
        "the walk's own handshake failed; of {tried} tried beside it {answered} were answered"
    ))
    .known_by(fact)
    .known_by(
        "so looks a load balancer or relay with several backends of which one does not work, or a \
         path that loses packets",
    )
    .ruled_out_if(
        again || parted_by_size,
        "an SNI filter or an MTU black hole alone: each of them fails every time",
    )
    .ruled_out_if(
        named_both && !again && !parted_by_size,
        "the name or the size alone: each of them is answered in the other's place",
    );
    for pointer in pointers {
        because = because.read_at(pointer);
    }
    Some(
        because
            .owner(session::server_owner(e))
            .look("repeat it ten times, and count", session::s_client(e, "-brief"))
            .act(Step::look(format!("see the health of each backend of what answers at {peer}")))
            .act(
                Step::shared(
                    "take a backend that does not answer out of the rotation",
                    "the load of the others",
                )
                .undo("put it back once it answers"),
            )
            .check(reading::again(e)),
    )
}
