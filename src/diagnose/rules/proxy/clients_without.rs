//! The call goes through a proxy, and some clients do not read its variables: they go directly,
//! where nothing shows that they arrive (facts P4, X25).

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::vantage::{ClientProxy, ProxyReason};

pub(super) const RULE: Rule = rule!(
    "proxy-clients-without-variables",
    Proxy,
    "Some clients do not read the proxy variables that this path needs",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let proxy = &e.vantage.proxy;
    let through = proxy.applies.as_ref().filter(|_| reading::proxied(e))?;
    // With `--proxy URL` the variables are not what leads there.
    let ProxyReason::Variable { name } = &proxy.reason else { return None };
    // Where the direct path leads to the service as well, such a client arrives.
    let verified = |tls: &crate::evidence::tls::TlsHop| tls.outcome == TlsOutcome::Verified;
    if e.direct.saw().and_then(|direct| direct.tls.saw()).is_some_and(verified) {
        return None;
    }
    let without: Vec<(usize, &ClientProxy)> =
        proxy.clients.iter().enumerate().filter(|(_, client)| !client.reads()).collect();
    if without.is_empty() {
        return None;
    }
    let names = without.iter().map(|(_, c)| c.client.as_str()).collect::<Vec<_>>().join(", ");
    let mut because = Because::new(
        Level::Note,
        Sure::Inferred,
        headline::fitting(&[
            format!("{names}: clients that do not read {name} and go past {through}"),
            format!("{names}: clients that do not read {name}"),
            "some clients do not read the proxy variables".to_owned(),
        ]),
    )
    .caveat()
    .seen(format!("the call goes through {through}, by {name}"))
    .known_by(format!(
        "{names}: by default they read no proxy variable, and connect to the service directly; \
         here nothing shows that the direct path leads there"
    ))
    .read_at("/vantage/proxy");
    for (index, _) in &without {
        because = because.read_at(format!("/vantage/proxy/clients/{index}"));
    }
    Some(
        because
            .owner("Application")
            .act(Step::look("see which HTTP client the application uses, and in which version"))
            .act(
                Step::local(
                    "set the proxy in the client itself: Java by -Dhttps.proxyHost and \
                     -Dhttps.proxyPort, Node 24 and later by NODE_USE_ENV_PROXY=1, older ones by \
                     an agent such as undici's EnvHttpProxyAgent",
                )
                .undo("take the setting out again"),
            )
            .check(reading::again_with(e, "--direct")),
    )
}
