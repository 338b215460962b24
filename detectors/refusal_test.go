package detectors

import "testing"

func TestNeedsTLS(t *testing.T) {
	yes := []string{
		"Must issue a STARTTLS command first",
		"Encryption required for requested authentication mechanism",
		"Plaintext authentication disallowed on non-secure (SSL/TLS) connections.",
		"cleartext logins disabled",
		"A SSL/TLS-connection is required for authentication.",
		"Login only available under a layer",
		"LOGIN is disabled", "Login disabled.", "LOGINDISABLED",
		"Plain text passwords are not allowed", "use a secure connection",
		"Unencrypted authentication not allowed here", "security layer needed",
		"no insecure authentication",
	}
	no := []string{
		"", "Authentication failed.", "Error: authentication failed: (reason unavailable)",
		"Learn more at https://support.example.com/ssl/secure", "see secure.example.com",
		"mail to tls@example.com", "turn on access for less secure apps", "Username and Password not accepted",
		"Authentication unsuccessful, basic authentication is disabled.", "account disabled", "your login is locked",
		"user is disabled", "Invalid base64 in response", "text", "layer", "is disabled",
	}
	for _, s := range yes {
		if !NeedsTLS([]byte(s)) {
			t.Errorf("%q does not mean that TLS is needed", s)
		}
	}
	for _, s := range no {
		if NeedsTLS([]byte(s)) {
			t.Errorf("%q means that TLS is needed", s)
		}
	}
}
