//! A pod of AKS with workload identity: the cluster writes an assertion into a file (fact I4).

use super::{Detected, Source, chain};
use crate::credential::entra::{Application, AssertionFile};

const VARIABLE: &str = "AZURE_FEDERATED_TOKEN_FILE";

pub(super) const SOURCE: Source = Source {
    name: "workload-identity",
    title: "a pod with AZURE_FEDERATED_TOKEN_FILE",
    variables: &[VARIABLE],
    shared_variables: Application::VARIABLES,
    detect: |probe| {
        let path = probe.environment.get(VARIABLE)?.to_owned();
        let application = Application::configured(probe.environment)?;
        Some(Detected::flow(VARIABLE, AssertionFile { application, path, named_by: VARIABLE }))
    },
    class: Some(chain::WORKLOAD_IDENTITY),
    ..Source::BASE
};
