//! Questions to Resource Manager about walks that were made, by this run or by an earlier one.

use super::interruption::{Interruption, interrupted};
use super::runtime;
use crate::args::{AzureOptions, AzureQuestions, AzureWay};
use crate::azure::Scope;
use crate::clouds::Cloud;
use crate::credential::{self, Credential, CredentialOptions};
use crate::evidence::azure::{AzureEvidence, ResourceId};
use crate::evidence::{Evidence, Trust};
use crate::files::May;
use crate::monitor::round::run_concurrently;
use crate::target::Target;
use crate::walk;
use crate::walk::plan::{DEADLINE, Plan, TIMEOUT};
use crate::wire::roots::ExtraRoots;
use crate::world::{self, World};

/// Targets that are asked about at the same time: each has connections of its own.
const CONCURRENCY: usize = 2;

/// Who asks Resource Manager, how it is reached, and what it is asked.
pub(super) struct Azure<'a> {
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    pub(super) credentials: Vec<(Cloud, Credential)>,
    pub(super) scope: Scope,
}

impl<'a> Azure<'a> {
    /// Finds the credential for each cloud; none is asked for before a read.
    ///
    /// # Errors
    ///
    /// What is wrong with the source, or with an id that was given.
    pub(super) fn new(
        questions: &AzureQuestions,
        options: &CredentialOptions,
        plan: &'a Plan,
        world: &'a World,
        clouds: impl Iterator<Item = Cloud>,
    ) -> Result<Self, String> {
        let mut credentials: Vec<(Cloud, Credential)> = Vec::new();
        let source = questions.azure_credential.as_ref();
        for (at, cloud) in clouds.enumerate() {
            if at > 0 && questions.account_id.is_some() {
                return Err(
                    "--account-id is the id of one account: ask about one target or report \
                            at a time"
                        .to_owned(),
                );
            }
            if !credentials.iter().any(|(known, _)| *known == cloud) {
                let environment = &world.environment;
                let found =
                    Credential::find_for_resource_manager(options, source, environment, cloud);
                credentials.push((cloud, found.map_err(|e| e.to_string())?));
            }
        }
        let scope = Scope {
            account: questions.account_id.clone(),
            subscription: questions.subscription.clone(),
            effective: questions.azure_effective,
            ..Scope::default()
        };
        Ok(Self { plan, world, credentials, scope })
    }

    /// The same with the id of this machine, where it is one of Azure's. For walks that this
    /// machine made itself.
    pub(super) async fn with_this_machine(mut self) -> Self {
        self.scope.this_machine = walk::azure::this_machine(self.world).await;
        self
    }

    /// Reads about each walk that came to its end, and puts what was read into its evidence.
    /// Returns the signal that ended it.
    pub(super) async fn read(&self, walks: &mut [Evidence]) -> Option<Interruption> {
        let each =
            walks.iter_mut().filter(|walked| walked.unfinished.is_none()).map(|walked| async {
                let said = self.read_about(walked).await;
                walked.azure = said.map(Box::new);
            });
        let all = run_concurrently(each, CONCURRENCY, drop);
        tokio::select! {
            biased;
            interruption = interrupted() => Some(interruption),
            () = all => None,
        }
    }

    /// Reads about one walk.
    pub(super) async fn read_about(&self, walked: &Evidence) -> Option<AzureEvidence> {
        let cloud = walk::azure::cloud(&walked.target);
        let (_, credential) = self.credentials.iter().find(|(known, _)| *known == cloud)?;
        Some(walk::azure::read(walked, self.plan, self.world, credential, &self.scope).await)
    }
}

/// What reads about saved reports need of this machine.
pub(super) struct Offline {
    pub(super) plan: Plan,
    pub(super) world: World,
    options: CredentialOptions,
}

