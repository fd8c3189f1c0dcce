//! The service control manager, where it started this process, and its event log.
#![allow(unsafe_code, reason = "the entry point of a service, and the event log")]

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult};
use windows_service::{define_windows_service, service_dispatcher};
use windows_sys::Win32::System::EventLog::{
    EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, RegisterEventSourceW, ReportEventW,
};

use super::text::to_wide;

/// The name under which the process answers; the manager knows a process with one service by its
/// process alone. It is the event log's source too.
const NAME: &str = "aoai-probe";
/// The number of every event: one for which `EventCreate.exe` has the message "%1".
const EVENT: u32 = 1;
/// The longest text of an event, in units of UTF-16 (`ReportEventW`).
const LONGEST_EVENT: usize = 31_839;

/// What the manager asked for.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// To end.
    stop: bool,
    /// How often to read the settings again.
    reloads: u64,
}

static ASKED: LazyLock<watch::Sender<Asked>> =
    LazyLock::new(|| watch::Sender::new(Asked::default()));
static PROGRAM: OnceLock<fn() -> u8> = OnceLock::new();
/// Whether this process is a service.
static RUNNING: AtomicBool = AtomicBool::new(false);
static ENDED: OnceLock<u8> = OnceLock::new();

/// What the service control manager asks of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceRequest {
    /// To end: `sc stop`, or the machine shuts down.
    Stop,
    /// To read its settings again: `sc control <name> paramchange`.
    Reload,
}

/// The requests of the service control manager, from now on.
#[derive(Debug)]
pub struct ServiceRequests {
    asked: watch::Receiver<Asked>,
    reloads: u64,
}

impl ServiceRequests {
    /// The next one; never, where this process is no service.
    pub async fn next(&mut self) -> ServiceRequest {
        loop {
            let asked = *self.asked.borrow_and_update();
            if asked.stop {
                return ServiceRequest::Stop;
            }
            if asked.reloads > self.reloads {
                self.reloads = asked.reloads;
                return ServiceRequest::Reload;
            }
            if self.asked.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// What the service control manager asks for from now on.
#[must_use]
pub fn service_requests() -> ServiceRequests {
    let asked = ASKED.subscribe();
    let reloads = asked.borrow().reloads;
    ServiceRequests { asked, reloads }
}

define_windows_service!(entry_point, serve);

/// Runs `program` as a service, where the service control manager started this process, and returns
/// its exit status; none where a user or another program did.
pub fn run_as_service(program: fn() -> u8) -> Option<u8> {
    let _ = PROGRAM.set(program);
    // Without the manager it fails at once (ERROR_FAILED_SERVICE_CONTROLLER_CONNECT).
    service_dispatcher::start(NAME, entry_point).ok()?;
    Some(ENDED.get().copied().unwrap_or(0))
}

/// The service's own thread.
fn serve(_: Vec<OsString>) {
    RUNNING.store(true, Ordering::Relaxed);
    let Ok(manager) = service_control_handler::register(NAME, handle) else { return };
    let set = |state, exit_code| {
        let running = state == ServiceState::Running;
        let accepted = ServiceControlAccept::STOP
            | ServiceControlAccept::SHUTDOWN
            | ServiceControlAccept::PARAM_CHANGE;
        // A manager that is gone reads no status.
        let _ = manager.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: if running { accepted } else { ServiceControlAccept::empty() },
            exit_code,
            checkpoint: 0,
            wait_hint: Duration::ZERO,
            process_id: None,
        });
    };
    set(ServiceState::Running, ServiceExitCode::NO_ERROR);
    let status = PROGRAM.get().map_or(0, |program| program());
    let _ = ENDED.set(status);
    set(
        ServiceState::Stopped,
        match status {
            0 => ServiceExitCode::NO_ERROR,
            status => ServiceExitCode::ServiceSpecific(status.into()),
        },
    );
}

/// Called by the manager. It waits for the end as long as it waits for any service, which is longer
/// than this program needs.
fn handle(control: ServiceControl) -> ServiceControlHandlerResult {
    match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            ASKED.send_modify(|asked| asked.stop = true);
        }
        ServiceControl::ParamChange => ASKED.send_modify(|asked| asked.reloads += 1),
        ServiceControl::Interrogate => {}
        _ => return ServiceControlHandlerResult::NotImplemented,
    }
    ServiceControlHandlerResult::NoError
}

/// Writes a line of a service into the event log "Application", from the source `aoai-probe`: a
/// service has no standard error that is read.
pub fn write_event(line: &str, is_trouble: bool) {
    if !RUNNING.load(Ordering::Relaxed) {
        return;
    }
    let source = to_wide(NAME.as_ref());
    let mut text = to_wide(line.as_ref());
    if text.len() > LONGEST_EVENT {
        text.truncate(LONGEST_EVENT - 1);
        text.push(0);
    }
    let kind = if is_trouble { EVENTLOG_WARNING_TYPE } else { EVENTLOG_INFORMATION_TYPE };
    let texts = [text.as_ptr()];
    // SAFETY: both texts end with a zero; the handle is closed with the process, which has one.
    unsafe {
        static LOG: OnceLock<usize> = OnceLock::new();
        let log =
            *LOG.get_or_init(|| RegisterEventSourceW(std::ptr::null(), source.as_ptr()) as usize);
        if log != 0 {
            ReportEventW(
                log as *mut std::ffi::c_void,
                kind,
                0,
                EVENT,
                std::ptr::null_mut(),
                1,
                0,
                texts.as_ptr(),
                std::ptr::null(),
            );
        }
    }
}
