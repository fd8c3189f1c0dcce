//! A credential as evidence: everything but the secret.

use std::time::SystemTime;

use super::flow::shown_id;
use super::{AcquiredToken, Credential, authority, claims, form, looks_like_a_key};
use crate::evidence::identity::{
    CredentialForm, CredentialKind, IdentityHop, TokenClaims, TokenOutcome,
};
use crate::evidence::text::is_guid;
use crate::target::Target;

impl Credential {
    /// Tenant and client, as facts.
    #[must_use]
    pub fn ids(&self) -> (Option<String>, Option<String>) {
        // What does not look like an id may be a secret in the wrong variable. A tenant may be the
        // name of a domain.
        let domain = |text: &str| match looks_like_a_key(text) {
            true => "<not shown: it looks like a key>".to_owned(),
            false => crate::evidence::text::clean(text, 200),
        };
        let Some(flow) = &self.flow else { return (None, None) };
        match flow.application() {
            Some(application) => {
                let tenant = &application.tenant;
                let tenant = authority::tenant(tenant).ok().map(|()| domain(tenant));
                (tenant, Some(shown_id(&application.client)))
            }
            None => (None, flow.identity().map(|identity| shown_id(identity.id()))),
        }
    }

    fn client_secret(&self) -> Option<&str> {
        Some(self.flow.as_ref()?.client_secret()?.expose())
    }

    /// Whether a client secret has the form of an id (8-4-4-4-12 hexadecimal digits).
    #[must_use]
    pub fn secret_is_id(&self) -> bool {
        self.client_secret().is_some_and(is_guid)
    }

    /// What a client secret is in place of, where it is none: a reference or a word of a template.
    #[must_use]
    pub fn secret_stands_for(&self) -> Option<CredentialForm> {
        let form = form::of(self.client_secret()?);
        // Client secrets are letters, digits and `~._-` alone.
        let is_none = matches!(
            form,
            CredentialForm::Reference
                | CredentialForm::Placeholder
                | CredentialForm::Quoted
                | CredentialForm::Named
                | CredentialForm::Url
        );
        is_none.then_some(form)
    }

    /// Whether a client secret begins or ends with a blank or a line end.
    #[must_use]
    pub fn secret_has_blank_ends(&self) -> bool {
        self.client_secret().is_some_and(|secret| secret.trim() != secret)
    }

    /// The evidence: everything but the secret.
    #[must_use]
    pub fn evidence(
        &self,
        target: &Target,
        now: SystemTime,
        acquired: Option<&AcquiredToken>,
    ) -> IdentityHop {
        let secret = self.secret.as_ref().or(acquired.and_then(|a| a.token.as_ref()));
        let claims: Option<TokenClaims> = secret.and_then(|s| claims::read(s.expose(), now));
        let failed =
            acquired.is_some_and(|a| a.evidence.borrow().outcome != TokenOutcome::Acquired);
        IdentityHop {
            kind: match failed && !self.is_explicit {
                true => CredentialKind::None,
                false => self.kind,
            },
            source: self.source.clone(),
            looks_like: secret.map(|secret| match claims {
                Some(_) => CredentialForm::Jwt,
                None => form::of(secret.expose()),
            }),
            claims,
            wanted_audiences: self.wanted_audiences(target),
            skipped_sources: self.skipped_sources.clone(),
            file_mode_open: self.file_mode_open.clone(),
            trimmed: self.trimmed,
            withheld: None,
            acquisition: acquired.map(|acquired| acquired.evidence.borrow().clone()),
            configured: self.configured.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::find::tests::find;
    use super::super::flow::NOT_AN_ID;
    use super::super::{API_KEY_VARIABLE, file};

    #[test]
    fn a_secret_in_the_form_of_an_id_is_recognised() {
        let with = |secret: &str| {
            find(&[
                ("AZURE_TENANT_ID", "t"),
                ("AZURE_CLIENT_ID", "c"),
                ("AZURE_CLIENT_SECRET", secret),
            ])
            .unwrap()
            .secret_is_id()
        };
        assert!(with("11111111-2222-3333-4444-5555aaaaBBBB"));
        assert!(!with("abc8Q~11111111-2222-3333-4444-555555555555"));
        assert!(
            !find(&[(API_KEY_VARIABLE, "11111111-2222-3333-4444-555555555555")])
                .unwrap()
                .secret_is_id()
        );
    }

    #[test]
    fn a_secret_in_the_place_of_an_id_or_a_path_is_not_shown() {
        let secret = "abc8Q~canary.1234_567-890abcdefgh";
        let ids = |client: &str| {
            let found = find(&[
                ("AZURE_TENANT_ID", "contoso.onmicrosoft.com"),
                ("AZURE_CLIENT_ID", client),
                ("AZURE_CLIENT_SECRET", "11111111-2222-3333-4444-555555555555"),
            ]);
            found.unwrap().ids()
        };
        let tenant = Some("contoso.onmicrosoft.com".to_owned());
        assert_eq!(ids(secret), (tenant.clone(), Some(NOT_AN_ID.to_owned())));
        assert_eq!(ids("canary"), (tenant.clone(), Some(NOT_AN_ID.to_owned())));
        let id = "11111111-2222-3333-4444-555555555555";
        assert_eq!(ids(id), (tenant, Some(id.to_owned())));
        let no = file::read("AZURE_CLIENT_CERTIFICATE_PATH", secret, Duration::from_secs(5));
        let error = no.unwrap_err().to_string();
        assert!(!error.contains("canary") && error.contains("not shown"), "{error}");
    }
}
