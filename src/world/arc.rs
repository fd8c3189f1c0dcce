//! Where Azure Arc's agent is and keeps its challenges (fact I10). Pure.

use super::Environment;

/// The agent's program; none on Windows where the variable that leads there is not set.
#[must_use]
pub fn agent(environment: &Environment) -> Option<String> {
    program(environment, cfg!(windows))
}

/// The folder with the agent's challenges, which ends with a separator; none where
/// [`agent`] is none for the same reason.
#[must_use]
pub fn token_folder(environment: &Environment) -> Option<String> {
    tokens(environment, cfg!(windows))
}

fn program(environment: &Environment, windows: bool) -> Option<String> {
    match windows {
        true => folder(environment, "ProgramFiles").map(|folder| format!("{folder}himds.exe")),
        false => Some("/opt/azcmagent/bin/himds".to_owned()),
    }
}

fn tokens(environment: &Environment, windows: bool) -> Option<String> {
    match windows {
        true => folder(environment, "ProgramData").map(|folder| format!("{folder}Tokens\\")),
        false => Some("/var/opt/azcmagent/tokens/".to_owned()),
    }
}

/// The agent's folder below the one that a variable of Windows names.
fn folder(environment: &Environment, variable: &str) -> Option<String> {
    let above = environment.get(variable)?.trim_end_matches('\\');
    Some(format!("{above}\\AzureConnectedMachineAgent\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_where_its_installer_puts_it() {
        let pairs = [("ProgramFiles", r"C:\Program Files"), ("ProgramData", r"C:\ProgramData\")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let windows = Environment::from_pairs(pairs);
        assert_eq!(
            program(&windows, true).as_deref(),
            Some(r"C:\Program Files\AzureConnectedMachineAgent\himds.exe")
        );
        assert_eq!(
            tokens(&windows, true).as_deref(),
            Some(r"C:\ProgramData\AzureConnectedMachineAgent\Tokens\")
        );
        assert_eq!(tokens(&Environment::default(), true), None);
        assert_eq!(
            tokens(&Environment::default(), false).as_deref(),
            Some("/var/opt/azcmagent/tokens/")
        );
    }
}
