//! The proxy settings of Windows.
#![allow(unsafe_code, reason = "structures of texts that the system allocates")]

use std::ffi::c_void;
use std::ptr::null;
use std::time::Duration;

use windows_sys::Win32::Foundation::{GetLastError, GlobalFree};
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_ACCESS_TYPE_NO_PROXY, WINHTTP_AUTOPROXY_CONFIG_URL,
    WINHTTP_AUTOPROXY_OPTIONS, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG, WINHTTP_PROXY_INFO,
    WinHttpCloseHandle, WinHttpGetDefaultProxyConfiguration, WinHttpGetIEProxyConfigForCurrentUser,
    WinHttpGetProxyForUrl, WinHttpOpen, WinHttpSetTimeouts,
};

use super::text::{from_wide, to_wide};
use crate::platform::{ProxySettings, ScriptAnswer, SystemProxies};

/// The settings of this user (Internet Options, Group Policy) and those of services (`netsh winhttp`),
/// as WinHTTP gives them.
#[must_use]
pub fn system_proxies() -> Option<SystemProxies> {
    Some(SystemProxies { user: user(), services: services() })
}

fn user() -> Option<ProxySettings> {
    let mut config = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
    // SAFETY: the structure is ours; the system fills it.
    if unsafe { WinHttpGetIEProxyConfigForCurrentUser(&raw mut config) } == 0 {
        return None;
    }
    // SAFETY: each text is null, or the system's, ends with a zero, and is freed once.
    unsafe {
        Some(ProxySettings {
            auto_detect: config.fAutoDetect != 0,
            script: taken(config.lpszAutoConfigUrl),
            servers: taken(config.lpszProxy),
            bypass: taken(config.lpszProxyBypass),
        })
    }
}

fn services() -> Option<ProxySettings> {
    let mut info = WINHTTP_PROXY_INFO::default();
    // SAFETY: the structure is ours; the system fills it.
    if unsafe { WinHttpGetDefaultProxyConfiguration(&raw mut info) } == 0 {
        return None;
    }
    // SAFETY: each text is null, or the system's, ends with a zero, and is freed once.
    let (servers, bypass) = unsafe { (taken(info.lpszProxy), taken(info.lpszProxyBypass)) };
    let named = info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY;
    Some(ProxySettings {
        auto_detect: false,
        script: None,
        servers: servers.filter(|_| named),
        bypass: bypass.filter(|_| named),
    })
}

/// WinHTTP runs scripts that choose a proxy.
pub const RUNS_PROXY_SCRIPTS: bool = true;

/// What WinHTTP makes of the script at the address `script` for `url`: it fetches and runs it, as it does
/// for .NET's HttpClient. Blocks until that is done or given up; `timeout` bounds each phase of the
/// download alone.
#[must_use]
pub fn proxy_by_script(script: &str, url: &str, timeout: Duration) -> Option<ScriptAnswer> {
    let phase = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX).max(1);
    let (script, url) = (to_wide(script.as_ref()), to_wide(url.as_ref()));
    // SAFETY: no text is given; the handle is checked, and closed by its owner.
    let session =
        Session(unsafe { WinHttpOpen(null(), WINHTTP_ACCESS_TYPE_NO_PROXY, null(), null(), 0) });
    if session.0.is_null() {
        // SAFETY: reads this thread's last error.
        return Some(ScriptAnswer::Failed(unsafe { GetLastError() }));
    }
    // Where it fails, the times are WinHTTP's own: the caller waits no longer than it wants to.
    // SAFETY: the session is open.
    unsafe { WinHttpSetTimeouts(session.0, phase, phase, phase, phase) };
    let mut options = WINHTTP_AUTOPROXY_OPTIONS {
        // At the address of the settings: nothing is looked for in the network (WPAD).
        dwFlags: WINHTTP_AUTOPROXY_CONFIG_URL,
        lpszAutoConfigUrl: script.as_ptr(),
        // The server at that address, mostly reached in the clear, may ask for a login, and would get the
        // answer of this user's account. That it wants one is the result.
        fAutoLogonIfChallenged: 0,
        ..WINHTTP_AUTOPROXY_OPTIONS::default()
    };
    let mut info = WINHTTP_PROXY_INFO::default();
    // SAFETY: the texts end with a zero and live until the call ends; both structures are ours.
    let done =
        unsafe { WinHttpGetProxyForUrl(session.0, url.as_ptr(), &raw mut options, &raw mut info) };
    if done == 0 {
        // SAFETY: reads this thread's last error.
        return Some(ScriptAnswer::Failed(unsafe { GetLastError() }));
    }
    // SAFETY: each text is null, or the system's, ends with a zero, and is freed once.
    let (list, _) = unsafe { (taken(info.lpszProxy), taken(info.lpszProxyBypass)) };
    let named = info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY;
    Some(list.filter(|_| named).map_or(ScriptAnswer::Direct, ScriptAnswer::Proxies))
}

/// A session of WinHTTP, or null.
struct Session(*mut c_void);

impl Drop for Session {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it is open, and closed once.
            unsafe { WinHttpCloseHandle(self.0) };
        }
    }
}

/// A text that the caller has to free, which is done here; an empty one is none.
///
/// # Safety
///
/// The pointer is null, or to a text that ends with a zero, that GlobalFree frees, and that is not
/// used afterwards.
unsafe fn taken(text: *mut u16) -> Option<String> {
    // SAFETY: the caller's promise.
    let read = unsafe { from_wide(text) };
    if !text.is_null() {
        // SAFETY: the caller's promise.
        unsafe { GlobalFree(text.cast()) };
    }
    read.filter(|text| !text.trim().is_empty())
}
