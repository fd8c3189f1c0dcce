//! Port 443: nginx as the service, or whatever else the operator put there.

use std::fs;
use std::path::Path;

use super::answers::{self, scripted};
use super::certificates::Authorities;
use super::postgresql;
use super::run_tool::{KEY, token};
use super::servers::Servers;
use super::world::{Answer, ENDPOINT, Endpoint, EndpointSoftware, FRONT, World};

/// Starts the endpoint and, where the world has one, the public front.
///
/// # Errors
/// A file cannot be written or a server does not start.
pub fn start(
    world: &World,
    work: &Path,
    authorities: &Authorities,
    servers: &mut Servers,
) -> Result<(), String> {
    if let Some(front) = &world.front {
        // Before the endpoint starts, which may show this one as well.
        authorities.issue(work, "front", front.certificate)?;
    }
    one("endpoint", "endpoint", ENDPOINT, &world.endpoint, work, authorities, servers)?;
    if let Some(front) = &world.front {
        one("front", "internet", FRONT, front, work, authorities, servers)?;
    }
    Ok(())
}

/// The healthy service alone, for measurements.
///
/// # Errors
/// A file cannot be written or the server does not start.
pub fn healthy(
    work: &Path,
    authorities: &Authorities,
    servers: &mut Servers,
) -> Result<(), String> {
    one("endpoint", "endpoint", ENDPOINT, &Endpoint::default(), work, authorities, servers)
}

/// Waits until they listen.
///
/// # Errors
/// One does not.
pub fn ready(world: &World, servers: &mut Servers) -> Result<(), String> {
    for (at, endpoint) in [(ENDPOINT, Some(&world.endpoint)), (FRONT, world.front.as_ref())] {
        let software = endpoint.map_or(EndpointSoftware::None, |endpoint| endpoint.software);
        if software != EndpointSoftware::None {
            servers.listens(&format!("{at}:{}", software.port()))?;
        }
    }
    Ok(())
}

