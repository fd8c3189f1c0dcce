//! Files of `/etc/resolver` (resolver(5)), as the system's configuration daemon reads them (configd,
//! `dnsinfo_flatfile.c`).

use crate::platform::ScopedResolver;

/// Nameservers of a file that count (`MAXNS`).
const MOST_SERVERS: usize = 3;
/// The order of a resolver that has none (resolver(5)).
const ORDER: u32 = 0;

/// The resolver of a file; none where it has no server, or is for connections of one interface alone.
pub(in crate::platform) fn read(name: &str, text: &str) -> Option<ScopedResolver> {
    let mut found =
        ScopedResolver { source: format!("/etc/resolver/{name}"), ..ScopedResolver::default() };
    let (mut domain, mut order, mut named, mut with_port) = (None, ORDER, 0, false);
    for line in text.lines() {
        // As strsep(3) does: a second blank makes an empty word.
        let mut words = line.split([' ', '\t']);
        let (keyword, Some(word)) = (words.next().unwrap_or_default(), words.next()) else {
            continue;
        };
        match keyword.to_ascii_lowercase().as_str() {
            "domain" if domain.is_none() => domain = Some(word.trim_end_matches('.').to_owned()),
            "nameserver" => {
                named += 1;
                if named <= MOST_SERVERS && !word.is_empty() {
                    found.servers.push(word.to_owned());
                }
            }
            "port" if !with_port => {
                with_port = true;
                found.port = word.parse().ok().filter(|port| *port != 0);
            }
            "search" if found.search.is_empty() => {
                let all = std::iter::once(word).chain(words);
                let all = all.map(|domain| domain.trim_end_matches('.'));
                found.search = all.filter(|d| !d.is_empty()).map(str::to_owned).collect();
            }
            "search_order" => order = word.parse().unwrap_or(order),
            "flags" if std::iter::once(word).chain(words).any(|flag| flag == "scoped") => {
                return None;
            }
            "interface" => found.interface = Some(word.to_owned()),
            _ => {}
        }
    }
    let domain = domain.unwrap_or_else(|| name.to_owned());
    found.domains = vec![(domain, order)];
    Some(found).filter(|found| !found.servers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_resolver_for_the_domain_of_its_name() {
        let text = "# by the VPN\nnameserver 10.1.0.10\nnameserver\t10.1.0.11\nport 5353\n\
                    search_order 1\ntimeout 5\n";
        let found = read("openai.azure.com", text).unwrap();
        assert_eq!(found.servers, ["10.1.0.10", "10.1.0.11"]);
        assert_eq!(found.port, Some(5353));
        assert_eq!(found.domains, [("openai.azure.com".to_owned(), 1)]);
        assert_eq!(found.source, "/etc/resolver/openai.azure.com");
    }

    #[test]
    fn a_domain_inside_takes_the_place_of_the_name() {
        let found = read("vpn", "domain azure.com.\nNAMESERVER 127.0.0.1.5300\n").unwrap();
        assert_eq!(found.domains[0].0, "azure.com");
        assert_eq!(found.servers, ["127.0.0.1.5300"]);
    }

    #[test]
    fn what_has_no_server_or_is_scoped_is_no_resolver_for_applications() {
        for text in [
            "",
            "search a.example\n",
            "nameserver  10.1.0.10\n",
            "nameserver 10.1.0.10\nflags scoped\ninterface en0\n",
            " nameserver 10.1.0.10\n",
        ] {
            assert_eq!(read("x.example", text), None, "{text}");
        }
        let four = "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n\
                    nameserver 10.0.0.4\n";
        assert_eq!(read("x", four).unwrap().servers.len(), 3);
    }
}
