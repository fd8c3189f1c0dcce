//! Groups of symptoms that several rules explain: what follows where DNS leads applications to a
//! wrong address, or to none. Data alone.

/// No connection stands there.
pub(super) const NOT_CONNECTED: &[&str] = &[
    "tcp-silent",
    "tcp-refused",
    "tcp-reset",
    "tcp-unreachable",
    "tcp-no-route",
    "tcp-admin-prohibited",
];

/// A handshake there does not go on: another server, or a filter that the right address is not
/// behind.
pub(super) const NO_HANDSHAKE: &[&str] = &[
    "tls-silent",
    "tls-reset",
    "tls-closed",
    "tls-dropped-after-handshake",
    "tls-name-filtered",
    "tls-peer-mute",
];

/// What stands at an address that is not the service's says so in its TLS, or in nothing.
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

/// The service is there, and does not let in who comes that way.
pub(super) const NOT_LET_IN: &[&str] = &[
    "http-public-access-disabled",
    "http-network-rules",
    "http-network-perimeter",
    "http-endpoint-not-approved",
    "http-vnet-endpoint",
    "http-forbidden",
];

/// What a public address in the place of the private one leads to.
pub(super) const PUBLIC_INSTEAD: &[&str] = &[
    "dns-resolvers-disagree",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "dns-unusable-address",
    "http-front-answered",
    "http-other-address",
    "tls-interception",
    "tls-connection-lost",
];

/// What follows where no resolver gives an address.
pub(super) const NO_ADDRESS: &[&str] =
    &["dns-system-fails", "dns-system-slow", "dns-aaaa-swallowed", "proxy-name-unresolved"];