impl Offline {
    /// The plan and the world by these options.
    ///
    /// # Errors
    ///
    /// What is wrong with a file that they name.
    pub(super) fn new(way: &AzureWay, mut world: World) -> Result<Self, String> {
        world.connect_overrides.splice(..0, way.connect_to.iter().cloned());
        let deadline = way.deadline.unwrap_or(DEADLINE);
        let extra_roots = match &way.ca_file {
            None => ExtraRoots::default(),
            Some(path) => world::ca_file(path, May::BeAnything, deadline)
                .map_err(|message| format!("--ca-file {path}: {message}"))?,
        };
        let plan = Plan {
            proxy: way.proxy.clone().unwrap_or_default(),
            trust: way.trust.map_or(Trust::Public, Trust::from),
            ca_file: way.ca_file.clone(),
            extra_roots,
            timeout: way.timeout.unwrap_or(TIMEOUT),
            deadline,
            ..Plan::default()
        };
        let options = CredentialOptions {
            identity: way.identity.clone(),
            host: credential::Host { azure: world.azure.answer, arc_agent: world.arc_agent },
            pipe_timeout: deadline,
            ..CredentialOptions::default()
        };
        Ok(Self { plan, world, options })
    }

    /// Who asks, about walks to these clouds.
    ///
    /// # Errors
    ///
    /// As [`Azure::new`].
    pub(super) fn azure(
        &self,
        questions: &AzureQuestions,
        clouds: impl Iterator<Item = Cloud>,
    ) -> Result<Azure<'_>, String> {
        Azure::new(questions, &self.options, &self.plan, &self.world, clouds)
    }

    /// Reads about the walks of saved reports.
    ///
    /// # Errors
    ///
    /// What keeps it from being asked at all.
    pub(super) fn read(
        &self,
        questions: &AzureQuestions,
        walks: &mut [Evidence],
        made_here: bool,
    ) -> Result<Option<Interruption>, String> {
        let clouds: Vec<Cloud> =
            walks.iter().map(|walked| walk::azure::cloud(&walked.target)).collect();
        let azure = self.azure(questions, clouds.into_iter())?;
        let runtime = runtime()?;
        let ended = runtime.block_on(async {
            let azure = if made_here { azure.with_this_machine().await } else { azure };
            azure.read(walks).await
        });
        runtime.shutdown_background();
        Ok(ended)
    }
}

impl Offline {
    /// Reads everything about an account's private access; none where a signal came first.
    ///
    /// # Errors
    ///
    /// What keeps it from being asked at all.
    pub(super) fn audit(
        &self,
        questions: &AzureQuestions,
        of: &Evidence,
    ) -> Result<Option<AzureEvidence>, String> {
        let cloud = walk::azure::cloud(&of.target);
        let mut azure = self.azure(questions, std::iter::once(cloud))?;
        azure.scope.audit = true;
        let runtime = runtime()?;
        let said = runtime.block_on(async {
            tokio::select! {
                biased;
                _ = interrupted() => None,
                said = azure.read_about(of) => said,
            }
        });
        runtime.shutdown_background();
        Ok(said)
    }
}

/// The ids that were typed: they must not be secrets.
pub(super) fn typed(questions: &AzureQuestions) -> impl Iterator<Item = &str> {
    let account = questions.account_id.as_ref().map(ResourceId::as_str);
    questions.subscription.as_deref().into_iter().chain(account)
}

/// What the reads about a target would contact; empty where none was asked for.
pub(super) fn contacts(
    azure: &AzureOptions,
    target: &Target,
    plan: &Plan,
    world: &World,
    options: &CredentialOptions,
) -> String {
    if !azure.azure {
        return String::new();
    }
    let source = azure.questions.azure_credential.as_ref();
    let options = credential::for_resource_manager(options, source, &world.environment);
    let token = credential::destinations::planned_for_resource_manager(
        &options,
        &world.environment,
        target,
    );
    let effective = azure.questions.azure_effective;
    let lines = walk::contacts::azure(plan, target, world, token, effective);
    lines.iter().map(|line| format!("  {line}\n")).collect()
}
