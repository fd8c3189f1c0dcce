//! Forms in which people paste a secret, and texts that hold none.

use super::without_secrets;

/// What no text may show.
const CANARY: &str = "Canary";

#[test]
fn a_secret_is_not_shown_in_any_form_that_programs_print() {
    for text in [
        // URLs, with and without a scheme.
        "407 Proxy Authentication Required for http://svc:Canary24@proxy.corp.local:8080",
        "proxy http://svc:Canary%24word@10.0.0.9:3128 and HTTPS_PROXY=http://u:Canary/x@p:8080/",
        "mongodb://admin:Canary@acct.mongo.cosmos.azure.com:10255",
        "redis://:Canary@x.redis.cache.windows.net:6380,redis://:Canary@y",
        "https://Canary@github.com/x",
        "curl -x me:Canary@proxy:8080 -u me:Canary --proxy-user 'me:Canary'",
        "GET https://fn.azurewebsites.net/api/x?a=1&code=Canary== 401",
        "https://x.blob.core.windows.net/?sv=1&sig=Canary%3D&se=1 and sig%3DCanary%26se",
        // Wrapped in a log that has words of its own before each line.
        "app-1  | Authorization: Bearer eyJ0eXAiOiJKV1QiLCJhbGci\napp-1  | Canary9JSUzI1NiIsIng1dCI6",
        "2026-01-01T00:00:00Z stdout F api-key=0f1e2d3c4b5a69788796\n2026-01-01T00:00:00Z stdout F Canary9a5b4c3d2e1f0",
        // Names with another ending.
        "passwd=Canary",
        "pass=Canary",
        "passphrase: Canary horse Canary staple",
        "credentials=Canary",
        "credential: Canary",
        "{\"auth\": \"Canary\"}",
        // Quotes, and signs in a value.
        "password: 'S3cret, Canary word'",
        "Password=\"S3cret Canary\"",
        "password=S3cr&t,Canary;Server=x",
        "\"password\": \"a\\\"Canary\", \"x\": 1",
        "{\\\"api_key\\\":\\\"Canary\\\"}",
        // Command lines and code.
        "curl --api-key Canary https://x",
        "--password Canary -u me",
        "Connect-Thing -Password 'Canary' -User x",
        "AzureKeyCredential(\"Canary\")",
        "ClientSecretCredential('tenant', 'client', 'Canary')",
        "api_key = os.getenv('X', 'Canary')",
        "['curl', '--api-key', 'Canary']",
        // Headers, as clients print them.
        "Proxy-Authorization: Negotiate Canary",
        "Authorization: Digest username=\"u\", response=\"Canary\"",
        "Set-Cookie: ARRAffinity=abc123; session=Canary",
        "headers=[(b'api-key', b'Canary'), ('Authorization', 'Bearer Canary')]",
        "headers={b'api-key': b'Canary'}",
        "{\"api-key\": [\"Canary\"]}",
        "map[Api-Key:[Canary] X:[y]]",
        "rawHeaders: ['Host', 'x', 'api-key', 'Canary', 'x', 'y']",
        "api-key[Canary]",
        // Files.
        "<add key=\"ApiKey\" value=\"Canary\" />",
        "<Password>Canary</Password>",
        "- name: AZURE_OPENAI_API_KEY\n  value: Canary",
        "{\"name\": \"AZURE_OPENAI_API_KEY\", \"slotSetting\": false, \"value\": \"Canary\"}",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqCanary\nAoIBAQ/x\n-----END PRIVATE KEY-----",
        "{\"k\": \"-----BEGIN RSA PRIVATE KEY-----\\nMIIECanary\\nAoIB",
        "AZURE_OPENAI_API_KEY: |\n  Canary\n  Canary\nother: 1",
        "api_key: >-\n    Canary\n",
        "{\"keyName\":\"key1\",\"permissions\":\"Full\",\"value\":\"Canary\"}",
        "apiKey = '''Canary'''",
        "key = \"\"\"\nCanary\nCanary\n\"\"\"",
        "\"{\"\"api_key\"\":\"\"Canary\"\"}\"",
        "<ApiKey type=\"x\">Canary</ApiKey>",
        "<ns:ApiKey>Canary</ns:ApiKey>",
        "<ApiKey a=\"1\"><![CDATA[Canary]]></ApiKey>",
        "<ApiKey value=\"Canary\">x</ApiKey>",
        "Key 1: Canary",
        "KEY 2 = Canary",
        "Primary key\nCanary24word",
        "API key: \nCanary24word\n",
        "keystore.jks storepass Canary24word",
        "AOAI_CRED=Canary",
        " ~ secret_value = (sensitive) -> \"Canary\"",
        " ~ api_key = \"old\" -> \"Canary\"",
        "variable \"api_key\" { default = \"Canary\" }",
        "LiteLLM Virtual Key expected. Received=Canary, expected to start with 'sk-'.",
        // A scheme before the value, whatever the name.
        "api-key: Bearer Canary",
        "token=Bearer Canary",
        "x-api-key: Token Canary",
        "access_token: bearer \"Canary\"",
        // Values that begin with a sign, or like something else.
        "password=\\Canary",
        "password=corp\\Canary",
        "password=((Canary",
        "password={{Canary}}",
        "password=;;Canary",
        "password=AADSTSCanary",
        "client_secret: 'AADSTS12Canary'",
        "Bearer https://Canary",
        "Bearer: https://Canary",
        "passphrase: https://Canary",
        "Authorization: https://Canary",
        // Names with a number, and names of one letter.
        "key1: Canary",
        "PASSWORD1=Canary",
        "api_key_2=Canary",
        "az login -u me -p Canary",
        "AzureKeyCredential(Canary)",
        // Declarations, arrows, HTML, other languages, what a shell passes on.
        "api_key: str = \"Canary\"",
        "api_key: Optional[str] = 'Canary'",
        "const apiKey: string = 'Canary';",
        "api_key -> Canary",
        "{&quot;api-key&quot;: &quot;Canary&quot;}",
        "&#34;password&#34;:&#34;Canary&#34;",
        "client_credential=Canary)",
        "secretText: Canary",
        "Passwort: Canary",
        "contraseña=Canary",
        "密钥：Canary",
        "docker login x.azurecr.io --password-stdin <<< Canary",
        "cat <<<\"Canary word\"",
        "docker login x --password-stdin \\\n  <<< Canary",
        "cat <<< $(base64 -d <<< Canary) and a line\ncat <<< Canary",
        "\u{1b}[1mpassword\u{1b}[0m=\u{1b}[31mCanary\u{1b}[0m",
        "api_key,Canary24word,403",
        "| api_key | Canary24word |",
        "api_key(Canary24word)",
        "apikey;Canary24word",
        // The value on the next line.
        "password:\n  Canary!!\n",
        "api-key\n  Canary24word\n",
        "Authorization: Bearer\n  Canary24wordCanary24word",
        // Wrapped lines.
        "api-key: 9f8e7d6c5b4a39281706\nf5e4d3Canary\nhere",
        "│ Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJS │\n│ UzI1NiJ9eyJhdWQiCanaryXzA │\n│ aCanary │",
        "\"token=eyJ0eXAiOiJKV1QiLCJhbGciOiJS\\nUzI1NiJ9eyJhdWQiCanaryXzA\\naCanary\"",
        "code 7Hq2ZxWm9LtPvR4sYb6-cUd8JfKgQeAoXiMw3T_Canary24",
        // The value before its name, and names of others between them.
        "{\"value\": \"Canary\", \"name\": \"AZURE_CLIENT_SECRET\"}",
        "<add value=\"Canary\" key=\"ClientSecret\" />",
        "{\"key\":\"client_secret\",\"type\":\"text\",\"value\":\"Canary\"}",
        "client_secret\n  Value error [type=value_error, input_value='Canary', input_type=str]",
        // Signs of print, of URLs and of JSON, and the marks of documents.
        "\u{2018}client_secret\u{2019}: \u{2018}Canary\u{2019}",
        "password=\u{201c}Canary word\u{201d}",
        "client_secret\u{a0}=\u{a0}Canary",
        "%22client_secret%22%3A%20%22Canary%22",
        "\\u0022client_secret\\u0022:\\u0022Canary\\u0022",
        "**Password**: `Canary`",
        "**Password:** Canary",
        "| client_secret | Canary |",
        "| `password` | `Canary` |",
        "<tr><td>client_secret</td><td>Canary</td></tr>",
        "<dt>Password</dt>\n<dd>Canary</dd>",
        // Commands that set one, netrc, and types of YAML.
        "set -gx AZURE_CLIENT_SECRET Canary",
        "azd env set CLIENT_SECRET Canary",
        "dotnet user-secrets set \"Db:Password\" \"Canary\"",
        "dotnet user-secrets set Db:Password Canary",
        "machine x login me password Canary",
        "ansible_password: !unsafe Canary",
        "podman login -p=Canary",
        "ConvertTo-SecureString -String \"Canary\" -AsPlainText",
        "gh secret set AZURE_CLIENT_SECRET --body Canary",
        "HTTPBasicAuth('me', 'Canary')",
        "--from-literal=pw=Canary",
        "wachtwoord: Canary",
        // Sentences.
        "password is Canary24word",
        "Incorrect API key provided: Canary24word. You can find it",
        "AZURE_OPENAI_API_KEY Canary24word",
        "Storage key Canary8vdM02xNO/cqFlqUwPLLl/mEtlCD/XJ1OU/zFt50/uSRZ6IFs==",
    ] {
        let shown = without_secrets(text);
        assert!(!shown.contains(CANARY), "{text}: {shown}");
        assert!(shown.contains("[secret]"), "{text}: {shown}");
    }
}

