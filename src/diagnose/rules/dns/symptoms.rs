//! Groups of symptoms that several rules explain: what follows where DNS gives applications a wrong
//! address, or none.

/// No connection can be made there.
pub(super) const NOT_CONNECTED: &[&str] = &[
    "tcp-silent",
    "tcp-silent-though-allowed",
    "tcp-refused",
    "tcp-reset",
    "tcp-unreachable",
    "tcp-no-route",
    "tcp-admin-prohibited",
];

/// A handshake there does not finish: another server, or a filter that is not in front of the right
/// address.
pub(super) const NO_HANDSHAKE: &[&str] = &[
    "tls-silent",
    "tls-reset",
    "tls-closed",
    "tls-dropped-after-handshake",
    "tls-name-filtered",
    "tls-peer-mute",
];

/// Another server at the address shows it in its TLS, or does not answer.
pub(super) const ANOTHER_SERVER: &[&str] = &[
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

/// The service is there, and refuses calls that come this way.
pub(super) const NOT_LET_IN: &[&str] = crate::diagnose::rules::http::NETWORK_REFUSALS;

/// What a public address in place of the private one leads to.
pub(super) const PUBLIC_INSTEAD: &[&str] = &[
    "dns-resolvers-disagree",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "dns-unusable-address",
    "http-front-answered",
    "http-other-address",
    "tls-interception",
];

/// The connection is lost behind such an address, as one of `ANOTHER_SERVER` may be.
pub(super) const LOST: &[&str] = &["tls-connection-lost"];

/// What follows where applications get another address than a resolver gives.
pub(super) const OTHER_ADDRESS: &[&str] = &[
    "dns-unusable-address",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "dns-private-not-expected",
    "tls-plain-http",
    "tls-not-tls",
    "tls-wrong-name",
    "tls-self-signed",
];

/// What follows where no resolver gives an address.
pub(super) const NO_ADDRESS: &[&str] =
    &["dns-system-fails", "dns-system-slow", "dns-aaaa-swallowed", "proxy-name-unresolved"];

/// What follows where the name itself has no address, and the C library found another name in the
/// search list.
pub(super) const OF_SEARCHED_NAME: &[&str] = &[
    "dns-system-differs",
    "dns-unusable-address",
    "dns-address-not-expected",
    "dns-public-not-expected",
    "dns-private-not-expected",
];

/// What one of several answers of a resolver looks like, taken alone.
pub(super) const OF_ONE_ANSWER: &[&str] = &[
    "dns-servfail",
    "dns-refused",
    "dns-upstream-dead",
    "dns-zone-fails",
    "dns-record-missing",
    "dns-name-not-found",
    "dns-no-address",
    "dns-system-differs",
    "dns-system-fails",
    "dns-zone-not-linked",
    "dns-own-record",
    "dns-forwards-privatelink-only",
    "dns-policy-privatelink-only",
    "dns-privatelink-forwarder-dead",
    "dns-suffix-left-out",
    "dns-parent-zone-shadowed",
    "dns-no-internet-names",
    "dns-blocked-by-policy",
    "dns-cname-loop",
    "dns-edns-differs",
    "dns-zone-bypassed",
    "dns-zone-twin",
    "dns-zone-falls-back",
    "dns-wrong-endpoint",
    "dns-address-stale",
    "dns-outside-resolver",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "dns-private-not-expected",
    "dns-resolver-down",
    "dns-resolvers-disagree",
];
