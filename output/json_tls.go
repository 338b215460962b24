package output

func (e *encoder) tls(v *TLS) {
	if v == nil {
		return
	}
	e.open(`,"tls":{`)
	e.text(`,"version":`, v.Version)
	e.text(`,"version_protocol":`, v.VersionProtocol)
	e.text(`,"cipher":`, v.Cipher)
	e.text(`,"curve":`, v.Curve)
	e.text(`,"next_protocol":`, v.NextProtocol)
	e.bool(`,"established":`, v.Established)
	e.bool(`,"resumed":`, v.Resumed)
	if v.Client != (TLSClient{}) {
		e.open(`,"client":{`)
		e.text(`,"server_name":`, v.Client.ServerName)
		e.close()
	}
	e.tlsServer(&v.Server)
	e.close()
}

func (e *encoder) tlsServer(v *TLSServer) {
	if *v == (TLSServer{}) {
		return
	}
	e.open(`,"server":{`)
	e.text(`,"subject":`, v.Subject)
	e.text(`,"issuer":`, v.Issuer)
	e.text(`,"not_before":`, v.NotBefore)
	e.text(`,"not_after":`, v.NotAfter)
	if v.Hash != (TLSHash{}) {
		e.open(`,"hash":{`)
		e.text(`,"sha256":`, v.Hash.SHA256)
		e.close()
	}
	if v.X509 != (X509{}) {
		e.open(`,"x509":{`)
		e.text(`,"serial_number":`, v.X509.SerialNumber)
		e.text(`,"public_key_algorithm":`, v.X509.PublicKeyAlgorithm)
		e.number(`,"public_key_size":`, v.X509.PublicKeySize)
		e.text(`,"signature_algorithm":`, v.X509.SignatureAlgorithm)
		e.close()
	}
	e.close()
}

func (e *encoder) tlsFinding(v *TLSFinding) {
	if v == nil {
		return
	}
	e.open(`,"tls":{`)
	e.text(`,"client_version":`, v.ClientVersion)
	e.text(`,"ja4":`, v.JA4)
	e.list(`,"problems":[`, v.Problems)
	if v.Downgraded {
		e.bool(`,"downgraded":`, true)
	}
	e.list(`,"offered":[`, v.Offered)
	e.number(`,"masked":`, v.Masked)
	e.list(`,"stripped":[`, v.Stripped)
	e.list(`,"baseline":[`, v.Baseline)
	e.text(`,"upgrade":`, v.Upgrade)
	e.list(`,"injected":[`, v.Injected)
	e.text(`,"injected_by":`, v.InjectedBy)
	e.text(`,"referral":`, v.Referral)
	e.close()
}

func (e *encoder) serverFinding(v *ServerFinding) {
	if v == nil {
		return
	}
	e.open(`,"server":{`)
	e.text(`,"product":`, v.Product)
	e.text(`,"version":`, v.Version)
	e.text(`,"grade":`, v.Grade)
	e.bool(`,"starttls":`, v.StartTLS)
	e.list(`,"mechanisms":[`, v.Mechanisms)
	e.number(`,"sessions":`, v.Sessions)
	e.number(`,"clients":`, v.Clients)
	e.number(`,"accounts":`, v.Accounts)
	e.bool(`,"external":`, v.External)
	e.text(`,"first_seen":`, v.FirstSeen)
	e.text(`,"last_seen":`, v.LastSeen)
	e.close()
}
