//! Nagios 4 runs the plugin, and shows its state and performance data.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use aoai_probe::evidence::{Evidence, Hop, Observed};
use aoai_probe::render::json;

use super::{PATIENCE, Running, installed, went_well};
use crate::fixtures::{report, root};

#[test]
fn nagios_shows_state_and_perfdata() {
    let Some(nagios) = installed("nagios4") else { return };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let states = [
        ("OK", "healthy", "privately, through 10.3.0.5"),
        ("WARNING", "expires-soon", "tls (tls-expires-soon): "),
        ("CRITICAL", "zone-not-linked", "dns (dns-zone-not-linked): "),
        ("UNKNOWN", "no-tls", "no TLS in this build"),
        ("UNKNOWN", "missing", "cannot be read"),
        ("CRITICAL", "fleet", "2 targets: 1 broken, 1 at risk. "),
    ];
    let text = |program: &str, arguments: &[&str]| {
        went_well(Command::new(program).args(arguments)).trim().to_owned()
    };
    let probe = env!("CARGO_BIN_EXE_aoai-probe");
    let mut objects = fs::read_to_string(root().join("tests/monitors/nagios-objects.cfg")).unwrap();
    objects = objects.replace("@probe@", probe);
    for (_, name, _) in states {
        let change: fn(&mut Evidence) = match name {
            "expires-soon" => |e| {
                let Observed::Done { value, .. } = &mut e.tls else { panic!("TLS ran") };
                value.chain[0].days_left = 9;
            },
            "no-tls" => |e| {
                e.tls = Observed::NotPossible { message: "no TLS in this build".to_owned() };
                e.http = Observed::NotReached { stopped_at: Hop::Tls };
            },
            _ => |_| {},
        };
        if name != "missing" {
            let base = if name == "zone-not-linked" { name } else { "healthy" };
            let mut report = report(base);
            change(&mut report.evidence);
            fs::write(here.join(format!("{name}.json")), json::render(&[report]).unwrap()).unwrap();
        }
        let files: Vec<String> = match name {
            "fleet" => vec!["zone-not-linked", "expires-soon"],
            one => vec![one],
        }
        .into_iter()
        .map(|file| format!("{}/{file}.json", here.display()))
        .collect();
        objects.push_str(&format!(
            "define service {{\n  use path\n  service_description {name}\n  \
             check_command aoai!{}\n}}\n",
            files.join(" ")
        ));
    }
    fs::write(here.join("objects.cfg"), objects).unwrap();
    fs::create_dir_all(here.join("results")).unwrap();
    let config = fs::read_to_string(root().join("tests/monitors/nagios.cfg")).unwrap();
    let config = config
        .replace("@here@", here.to_str().unwrap())
        .replace("@user@", &text("id", &["-un"]))
        .replace("@group@", &text("id", &["-gn"]));
    let path = here.join("nagios.cfg");
    fs::write(&path, config).unwrap();
    went_well(Command::new("mkfifo").arg(here.join("perfdata")));
    went_well(Command::new(&nagios).arg("-v").arg(&path));
    let child = Command::new(&nagios)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running(child);
    // Nagios writes a line for each finished check into the pipe.
    let pipe = here.join("perfdata");
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let pipe = fs::File::open(pipe).unwrap();
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = say.send(line);
        }
    });
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while shown.len() < states.len() {
        let line = heard.recv_timeout(PATIENCE).expect("Nagios runs every check");
        let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        shown.insert(fields[0].clone(), fields);
    }
    for (state, name, message) in states {
        let [_, was, output, perfdata, long] = shown[name].as_slice() else {
            panic!("{:?}", shown[name]);
        };
        assert_eq!(was, state, "{name}: {output}");
        assert!(output.starts_with(&format!("AOAI {state}: ")), "{output}");
        assert!(output.contains(message), "{output}");
        if name == "missing" {
            assert_eq!(perfdata, "");
            continue;
        }
        if name == "fleet" {
            assert!(perfdata.contains("'myacct.openai.azure.com__2_::time'=0."), "{perfdata}");
            assert!(long.contains("[CRITICAL] myacct") && long.contains("[WARNING]"), "{long}");
            continue;
        }
        let labels: Vec<&str> = perfdata.split(' ').map(|p| p.split('=').next().unwrap()).collect();
        assert!(labels.starts_with(&["'time'", "'dns'"]), "{perfdata}");
        assert!(perfdata.contains("'time'=0."), "{perfdata}");
        assert!(long.contains("ok  vantage") || long.contains("dns"), "{long}");
    }
}
