//! macOS. What is read here is checked by the compiler and, as far as it is plain values, by tests on
//! inputs made by hand; no Mac has run it.

mod machine;
mod names;
mod readers;
mod routes;
mod sockets;
mod store;

pub(super) use super::unix::Group;
pub use super::unix::{
    default_signals, end_programs, has_no_reader, host_name, interface_index, lookup, open_files,
    open_to_write, run_as_service, shows_codes, write_event,
};
pub use machine::{azure_machine, c_library, listening_ports, processor_time, protect_process};
pub use names::{
    READS_RESOLV_CONF, RUNS_PROXY_SCRIPTS, lookup_by, proxy_by_script, resolver_settings,
    system_proxies,
};
pub use routes::{default_gateways, interfaces, route_changes, routes, tunnels_down};
pub use sockets::{read_icmp, report_icmp, tcp_info};
