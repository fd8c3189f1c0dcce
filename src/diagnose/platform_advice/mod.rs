//! Advice that depends on the platform: one table, one lookup.
//!
//! A rule asks for a topic and gets the row of the most specific platform that this machine runs
//! on, or none on an ordinary machine, where the rule's own text applies.

mod rows;

use std::net::SocketAddr;

use crate::diagnose::resolver_class::{self, ResolverClass};
use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::vantage::Platform;

use rows::ADVICE;

/// What advice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Where to configure the resolver so that the change persists.
    ResolverSetting,
    /// Why a resolver may not answer here.
    ResolverUnanswered,
    /// How this machine's traffic and DNS queries get into the virtual network.
    IntoNetwork,
    /// Where a line of the hosts file comes from.
    HostsFile,
    /// The clock.
    Clock,
    /// Environment variables, such as those that name a proxy.
    Variables,
    /// What an open connection proves.
    ConnectionProof,
    /// Why a connection gets no answer here.
    ConnectionUnanswered,
}

/// What differs on some platforms, about one topic.
#[derive(Debug)]
struct Row {
    platforms: &'static [Platform],
    topic: Topic,
    /// The classes of resolvers that it is about; none where it does not depend on the resolver.
    resolvers: &'static [ResolverClass],
    why: &'static str,
    message: &'static str,
    command: Option<&'static str>,
    effect: Effect,
    /// Whether its command is for another machine, which the text names.
    elsewhere: bool,
}

#[derive(Debug)]
enum Effect {
    /// It only reads.
    Look,
    /// It changes this machine or container, and how to undo that.
    Local(&'static str),
    /// It changes what others use too: whom it affects, and how to undo that.
    Shared(&'static str, &'static str),
}

/// A row whose step only reads. `why` says in one sentence what is different.
const fn row(
    platforms: &'static [Platform],
    topic: Topic,
    why: &'static str,
    message: &'static str,
) -> Row {
    Row {
        platforms,
        topic,
        resolvers: &[],
        why,
        message,
        command: None,
        effect: Effect::Look,
        elsewhere: false,
    }
}

impl Row {
    /// The command of its step. `{app}` is the group of `az` for the platform's apps.
    const fn command(mut self, command: &'static str) -> Self {
        self.command = Some(command);
        self
    }

    /// Applies only where a resolver of one of these classes was asked.
    const fn only_for(mut self, resolvers: &'static [ResolverClass]) -> Self {
        self.resolvers = resolvers;
        self
    }

    /// With a command for another machine, which the text names.
    const fn elsewhere(mut self, command: &'static str) -> Self {
        self.elsewhere = true;
        self.command(command)
    }

    const fn local(mut self, undo: &'static str) -> Self {
        self.effect = Effect::Local(undo);
        self
    }

    const fn shared(mut self, affects: &'static str, undo: &'static str) -> Self {
        self.effect = Effect::Shared(affects, undo);
        self
    }
}

/// The advice on a topic for the machine of a walk.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// The platform.
    pub platform: Platform,
    /// What is different on it, in one sentence.
    pub why: &'static str,
    row: &'static Row,
}

impl Advice {
    /// The step to take.
    #[must_use]
    pub fn step(&self) -> Step {
        let step = match self.row.effect {
            Effect::Look => Step::inspect(self.row.message),
            Effect::Local(undo) => Step::local(self.row.message).undo(undo),
            Effect::Shared(affects, undo) => Step::shared(self.row.message, affects).undo(undo),
        };
        let step = if self.row.elsewhere { step.elsewhere() } else { step };
        let app = if self.platform == Platform::Functions { "functionapp" } else { "webapp" };
        match self.row.command {
            Some(command) => step.command(command.replace("{app}", app)),
            None => step,
        }
    }

    /// The step to take about a connection to `peer`: `{ip}` and `{port}` in the row's texts.
    #[must_use]
    pub fn step_towards(&self, peer: SocketAddr) -> Step {
        let (ip, port) = (peer.ip().to_string(), peer.port().to_string());
        let filled = |text: &str| text.replace("{ip}", &ip).replace("{port}", &port);
        let step = self.step();
        Step { text: filled(&step.text), command: step.command.as_deref().map(filled), ..step }
    }
}

/// The subnet whose NSG and route table apply to this machine's traffic, where Azure shows no network
/// interface for the machine.
#[must_use]
pub fn subnet(e: &Evidence) -> Option<&'static str> {
    SUBNETS.iter().find(|(platform, _)| e.vantage.is_on(*platform)).map(|(_, subnet)| *subnet)
}

/// Facts X23, X45, X46 and X61.
const SUBNETS: &[(Platform, &str)] = &[
    (Platform::ContainerApps, "the environment's subnet"),
    (Platform::Functions, "the subnet that the app is integrated with"),
    (Platform::AppService, "the subnet that the app is integrated with"),
    (Platform::Kubernetes, "the subnet of the cluster's nodes"),
    (Platform::HostedMachine, "the subnet that the agent or runner was put into"),
];

/// The advice on `topic` for the machine of this walk; none where nothing is different.
#[must_use]
pub fn on(e: &Evidence, topic: Topic) -> Option<Advice> {
    let asked = |row: &&Row| {
        let wanted = |r| row.resolvers.contains(&resolver_class::of(e, r).class);
        row.resolvers.is_empty() || e.dns.resolvers.iter().any(wanted)
    };
    ADVICE.iter().filter(|row| row.topic == topic).filter(asked).find_map(|row| {
        let platform = row.platforms.iter().copied().find(|one| e.vantage.is_on(*one))?;
        Some(Advice { platform, why: row.why, row })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_has_one_row_a_topic() {
        let mut seen = Vec::new();
        for row in ADVICE {
            for platform in row.platforms {
                let key = (*platform, row.topic, row.resolvers);
                assert!(!seen.contains(&key), "{key:?}");
                seen.push(key);
            }
        }
    }

    #[test]
    fn commands_are_those_of_the_platform_and_show_no_value_of_a_setting() {
        for row in ADVICE {
            for &platform in row.platforms {
                let step = Advice { platform, why: row.why, row }.step();
                let command = step.command.unwrap_or_default();
                assert!(!command.contains("{app}"), "{command}");
                assert!(!command.contains("appsettings list") || command.contains("--query"));
                match platform {
                    Platform::AppService => assert!(!command.contains("functionapp"), "{command}"),
                    Platform::Kubernetes => assert!(!command.contains("systemctl"), "{command}"),
                    Platform::Functions | Platform::ContainerApps => {
                        assert!(!command.contains("az webapp"), "{command}");
                    }
                    _ => {}
                }
            }
        }
    }
}
