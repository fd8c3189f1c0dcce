//! The proxy settings of Windows.
#![allow(unsafe_code, reason = "structures of texts that the system allocates")]

use windows_sys::Win32::Foundation::GlobalFree;
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG, WINHTTP_PROXY_INFO,
    WinHttpGetDefaultProxyConfiguration, WinHttpGetIEProxyConfigForCurrentUser,
};

use super::text::from_wide;
use crate::platform::{ProxySettings, SystemProxies};

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
