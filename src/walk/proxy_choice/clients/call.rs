//! The call that a client would make, and what can be decided of it: which variable counts, and what
//! in NO_PROXY or the settings of the system exempts the host.

use super::super::Settings;
use super::super::script::{self, Given};
use super::super::system::{SystemChoice, server};
use crate::evidence::text::clean;
use crate::platform::SystemProxies;
use crate::target::Target;
use crate::world::Environment;

/// The call that a client would make: an https URL whose host is a name.
pub(super) struct Call<'a> {
    pub(super) target: &'a Target,
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) environment: &'a Environment,
    pub(super) system: Option<&'a SystemProxies>,
    pub(super) settings: Settings<'a>,
}

/// What a client decides: which variable, and which entry of NO_PROXY against it.
pub(super) enum Decided {
    Ignores,
    NoVariable,
    Cancelled { variable: String },
    Through { variable: String, value: String },
    Exempted { variable: String, entry: String, list: String },
    System { server: String },
    SystemExempted { entry: String },
    Script,
    ScriptGives { server: String },
    ScriptDirect,
}

impl Call<'_> {
    /// The first of the variables that is set and not empty.
    pub(super) fn first(&self, names: &[&str]) -> Option<(String, String)> {
        names.iter().find_map(|name| {
            self.environment.get(name).map(|value| ((*name).to_owned(), value.to_owned()))
        })
    }

    /// Decides by lists of variables and a test of NO_PROXY that gives the entry which exempts.
    pub(super) fn by(
        &self,
        proxies: &[&str],
        no_proxies: &[&str],
        exempts: impl Fn(&str) -> Option<String>,
    ) -> Decided {
        let Some((variable, value)) = self.first(proxies) else { return Decided::NoVariable };
        through_unless((variable, value), self.first(no_proxies), exempts)
    }

    /// What Python's urllib reads for `https`, `all` or `no`: any spelling, but the lower-case
    /// one wins, and an empty one takes the others away.
    pub(super) fn python(&self, kind: &str) -> Option<(String, String)> {
        let wanted = format!("{kind}_proxy");
        if self.environment.names().any(|name| name == wanted) {
            return self.first(&[&wanted]);
        }
        let name = self
            .environment
            .names()
            .filter(|name| name.eq_ignore_ascii_case(&wanted))
            .find(|name| self.environment.get(name).is_some())?;
        self.first(&[name])
    }

    /// What Python's clients do without a variable: they read this user's settings, as far as those
    /// name a proxy. One variable, NO_PROXY too, and the settings are not read.
    pub(super) fn python_settings(&self, heeds_bypass: bool) -> Decided {
        let cancelled = |kind: &str| {
            let (lower, upper) = (format!("{kind}_proxy"), format!("{kind}_PROXY").to_uppercase());
            let takes_away = self.environment.is_empty(&lower) && self.first(&[&upper]).is_some();
            takes_away.then_some(lower)
        };
        if let Some(variable) = cancelled("https").or_else(|| cancelled("all")) {
            return Decided::Cancelled { variable };
        }
        if self.python("no").is_some() || self.python("http").is_some() {
            return Decided::NoVariable;
        }
        let user = self.system.and_then(|system| system.user.as_ref());
        match SystemChoice::of(user, self.host) {
            SystemChoice::Exempted(_) if !heeds_bypass => user
                .and_then(server)
                .map_or(Decided::NoVariable, |server| Decided::System { server }),
            choice => choice.into(),
        }
    }

    /// What a client does that runs the script of this user's settings, and takes the named proxy where
    /// there is none or it cannot be had.
    pub(super) fn by_script(&self) -> Decided {
        let user = self.system.and_then(|system| system.user.as_ref());
        match script::given(self.settings, self.host) {
            Some(Given::Unknown) => Decided::Script,
            Some(Given::Through(server)) => Decided::ScriptGives { server },
            Some(Given::Direct) => Decided::ScriptDirect,
            Some(Given::Nothing) | None => SystemChoice::of(user, self.host).into(),
        }
    }

    /// Whether the host is the name, or lies below it.
    pub(super) fn is_or_below(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        !name.is_empty() && (self.host == name || self.is_below(&name))
    }

    pub(super) fn is_below(&self, name: &str) -> bool {
        self.host
            .strip_suffix(&name.to_ascii_lowercase())
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.') && !name.is_empty())
    }
}

impl From<SystemChoice<'_>> for Decided {
    fn from(choice: SystemChoice<'_>) -> Self {
        match choice {
            SystemChoice::None => Self::NoVariable,
            SystemChoice::Through(server) => Self::System { server },
            SystemChoice::Exempted(entry) => Self::SystemExempted { entry: clean(entry, 255) },
        }
    }
}

pub(super) fn through_unless(
    (variable, value): (String, String),
    no_proxy: Option<(String, String)>,
    exempts: impl Fn(&str) -> Option<String>,
) -> Decided {
    if let Some((variable, list)) = no_proxy
        && let Some(entry) = exempts(&list)
    {
        return Decided::Exempted { variable, entry, list };
    }
    Decided::Through { variable, value }
}
