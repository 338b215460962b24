package elasticsearch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"cleartap/output"
)

// network words why no answer came. The words are ours: what a server, a
// resolver or a certificate says is left out.
func (s *Sink) network(ctx context.Context, err error) error {
	var fault *output.Fault
	if errors.As(err, &fault) {
		return fault
	}
	host, at := "the server", (*hostError)(nil)
	if errors.As(err, &at) {
		host = at.host
	}
	if f := certificateFault(host, err); f != nil {
		return f
	}
	return connectionFault(ctx, host, s.cfg.Timeout, err)
}

// certificateFault words what is wrong with the certificates, nil if they are not
// why it failed.
func certificateFault(host string, err error) *output.Fault {
	var (
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		remote   *net.OpError
		notTLS   tls.RecordHeaderError
		hold     = func(cause, cure string) *output.Fault { return &output.Fault{Cause: cause, Cure: cure, Hold: true} }
		hostname = strings.TrimSuffix(host, ":"+portOf(host))
	)
	switch {
	case errors.As(err, &unknown):
		return hold(host+": the certificate is of an unknown authority", "name the authority's certificate in ca, or its fingerprint in ca_fingerprint")
	case errors.As(err, &name):
		return hold(host+": the certificate is for another name than "+hostname, "use a name of the certificate in url, or have a certificate made for this one")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return hold(host+": the certificate is not valid yet", "check the clocks of both hosts")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return hold(host+": the certificate has expired", "renew the server's certificate")
	case errors.Is(err, errPin):
		return hold(host+": no certificate of the server has the fingerprint of ca_fingerprint", "compare it with what openssl x509 -fingerprint -sha256 prints for the server's authority")
	case errors.As(err, &verify), errors.As(err, &invalid):
		return hold(host+": the certificate cannot be trusted", "have a certificate made for servers, for this name, by the authority in ca")
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert of TLS
		return hold(host+": the server refused our side of TLS", "does it want a client certificate? client_certificate and client_key name one that it knows")
	case errors.As(err, &notTLS), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return hold(host+": it does not speak TLS", "use http:// in url, or better switch TLS on at the server")
	}
	return nil
}

func portOf(host string) string {
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		return ""
	}
	return port
}

// connectionFault words what went wrong with the connection.
func connectionFault(ctx context.Context, host string, limit time.Duration, err error) *output.Fault {
	var (
		dns  *net.DNSError
		wait interface{ Timeout() bool }
	)
	switch {
	case errors.Is(err, errTooLong):
		return &output.Fault{Cause: fmt.Sprintf("%s: the answer is longer than %d MiB", host, maxAnswer>>20), Cure: "does url lead to Elasticsearch?"}
	case errors.As(err, &dns):
		return &output.Fault{Cause: host + ": no address is known for this name", Cure: "check the name in url, and the resolver"}
	case errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil, errors.As(err, &wait) && wait.Timeout():
		return &output.Fault{Cause: fmt.Sprintf("%s: no answer within %v", host, limit)}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &output.Fault{Cause: host + ": connection refused", Cure: "is Elasticsearch running there?"}
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &output.Fault{Cause: host + ": the connection broke off", Cure: "if this goes on: does the server want https:// in url?"}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return &output.Fault{Cause: host + ": there is no way to this host"}
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return &output.Fault{Cause: host + ": this process may not connect there", Cure: "a sandbox or firewall forbids it", Hold: true}
	}
	return &output.Fault{Cause: host + ": the request failed"}
}

// refusal words an answer that is about the request as a whole.
func refusal(a *answer) *output.Fault {
	status := fmt.Sprintf("(status %d)", a.status)
	hold := func(cause, cure string) *output.Fault {
		return &output.Fault{Cause: cause + " " + status, Cure: cure, Hold: true}
	}
	switch {
	case a.status == 401:
		return hold("the server does not accept the key or password", "make an API key with the role of cleartap export role, and give it as api_key or in CLEARTAP_ELASTICSEARCH_API_KEY")
	case a.status == 403:
		return hold("the key may not write there", "give it the rights that cleartap export role prints")
	case a.status >= 300 && a.status < 400:
		return hold("the server sends us to another address", "give that address as url; a redirect is not followed, for the key would go along")
	case a.status == 429:
		return &output.Fault{Cause: "the cluster is overloaded " + status, After: a.after}
	case a.status >= 500 || a.status == 408 || a.status == 425:
		return &output.Fault{Cause: "the cluster is not ready " + status, After: a.after}
	case a.status == 404 || a.status == 405:
		return hold("no Elasticsearch answers at this address", "check host, port and path of url")
	case a.status == 400:
		return hold("the server does not understand the request", "want Elasticsearch 8.11 or later behind url; is it its HTTPS port?")
	}
	return hold("the server refuses the request", "does url lead to Elasticsearch?")
}
