//! Commands of macOS that need more than a template, as in `windows`.

use super::windows;
use super::word::Word;

/// `ip route get ADDRESS` and what is like it.
pub(super) fn route(words: &[Word]) -> Option<String> {
    let address = words.last()?.raw();
    let family = if address.contains(':') { "-inet6 " } else { "" };
    Some(format!("route -n get {family}{address}"))
}

/// The entry of an address in the table of neighbours.
pub(super) fn neighbour(words: &[Word]) -> Option<String> {
    let address = words.last()?.raw();
    Some(match address.contains(':') {
        true => format!("ndp -n {address}"),
        false => format!("arp -n {address}"),
    })
}

/// A route to one address with a smaller MTU, from which the MSS that it announces follows.
pub(super) fn bound(words: &[Word]) -> Option<String> {
    let behind = |name: &str| {
        let place = words.iter().position(|word| word.raw() == name)?;
        words.get(place + 1).map(Word::raw)
    };
    let (address, gateway, bytes) = (behind("add")?, behind("via")?, windows::mtu(words)?);
    Some(format!("sudo route -n add -host {address} {gateway} -mtu {bytes}"))
}

/// LibreSSL's `openssl` has no `-brief`.
pub(super) fn s_client(words: &[Word]) -> Option<String> {
    let kept = words.iter().map(Word::raw).filter(|word| *word != "-brief");
    Some(kept.collect::<Vec<_>>().join(" "))
}
