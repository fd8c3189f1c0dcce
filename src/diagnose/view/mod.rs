//! What rules read: the evidence of one walk, and the facts that several rules need, computed once.

pub(super) mod answer_losses;
pub(super) mod answer_series;
pub(super) mod azure;
pub(super) mod contradictions;
pub(super) mod dns;
pub(super) mod dns_experiments;
pub(super) mod http;
pub(super) mod icmp;
pub(super) mod libc_lookup;
pub(super) mod library;
pub(super) mod library_waits;
pub(super) mod resolver_view;
pub(super) mod tcp;
pub(super) mod tls;
pub(super) mod tokens;
pub(super) mod withheld;

use std::ops::Deref;

use crate::evidence::Evidence;

use azure::AzureView;
use dns::DnsView;
use http::HttpView;
use tcp::TcpView;
use tls::TlsView;
use tokens::TokenPaths;

/// The evidence of one walk as rules see it.
pub(in crate::diagnose) struct View<'a> {
    evidence: &'a Evidence,
    /// The dns hop, with the answers of each resolver.
    pub(in crate::diagnose) dns: DnsView<'a>,
    /// The http hop, with the classification of each call's answer.
    pub(in crate::diagnose) http: HttpView<'a>,
    /// The tcp hop, with its failures.
    pub(in crate::diagnose) tcp: TcpView<'a>,
    /// The tls hop, with the experiments on it.
    pub(in crate::diagnose) tls: TlsView<'a>,
    /// What Resource Manager says, if it was asked soon after the walk: a contradiction between the
    /// two is none where either changed in between.
    pub(in crate::diagnose) azure: Option<AzureView<'a>>,
    /// The paths to the token endpoints.
    pub(in crate::diagnose) token_paths: TokenPaths,
}

impl<'a> View<'a> {
    /// A view of `evidence`.
    #[must_use]
    pub(in crate::diagnose) fn new(evidence: &'a Evidence) -> Self {
        let mut view = Self {
            evidence,
            dns: DnsView::new(evidence),
            http: HttpView::new(evidence),
            tcp: TcpView::new(evidence),
            tls: TlsView::new(evidence),
            azure: AzureView::new(evidence).filter(|azure| azure.late().is_none()),
            token_paths: TokenPaths::default(),
        };
        view.token_paths = TokenPaths::judged(&view);
        view
    }
}

impl Deref for View<'_> {
    type Target = Evidence;

    fn deref(&self) -> &Evidence {
        self.evidence
    }
}