#[test]
fn what_is_no_secret_is_left() {
    for text in [
        "requestid 9ad0e3db-ef59-4ffc-9237-fd5970e39c74 of gpt-4o-2024-08-06 at \
         https://myacct.openai.azure.com/openai/deployments, api-version=2024-10-21",
        "Access token is missing, invalid, audience is incorrect \
         (https://cognitiveservices.azure.com), or have expired.",
        "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"Public access is off\"}}",
        "{'error': {'message': 'invalid subscription key', 'code': 'invalid_api_key', 'a': 1}}",
        "ClientSecretCredential: AADSTS7000215: Invalid client secret provided.",
        "DefaultAzureCredential() was used; secret: AADSTS7000215: Invalid client secret.",
        "{\"key\":{\"a\":1},\"tokens\":[{\"b\":2}],\"keys\":{}}",
        "{\"log\":\"token:\\\"\\\",x\"}",
        "prompt_tokens: ",
        "EnvironmentCredential: EnvironmentCredential authentication unavailable.",
        "/subscriptions/8f3a1b2c-1111-2222-3333-4f5e6d7c8b9a/resourceGroups/rg/providers/\
         Microsoft.CognitiveServices/accounts/x",
        "at file:///app/node_modules/@azure/openai/dist/index.js:12:3",
        "WWW-Authenticate: Bearer authorization=\"https://login.microsoftonline.com/x\"",
        "WWW-Authenticate: AzureApiManagementKey realm=\"https://x\",name=\"api-key\",type=\"header\"",
        "GET https://h.example:443/a/b?x=1 by admin@contoso.com",
        "networkAcls: {bypass: AzureServices}",
        "gpt-4o-mini-2024-07-18-Global-Standard-East-US-2 and AzureOpenAIChatCompletionService-v1-3-2",
        // The word that decides what a message means.
        "Failed to get access token: ManagedIdentityCredential: Get \"http://169.254.169.254/x\"",
        "Post \"https://login.microsoftonline.com/x/oauth2/v2.0/token\": dial tcp: lookup x",
        "POST https://login.microsoftonline.com/x/oauth2/token \"HTTP/1.1 400 Bad Request\"",
        "keyvault.BaseClient#GetSecret: Failure sending request: StatusCode=0",
        "certificate verify failed: Basic Constraints of CA cert not marked critical",
        "SSL routines:final_renegotiate:unsafe legacy renegotiation disabled",
        "a wrong key, or a token; see https://x/oauth2/token",
        // Tables, sentences and tags that hold none.
        "| 403 | Forbidden | the caller has no role |",
        "<td>status</td><td>403</td>",
        "the role of the principal is set for the account",
        "failed to set key vault references, and could not set password policy",
        // A dump of HTTP and a conflict in a file.
        "HTTP/1.1 400\n<<< {\"error\":{\"code\":\"DeploymentNotFound\"}}",
        "<<< HTTP/1.1 403 Forbidden\n<<< {\"error\":{\"code\":\"403\"}}",
        "<<<<<<< HEAD\nError code: 403",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    ] {
        assert_eq!(without_secrets(text), text);
    }
}

