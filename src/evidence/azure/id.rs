//! The id of a resource: a path whose segments do not depend on case.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The id of a resource in Azure, e.g.
/// `/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<name>`.
/// Two ids are equal whatever the case of their letters (fact C8).
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ResourceId(String);

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl std::fmt::Display for ResourceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl ResourceId {
    /// Reads the id of something in a subscription: letters, digits and `._/()-` alone, since it
    /// goes into paths, queries and commands; also `@`, the name of the record at a zone's top.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._()-".contains(c);
        let id = text.trim_end_matches('/');
        let segments: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
        let well_formed = id.len() <= 1000
            && segments.len() >= 2
            && segments[0].eq_ignore_ascii_case("subscriptions")
            && segments.iter().all(|s| !s.is_empty() && *s != "." && *s != "..")
            && segments.iter().all(|s| *s == "@" || s.chars().all(allowed));
        well_formed.then(|| Self(id.to_owned()))
    }

    /// The id as Azure wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segment after `key`, e.g. `resourceGroups`, whatever its case.
    #[must_use]
    pub fn segment(&self, key: &str) -> Option<&str> {
        let mut segments = self.0.split('/').skip(1);
        while let Some(segment) = segments.next() {
            let value = segments.next();
            // `providers/<namespace>` is followed by `<type>/<name>`: pairs throughout.
            if segment.eq_ignore_ascii_case(key) {
                return value;
            }
        }
        None
    }

    /// The subscription's id.
    #[must_use]
    pub fn subscription(&self) -> &str {
        self.segment("subscriptions").unwrap_or_default()
    }

    /// The resource group's name.
    #[must_use]
    pub fn group(&self) -> &str {
        self.segment("resourceGroups").unwrap_or_default()
    }

    /// The last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The id up to and with the name that follows `key`: of a subnet's id, `virtualNetworks` gives
    /// the network's.
    #[must_use]
    pub fn up_to(&self, key: &str) -> Option<Self> {
        let name = self.segment(key)?;
        let lower = self.0.to_ascii_lowercase();
        let at = lower.find(&format!("/{}/", key.to_ascii_lowercase()))?;
        let end = at.checked_add(key.len())?.checked_add(2)?.checked_add(name.len())?;
        self.0.get(..end).map(|id| Self(id.to_owned()))
    }

    /// Whether its provider and type are these, e.g. `Microsoft.Network/privateEndpoints`.
    #[must_use]
    pub fn is_a(&self, provider_and_type: &str) -> bool {
        let lower = self.0.to_ascii_lowercase();
        let wanted = format!("/providers/{}/", provider_and_type.to_ascii_lowercase());
        lower.split_once(&wanted).is_some_and(|(_, rest)| !rest.is_empty() && !rest.contains('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::ResourceId;

    const SUBNET: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/net-rg/\
                          providers/Microsoft.Network/virtualNetworks/hub/subnets/apps";

    #[test]
    fn an_id_gives_its_segments_whatever_their_case() {
        let id = ResourceId::parse(SUBNET).unwrap();
        assert_eq!(
            id,
            ResourceId::parse(&SUBNET.to_uppercase().replace("SUBSC", "subsc")).unwrap()
        );
        assert_eq!(id.group(), "net-rg");
        assert_eq!(id.name(), "apps");
        let network = id.up_to("VIRTUALNETWORKS").unwrap();
        assert!(network.as_str().ends_with("/virtualNetworks/hub"));
        assert!(network.is_a("microsoft.network/virtualnetworks"));
        assert!(!id.is_a("microsoft.network/virtualnetworks"));
    }

    #[test]
    fn what_could_change_a_path_or_a_query_is_no_id() {
        for bad in [
            "subscriptions/1",
            "/subscriptions/",
            "/subscriptions/1/../2",
            "/subscriptions/1/resourceGroups/a b",
            "/subscriptions/1/resourceGroups/a'",
            "/subscriptions/1?x=y",
            "/subscriptions/a@b",
            "/providers/Microsoft.Network",
        ] {
            assert!(ResourceId::parse(bad).is_none(), "{bad}");
        }
    }
}
