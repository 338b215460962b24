package testnode

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Do sends a request as the administrator and reads the answer into out, unless it
// is nil. An error tells the status and what the server said.
func (n *Node) Do(method, path string, body, out any) error {
	status, answer, err := n.Raw(method, path, body)
	if err != nil {
		return err
	}
	if status >= 300 {
		return fmt.Errorf("testnode: %s %s: %d: %s", method, path, status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// Raw sends a request as the administrator. A body that is text is sent as it is.
func (n *Node) Raw(method, path string, body any) (status int, answer []byte, err error) {
	var payload []byte
	switch b := body.(type) {
	case nil:
	case string:
		payload = []byte(b)
	default:
		if payload, err = json.Marshal(b); err != nil {
			return 0, nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, n.URL()+path, bytes.NewReader(payload))
	if err != nil {
		return 0, nil, err
	}
	req.SetBasicAuth(Admin, Password)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := n.client().Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// client trusts the authority, whatever certificate the node has just now.
func (n *Node) client() *http.Client {
	conf := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	conf.RootCAs.AddCert(n.CA.Cert)
	if n.Cert != "" {
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c, err := tls.LoadX509KeyPair(n.Cert, n.Key)
			return &c, err
		}
	}
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // the node is killed and started again between requests
		TLSClientConfig:   conf,
	}}
}

// IDs counts the documents of a stream by their ids. A stream that is not there has none.
func (n *Node) IDs(stream string) (map[string]int, error) {
	ids := map[string]int{}
	status, answer, err := n.Raw("POST", "/"+stream+"/_refresh", nil)
	if err != nil || status == http.StatusNotFound {
		return ids, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("testnode: refresh %s: %d: %s", stream, status, answer)
	}
	after := ""
	for {
		var page struct {
			Hits struct {
				Hits []struct {
					ID   string          `json:"_id"`
					Sort json.RawMessage `json:"sort"`
				} `json:"hits"`
			} `json:"hits"`
		}
		query := `{"size":10000,"_source":false,"sort":["event.id","_doc"],"query":{"match_all":{}}` + after + `}`
		if err := n.Do("POST", "/"+stream+"/_search", query, &page); err != nil {
			return nil, err
		}
		for _, h := range page.Hits.Hits {
			ids[h.ID]++
			after = `,"search_after":` + string(h.Sort)
		}
		if len(page.Hits.Hits) < 10000 {
			return ids, nil
		}
	}
}

// APIKey makes a key with a role, and gives it as "id:key". A role of nil may do all.
func (n *Node) APIKey(name string, role any) (id, key string, err error) {
	body := map[string]any{"name": name}
	if role != nil {
		body["role_descriptors"] = map[string]any{"role": role}
	}
	var made struct {
		ID  string `json:"id"`
		Key string `json:"api_key"`
	}
	err = n.Do("POST", "/_security/api_key", body, &made)
	return made.ID, made.ID + ":" + made.Key, err
}

// Invalidate ends a key.
func (n *Node) Invalidate(id string) error {
	return n.Do("DELETE", "/_security/api_key", map[string]any{"ids": []string{id}}, nil)
}

// Settings changes settings of a stream's indices. A value of nil takes it back.
func (n *Node) Settings(stream string, settings map[string]any) error {
	return n.Do("PUT", "/"+stream+"/_settings", settings, nil)
}

// Cluster changes persistent settings of the cluster.
func (n *Node) Cluster(settings map[string]any) error {
	return n.Do("PUT", "/_cluster/settings", map[string]any{"persistent": settings}, nil)
}

// WaitReady waits until all shards of a stream serve.
func (n *Node) WaitReady(pattern string) error {
	return n.Do("GET", "/_cluster/health/"+strings.TrimSuffix(pattern, "/")+"?wait_for_status=yellow&timeout=30s", nil, nil)
}