#[test]
fn the_line_behind_a_secret_is_left_where_it_has_a_name_or_a_number_of_its_own() {
    for (name, line) in [
        ("api_key=", "status_code=403"),
        ("AZURE_OPENAI_API_KEY=", "error=DeploymentNotFound"),
        ("AZURE_OPENAI_API_KEY=", "error_code=AADSTS50034"),
        ("client_secret: ", "AADSTS7000222"),
        ("client_secret: ", "AADSTS7000222: The provided client secret keys are expired."),
    ] {
        let shown = without_secrets(&format!("{name}0123456789abcdef0123456789abcdef\n{line}\nx"));
        assert_eq!(shown, format!("{name}[secret]\n{line}\nx"));
    }
    // The quiet neighbours: the later part of a key, with and without `=` at its end.
    for part in ["f5e4d3Canary24", "f5e4d3Canary24=="] {
        let shown = without_secrets(&format!("api-key: 9f8e7d6c5b4a39281706\n{part}\nhere"));
        assert!(!shown.contains(CANARY), "{shown}");
    }
}

#[test]
fn the_deciding_word_below_a_key_is_left() {
    let key = "api-key: 9f8e7d6c5b4a39281706f5e4d3c2b1a0";
    for word in
        ["DeploymentNotFound", "AuthenticationFailed", "AADSTS7000222", "code=Unauthorized401"]
    {
        let shown = without_secrets(&format!("{key}\n{word}\n"));
        assert_eq!(shown, format!("api-key: [secret]\n{word}\n"));
    }
    let shown = without_secrets("api-key: 9f8e7d6c5b4a39281706\nqRsWzKxTmBvNcLpHgDjY\n");
    assert!(!shown.contains("qRsW"), "{shown}");
}

#[test]
fn a_long_text_that_repeats_a_beginning_is_read_in_time() {
    for beginning in [
        "key='",
        "key=\\",
        "key(x",
        "key/x",
        "key )x",
        "code key [key",
        "a://b:",
        "-----BEGIN ",
        "a <<<",
        "<<<",
    ] {
        // Quadratic work would take minutes.
        assert!(!without_secrets(&beginning.repeat(20_000)).is_empty());
    }
}