fn one(
    name: &str,
    host: &str,
    address: &str,
    endpoint: &Endpoint,
    work: &Path,
    authorities: &Authorities,
    servers: &mut Servers,
) -> Result<(), String> {
    authorities.issue(work, name, endpoint.certificate)?;
    let chain = work.join(format!("{name}.chain.pem")).display().to_string();
    let key = work.join(format!("{name}.key.pem")).display().to_string();
    let at = format!("{address}:443");
    let both = work.join(format!("{name}.both.pem")).display().to_string();
    let config: Vec<String> = endpoint
        .config
        .iter()
        .map(|line| {
            line.replace("{work}", &work.display().to_string())
                .replace("{chain}", &chain)
                .replace("{key}", &key)
                .replace("{both}", &both)
        })
        .collect();
    let s_server = [
        "s_server",
        "-quiet",
        "-accept",
        &at,
        "-cert",
        &chain,
        "-cert_chain",
        &chain,
        "-key",
        &key,
    ];
    match endpoint.software {
        EndpointSoftware::None => Ok(()),
        EndpointSoftware::Nginx
        | EndpointSoftware::NginxPlain
        | EndpointSoftware::NginxRefusesName => {
            let file = work.join(format!("{name}.nginx.conf"));
            fs::write(&file, nginx(name, &at, endpoint, &config, work))
                .map_err(|e| format!("{}: {e}", file.display()))?;
            let file = file.display().to_string();
            let prefix = work.display().to_string();
            servers.start(name, host, "nginx", &["-p", &prefix, "-e", "stderr", "-c", &file])
        }
        EndpointSoftware::HaproxyWithoutBackend | EndpointSoftware::Haproxy => {
            let file = work.join(format!("{name}.haproxy.cfg"));
            let sections = match endpoint.software {
                EndpointSoftware::Haproxy => config.join("\n"),
                _ => format!(
                    "frontend aoai\n  bind {at}\n  default_backend endpoint\nbackend endpoint"
                ),
            };
            let text = format!(
                "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  \
                 timeout server 30s\n{sections}\n"
            );
            fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
            servers.start(name, host, "haproxy", &["-db", "-f", &file.display().to_string()])
        }
        EndpointSoftware::OpensslTls11 => {
            let mut args = s_server.to_vec();
            args.extend(["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
            servers.start(name, host, "openssl", &args)
        }
        EndpointSoftware::OpensslNoAnswer => servers.start(name, host, "openssl", &s_server),
        EndpointSoftware::Openssl => {
            let mut args = s_server.to_vec();
            args.extend(config.iter().map(String::as_str));
            servers.start(name, host, "openssl", &args)
        }
        EndpointSoftware::Postgresql | EndpointSoftware::PostgresqlPlain => {
            let tls = endpoint.software == EndpointSoftware::Postgresql;
            postgresql::start(name, host, address, tls, work, servers)
        }
        EndpointSoftware::SshGreeting => {
            let own = std::env::current_exe().map_err(|e| e.to_string())?;
            servers.start(name, host, &own.display().to_string(), &["--greeting", &at])
        }
    }
}

/// nginx.conf of the service: one process, every answer with the service's headers, every
/// secret that arrives in the access log.
fn nginx(name: &str, at: &str, endpoint: &Endpoint, config: &[String], work: &Path) -> String {
    let work = work.display();
    let answer = endpoint.answer;
    let listen = match endpoint.software {
        EndpointSoftware::NginxPlain => format!("listen {at};"),
        EndpointSoftware::NginxRefusesName => {
            format!("listen {at} ssl;\n    ssl_reject_handshake on;")
        }
        _ => format!(
            "listen {at} ssl;\n    ssl_certificate {work}/{name}.chain.pem;\n    \
             ssl_certificate_key {work}/{name}.key.pem;\n    ssl_protocols TLSv1.2 TLSv1.3;"
        ),
    };
    let mut headers: Vec<(&str, &str)> = Vec::new();
    if answers::is_the_service(answer) {
        headers.extend(answers::FRONT_HEADERS);
    }
    let locations = match scripted(answer) {
        _ if !config.is_empty() => config.join("\n    ").replace("{healthy}", &known_callers()),
        None => known_callers(),
        Some(_) if answer == Answer::CaptivePortal => {
            "location / { return 302 https://login.contoso.example/portal; }".to_owned()
        }
        Some(s) => {
            headers.extend(s.headers);
            format!("location / {{ return {} '{}'; }}", s.status, s.body)
        }
    };
    let headers: String =
        headers.iter().map(|(n, v)| format!("    add_header {n} \"{v}\" always;\n")).collect();
    let kind = if answer == Answer::ApplicationGateway { "text/html" } else { "application/json" };
    let token = token();
    format!(
        "user root;\ndaemon off;\nmaster_process off;\npid {work}/{name}.pid;\n\
         error_log stderr;\nevents {{}}\nhttp {{\n  default_type {kind};\n  server_tokens off;\n  \
         map_hash_bucket_size 1024;\n  \
         client_body_temp_path {work}/{name}.body;\n  proxy_temp_path {work}/{name}.proxy;\n  \
         fastcgi_temp_path {work}/{name}.fastcgi;\n  uwsgi_temp_path {work}/{name}.uwsgi;\n  \
         scgi_temp_path {work}/{name}.scgi;\n  \
         log_format lab '$remote_addr \"$request\" $status api-key=\"$http_api_key\" \
         authorization=\"$http_authorization\" agent=\"$http_user_agent\"';\n  \
         access_log {work}/{name}.access.log lab;\n  \
         map $http_api_key $key {{ default bad; \"\" none; \"{KEY}\" good; }}\n  \
         map $http_authorization $token {{ default bad; \"\" none; \"Bearer {token}\" good; }}\n  \
         map \"$key $token\" $who {{ default bad; \"none none\" none; \"none bad\" none; \
         \"~good\" good; }}\n  \
         map $status $region {{ default \"\"; 200 \"East US\"; 400 \"East US\"; 404 \"East US\"; }}\n  \
         server {{\n    {listen}\n    server_name _;\n{headers}    {locations}\n  }}\n}}\n"
    )
}

/// The healthy service: whom it knows, it answers.
fn known_callers() -> String {
    let refuse = format!(
        "if ($who = none) {{ return 401 '{}'; }}\n      if ($who = bad) {{ return 401 '{}'; }}",
        answers::NO_CREDENTIAL,
        answers::WRONG_KEY
    );
    format!(
        "add_header x-ms-region $region always;\n    \
         location ~ ^/openai/(v1/)?models$ {{\n      {refuse}\n      return 200 '{}';\n    }}\n    \
         location ~ ^/openai/(v1/)?deployments/gpt-4o(/|$) {{\n      {refuse}\n      return 400 '{}';\n    }}\n    \
         location ~ ^/openai/(v1/)?deployments/ {{\n      {refuse}\n      return 404 '{}';\n    }}\n    \
         location / {{\n      {refuse}\n      return 404 '{}';\n    }}",
        answers::MODELS,
        answers::EMPTY_MESSAGES,
        answers::DEPLOYMENT_NOT_FOUND,
        answers::RESOURCE_NOT_FOUND
    )
}
