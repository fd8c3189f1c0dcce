//! Rows about people who are signed in, and their logins.

use super::super::step::{Do, ask, local, look, shared};
use super::super::{Row, Shows};
use crate::diagnose::Rule;
use crate::diagnosis::Confidence;

const WHO: Do = look(
    "see who is logged in, and where",
    "az account show --query \"{user:user.name,tenant:tenantId}\"",
);

const AGAIN: Do = local(
    "sign in again in the tenant of the account: it replaces the login of this user on this \
     machine",
)
.command("az login --tenant {tenant} --scope {scope}");

const PROGRAM: Do =
    local("for a program: use an application or a managed identity, which needs no person").or();

const USER_REFUSED: Row = Row {
    codes: &[
        (50034, "the user is not in this tenant"),
        (50020, "the user is of another tenant or provider, and no guest of this one"),
        (16000, "the user is of another provider, and no guest of this tenant"),
        (50014, "the user is not in this tenant, or has not accepted the invitation"),
        (51004, "the user is not in this tenant"),
        (90072, "the user is of another tenant, and no guest of this one"),
        (500208, "the user's kind of account cannot sign in to this tenant"),
        (50053, "the account is locked, or the address that it came from is known for attacks"),
        (50055, "the password has expired"),
        (50056, "the directory has no password for this user"),
        (50057, "the user's account is disabled"),
        (50064, "user name or password is wrong"),
        (50126, "user name or password is wrong"),
        (50135, "the password has to be changed: the account is at risk"),
        (50144, "the password of the local directory has expired"),
    ],
    message: "Entra ID refuses the user behind {source} ({code})",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        WHO,
        AGAIN,
        shared(
            "for a user of another tenant: let the tenant's administrators invite the user",
            "the user becomes a guest, who sees what guests of that tenant see",
            "remove the guest from the directory again",
        )
        .or(),
        PROGRAM,
    ],
    shows: Shows::Nothing,
    without: None,
};

const SECOND_FACTOR: Row = Row {
    codes: &[
        (50076, "the user has to sign in with a second factor"),
        (50079, "the user has to register a second factor"),
        (50072, "the user has to register a second factor"),
        (50074, "the user did not pass the second factor"),
        (50078, "the second factor was given too long ago"),
        (50158, "a check by another provider was not passed"),
        (53004, "the user has to register a second factor before anything else"),
    ],
    message: "the user behind {source} has to sign in with a second factor ({code})",
    means: &["a program cannot give one; no network rule is the reason"],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[WHO, AGAIN, PROGRAM],
    shows: Shows::Nothing,
    without: None,
};

const LOGIN_OVER: Row = Row {
    codes: &[
        (700082, "the login was not used for too long, and has expired"),
        (70008, "the login has expired or was revoked"),
        (70000, "the login is not valid any more"),
        (70043, "a Conditional Access policy limits how long a login lasts: sign-in frequency"),
        (700084, "the login had a fixed end, which is past"),
        (50173, "the login was revoked, by the user or an administrator, or the password changed"),
        (50132, "the login ended with a change of the password"),
        (50133, "the login ended with a change of the password"),
        (50089, "the login took too long and has expired"),
        (50058, "no user is signed in any more"),
    ],
    message: "the login behind {source} has ended ({code})",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Application",
    steps: &[WHO, AGAIN, ask("with 70043 the same happens again after the policy's time"), PROGRAM],
    shows: Shows::Nothing,
    without: None,
};

/// The rules of these rows.
pub(super) const RULES: &[Rule] = &[
    rule!(
        "identity-user-refused",
        Identity,
        "Entra ID refuses the user of this login (AADSTS50034, 50020, 50126, 50057)",
        Entra(&USER_REFUSED)
    )
    .short("Entra ID refuses this user's sign-in"),
    rule!(
        "identity-second-factor",
        Identity,
        "The user has to sign in with a second factor (AADSTS50076, 50079)",
        Entra(&SECOND_FACTOR)
    )
    .short("the user needs a second factor"),
    rule!(
        "identity-login-expired",
        Identity,
        "The login has expired or was revoked (AADSTS700082, 70043, 50173)",
        Entra(&LOGIN_OVER)
    ),
];
