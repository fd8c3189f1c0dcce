//! A service mesh sidecar accepts this machine's connections (fact X43): TCP opens whatever is
//! behind it, and a failed handshake may have ended at the sidecar.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::tunnel;
use crate::evidence::vantage::Platform;

pub(super) const RULE: Rule = rule!(
    "tcp-taken-here",
    Tcp,
    "Something on this machine accepts the connection, and no TLS gets through it",
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

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let address = e.tcp.value()?.selected?;
    // The tunnel of a zero-trust client has its own finding.
    if reading::proxied(e) || tunnel::address(e, address).is_some() {
        return None;
    }
    let (sign, pointer) = tunnel::taken_here(e)?;
    let how = match e.tls.value()?.outcome {
        TlsOutcome::Silent => "TLS gets no answer",
        TlsOutcome::Reset => "TLS is reset",
        TlsOutcome::Closed => "the connection is closed before TLS",
        TlsOutcome::ConnectionLost { .. } => "the connection is lost during TLS",
        _ => return None,
    };
    let mesh = e.vantage.is_on(Platform::ServiceMesh);
    let mut finding = FindingBuilder::new(
        Level::Broken,
        if mesh { Confidence::Inferred } else { Confidence::Possible },
        format!("this machine itself accepts the connection to {address}, and {how}"),
    )
    .cites(pointer)
    .cites("/tcp")
    .cites("/tls")
    .reasoning(sign)
    .reasoning(
        "the sidecar accepts the connection first and only then connects to the host: a host that \
         its egress rules block and a host that does not answer look the same from here",
    )
    .step(Step::inspect(
        "run the same check from a pod without a sidecar (annotation sidecar.istio.io/inject: \
         \"false\")",
    ))
    .decide_with("kubectl logs <pod> -c istio-proxy | grep -E 'BlackHoleCluster|UH|UF'")
    .owner("Azure platform");
    if let Some(advice) = platform_advice::on(e, Topic::ConnectionProof) {
        finding = finding.step(advice.step());
    }
    Some(
        finding
            .step(
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
