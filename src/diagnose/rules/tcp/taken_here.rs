//! A sidecar of a service mesh takes this machine's connections (fact X43): TCP opens whatever is
//! behind it, and a handshake that fails may have ended at the sidecar.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::tunnel;
use crate::evidence::vantage::Platform;

pub(super) const RULE: Rule = rule!(
    "tcp-taken-here",
    Tcp,
    "Something on this machine takes the connection, and nothing comes through it",
    Code(check)
)
.explains(&[
    "tls-silent",
    "tls-reset",
    "tls-closed",
    "tls-peer-mute",
    "tls-connection-lost",
    "tcp-terminated-on-the-way",
])
.short("this machine itself accepts the connection");

fn check(e: &View<'_>) -> Option<Because> {
    let address = e.tcp.saw()?.walked?;
    // The tunnel of a zero-trust client has its own finding.
    if reading::proxied(e) || tunnel::address(e, address).is_some() {
        return None;
    }
    let (sign, pointer) = tunnel::taken_here(e)?;
    let how = match e.tls.saw()?.outcome {
        TlsOutcome::Silent => "TLS gets no answer",
        TlsOutcome::Reset => "TLS is reset",
        TlsOutcome::Closed => "the connection is closed before TLS",
        TlsOutcome::ConnectionLost { .. } => "the connection is lost during TLS",
        _ => return None,
    };
    let mesh = e.vantage.is_on(Platform::ServiceMesh);
    let mut because = Because::new(
        Level::Broken,
        if mesh { Sure::Inferred } else { Sure::Possible },
        format!("a connection to {address} is taken on this machine, and {how}"),
    )
    .read_at(pointer)
    .read_at("/tcp")
    .read_at("/tls")
    .known_by(sign)
    .known_by(
        "the sidecar accepts first and connects on afterwards: a host that its egress rules do not \
         allow, and one that does not answer, look the same from here",
    )
    .act(Step::look(
        "make the same walk from a pod without sidecar (annotation sidecar.istio.io/inject: \
         \"false\")",
    ))
    .tells_it("kubectl logs <pod> -c istio-proxy | grep -E 'BlackHoleCluster|UH|UF'")
    .owner("Azure platform");
    if let Some(advice) = platform_advice::on(e, Topic::ConnectionProof) {
        because = because.act(advice.step());
    }
    Some(
        because
            .act(
                Step::shared(
                    format!(
                        "allow the host in the mesh: a ServiceEntry for {} on port {}, protocol TLS",
                        e.target.host, e.target.port
                    ),
                    "every workload that the rule is exported to",
                )
                .undo("delete the ServiceEntry")
                .opens(),
            )
            .check(reading::again(e)),
    )
}
