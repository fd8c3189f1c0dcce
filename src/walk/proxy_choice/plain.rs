//! Which variable sends a plain request to an address through a proxy, as the SDK for Python has
//! it (fact I8f). Pure.

use ipnet::Ipv4Net;

use crate::world::Environment;

/// The variable by which Python's `requests` asks a proxy for `http://<host>:<port>`; none where
/// it goes straight there. Small letters come first.
#[must_use]
pub fn plain_through(host: &str, port: u16, environment: &Environment) -> Option<&'static str> {
    // A URL has an address of version 6 in brackets, NO_PROXY has it without.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let first =
        |names: [&'static str; 2]| names.into_iter().find(|name| environment.get(name).is_some());
    let through =
        first(["http_proxy", "HTTP_PROXY"]).or_else(|| first(["all_proxy", "ALL_PROXY"]))?;
    let no_proxy = first(["no_proxy", "NO_PROXY"]).and_then(|name| environment.get(name));
    let exempt = no_proxy
        .is_some_and(|list| list.split(',').map(str::trim).any(|entry| exempts(entry, host, port)));
    (!exempt).then_some(through)
}

/// Whether an entry of NO_PROXY exempts a host: a network for addresses, else the end of the name.
fn exempts(entry: &str, host: &str, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if let (Ok(address), Ok(network)) = (host.parse(), entry.parse::<Ipv4Net>())
        && network.contains::<&std::net::Ipv4Addr>(&address)
    {
        return true;
    }
    let name = entry.trim_start_matches('.');
    let ends =
        |host: &str| host.strip_suffix(name).is_some_and(|r| r.is_empty() || r.ends_with('.'));
    entry == "*" || ends(host) || ends(&format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::plain_through;
    use crate::world::Environment;

    #[test]
    fn a_plain_request_goes_where_pythons_requests_sends_it() {
        let through = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            plain_through("169.254.169.254", 80, &Environment::from_pairs(pairs))
        };
        let proxy = "http://10.2.0.8:3128";
        assert_eq!(through(&[]), None);
        assert_eq!(through(&[("HTTPS_PROXY", proxy)]), None);
        assert_eq!(through(&[("HTTP_PROXY", proxy)]), Some("HTTP_PROXY"));
        assert_eq!(through(&[("HTTP_PROXY", proxy), ("http_proxy", "p")]), Some("http_proxy"));
        assert_eq!(through(&[("ALL_PROXY", proxy)]), Some("ALL_PROXY"));
        let exempted = |list: &str| through(&[("HTTP_PROXY", proxy), ("NO_PROXY", list)]);
        for list in ["*", "169.254.169.254", "a, 169.254.0.0/16", "169.254.169.254:80"] {
            assert_eq!(exempted(list), None, "{list}");
        }
        for list in
            ["", "169.254.169.25", "localhost,127.0.0.1", "169.254.169.254:81", "10.0.0.0/8"]
        {
            assert_eq!(exempted(list), Some("HTTP_PROXY"), "{list}");
        }
        let pairs = [("HTTP_PROXY", proxy), ("NO_PROXY", "fd00::1")];
        let pairs = Environment::from_pairs(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(plain_through("[fd00::1]", 80, &pairs), None);
        assert_eq!(plain_through("[fd00::2]", 80, &pairs), Some("HTTP_PROXY"));
    }
}
