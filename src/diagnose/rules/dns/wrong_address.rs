//! What follows where DNS leads applications to a wrong address: symptoms that several rules
//! explain, once. Data alone.

/// No connection stands there.
pub(super) const NOT_CONNECTED: &[&str] = &[
    "tcp-silent",
    "tcp-refused",
    "tcp-reset",
    "tcp-unreachable",
    "tcp-no-route",
    "tcp-admin-prohibited",
];

/// A handshake there does not go on: somebody else, or a filter that the right address is not
/// behind.
const NOT_SHAKEN: &[&str] = &[
    "tls-silent",
    "tls-reset",
    "tls-closed",
    "tls-dropped-after-handshake",
    "tls-name-filtered",
    "tls-peer-mute",
];

/// Nobody is there, or somebody else, or a filter that the right address is not behind.
pub(super) const NOT_REACHED: &[&str] = &joined::<12>(&[NOT_CONNECTED, NOT_SHAKEN]);

/// What stands at an address that is not the service's says so in its TLS, or in nothing.
pub(super) const SOMEBODY_ELSE: &[&str] = &[
    "tcp-local-error",
    "tcp-address-dead",
    "tls-plain-http",
    "tls-not-tls",
    "tls-name-refused",
    "tls-alert",
    "tls-incompatible",
    "tls-wrong-name",
    "tls-self-signed",
    "tls-untrusted-issuer",
    "tls-connection-lost",
];

/// The service is there, and does not let in who comes that way.
pub(super) const NOT_LET_IN: &[&str] = &[
    "http-public-access-disabled",
    "http-network-rules",
    "http-network-perimeter",
    "http-endpoint-not-approved",
    "http-vnet-endpoint",
    "http-forbidden",
];

/// Several lists as one of `N` ids; a wrong `N` does not compile.
pub(super) const fn joined<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut list, mut at) = (0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            all[at] = lists[list][index];
            at += 1;
            index += 1;
        }
        list += 1;
    }
    assert!(at == N, "as many ids as it says");
    all
}
