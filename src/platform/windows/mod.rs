//! Windows 10, Windows Server 2016 and later.

mod adapters;
mod addresses;
mod console;
mod echo;
mod machine;
mod names;
mod permissions;
mod programs;
mod proxy;
mod readers;
mod routes;
mod service;
mod sockets;
mod text;

pub use console::shows_codes;
pub use echo::echo;
pub use machine::{
    azure_machine, c_library, default_signals, has_no_reader, open_files, open_to_write,
    processor_time, protect_process,
};
pub use names::{
    READS_RESOLV_CONF, host_name, interface_index, lookup, lookup_by, resolver_settings,
};
pub use permissions::open_to;
pub(super) use programs::Group;
pub use programs::end_programs;
pub use proxy::{RUNS_PROXY_SCRIPTS, proxy_by_script, system_proxies};
pub use routes::{
    default_gateways, interfaces, listening_ports, route_changes, routes, tunnels_down,
};
pub use service::{ServiceRequest, ServiceRequests, run_as_service, service_requests, write_event};
pub use sockets::{read_icmp, report_icmp, tcp_info};
