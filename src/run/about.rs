//! What a team that helps has to know of a run besides its reports: version, platform, options and
//! variables. Never a secret: of a variable that is not in the list below, or whose value does
//! not have the form that is expected of it, only that it is set.

use super::anonymous::Anonymous;
use crate::credential::{CredentialError, leaked_into_args, looks_like_a_key};
use crate::evidence::text::{clean, holds_at_sign, is_guid};
use crate::files::{self, May};
use crate::platform;
use crate::secret::names_a_secret;
use crate::walk::proxy_choice::shown_variables;
use crate::world::Environment;

/// The form of a value that may be shown.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// An id of Azure's: a GUID.
    Id,
    /// A URL; what follows its path is not shown.
    Url,
    /// An absolute path.
    Path,
    /// A short word.
    Word,
    /// The name of a deployment.
    Deployment,
    /// A language, a country and a character set.
    Locale,
}

/// Variables whose values are harmless.
const SHOWN: &[(&str, Form)] = &[
    ("AZURE_AUTHORITY_HOST", Form::Url),
    ("AZURE_CLIENT_CERTIFICATE_PATH", Form::Path),
    ("AZURE_CLIENT_ID", Form::Id),
    ("AZURE_FEDERATED_TOKEN_FILE", Form::Path),
    ("AZURE_OPENAI_DEPLOYMENT", Form::Deployment),
    ("AZURE_OPENAI_ENDPOINT", Form::Url),
    ("AZURE_SUBSCRIPTION_ID", Form::Id),
    ("AZURE_TENANT_ID", Form::Id),
    ("AZURE_TOKEN_CREDENTIALS", Form::Word),
    ("CURL_CA_BUNDLE", Form::Path),
    ("IDENTITY_ENDPOINT", Form::Url),
    ("LANG", Form::Locale),
    ("LC_ALL", Form::Locale),
    ("LOCALDOMAIN", Form::Word),
    ("MSI_ENDPOINT", Form::Url),
    ("NODE_EXTRA_CA_CERTS", Form::Path),
    ("OPENAI_API_VERSION", Form::Word),
    ("REQUESTS_CA_BUNDLE", Form::Path),
    ("SSL_CERT_DIR", Form::Path),
    ("SSL_CERT_FILE", Form::Path),
    ("TERM", Form::Word),
];

/// Beginnings and ends of the names of other variables that matter.
const BEGIN: &[&str] = &[
    "ACTIONS_ID_TOKEN",
    "ARM_",
    "AZD_",
    "AZURE_",
    "IDENTITY_",
    "IMDS_",
    "KUBERNETES_SERVICE",
    "MSI_",
    "OPENAI_",
    "SSL_",
    "WEBSITE_",
];
const END: &[&str] = &["_PROXY", "_proxy", "_CA_BUNDLE", "_CA_CERTS"];

/// One run, as `about.txt` has it.
pub(super) struct About<'a> {
    /// `check` or `diagnose`.
    pub(super) command: &'a str,
    /// The options that were given, each as one word with its value.
    pub(super) options: Vec<String>,
    pub(super) environment: &'a Environment,
}

