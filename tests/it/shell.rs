//! More of the program's promises to a shell: pipes, signals, little memory, words that are no
//! target, an inventory of which a file is missing.

use std::fs;
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use crate::program::{Ran, alone, program, run, saved};

#[test]
fn words_that_are_no_target_are_asked_back() {
    for (word, meant) in [
        ("histroy", "aoai-probe history"),
        ("chekc", "aoai-probe check"),
        ("version", "aoai-probe --version"),
        ("targets.toml", "aoai-probe check --config targets.toml"),
        ("report.json", "aoai-probe diagnose report.json"),
    ] {
        run(&[word]).refused(meant);
        run(&["--plan", word]).refused("is");
    }
    for word in ["histroy", "chekc", "version"] {
        run(&[word]).refused(&format!("{word}.openai.azure.com"));
        let name = format!("{word}.openai.azure.com");
        assert!(run(&["--plan", &name]).went_well().contains(&name));
    }
    run(&["histroy", "--since", "24h"])
        .refused("hint: did you mean the command `aoai-probe history`?");
}

#[test]
fn options_of_other_tools_get_the_right_hint() {
    for (option, hint) in [
        ("--json", "--format json"),
        ("-k", "--ca-file"),
        ("--insecure", "always verified"),
        ("--port", "append the port"),
        ("--key", "AZURE_OPENAI_API_KEY"),
        ("--token=x", "AZURE_OPENAI_AD_TOKEN"),
        ("--debug", "-v shows"),
        ("--url", "give the target without an option"),
        ("--header", "the calls are fixed"),
    ] {
        run(&[option, "myacct"]).refused("hint: ");
        run(&[option, "myacct"]).refused(hint);
    }
}

#[test]
fn a_target_whose_file_is_missing_cannot_be_told_and_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("targets.toml");
    fs::write(folder.path().join("empty"), "").unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (none, empty) = (file("none"), file("empty"));
    let entries = [
        format!("api_key_file = {none:?}"),
        format!("ca_file = {none:?}"),
        format!("token_file = {empty:?}"),
        format!("api_key_file = {:?}", folder.path()),
        "api_key_variable = \"NOT_SET_ANYWHERE\"".to_owned(),
    ];
    let text: String = entries
        .iter()
        .zip(1..)
        .map(|(entry, n)| format!("[[target]]\ntarget = \"myacct\"\nname = \"t{n}\"\n{entry}\n"))
        .collect();
    fs::write(&inventory, text).unwrap();
    let inventory = inventory.display().to_string();
    let human = run(&["check", "--config", &inventory]);
    assert_eq!(human.status, 3, "{}{}", human.out, human.err);
    assert!(human.out.starts_with("5 targets: 5 cannot tell\n"), "{}", human.out);
    assert!(human.out.contains("not walked: ") && human.out.contains(&none), "{}", human.out);
    let json = run(&["check", "--config", &inventory, "--format", "json"]);
    let reports: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    for report in reports.as_array().unwrap() {
        assert_eq!(report["verdict"]["state"], "cannot_tell");
        assert!(report["verdict"]["line"].as_str().unwrap().starts_with("CANNOT TELL: not walked"));
    }
    // By hand it is a wrong use.
    run(&["myacct", "--api-key-file", &none]).refused(&none);
}

#[test]
fn an_option_that_belongs_to_one_target_is_not_laid_over_many() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("targets.toml");
    fs::write(&inventory, "[[target]]\ntarget = \"a1\"\n[[target]]\ntarget = \"a2\"\n").unwrap();
    let inventory = inventory.display().to_string();
    let over = |options: &[&str]| {
        run(&[&["check", "--plan", "--config", &inventory][..], options].concat())
    };
    over(&["--deployment", "gpt-4o"]).refused("--deployment belongs to one target");
    over(&["--api-key-file", "k"]).refused("--api-key-file belongs to one target");
    over(&["--service", "openai"]).refused("the key 'service'");
    let one = over(&["a1.openai.azure.com", "--deployment", "gpt-4o", "--resolver", "127.0.0.9"]);
    assert!(one.went_well().contains("/deployments/gpt-4o/"), "{}", one.out);
    assert!(one.out.contains("127.0.0.9") && !one.out.contains("a2."), "{}", one.out);
    let all = over(&["--credential", "none", "--deep", "--timeout", "2", "--expect", "private"]);
    assert!(all.went_well().contains("a2.openai.azure.com would contact"), "{}", all.out);
}

