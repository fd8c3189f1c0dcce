//! Prometheus itself scrapes `serve`, nginx before one of two exporters, in a namespace whose
//! only machine is this one.

use std::process::Command;

use super::{installed, went_well};
use crate::fixtures::root;

/// Runs a script of `tests/monitors` before the miniature Azure, where namespaces are permitted.
fn before_the_lab(script: &str, arguments: &[&str]) -> Option<String> {
    let allowed = Command::new("unshare").args(["--map-root-user", "--net", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI needs namespaces");
        eprintln!("skipped: this machine permits no namespaces");
        return None;
    }
    let mut command = Command::new("sh");
    command.current_dir(root()).arg("benches/loopback.sh").arg("sh");
    Some(went_well(command.arg(format!("tests/monitors/{script}")).args(arguments)))
}

#[test]
fn prometheus_scrapes_two_exporters_one_behind_nginx() {
    if installed("prometheus").is_none() || installed("nginx").is_none() {
        return;
    }
    let binary = env!("CARGO_BIN_EXE_aoai-probe");
    if let Some(said) = before_the_lab("prometheus.sh", &[binary]) {
        assert!(said.contains("8 targets over two exporters"), "{said}");
    }
}