impl About<'_> {
    /// The text, with names replaced where the reports have them replaced.
    pub(super) fn text(&self, mut anonymous: Option<&mut Anonymous>) -> String {
        let read = || files::beginning("/proc/sys/kernel/osrelease", May::NotBeAPipe, 128).ok();
        let kernel = platform::HAS_UNIX_PATHS.then(read).flatten();
        let kernel = clean(String::from_utf8_lossy(&kernel.unwrap_or_default()).trim(), 100);
        let kernel = match &mut anonymous {
            Some(anonymous) => anonymous_kernel(&kernel, anonymous),
            None => kernel,
        };
        let or_unknown = |text: String| if text.is_empty() { "not known".to_owned() } else { text };
        let provider = if cfg!(feature = "aws_lc_rs") { "aws-lc-rs" } else { "ring" };
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let mut out = format!(
            "aoai-probe  {}\ncommand     {}\nsystem      {} {}\nkernel      {}\nC library   {}\n\
             build       {build}, TLS provider {provider}\nanonymised  {}\n",
            env!("CARGO_PKG_VERSION"),
            self.command,
            std::env::consts::OS,
            std::env::consts::ARCH,
            or_unknown(kernel),
            or_unknown(platform::c_library()),
            if anonymous.is_some() { "yes" } else { "no" },
        );
        let mut shown = |text: &str, form: Option<Form>| match (&mut anonymous, form) {
            (Some(anonymous), Some(Form::Deployment)) => anonymous.name(text, "deployment"),
            (Some(anonymous), Some(Form::Locale)) => anonymous_locale(text, anonymous),
            (Some(anonymous), _) => anonymous.text(text),
            (None, _) => text.to_owned(),
        };
        out.push_str("\noptions\n");
        for option in &self.options {
            out.push_str(&format!("  {}\n", shown(option, None)));
        }
        if self.options.is_empty() {
            out.push_str("  none\n");
        }
        out.push_str("\nenvironment (values only where they cannot be secret)\n");
        for (name, value) in self.variables() {
            let form = form_of(&name);
            let name = if form.is_some() { name } else { shown(&name, None) };
            let value = match value {
                Shown::Value(value) => shown(&value, form),
                Shown::Remark(remark) => remark.to_owned(),
            };
            out.push_str(&format!("  {name}  {value}\n"));
        }
        out
    }

    /// The variables that matter, each with what may be shown of its value, by name.
    fn variables(&self) -> Vec<(String, Shown)> {
        let proxies = shown_variables(self.environment);
        let matters = |name: &str| {
            form_of(name).is_some()
                || BEGIN.iter().any(|begin| name.starts_with(begin))
                || END.iter().any(|end| name.ends_with(end))
        };
        let one = |name: &str| {
            let Some(value) = self.environment.get(name) else {
                return Shown::Remark("set, and empty");
            };
            if let Some(proxy) = proxies.iter().find(|proxy| proxy.name == name) {
                return self.without_secret(&proxy.value);
            }
            match form_of(name).map(|form| shown_as(value.trim(), form)) {
                Some(Some(value)) => self.without_secret(&value),
                Some(None) => Shown::Remark("set; its value does not have the expected form"),
                None => Shown::Remark("set"),
            }
        };
        let names = self.environment.names().filter(|name| matters(name));
        names.map(|name| (clean(name, 100), one(name))).collect()
    }

    /// A value, unless a variable that is a secret holds it too.
    fn without_secret(&self, value: &str) -> Shown {
        match leaked_into_args(self.environment, &[value]) {
            Err(CredentialError::Misplaced(_)) => {
                Shown::Remark("set; its value is that of a secret")
            }
            _ => Shown::Value(value.to_owned()),
        }
    }
}

