//! A privatelink zone that a resolver sees and that lacks the record: whose zone it is, and how it
//! comes to have it (facts D7, D50, D51).

use std::net::IpAddr;

use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::gives::{self, Asked, Gives};
use crate::diagnose::{Because, View, endpoint_of, reading};
use crate::diagnosis::Step;
use crate::evidence::dns::Soa;

use super::advice;
use super::missing;

/// Who serves the privatelink zone that a resolver sees.
pub(super) enum Host<'a> {
    /// An Azure private DNS zone.
    Azure,
    /// Azure's public zone of that name.
    Public,
    /// A server of one's own, by the SOA's primary server (`dc01.corp.example`).
    Own(&'a str),
    /// No SOA names it.
    Unknown,
}

/// Whose zone denies the record to `r`: by the SOA of its answer, else of the zone itself.
pub(super) fn host<'a>(r: &Asked<'a>) -> Host<'a> {
    let answer = gives::message(r.seen);
    let zone = reading::message(&r.seen.zone_soa);
    let soa: Option<&Soa> = [answer, zone]
        .into_iter()
        .flatten()
        .filter_map(|answer| answer.soa.as_ref())
        .find(|soa| missing::is_privatelink_zone(&soa.zone));
    match soa {
        Some(soa) if is_azure_private(soa) => Host::Azure,
        Some(soa) if missing::is_microsofts(soa) => Host::Public,
        Some(soa) => Host::Own(&soa.mname),
        None => Host::Unknown,
    }
}

/// A zone of that name on a server of one's own: no endpoint registers itself there.
pub(super) fn own(because: Because, e: &View<'_>, zone: &str, server: &str) -> Because {
    let suffix = reading::public_suffix(e);
    let account = reading::account(e);
    let because = because
        .known_by(format!(
            "{server} serves {zone} itself: this is no private zone of Azure, and no endpoint \
             registers its record there"
        ))
        .owner("DNS");
    advice::endpoint_addresses(because)
        .act(
            Step::shared(
                format!(
                    "on {server}: give {zone} an A record {account} with the address of that \
                     interface; it has to be kept by hand, also when the endpoint is made anew"
                ),
                format!("every client of {server}, for this name only"),
            )
            .undo("take the record out again"),
        )
        .act(
            Step::shared(
                format!(
                    "or on {server}: take the zone {zone} out and forward {suffix} to a resolver \
                     inside the virtual network (an inbound endpoint), where the private zone of \
                     Azure is linked; first see which records the old zone holds"
                ),
                format!(
                    "{}; records that only the old zone holds are gone",
                    advice::whole_suffix(suffix)
                ),
            )
            .undo("put the zone back from a copy: export it first"),
        )
}

/// Whether `r` itself sees a privatelink zone, and is denied the name or the address by it.
pub(super) fn denies(r: &Asked<'_>) -> bool {
    matches!(r.gives, Gives::NoName(_) | Gives::NoAddress(_))
        && matches!(host(r), Host::Azure | Host::Own(_))
}

/// One resolver has the private address, and the zone that `r` sees lacks the record: two zones of
/// one name. A link would not help, since a network links to one zone of a name.
pub(super) fn second_zone(
    because: Because,
    e: &View<'_>,
    r: &Asked<'_>,
    address: IpAddr,
) -> Because {
    let zone = reading::private_zone(e);
    let label = r.label();
    let because = because.known_by(format!(
        "{label} sees a zone {zone} too, and that one lacks the record: it is another zone of the \
         same name, or an old answer of the same one"
    ));
    if let Host::Own(server) = host(r) {
        return own(because, e, zone, server);
    }
    let record = |verb: &str| {
        format!(
            "az network private-dns record-set a {verb} -g <group of that zone> -z {} -n {} -a \
             {address}",
            reading::word(zone),
            reading::word(reading::account(e))
        )
    };
    let because = because.owner("DNS").look(
        "find every zone of that name, in every subscription that you can read (extension \
         resource-graph)",
        format!(
            "az graph query -q \"resources | where type =~ 'microsoft.network/privatednszones' | \
             where name =~ '{zone}' | project id\" --query data -o json"
        ),
    );
    let because = because.look(
        "see which networks are linked to each of them",
        format!(
            "az network private-dns link vnet list -g <group> -z {} -o table",
            reading::word(zone)
        ),
    );
    endpoint_of::look(because, format!("see that {address} is the endpoint's address"), address)
        .act(
            Step::shared(
                format!(
                    "add the record to the zone that {label} sees; it has to be kept by hand, also \
                     when the endpoint is made anew"
                ),
                "every network that is linked to that zone, for this name only",
            )
            .command(record("add-record"))
            .undo(record("remove-record")),
        )
        .act(
            Step::shared(
                format!(
                    "or have the network that {label} asks Azure DNS from follow the zone that has \
                     the record: a network links to one zone of a name, so its link to the other \
                     one has to go first"
                ),
                format!(
                    "every name of {zone} in that network: records that only the old zone holds \
                     stop resolving there"
                ),
            )
            .undo("take the new link out and link the old zone again: note its id first"),
        )
}
