//! What a profile of a service says, the calls that write one, and what can be asked of it.

use super::refusal::Refusal;
use super::request::Request;
use super::resource::Resource;
use super::{Endpoint, Opening};
use crate::clouds::Cloud;
use crate::evidence::http::{ErrorFrame, HttpAnswer, Purpose};

/// One service, in every cloud that has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// Id, as `--service` takes it.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What its hosts are to a walk.
    pub kind: Kind,
    /// The TCP port of its protocol.
    pub port: u16,
    /// How a connection to it begins.
    pub opening: Opening,
    /// Its names.
    pub endpoints: &'static [Endpoint],
    /// Audiences that its data plane takes by cloud, the preferred one first (facts D22, G2b,
    /// I17); none where no token is asked for.
    pub audiences: &'static [(Cloud, &'static [&'static str])],
    /// What proves it; none: it is walked as far as TLS.
    pub requests: &'static [Request],
    /// The keys that it takes; none: it takes tokens alone.
    pub keys: Option<&'static Keys>,
    /// What it looks at first in a call.
    pub order: Order,
    /// Where some of its clients connect instead.
    pub other_ports: &'static [OtherPort],
    /// What its names of the copy in the paired region end with, before the suffix.
    pub secondary: &'static str,
    /// What a 403 of its without a reason may mean (facts of its profile); empty where that is not
    /// known.
    pub forbidden: &'static [&'static str],
    /// What a 401 of its to a credential may mean; empty where its texts say it.
    pub unauthorized: &'static [&'static str],
    /// Some of its resources have no list to give.
    pub list_optional: bool,
    /// Its names may lead to a workspace, whose front end answers with pages of nginx (fact W16).
    pub workspace: bool,
    /// Clients call it by its name in the private zone, which its certificate covers.
    pub called_by_private_name: bool,
    /// Where clients have the root of its certificate from, where each of its resources signs with an
    /// authority of its own; empty elsewhere.
    pub own_authority: &'static str,
    /// By what its answers are known.
    pub signature: Signature,
    /// Rows of the table of refusals that hold for it alone; they come before the others.
    pub refusals: &'static [Refusal],
    /// Which role its callers need.
    pub roles: Roles,
    /// Its resources as `az` and Resource Manager name them.
    pub resource: Option<Resource>,
}

/// The keys of a service. A key of one service is never sent to another.
#[derive(Debug, PartialEq, Eq)]
pub struct Keys {
    /// The service whose keys they are, for people.
    pub of: &'static str,
    /// The header that one goes in.
    pub header: &'static str,
    /// The variables that hold one, as people and SDKs name them; the first that is set is taken.
    pub variables: &'static [&'static str],
}

/// What a service looks at first in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Where it comes from: an answer about its caller came past the network rules (fact W2).
    Network,
    /// Whether it has a token, then where it comes from, then the caller's rights (facts G10, G22).
    Token,
    /// Not known: an answer about the caller proves nothing of the network rules.
    Unknown,
}

/// By what the answers of a service are known. It shows this service alone: the same field in an answer
/// at a host of another service shows that something else answers there.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// The header field that names its region, in lower case; empty for none.
    pub region: &'static str,
    /// Header fields, each with a part of its value, in lower case; empty for any value.
    pub headers: &'static [(&'static str, &'static str)],
    /// The error format that it alone has.
    pub frame: Option<ErrorFrame>,
}

impl Signature {
    /// The first of its header fields that an answer has.
    #[must_use]
    pub fn header(&self, answer: &HttpAnswer) -> Option<&'static str> {
        let has = |name: &str, part: &str| {
            let values = answer.headers.iter().filter(|header| header.name == name);
            values.into_iter().any(|header| header.value.to_ascii_lowercase().contains(part))
        };
        self.headers.iter().find(|(name, part)| has(name, part)).map(|(name, _)| *name)
    }
}

/// Which built-in role allows what.
#[derive(Debug, PartialEq, Eq)]
pub struct Roles {
    /// What a caller with such a role can do.
    pub allow: &'static str,
    /// The first row that covers a data action names the least role that has it.
    pub rows: &'static [Role],
}

/// A role.
#[derive(Debug, PartialEq, Eq)]
pub struct Role {
    /// The data action below the resource's type; one `*` covers anything.
    pub action: &'static str,
    /// The role.
    pub name: &'static str,
}

/// What the hosts of a service are to a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An account of the one resource type that Azure OpenAI, Azure AI services and Foundry share
    /// (fact D1): it has a name under each of their suffixes.
    Account,
    /// An API of such an account, at the account's own names, which do not show it.
    Api,
    /// A region's endpoint, which leads to such accounts too (fact D5).
    Regional,
    /// A gateway: it can be in front of another service, and its suffix does not show what answers
    /// behind it.
    Gateway(Gateway),
    /// A resource of its own.
    Other,
}

/// A port that some clients of a service use in place of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct OtherPort {
    /// Its number, or the first of several.
    pub port: u16,
    /// What is spoken there, and by whom where that is not plain.
    pub protocol: &'static str,
}

/// The port of HTTPS.
pub(super) const HTTPS: u16 = 443;

/// A gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gateway {
    /// Its name in a sentence.
    pub name: &'static str,
    /// The arguments of `az` that show it, before its group; `{name}` is its name.
    pub show: &'static str,
    /// What of it shows where calls may come from: the rest of that command.
    pub networks: &'static str,
    /// The command that shows what it calls; empty where none does.
    pub behind: &'static str,
}

