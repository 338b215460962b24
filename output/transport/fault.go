package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"cleartap/output"
)

// Fault says why at, which is an address, takes nothing, in our words: what a
// server sent, or what is in its certificate, is not quoted.
func Fault(at string, err error) *output.Fault {
	for _, find := range []func(string, error) *output.Fault{fileFault, certificateFault, tlsFault, networkFault} {
		if f := find(at, err); f != nil {
			return f
		}
	}
	return &output.Fault{Cause: at + " takes no messages (" + reason(err) + ")"}
}

func fileFault(_ string, err error) *output.Fault {
	var file *faultyFile
	if errors.As(err, &file) {
		return &output.Fault{Cause: file.Error(), Cure: "correct the setting, or the file", Hold: true}
	}
	return nil
}

// certificateFault is about the receiver's certificate.
func certificateFault(at string, err error) *output.Fault {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.Is(err, errFingerprint):
		return &output.Fault{Cause: "the certificate of " + at + " has another fingerprint", Cure: "if it was renewed, name the new one in tls.fingerprints", Hold: true}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &output.Fault{Cause: "the certificate of " + at + " has expired or is not valid yet", Cure: "renew it, or set the clock", Hold: true}
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return &output.Fault{Cause: "the certificate of " + at + " is of an authority that is not trusted", Cure: "name the authority's file in tls.ca", Hold: true}
	case errors.As(err, &name):
		return &output.Fault{Cause: "the certificate of " + at + " is for another name", Cure: "correct the address, or name the certificate's in tls.server_name", Hold: true}
	}
	return nil
}

// tlsFault is about TLS itself, and about our certificate.
func tlsFault(at string, err error) *output.Fault {
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return &output.Fault{Cause: at + " does not speak TLS", Cure: "correct the port, or do without TLS", Hold: true}
	case RefusedByAlert(err):
		return &output.Fault{Cause: at + " refuses the connection by a TLS alert", Cure: "it may want a certificate that it trusts in tls.certificate and tls.key", Hold: true}
	}
	return nil
}

// RefusedByAlert reports whether the other end sent a TLS alert.
func RefusedByAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

func networkFault(at string, err error) *output.Fault {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return &output.Fault{Cause: at + ": no such host", Cure: "correct the name"}
	case errors.As(err, &dns):
		return &output.Fault{Cause: at + ": the name cannot be looked up now"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &output.Fault{Cause: "nobody listens at " + at, Cure: "start the receiver, or correct the address"}
	case errors.Is(err, fs.ErrNotExist):
		return &output.Fault{Cause: at + ": no such socket", Cure: "start the receiver, or correct the path"}
	case errors.Is(err, fs.ErrPermission):
		return &output.Fault{Cause: at + ": permission denied", Cure: "let the sensor's user write to it", Hold: true}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return &output.Fault{Cause: at + " does not answer in time"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return &output.Fault{Cause: at + " closed the connection"}
	}
	return nil
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// reason is the bare reason of an error of the operating system, without what
// stood around it.
func reason(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return "unknown reason"
}
