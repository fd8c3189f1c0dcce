//! Windows 10, Windows Server 2016 and later.

mod machine;
mod names;
mod programs;
mod routes;
mod sockets;

pub use machine::{
    azure_machine, c_library, default_signals, has_no_reader, open_files, open_to_write,
    protect_process,
};
pub use names::{READS_RESOLV_CONF, host_name, lookup, lookup_by, resolver_settings};
pub(super) use programs::Group;
pub use programs::end_programs;
pub use routes::{default_gateways, interfaces, listening_ports, routes, tunnels_down};
pub use sockets::{read_icmp, report_icmp, tcp_info};
