//! Which zones a resolver sees, and what stands in them: an Azure in miniature. The chains are
//! those of facts D30 to D33 of `docs/facts.md`, the names within them shortened.

use super::azure;
use super::world::{ENDPOINT, FRONT, Resolver, View};

/// One zone: its name, whether it is an Azure private zone, and its records.
pub struct ZoneText {
    /// Its name.
    pub name: String,
    /// Azure private DNS, else a public zone of Microsoft's.
    pub private: bool,
    /// `name type data`, absolute names.
    pub records: Vec<String>,
}

/// The account of every world.
pub const ACCOUNT: &str = "myacct";
/// The suffixes of the one resource type (fact D2).
const SUFFIXES: [&str; 3] =
    ["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"];

/// The zones that a resolver sees; of two that hold a name the longer one counts.
pub fn zones(resolver: &Resolver) -> Vec<ZoneText> {
    let mut zones = Vec::new();
    if resolver.sees != View::Nothing {
        for suffix in SUFFIXES {
            account_zones(resolver.sees, suffix, &mut zones);
        }
        zones.extend(front_zones());
    }
    if resolver.knows_azure {
        for (name, address) in
            [(azure::HOST, azure::HOST_ADDRESS), (azure::LOGIN, azure::LOGIN_ADDRESS)]
        {
            let records = vec![format!("{name} A {address}")];
            zones.push(ZoneText { name: name.to_owned(), private: false, records });
        }
    }
    for name in &resolver.private_zones {
        zones.retain(|zone: &ZoneText| zone.name != *name);
        zones.push(ZoneText { name: name.clone(), private: true, records: Vec::new() });
    }
    let mut own = resolver.records.clone();
    if resolver.flood > 0 {
        let alias = format!("{ACCOUNT}.privatelink.openai.azure.com");
        own.extend((1..=resolver.flood).map(|n| format!("{alias} A 10.3.1.{n}")));
    }
    let owner = |record: &str| record.split(' ').next().map(str::to_owned);
    for zone in &mut zones {
        zone.records.retain(|old| !own.iter().any(|new| owner(new) == owner(old)));
    }
    for record in own {
        let name = owner(&record).unwrap_or_default();
        home(&mut zones, &name).records.push(record);
    }
    zones
}

/// The zone that holds a name; one of its parent where there is none yet.
fn home<'z>(zones: &'z mut Vec<ZoneText>, name: &str) -> &'z mut ZoneText {
    let best = (0..zones.len())
        .filter(|at| holds(&zones[*at].name, name))
        .max_by_key(|at| zones[*at].name.len());
    let at = best.unwrap_or_else(|| {
        let parent = name.split_once('.').map_or(name, |(_, parent)| parent);
        zones.push(ZoneText { name: parent.to_owned(), private: false, records: Vec::new() });
        zones.len() - 1
    });
    &mut zones[at]
}

/// Whether a zone holds a name.
pub fn holds(zone: &str, name: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

fn account_zones(view: View, suffix: &str, zones: &mut Vec<ZoneText>) {
    let public =
        |records: Vec<String>| ZoneText { name: suffix.to_owned(), private: false, records };
    let link = format!("privatelink.{suffix}");
    let name = format!("{ACCOUNT}.{suffix}");
    let alias = format!("{ACCOUNT}.{link}");
    let to_link = || public(vec![format!("{name} CNAME {alias}")]);
    let private = |records| ZoneText { name: link.clone(), private: true, records };
    match view {
        View::Private => {
            zones.push(to_link());
            zones.push(private(vec![format!("{alias} A {ENDPOINT}")]));
        }
        View::RecordMissing => {
            zones.push(to_link());
            zones.push(private(Vec::new()));
        }
        View::Public => {
            zones.push(to_link());
            let records = vec![format!("{alias} CNAME eastus.prod.vnet.cog.trafficmanager.net")];
            zones.push(ZoneText { name: link, private: false, records });
        }
        View::NoEndpoint => {
            zones.push(public(vec![format!("{name} CNAME eastus.api.cognitive.microsoft.com")]));
            zones.push(ZoneText { name: link, private: false, records: Vec::new() });
        }
        View::NoAccount => {
            zones.push(public(Vec::new()));
            zones.push(ZoneText { name: link, private: false, records: Vec::new() });
        }
        View::ParentShadowed => zones.push(ZoneText {
            name: suffix.to_owned(),
            private: true,
            records: vec![format!("another.{suffix} A 10.3.0.9")],
        }),
        View::NoData => {
            zones.push(public(vec![format!("{name} TXT not-an-address")]));
            zones.push(ZoneText { name: link, private: false, records: Vec::new() });
        }
        View::Nothing => {}
    }
}

fn front_zones() -> Vec<ZoneText> {
    let zone = |name: &str, records: &[String]| ZoneText {
        name: name.to_owned(),
        private: false,
        records: records.to_vec(),
    };
    vec![
        zone(
            "trafficmanager.net",
            &[
                "eastus.prod.vnet.cog.trafficmanager.net CNAME \
                 vnetproxyv1-eus-prod.eastus.cloudapp.azure.com"
                    .to_owned(),
                "cognitiveeusprod.trafficmanager.net CNAME \
                 cognitiveeusprod-eastus-01.eastus.cloudapp.azure.com"
                    .to_owned(),
            ],
        ),
        zone(
            "cloudapp.azure.com",
            &[
                format!("vnetproxyv1-eus-prod.eastus.cloudapp.azure.com A {FRONT}"),
                format!("cognitiveeusprod-eastus-01.eastus.cloudapp.azure.com A {FRONT}"),
            ],
        ),
        zone(
            "api.cognitive.microsoft.com",
            &["eastus.api.cognitive.microsoft.com CNAME cognitiveeusprod.trafficmanager.net"
                .to_owned()],
        ),
    ]
}