#[cfg(unix)]
#[test]
fn a_pipe_that_no_program_reads_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(folder.path(), "healthy");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (good, name) = (good.display().to_string(), pipe.display().to_string());
    run(&["diagnose", "-o", &name, &good]).refused("no program reads from this pipe");
    let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    assert_eq!(run(&["diagnose", "-o", &name, &good]).status, 0);
    let read = reader.wait_with_output().unwrap();
    assert!(read.stdout.starts_with(b"WORKS"), "{read:?}");
    let shown = run(&["diagnose", "-o", "/dev/stdout", &good]);
    assert!(shown.went_well().starts_with("WORKS"), "{}", shown.out);
    #[cfg(target_os = "linux")]
    run(&["diagnose", "-o", "/dev/full", &good]).refused("/dev/full");
}

#[cfg(unix)]
#[test]
fn an_interrupted_walk_shows_what_is_known() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let folder = tempfile::tempdir().unwrap();
        // A resolver that is asked and never answers.
        let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = resolver.local_addr().unwrap().to_string();
        let Some(mut command) = alone(&program_path(), folder.path(), false) else { return };
        let child = command
            .args(["myacct", "--resolver", &address, "--timeout", "60", "--deadline", "60"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        resolver.recv_from(&mut [0; 512]).unwrap();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.status, status, "{}{}", ran.out, ran.err);
        let first = ran.out.lines().next().unwrap_or_default();
        assert!(first.starts_with("CANNOT TELL: interrupted after "), "{}", ran.out);
        assert!(first.ends_with("while dns was under way"), "{first}");
        assert!(ran.err.contains("interrupted"), "{}", ran.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_between_repeated_checks_ends_with_the_summary() {
    use std::io::{BufRead, BufReader};
    for (format, words) in [("human", "1 check of a1"), ("json-lines", "{\"schema_version\"")] {
        let folder = tempfile::tempdir().unwrap();
        let Some(mut command) = alone(&program_path(), folder.path(), true) else { return };
        // The path of the first check is broken at once; then it waits for the second.
        let resolver = "127.0.0.1:9";
        let mut child = command
            .args(["a1", "--resolver", resolver, "--timeout", "0.3", "--format", format])
            .args(["--count", "100", "--interval", "60"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        if format == "json-lines" {
            out.read_line(&mut first).unwrap();
        } else {
            std::thread::sleep(std::time::Duration::from_secs(2));
        }
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        std::io::Read::read_to_string(&mut out, &mut first).unwrap();
        let ran = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(130), "{first}{err}");
        assert!(first.starts_with(words), "{first}");
        assert!(err.contains("interrupted: 1 of 100 checks"), "{err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_in_the_first_of_repeated_checks_counts_none() {
    let folder = tempfile::tempdir().unwrap();
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = resolver.local_addr().unwrap().to_string();
    let Some(mut command) = alone(&program_path(), folder.path(), false) else { return };
    let child = command
        .args(["myacct", "--resolver", &address, "--timeout", "60", "--deadline", "60"])
        .args(["--count", "3"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    resolver.recv_from(&mut [0; 512]).unwrap();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ran = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(130), "{out}{err}");
    assert!(out.starts_with("no check of myacct.openai.azure.com is complete"), "{out}");
    assert!(!out.contains("100%") && !out.contains("0.0 ms"), "{out}");
    assert!(out.contains("CANNOT TELL: interrupted after "), "{out}");
    assert!(err.contains("interrupted: 0 of 3 checks"), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_interrupt_ends_a_run_that_cannot_write() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = resolver.local_addr().unwrap().to_string();
    let Some(mut command) = alone(&program_path(), folder.path(), false) else { return };
    let mut child = command
        .args(["myacct", "--resolver", &address, "--timeout", "60", "--deadline", "60", "-o"])
        .arg(&pipe)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    resolver.recv_from(&mut [0; 512]).unwrap();
    let pid = child.id().to_string();
    let interrupt = || {
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    };
    interrupt();
    // Now it waits for a program that reads from the pipe.
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("interrupted")));
    interrupt();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (None, Some(2)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_for_how_long_a_hop_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let resolver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = resolver.local_addr().unwrap();
    let Some(mut command) = alone("script".as_ref(), folder.path(), false) else { return };
    let walk = format!(
        "{} myacct --resolver {address} --timeout 2.5 --color never",
        program_path().display()
    );
    let out = command.env("TERM", "xterm").args(["-qec", &walk, "/dev/null"]).output().unwrap();
    let shown = String::from_utf8(out.stdout).unwrap();
    let (before, report) = shown.split_once("BROKEN at dns").unwrap_or_else(|| panic!("{shown:?}"));
    for seconds in ["1 s", "2 s"] {
        let line = format!("\r  dns       no answer yet, {seconds}\u{1b}[K");
        assert!(before.contains(&line), "{seconds}: {before:?}");
    }
    // The report takes their place, and nothing of them stays in it.
    assert!(before.contains("\r\u{1b}[K"), "{before:?}");
    assert!(!report.contains("no answer yet"), "{report:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn several_targets_by_hand_begin_with_their_causes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = alone(&program_path(), folder.path(), false) else { return };
    let walk = ["acct-a", "acct-b", "acct-c", "--resolver", "127.0.0.1:9", "--timeout", "1"];
    let ran = Ran::of(command.args(walk).output().unwrap());
    assert_eq!(ran.status, 2, "{}", ran.out);
    let first = "\nacct-a.openai.azure.com\nBROKEN at dns (";
    let (summary, reports) = ran.out.split_once(first).expect("a report");
    let reports = format!("{first}{reports}");
    assert!(summary.starts_with("3 targets: 3 broken\n"), "{summary}");
    assert_eq!(reports.matches("BROKEN at dns (").count(), 3, "{reports}");
    // The cause once, then a line a target.
    assert_eq!(summary.matches("\nBROKEN at dns (").count(), 1, "{summary}");
    for target in ["acct-a", "acct-b", "acct-c"] {
        let line = format!("\n  {target}.openai.azure.com  BROKEN at dns (");
        assert!(summary.contains(&line), "{summary}");
    }
    assert!(summary.contains("aoai-probe -v --resolver 127.0.0.1:9 --timeout 1 "), "{summary}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_webhook_at_localhost_goes_to_this_machine_whatever_the_hosts_file_says() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "10.255.255.1 localhost\n").unwrap();
    let inventory = folder.path().join("targets.toml");
    let text = "[watch.webhook]\nurl_variable = \"HOOK\"\ntimeout = \"5s\"\n\
                [[target]]\ntarget = \"myacct\"\n";
    fs::write(&inventory, text).unwrap();
    let receiver = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = format!("http://localhost:{}/hook", receiver.local_addr().unwrap().port());
    let Some(mut command) = alone("sh".as_ref(), folder.path(), false) else { return };
    let script = r#"mount --bind "$1" /etc/hosts && shift && exec "$@""#;
    command.args(["-c", script, "sh"]).arg(&hosts).arg(program_path()).env("HOOK", hook);
    let child = command
        .args(["watch", "--test-webhook", "--config"])
        .arg(&inventory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let received = std::thread::spawn(move || {
        let (mut from, _) = receiver.accept().unwrap();
        let mut head = [0; 1024];
        let read = from.read(&mut head).unwrap();
        from.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.went_well(), "webhook: the test was accepted\n");
    assert!(received.join().unwrap().starts_with("POST /hook HTTP/1.1\r\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn little_memory_is_said_and_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(folder.path(), "healthy").display().to_string();
    for megabytes in (8..200).step_by(12) {
        let limit = format!("--as={}", megabytes << 20);
        let mut command = Command::new("prlimit");
        command.env_clear().env("PATH", "/usr/bin:/bin").arg(limit).arg(program_path());
        let out = command.args(["diagnose", &good]).output().unwrap();
        let err = String::from_utf8_lossy(&out.stderr).into_owned();
        // What the loader or Rust's own start cannot have is not ours to say.
        let before_main = err.contains("error while loading shared libraries")
            || err.contains("failed to map segment")
            || out.stderr.is_empty() && out.stdout.is_empty();
        if before_main {
            continue;
        }
        let status = out.status.code();
        assert!(matches!(status, Some(0 | 64 | 70)), "{megabytes} MB: {:?}: {err}", out.status);
        assert!(!err.contains("panicked") && !err.contains("bug of ours"), "{megabytes} MB: {err}");
    }
}

fn program_path() -> std::path::PathBuf {
    program().get_program().into()
}
