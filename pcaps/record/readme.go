//go:build linux

package main

// readmeText is the README; its one argument is the table of captures.
const readmeText = `# Captures

These captures were recorded by this project (` + "`make pcaps`" + `, that is ` + "`go run ./pcaps/record`" + `, as root on Debian). Real mail
servers and real clients talked to each other in network namespaces (` + "`internal/lab`" + `): Dovecot 2.3, Postfix 3.7, Exim 4.96, Cyrus 3.6 and
Courier 5 of Debian 12. Nothing in them comes from a person or from a network in use: accounts, host names (example.org) and addresses
(10.80.0.0/24, fd80::/64) are invented; only the times are real.

%s
"Logins" are attempts without TLS that the recorder caused, whether accepted or not. ` + "`truth.jsonl`" + ` has a line for each: what was done by which
client at which server, with the user name, the secret and the outcome. It is written by the recorder and not by cleartap: ` + "`checked.bytes`" + `
says that the secret was found in the recorded bytes (hashes computed anew from the challenge), ` + "`checked.server_log`" + ` that the server's log tells the
same outcome for that connection ("silent": the server logged nothing about it). A capture without logins has one line with ` + "`\"events\":0`" + `.
Next to each capture, ` + "`*.golden.jsonl`" + ` holds what ` + "`cleartap scan --format jsonl --usernames full`" + ` prints for it
(with the version ` + "`golden`" + ` and paths without a folder): the logins, and what else it tells of servers and their TLS.

## Accounts and secrets

Clients are 10.80.0.11 (fd80::11) and its neighbours, servers are

| address | name | what |
|---|---|---|
| 10.80.0.25 | mail.example.org | Dovecot and Postfix that take passwords without TLS and offer TLS |
| 10.80.0.26 | strict.example.org | the same, refusing passwords without TLS |
| 10.80.0.27 | plain.example.org | the same, without TLS |
| 10.80.0.28 | cyrus.example.org | Cyrus |
| 10.80.0.29 | courier.example.org | Courier |
| 10.80.0.30 | exim.example.org | Exim |

Every password is the word ` + "`Canary-`" + ` and ten letters or digits, which are the base32 form of a SHA-256 of the account's name (wrong passwords: of another
word); a few have more characters behind that. A token that was accepted is a JWT whose ` + "`jti`" + ` is such a word; a refused one is such a word
itself. All that were sent are in ` + "`secrets.txt`" + `, one a line, with the decoys that stand in mails. None of them may ever be found in
anything that cleartap writes, in any encoding.
`
