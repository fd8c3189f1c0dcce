//! Debian's Chromium without a window, spoken to over its DevTools pipe (messages end with NUL).

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::monitors::{Running, installed};

/// The browser; it ends with the test.
pub(super) struct Browser {
    running: Running,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    number: u64,
    session: Option<String>,
    /// Events that came while an answer was waited for.
    events: Vec<Value>,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) name: &'static str,
    pub(super) scheme: &'static str,
    pub(super) width: u32,
}

impl Browser {
    /// The browser with an empty page; none where it is not installed.
    pub(super) fn start() -> Option<Self> {
        let chromium = installed("chromium")?;
        let profile = tempfile::tempdir().unwrap();
        // The pipe is file descriptors 3 and 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
            .arg(chromium)
            .args(["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"])
            .args(["--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut browser = Self {
            running: Running(child),
            to,
            from: BufReader::new(from),
            number: 0,
            session: None,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// The result of a command.
    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.message();
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        let Some(0) = bytes.pop() else { panic!("Chromium ended: {:?}", self.running.0.wait()) };
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Opens a page; what the console said, and each request besides that of the page.
    pub(super) fn open(&mut self, url: &str, view: View) -> (Vec<Value>, Vec<String>) {
        let scheme = json!([{"name": "prefers-color-scheme", "value": view.scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": scheme}));
        let size =
            json!({"width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.events.clear();
        self.call("Page.navigate", json!({"url": url}));
        let is = |event: &Value, name: &str| event["method"] == name;
        while !self.events.iter().any(|event| is(event, "Page.loadEventFired")) {
            let event = self.message();
            self.events.push(event);
        }
        let said = |event: &&Value| {
            ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"]
                .iter()
                .any(|name| is(event, name))
        };
        let console = self.events.iter().filter(said).cloned().collect();
        let asked = self.events.iter().filter(|event| is(event, "Network.requestWillBeSent"));
        let asked = asked.filter_map(|event| event["params"]["request"]["url"].as_str());
        let requests = asked.filter(|one| **one != *url).map(str::to_owned).collect();
        (console, requests)
    }

    /// The value of an expression in the page, awaited.
    pub(super) fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{result}");
        result["result"]["value"].clone()
    }
}
