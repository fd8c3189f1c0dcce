//! What leads the program to a lab: options of the command line, and settings of an inventory.

use aoai_probe::args::{Check, Cli, Command};
use aoai_probe::evidence::dns::ResolverRole;
use clap::Parser as _;

use super::{Lab, azure};

impl Lab {
    /// The command line that a user would type, after the program's name.
    pub fn arguments(&self) -> Vec<String> {
        let mut all = vec![self.world.target.clone()];
        all.extend(self.world.arguments.iter().cloned());
        all.extend(self.azure_arguments(true));
        for (address, role) in &self.started.resolvers {
            if *role == ResolverRole::Given {
                all.extend(["--resolver".to_owned(), address.to_string()]);
            }
        }
        for detour in &self.started.connect_to {
            all.extend(["--connect-to".to_owned(), detour.clone()]);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few thousand milliseconds")]
        let seconds = self.world.timeout_ms as f64 / 1e3;
        all.extend(["--timeout".to_owned(), seconds.to_string()]);
        if self.world.ca_file {
            all.extend(["--ca-file".to_owned(), self.ca_file.path().display().to_string()]);
        }
        all
    }

    /// What asks Resource Manager in the run itself, or about its saved report.
    pub fn azure_arguments(&self, here: bool) -> Vec<String> {
        let is_here = |azure: &&azure::world::Azure| {
            (azure.asks_from == Some(azure::world::From::Run)) == here
        };
        let Some(azure) = self.world.azure.as_ref().filter(is_here) else {
            return Vec::new();
        };
        let mut all = azure.options();
        if !here {
            for detour in &self.started.connect_to {
                all.extend(["--connect-to".to_owned(), detour.clone()]);
            }
            all.extend(["--ca-file".to_owned(), self.ca_file.path().display().to_string()]);
            all.extend(["--timeout", "4"].map(str::to_owned));
        }
        all
    }

    /// `[defaults]` of an inventory that says the same as the command line.
    pub fn defaults(&self) -> String {
        let quoted = |texts: &[String]| {
            let all: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            format!("[{}]", all.join(", "))
        };
        let given = self.started.resolvers.iter().filter(|(_, role)| *role == ResolverRole::Given);
        let given: Vec<String> = given.map(|(address, _)| address.to_string()).collect();
        let mut text = format!(
            "[defaults]\ntimeout = \"{}ms\"\nresolvers = {}\nconnect_to = {}\n",
            self.world.timeout_ms,
            quoted(&given),
            quoted(&self.started.connect_to)
        );
        if self.world.ca_file {
            text.push_str(&format!("ca_file = {:?}\n", self.ca_file.path().display().to_string()));
        }
        text
    }

    #[allow(dead_code, reason = "the lab that stays up alone asks for it")]
    /// A target of an inventory: what leads the program itself, on this machine, to this lab.
    pub fn target(&self, name: &str, key_file: &std::path::Path) -> String {
        let resolvers: Vec<String> =
            self.started.resolvers.iter().map(|(address, _)| address.to_string()).collect();
        format!(
            "[[target]]\ntarget = {:?}\nname = {name:?}\nresolvers = {resolvers:?}\nconnect_to = \
             {:?}\nca_file = {:?}\napi_key_file = {key_file:?}\ntimeout = \"2s\"\n\n",
            self.world.target,
            self.started.connect_to,
            self.ca_file.path().display().to_string(),
        )
    }

    /// The command line with these options, parsed by the program itself.
    ///
    /// # Errors
    /// It is no command line of the program's.
    pub fn check(&self, options: &[&str]) -> Result<Check, String> {
        let words = std::iter::once("aoai-probe".to_owned())
            .chain(self.arguments())
            .chain(options.iter().map(|&option| option.to_owned()));
        let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
        Ok(match cli.command {
            Some(Command::Check(check)) => *check,
            _ => cli.check,
        })
    }
}