/// What is written of a variable.
enum Shown {
    Value(String),
    /// What this program says of it instead.
    Remark(&'static str),
}

fn form_of(name: &str) -> Option<Form> {
    SHOWN.iter().find(|(shown, _)| *shown == name).map(|(_, form)| *form)
}

/// The release of a kernel: its numbers are no address, and names may follow them.
fn anonymous_kernel(release: &str, anonymous: &mut Anonymous) -> String {
    let parts = release.split_inclusive(['-', '.', '_']).map(|part| {
        let name = part.trim_end_matches(['-', '.', '_']);
        match name.bytes().all(|byte| byte.is_ascii_digit()) {
            true => part.to_owned(),
            false => anonymous.text(name) + &part[name.len()..],
        }
    });
    parts.collect()
}

/// A locale without language and country, except for those that every system has.
fn anonymous_locale(locale: &str, anonymous: &mut Anonymous) -> String {
    let (language, rest) = locale.split_at(locale.find('.').unwrap_or(locale.len()));
    match ["C", "POSIX", "en_US"].contains(&language) {
        true => language.to_owned() + rest,
        false => anonymous.name(language, "locale") + rest,
    }
}

/// What may be shown of a value that has the form that is expected of it.
fn shown_as(value: &str, form: Form) -> Option<String> {
    let plain = |extra: &str| {
        value.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c)) && value.len() <= 300
    };
    match form {
        Form::Id => is_guid(value).then(|| value.to_owned()),
        Form::Path => {
            let drive = value.get(1..3).is_some_and(|start| start == ":\\" || start == ":/");
            let absolute = value.starts_with('/') || drive;
            (absolute && plain("/\\:._- ()") && !looks_like_a_key(value)).then(|| value.to_owned())
        }
        Form::Word | Form::Deployment | Form::Locale => {
            let short = value.len() <= 30 && !looks_like_a_key(value);
            (short && plain("-._")).then(|| value.to_owned())
        }
        Form::Url => {
            let url = url::Url::parse(value).ok().filter(|_| !holds_at_sign(value))?;
            let (scheme, host) = (url.scheme(), url.host_str()?);
            let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
            let bare = format!("{scheme}://{host}{port}");
            let known = scheme.starts_with("http") && !looks_like_a_key(host);
            let path = Some(url.path())
                .filter(|path| !looks_like_a_key(&path.replace('/', " ")) && !names_a_secret(path));
            known.then(|| clean(&(bare + path.unwrap_or("/[not shown]")), 300))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_variables_keep_their_names_and_not_the_owners_words() {
        let pairs = [
            ("AZURE_OPENAI_DEPLOYMENT", "chat"),
            ("LANG", "de_DE.UTF-8"),
            ("LC_ALL", "C.UTF-8"),
            ("TERM", "xterm"),
            ("CONTOSO_PROXY", "http://proxy.contoso.com"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::from_pairs(pairs);
        let about = About { command: "check", options: Vec::new(), environment: &environment };
        let mut anonymous = Anonymous::new(&[]).unwrap();
        let text = about.text(Some(&mut anonymous));
        for line in [
            "  AZURE_OPENAI_DEPLOYMENT  deployment-1\n",
            "  LANG  locale-1.UTF-8\n",
            "  LC_ALL  C.UTF-8\n",
            "  TERM  ",
            "anonymised  yes\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.to_lowercase().contains("contoso"), "{text}");
    }

    #[test]
    fn the_release_of_a_kernel_keeps_its_numbers_and_the_words_of_distributions() {
        for (release, shown) in [
            ("6.8.0-45-contoso", "6.8.0-45-word-1"),
            ("6.8.0-45-generic", "6.8.0-45-generic"),
            ("6.8.0-1015-azure", "6.8.0-1015-azure"),
            ("6.1.0-13-cloud-amd64", "6.1.0-13-cloud-amd64"),
            ("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.13.1.el9_4.x86_64"),
            ("5.15.153.1-microsoft-standard-WSL2", "5.15.153.1-microsoft-standard-WSL2"),
        ] {
            let mut anonymous = Anonymous::new(&[]).unwrap();
            assert_eq!(anonymous_kernel(release, &mut anonymous), shown);
        }
    }

    #[test]
    fn a_value_is_shown_where_it_has_its_form_and_is_no_secret() {
        let key = "8f14e45fceea167a5a36dedd4bea2543";
        let pairs = [
            ("AZURE_OPENAI_ENDPOINT", "https://myacct.openai.azure.com/?api-key=canary"),
            ("AZURE_AUTHORITY_HOST", "https://bob:canary@login.example"),
            ("AZURE_CLIENT_ID", "canary-pasted-into-the-wrong-variable"),
            ("AZURE_TENANT_ID", "11111111-2222-3333-4444-555555555555"),
            ("AZURE_OPENAI_API_KEY", "canary"),
            ("AZURE_OPENAI_DEPLOYMENT", key),
            ("AZURE_CLIENT_SECRET", "S3cr3t-0f-4n-4pp1"),
            ("AZURE_TOKEN_CREDENTIALS", "S3cr3t-0f-4n-4pp1"),
            ("AZURE_SOMETHING_NEW", "canary"),
            ("HTTPS_PROXY", "http://bob:canary@proxy.corp:3128"),
            ("SSL_CERT_FILE", "/etc/ssl/corp.pem"),
            ("NO_PROXY", ""),
            ("HOME", "/home/bob"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::from_pairs(pairs);
        let about = About { command: "check", options: Vec::new(), environment: &environment };
        let text = about.text(None);
        for line in [
            "AZURE_OPENAI_ENDPOINT  https://myacct.openai.azure.com/\n",
            "AZURE_AUTHORITY_HOST  set; its value does not have the expected form\n",
            "AZURE_CLIENT_ID  set; its value does not have the expected form\n",
            "AZURE_TENANT_ID  11111111-2222-3333-4444-555555555555\n",
            "AZURE_OPENAI_API_KEY  set\n",
            "AZURE_OPENAI_DEPLOYMENT  set; its value does not have the expected form\n",
            "AZURE_TOKEN_CREDENTIALS  set; its value is that of a secret\n",
            "AZURE_SOMETHING_NEW  set\n",
            "HTTPS_PROXY  http://***@proxy.corp:3128",
            "SSL_CERT_FILE  /etc/ssl/corp.pem\n",
            "NO_PROXY  set, and empty\n",
            "options\n  none\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        for secret in ["canary", key, "S3cr3t-0f-4n-4pp1", "HOME", "bob"] {
            assert!(!text.contains(secret), "{secret}\n{text}");
        }
    }
}
