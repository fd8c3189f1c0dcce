//! The audience of a token and the authority that gives it, by the target, its cloud and the
//! environment.

use super::flow::Authority;
use super::{Credential, authority};
use crate::clouds::Cloud;
use crate::services::azure_ai::PROJECT_AUDIENCE;
use crate::target::Target;

impl Credential {
    /// The scope of a token for the target; none for a service that takes none.
    #[must_use]
    pub fn scope(&self, target: &Target) -> Option<String> {
        if let Some(cloud) = self.resource_manager {
            return Some(format!("https://{}/.default", cloud.resource_manager()));
        }
        self.wanted_audiences(target).first().map(|audience| format!("{audience}/.default"))
    }

    /// The authority: `AZURE_AUTHORITY_HOST`, else that of the target's cloud (fact D24).
    ///
    /// # Errors
    ///
    /// What is wrong with the variable.
    pub fn authority(&self, target: &Target) -> Authority {
        match &self.authority_host {
            Some(host) => authority::host(host),
            None => {
                let cloud = self.resource_manager.unwrap_or_else(|| target.cloud());
                Ok(format!("https://{}", cloud.login_host()))
            }
        }
    }

    /// The target's cloud. Where `--service` alone says what the target is, its cloud is that of
    /// `AZURE_AUTHORITY_HOST`, if the service is there.
    fn cloud(&self, target: &Target) -> Cloud {
        let host = self.authority_host.as_deref().and_then(|text| authority::host(text).ok());
        let named = host.as_deref().and_then(authority::cloud);
        let unknown = target.seen.cloud.is_none();
        named
            .filter(|cloud| {
                unknown && target.service().is_some_and(|service| service.is_in(*cloud))
            })
            .unwrap_or_else(|| target.cloud())
    }

    /// Audiences that the target's service takes, the preferred one first; a Foundry project takes
    /// `ai.azure.com` alone (facts G2b, X18).
    pub(super) fn wanted_audiences(&self, target: &Target) -> Vec<String> {
        let Some(service) = target.service() else { return Vec::new() };
        let mut list: Vec<String> =
            service.audiences_in(self.cloud(target)).iter().map(|&a| a.to_owned()).collect();
        if target.seen.kind == crate::evidence::TargetKind::Project {
            // The other audience is refused there, whatever the account takes (fact X18).
            list.retain(|audience| audience == PROJECT_AUDIENCE);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::super::find::tests::find;
    use super::*;

    #[test]
    fn authority_and_audience_are_those_of_the_targets_cloud() {
        let asks = |target: &str, service: Option<&str>, authority: &str| {
            let credential = find(&[("AZURE_AUTHORITY_HOST", authority)]).unwrap();
            let target = Target::parse(target, service).unwrap();
            (credential.authority(&target).unwrap(), credential.scope(&target))
        };
        let at = |host: &str, scope: &str| {
            (format!("https://{host}"), Some(format!("https://cognitiveservices.azure.{scope}")))
        };
        let (public, gov) = ("login.microsoftonline.com", "login.microsoftonline.us");
        assert_eq!(asks("a.openai.azure.com", None, ""), at(public, "com/.default"));
        assert_eq!(asks("a.openai.azure.us", None, ""), at(gov, "us/.default"));
        assert_eq!(asks("v.vault.azure.cn", None, "").0, "https://login.chinacloudapi.cn");
        // The variable wins, and does not change what the target is.
        assert_eq!(asks("a.openai.azure.com", None, gov), at(gov, "com/.default"));
        // A gateway's own name says nothing of its cloud: the variable does.
        let gateway = Some("openai");
        assert_eq!(asks("llm.contoso.example", gateway, ""), at(public, "com/.default"));
        assert_eq!(asks("llm.contoso.example", gateway, gov), at(gov, "us/.default"));
        let china = "https://login.chinacloudapi.cn";
        assert_eq!(asks("llm.contoso.example", gateway, china).0, china);
    }
}
