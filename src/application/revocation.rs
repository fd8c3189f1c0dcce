//! The hosts that a client asks which checks revocation: OCSP responders and CRL distribution points.
//! Clients that do not check it never call them, so their state counts for no application (facts S20,
//! S53 to S56).

use std::collections::BTreeSet;

use url::Url;

use super::{Origin, Part, REVOCATION};
use crate::evidence::Evidence;
use crate::evidence::tls::TlsOutcome;
use crate::sorting;
use crate::target::Target;

/// Hosts of one run that are checked, at most.
pub const MAX_HOSTS: usize = 16;

/// The hosts that the certificates of a walk name, each as `https://host[:port]` without the port of
/// HTTP. Only certificates that were verified count: any other chain could name any host. Where a proxy
/// carries the walk, such clients use one too, and a direct connection shows nothing of theirs.
#[must_use]
pub fn places(e: &Evidence) -> BTreeSet<String> {
    let Some(tls) = e.tls.value() else { return BTreeSet::new() };
    if tls.outcome != TlsOutcome::Verified || e.vantage.proxy.applies.is_some() {
        return BTreeSet::new();
    }
    let urls = tls.chain.iter().flat_map(|certificate| &certificate.revocation_urls);
    sorting::set(urls.filter_map(|url| place(url)))
}

fn place(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("https://{}{port}", url.host_str()?))
}

/// The parts of these places; an address in place of a name has no walk.
#[must_use]
pub fn parts(places: &BTreeSet<String>) -> Vec<Part> {
    let targets = places.iter().filter_map(|place| Target::parse(place, Some(REVOCATION)).ok());
    let part = |target| Part {
        label: REVOCATION.to_owned(),
        target,
        service: Some(REVOCATION),
        origin: Origin::Certificate,
        is_own: false,
        credential: Some("none"),
    };
    targets.take(MAX_HOSTS).map(part).collect()
}