impl Service {
    pub(super) const fn new(
        id: &'static str,
        name: &'static str,
        endpoints: &'static [Endpoint],
    ) -> Self {
        Self {
            id,
            name,
            kind: Kind::Other,
            port: HTTPS,
            opening: Opening::Https,
            endpoints,
            audiences: &[],
            requests: &[],
            keys: None,
            order: Order::Unknown,
            other_ports: &[],
            secondary: "",
            forbidden: &[],
            unauthorized: &[],
            list_optional: false,
            workspace: false,
            called_by_private_name: false,
            own_authority: "",
            signature: Signature { region: "", headers: &[], frame: None },
            refusals: &[],
            roles: Roles { allow: "", rows: &[] },
            resource: None,
        }
    }

    /// Its protocol is not HTTP, and has a port of its own.
    pub(super) const fn own_protocol(mut self, port: u16, opening: Opening) -> Self {
        self.port = port;
        self.opening = opening;
        self
    }

    pub(super) const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(super) const fn audiences(
        mut self,
        by_cloud: &'static [(Cloud, &'static [&'static str])],
    ) -> Self {
        self.audiences = by_cloud;
        self
    }

    pub(super) const fn requests(mut self, requests: &'static [Request]) -> Self {
        self.requests = requests;
        self
    }

    pub(super) const fn resource_type(self, kind: &'static str) -> Self {
        self.resource(Resource::of_type(kind))
    }

    pub(super) const fn resource(mut self, resource: Resource) -> Self {
        self.resource = Some(resource);
        self
    }

    pub(super) const fn keys(mut self, keys: &'static Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    pub(super) const fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    pub(super) const fn other_ports(mut self, ports: &'static [OtherPort]) -> Self {
        self.other_ports = ports;
        self
    }

    pub(super) const fn secondary(mut self, ending: &'static str) -> Self {
        self.secondary = ending;
        self
    }

    pub(super) const fn forbidden(mut self, causes: &'static [&'static str]) -> Self {
        self.forbidden = causes;
        self
    }

    pub(super) const fn unauthorized(mut self, causes: &'static [&'static str]) -> Self {
        self.unauthorized = causes;
        self
    }

    pub(super) const fn list_optional(mut self) -> Self {
        self.list_optional = true;
        self
    }

    pub(super) const fn workspace(mut self) -> Self {
        self.workspace = true;
        self
    }

    pub(super) const fn called_by_private_name(mut self) -> Self {
        self.called_by_private_name = true;
        self
    }

    pub(super) const fn own_authority(mut self, root: &'static str) -> Self {
        self.own_authority = root;
        self
    }

    pub(super) const fn signature(
        mut self,
        region: &'static str,
        headers: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.signature = Signature { region, headers, ..self.signature };
        self
    }

    pub(super) const fn error_format(mut self, frame: ErrorFrame) -> Self {
        self.signature.frame = Some(frame);
        self
    }

    pub(super) const fn refusals(mut self, rows: &'static [Refusal]) -> Self {
        self.refusals = rows;
        self
    }

    pub(super) const fn roles(mut self, allow: &'static str, rows: &'static [Role]) -> Self {
        self.roles = Roles { allow, rows };
        self
    }

    /// Whether a call of its proves anything.
    #[must_use]
    pub const fn has_call(&self) -> bool {
        !self.requests.is_empty()
    }

    /// Whether its call goes without a credential, whatever is at hand.
    #[must_use]
    pub fn asks_anonymously(&self) -> bool {
        self.requests.iter().any(|request| request.purpose == Purpose::Challenge)
    }

    /// Whether an answer about the caller shows that its network rules let the call in.
    #[must_use]
    pub fn asks_network_first(&self) -> bool {
        self.order == Order::Network
    }

    /// Whether a deployment of its can be called.
    #[must_use]
    pub fn has_deployments(&self) -> bool {
        self.requests.iter().any(|request| request.purpose == Purpose::Deployment)
    }

    /// Whether a header field is one by which its answers are known.
    #[must_use]
    pub fn knows(&self, header: &str) -> bool {
        self.signature.headers.iter().any(|(name, _)| *name == header)
    }

    /// The least role that has a data action, as the service spells the action.
    #[must_use]
    pub fn role_for(&self, action: &str) -> Option<&'static str> {
        let kind = self.resource?.kind;
        let (start, rest) = action.split_at_checked(kind.len())?;
        let rest = rest.strip_prefix('/').filter(|_| start.eq_ignore_ascii_case(kind))?;
        self.roles.rows.iter().find(|role| covers(role.action, rest)).map(|role| role.name)
    }

    /// The least role for a request of this purpose.
    #[must_use]
    pub fn role_for_request(&self, purpose: Purpose) -> Option<&'static str> {
        let request = self.requests.iter().find(|request| request.purpose == purpose)?;
        Some(request.role)
    }

    /// Whether its hosts lead to accounts of Azure AI.
    #[must_use]
    pub const fn is_account(&self) -> bool {
        matches!(self.kind, Kind::Account | Kind::Api | Kind::Regional)
    }

    /// What it is in front of another service.
    #[must_use]
    pub const fn gateway(&self) -> Option<&Gateway> {
        match &self.kind {
            Kind::Gateway(gateway) => Some(gateway),
            _ => None,
        }
    }

    /// Whether it is there in a cloud.
    #[must_use]
    pub fn is_in(&self, cloud: Cloud) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.cloud == cloud)
    }

    /// The audiences of its tokens in a cloud.
    #[must_use]
    pub fn audiences_in(&self, cloud: Cloud) -> &'static [&'static str] {
        self.audiences.iter().find(|(of, _)| *of == cloud).map_or(&[], |(_, list)| list)
    }
}

/// Whether a pattern with at most one `*` covers an action.
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == action,
        Some((start, end)) => {
            action.len() >= start.len() + end.len()
                && action.starts_with(start)
                && action.ends_with(end)
        }
    }
}
