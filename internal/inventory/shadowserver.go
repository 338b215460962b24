package inventory

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"time"

	"cleartap/detectors"
)

// shadowserverColumns are the columns of Shadowserver's reports about accessible and
// vulnerable POP3 and IMAP servers, in their order (report_schema of 2026).
var shadowserverColumns = strings.Split("timestamp severity ip protocol port hostname tag asn geo region city naics hostname_source sector banner "+
	"cert_expiration_date cert_expired cert_issue_date cert_length cert_serial_number cert_valid cipher_suite handshake issuer_business_category issuer_common_name "+
	"issuer_country issuer_email_address issuer_given_name issuer_locality_name issuer_organization_name issuer_organization_unit_name issuer_postal_code "+
	"issuer_serial_number issuer_state_or_province_name issuer_street_address issuer_surname jarm key_algorithm md5_fingerprint self_signed sha1_fingerprint "+
	"sha256_fingerprint sha512_fingerprint signature_algorithm ssl_version sslv3_supported subject_business_category subject_common_name subject_country "+
	"subject_email_address subject_given_name subject_locality_name subject_organization_name subject_organization_unit_name subject_postal_code "+
	"subject_serial_number subject_state_or_province_name subject_street_address subject_surname validation_level", " ")

// Reported reports whether Shadowserver's reports know servers of the protocol: those
// about SMTP mean something else.
func (x *View) Reported() bool { return x.Protocol == "pop3" || x.Protocol == "imap" }

// vulnerable reports whether the server takes logins without TLS, or offers none.
func (x *View) vulnerable() bool {
	return x.Grade == string(detectors.PlainOnly) || x.Grade == string(detectors.PlainAllowed)
}

// WriteShadowserver writes POP3 and IMAP servers in the 60 columns of Shadowserver's
// reports. What can only be found by asking the server stays empty.
func WriteShadowserver(w io.Writer, list []View) error {
	c := csv.NewWriter(w)
	if err := c.Write(shadowserverColumns); err != nil {
		return err
	}
	for i := range list {
		if x := &list[i]; x.Reported() {
			fields := x.shadowserver()
			row := make([]string, len(shadowserverColumns))
			for k, name := range shadowserverColumns {
				row[k] = harmless(fields[name])
				if name == "banner" && plainReply(fields[name]) {
					row[k] = fields[name]
				}
			}
			if err := c.Write(row); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

// plainReply reports whether a banner that begins with a sign may stand as it is, as it
// does in Shadowserver's reports: a reply of POP3 in which nothing can call a function,
// name another sheet, or start a program.
func plainReply(banner string) bool {
	return (strings.HasPrefix(banner, "+OK") || strings.HasPrefix(banner, "-ERR")) && !strings.ContainsAny(banner, "=(|!\"'\t\r\n")
}

// shadowserver gives the fields of a report by column.
func (x *View) shadowserver() map[string]string {
	f := map[string]string{
		"timestamp": stamp(x.LastSeen), "severity": "low", "ip": x.IP, "protocol": "tcp", "port": decimal(x.Port), "tag": x.tag(),
		"asn": asn(x.ASN), "geo": x.Country, "region": x.Region, "city": x.City, "banner": x.Banner, "cipher_suite": x.Suite,
	}
	if x.vulnerable() {
		f["severity"] = "medium"
	}
	switch {
	case x.Host != "":
		f["hostname"], f["hostname_source"] = x.Host, "banner"
	case x.SNI != "":
		f["hostname"], f["hostname_source"] = x.SNI, "sni"
	}
	if n := len(x.TLS); n > 0 {
		f["handshake"] = strings.Replace(x.TLS[n-1].Version, " ", "v", 1)
	}
	x.certificate(f)
	return f
}

// tag says what the server is, and our own words for what it does.
func (x *View) tag() string {
	tags := []string{x.Protocol, "cleartap"}
	if x.Grade != "" {
		tags = append(tags, strings.ReplaceAll(x.Grade, "_", "-"))
	}
	return strings.Join(tags, ";")
}

// certificate fills in the columns about the certificate.
func (x *View) certificate(f map[string]string) {
	c := x.server.Certificate
	if c == nil {
		return
	}
	for name, value := range map[string]string{"md5": c.MD5, "sha1": c.SHA1, "sha256": c.SHA256, "sha512": c.SHA512} {
		f[name+"_fingerprint"] = value
	}
	if c.Unreadable {
		return
	}
	faults := x.server.Faults
	f["cert_issue_date"], f["cert_expiration_date"] = stamp(text(c.NotBefore)), stamp(text(c.NotAfter))
	f["cert_expired"] = yes(faults&detectors.CertExpired != 0)
	f["cert_valid"] = yes(faults&(detectors.CertExpired|detectors.CertNotYetValid|detectors.CertSelfSigned|detectors.CertWrongName) == 0)
	f["self_signed"] = yes(c.SelfSigned)
	f["cert_serial_number"], f["key_algorithm"], f["signature_algorithm"] = c.Serial, c.KeyAlgorithm, c.SignatureAlgorithm
	f["cert_length"] = decimal(c.KeyBits)
	f["ssl_version"] = "2" // X.509 version 3, counted from 0
	for prefix, n := range map[string]*detectors.Name{"issuer_": &c.Issuer, "subject_": &c.Subject} {
		for name, value := range map[string]string{
			"business_category": n.BusinessCategory, "common_name": n.CommonName, "country": n.Country, "email_address": n.Email, "given_name": n.GivenName,
			"locality_name": n.Locality, "organization_name": n.Organization, "organization_unit_name": n.Unit, "postal_code": n.PostalCode,
			"serial_number": n.SerialNumber, "state_or_province_name": n.Province, "street_address": n.Street, "surname": n.Surname,
		} {
			f[prefix+name] = value
		}
	}
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

// stamp is a moment as Shadowserver writes it.
func stamp(t string) string { return strings.TrimSuffix(strings.Replace(t, "T", " ", 1), "Z") }

// WriteIntelMQ writes POP3 and IMAP servers as IntelMQ events, one JSON object a line,
// in the mapping of its Shadowserver parser.
func WriteIntelMQ(w io.Writer, list []View, now time.Time) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range list {
		if x := &list[i]; x.Reported() {
			if err := e.Encode(x.intelMQ(now)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *View) intelMQ(now time.Time) map[string]any {
	event := map[string]any{
		"classification.taxonomy": "vulnerable", "classification.type": "vulnerable-system", "classification.identifier": "accessible-" + x.Protocol,
		"protocol.application": x.Protocol, "protocol.transport": "tcp", "feed.name": "cleartap", "feed.provider": "cleartap",
		"time.observation": now.UTC().Format(time.RFC3339), "time.source": strings.TrimSuffix(x.LastSeen, "Z") + "+00:00",
		"source.ip": x.IP, "source.port": x.Port,
	}
	if x.vulnerable() {
		event["classification.identifier"] = "vulnerable-" + x.Protocol
	}
	for name, value := range x.shadowserver() {
		switch name {
		case "timestamp", "ip", "port", "protocol":
		case "hostname":
			event["source.reverse_dns"] = value
		case "asn":
			if x.ASN != 0 {
				event["source.asn"] = x.ASN
			}
		case "geo":
			event["source.geolocation.cc"] = value
		case "region":
			event["source.geolocation.region"] = value
		case "city":
			event["source.geolocation.city"] = value
		default:
			event["extra."+name] = value
		}
	}
	for name, value := range event {
		if value == "" {
			delete(event, name)
		}
	}
	return event
}
