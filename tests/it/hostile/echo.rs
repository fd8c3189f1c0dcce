//! Peers that echo the secret: it is in no output, in whatever dress.

use std::io::Write;
use std::sync::mpsc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::peers::{Lab, head, join, tcp};
use super::{HOST, KEY, TIMES, assert_hidden, run, tool};

/// The forms in which peers echo.
fn forms(secret: &str) -> Vec<String> {
    let (first, second) = secret.split_at(secret.len() / 2);
    vec![
        secret.to_owned(),
        secret.to_uppercase(),
        format!("{first} {second}"),
        format!("{first}\", \"{second}"),
        STANDARD.encode(secret),
        STANDARD.encode(format!("api-key: {secret}")),
        secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ]
}

#[test]
fn a_service_that_echoes_the_key() {
    for (number, form) in forms(KEY).into_iter().enumerate() {
        let escaped = form.replace('"', "\\\"");
        let json = format!(
            "{{\"error\":{{\"code\":\"{escaped}\",\"type\":\"{escaped}\",\"message\":\"key \
             {escaped} is wrong\",\"innererror\":{{\"code\":\"{escaped}\"}}}}}}"
        );
        let page = format!("<html>{form}</html>");
        for body in [json, page] {
            let echo = form.clone();
            let (tell, told) = mpsc::channel();
            let tell = std::sync::Mutex::new(tell);
            let lab = Lab::with_tls(move |mut tls| {
                let asked = head(&mut tls);
                let _ = tell.lock().map(|tell| tell.send(asked.contains(KEY)));
                let _ = write!(
                    tls,
                    "HTTP/1.1 401 {echo}\r\nserver: {echo}\r\nvia: 1.1 {echo}\r\nlocation: \
                     https://x/{echo}\r\nwww-authenticate: Bearer realm={echo}\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = tls.flush();
            });
            for format in [["-v", "--format=human"], ["-v", "--format=json"]] {
                let (_, shown) = run(lab.tool().args(format).env("AZURE_OPENAI_API_KEY", KEY));
                assert!(told.recv().expect("a request"), "the key went out: {shown}");
                assert!(shown.contains("[secret]"), "{shown}");
                // The first bytes of a form may be those of what stands before the key.
                for hidden in [KEY, &STANDARD.encode(KEY), &form[16..]] {
                    assert_hidden(hidden, &shown, &format!("form {number}"));
                }
            }
        }
    }
}

#[test]
fn a_proxy_that_echoes_its_password() {
    const PASSWORD: &str = "canary-Passw0rd-of-the-proxy";
    let basic = STANDARD.encode(format!("user:{PASSWORD}"));
    for (answer, tunnel) in [
        ("HTTP/1.1 407 {}\r\nproxy-authenticate: Basic realm=\"{}\"\r\nvia: {}\r\n\r\n", false),
        ("{} is no HTTP\r\n\r\n", false),
        ("HTTP/1.1 200 {}\r\n\r\n", true),
    ] {
        for echo in [PASSWORD, &basic, &PASSWORD.to_uppercase()] {
            let (said, echo) = (answer.replace("{}", echo), echo.to_owned());
            let proxy = tcp(move |mut stream| {
                let _ = head(&mut stream);
                let _ = stream.write_all(said.as_bytes());
                if tunnel {
                    let _ = write!(stream, "HTTP/1.1 400 {echo}\r\n\r\n");
                }
            });
            for scheme in ["http://", ""] {
                let url = format!("{scheme}user:{PASSWORD}@{proxy}");
                for format in ["--format=human", "--format=json"] {
                    let mut command = tool();
                    command.args([HOST, "-v", format, "--resolver=127.0.0.1:1"]).args(TIMES);
                    let (_, shown) = run(command.env("HTTPS_PROXY", &url));
                    assert_hidden(PASSWORD, &shown, answer);
                    assert_hidden(&basic, &shown, answer);
                }
            }
        }
    }
}

#[test]
fn a_service_behind_a_proxy_that_echoes_the_proxys_password() {
    const PASSWORD: &str = "canary-Passw0rd-of-the-proxy";
    let json: String = PASSWORD.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let html: String = PASSWORD.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let spaced: String = PASSWORD.chars().map(|c| format!("{c}\u{200b}")).collect();
    let lines: String = PASSWORD.chars().map(|c| format!("{c}\r\n ")).collect();
    let base32 = data_encoding::BASE32.encode(PASSWORD.as_bytes());
    let far = format!("{} {PASSWORD}", "x".repeat(592));
    for echo in [PASSWORD.to_owned(), json, html, spaced, lines, base32, far] {
        let escaped = echo.replace("\r\n", "\\r\\n");
        let json = format!("{{\"error\":{{\"code\":\"401\",\"message\":\"{escaped}\"}}}}");
        for (body, format) in
            [(json, "--format=human"), (format!("<html>{echo}</html>"), "--format=json")]
        {
            let lab = Lab::with_tls(move |mut tls| {
                let _ = head(&mut tls);
                let _ = write!(
                    tls,
                    "HTTP/1.1 401 x\r\nserver: {}\r\ncontent-length: {}\r\n\r\n{body}",
                    STANDARD.encode(PASSWORD),
                    body.len()
                );
                let _ = tls.flush();
            });
            let endpoint = lab.endpoint;
            let proxy = tcp(move |mut stream| {
                let _ = head(&mut stream);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n");
                join(&stream, endpoint);
            });
            let url = format!("http://user:{PASSWORD}@{proxy}");
            let mut command = lab.tool();
            command.args(["-v", format]).env("HTTPS_PROXY", &url);
            let (_, shown) = run(command.env("AZURE_OPENAI_API_KEY", KEY));
            assert!(shown.contains("[secret]"), "{echo}: {shown}");
            assert_hidden(PASSWORD, &shown, &echo);
            assert_hidden(&STANDARD.encode(PASSWORD), &shown, &echo);
            if echo.is_ascii() && !echo.starts_with('x') {
                assert_hidden(&echo, &shown, &echo);
            }
            let letters: String = shown.chars().filter(char::is_ascii_alphanumeric).collect();
            assert_hidden(&PASSWORD.replace('-', ""), &letters, &echo);
        }
    }
}

#[test]
fn a_session_that_does_not_verify_carries_nothing() {
    let (tell, told) = mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let lab = Lab::with_tls(move |mut tls| {
        let asked = head(&mut tls);
        let _ = tell.lock().map(|tell| tell.send(asked));
    });
    // The root of another lab: the chain is good, and nobody vouches for it.
    let other = Lab::with_tls(drop);
    for key in ["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"] {
        let mut command = lab.tool_trusting(&other);
        // The machine's own store is asked too; as a file without end it vouches for nothing.
        let (output, shown) = run(command.env(key, KEY).env("SSL_CERT_FILE", "/dev/zero"));
        assert_eq!(output.status.code(), Some(2), "{shown}");
        assert!(shown.starts_with("BROKEN at tls"), "{shown}");
        assert_eq!(told.recv().expect("the session's end"), "", "{shown}");
        assert!(told.try_iter().all(|asked| asked.is_empty()), "{shown}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let (tell, told) = mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let elsewhere = tcp(move |_| {
        let _ = tell.lock().map(|tell| tell.send(()));
    });
    for status in [301, 307, 401] {
        let lab = Lab::with_tls(move |mut tls| {
            let _ = head(&mut tls);
            let _ = write!(
                tls,
                "HTTP/1.1 {status} x\r\nlocation: http://{elsewhere}/\r\nrefresh: 0; \
                 url=http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n"
            );
            let _ = tls.flush();
        });
        let (_, shown) = run(lab.tool().env("AZURE_OPENAI_API_KEY", KEY));
        assert!(told.try_recv().is_err(), "{status}: {shown}");
    }
}
