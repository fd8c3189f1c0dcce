//! Commands of macOS that need more than a template, as in `windows`.

use super::windows;
use super::word::Word;

/// What `route` needs before an address or a prefix of IPv6.
fn family(address: &str) -> &'static str {
    if is_ipv6(address) { "-inet6 " } else { "" }
}

fn is_ipv6(address: &str) -> bool {
    address.contains(':')
}

/// The word behind the word `name`.
fn behind<'a>(words: &'a [Word], name: &str) -> Option<&'a str> {
    let place = words.iter().position(|word| word.raw() == name)?;
    words.get(place + 1).map(Word::raw)
}

/// What listens on a port: `ss -lnup 'sport = :PORT'`.
pub(super) fn listeners(words: &[Word]) -> Option<String> {
    let (_, port) = words.last()?.split_last(':')?;
    Some(format!("sudo lsof -nP -iUDP:{}", port.raw()))
}

/// `ip route get ADDRESS` and what is like it.
pub(super) fn route(words: &[Word]) -> Option<String> {
    let address = words.last()?.raw();
    Some(format!("route -n get {}{address}", family(address)))
}

/// `ip route get ADDRESS from SOURCE ipproto tcp dport PORT`.
pub(super) fn route_of_connection(words: &[Word]) -> Option<String> {
    let address = behind(words, "get")?;
    Some(format!("route -n get {}{address}", family(address)))
}

/// `ip route add PREFIX via GATEWAY`, `ip route del PREFIX`.
pub(super) fn change_route(words: &[Word]) -> Option<String> {
    let (verb, prefix) = match behind(words, "add") {
        Some(prefix) => ("add", prefix),
        None => ("delete", behind(words, "del")?),
    };
    let gateway = behind(words, "via").map(|gateway| format!(" {gateway}")).unwrap_or_default();
    Some(format!("sudo route -n {verb} {}{prefix}{gateway}", family(prefix)))
}

/// The entry of an address in the table of neighbours.
pub(super) fn neighbour(words: &[Word]) -> Option<String> {
    let address = words.last()?.raw();
    Some(match is_ipv6(address) {
        true => format!("ndp -n {address}"),
        false => format!("arp -n {address}"),
    })
}

/// A route to one address with a smaller MTU, from which the MSS that it announces follows.
pub(super) fn bound(words: &[Word]) -> Option<String> {
    let (address, gateway) = (behind(words, "add")?, behind(words, "via")?);
    let bytes = windows::mtu(words)?;
    Some(format!("sudo route -n add {}-host {address} {gateway} -mtu {bytes}", family(address)))
}

/// LibreSSL's `openssl` has no `-brief`.
pub(super) fn s_client(words: &[Word]) -> Option<String> {
    let kept = words.iter().map(Word::raw).filter(|word| *word != "-brief");
    Some(kept.collect::<Vec<_>>().join(" "))
}
