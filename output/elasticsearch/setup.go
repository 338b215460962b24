package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"cleartap/deploy"
	"cleartap/output"
)

// SetupOptions say what Setup installs.
type SetupOptions struct {
	Retention string // how long documents are kept, such as 90d; empty: as the template says
}

// Step is one thing that Setup does.
type Step struct {
	Name string // of the template
	Path string // of the request, which is a PUT
	Body []byte
	Done string // created, updated, or why nothing was done; empty before it was tried
}

// templates are the parts, in the order in which they must be made.
var templates = []struct{ name, path, file string }{
	{"cleartap-settings", "/_component_template/", "elasticsearch/cleartap-settings.json"},
	{"cleartap-mappings", "/_component_template/", "elasticsearch/cleartap-mappings.json"},
	{"cleartap", "/_index_template/", "elasticsearch/cleartap.json"},
}

var retention = regexp.MustCompile(`^[1-9][0-9]{0,5}[dhms]$`)

// Steps gives what Setup would do, without contacting anybody.
func Steps(o SetupOptions) ([]Step, error) {
	if o.Retention != "" && !retention.MatchString(o.Retention) {
		return nil, fmt.Errorf("retention %q: want a number and d, h, m or s, such as 90d", o.Retention)
	}
	var steps []Step
	for _, t := range templates {
		body, err := deploy.Files.ReadFile(t.file)
		if err != nil {
			return nil, err
		}
		if t.name == "cleartap-settings" && o.Retention != "" {
			if body, err = keepFor(body, o.Retention); err != nil {
				return nil, err
			}
		}
		steps = append(steps, Step{Name: t.name, Path: t.path + t.name, Body: body})
	}
	return steps, nil
}

// keepFor sets the retention of a template.
func keepFor(body []byte, retention string) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	template, ok := doc["template"].(map[string]any)
	if !ok {
		return nil, errors.New("the template of settings has no part template")
	}
	template["lifecycle"] = map[string]any{"data_retention": retention}
	return json.MarshalIndent(doc, "", "  ")
}

// Setup installs the templates, or brings them up to date; it may be done again
// at any time. One that a newer cleartap installed is left alone. The error is a
// *output.Fault; the steps tell how far it came.
func (s *Sink) Setup(ctx context.Context, o SetupOptions) ([]Step, error) {
	steps, err := Steps(o)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		st := &steps[i]
		old, err := s.installed(ctx, st)
		if err != nil {
			return steps, err
		}
		if old > version(st.Body) {
			st.Done = "left as it is: a newer cleartap made it"
			continue
		}
		if err := s.put(ctx, st); err != nil {
			return steps, err
		}
		st.Done = "updated"
		if old < 0 {
			st.Done = "created"
		}
	}
	return steps, nil
}

func version(body []byte) int {
	var doc struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(body, &doc) != nil {
		return 0
	}
	return doc.Version
}

// installed gives the version of a template that is there, -1 if there is none.
func (s *Sink) installed(ctx context.Context, st *Step) (int, error) {
	a, err := s.request(ctx, http.MethodGet, st.Path, nil)
	switch {
	case err != nil:
		return 0, err
	case a.status == http.StatusNotFound:
		return -1, nil
	case a.status != http.StatusOK:
		return 0, setupRefusal(st, a)
	}
	type body struct {
		Version int `json:"version"`
	}
	var doc struct {
		Components []struct {
			Template body `json:"component_template"`
		} `json:"component_templates"`
		Indices []struct {
			Template body `json:"index_template"`
		} `json:"index_templates"`
	}
	if json.Unmarshal(a.body, &doc) != nil || len(doc.Components)+len(doc.Indices) != 1 {
		return 0, &output.Fault{Cause: "the answer is not one of Elasticsearch", Cure: "does url lead to Elasticsearch itself?", Hold: true}
	}
	if len(doc.Components) == 1 {
		return doc.Components[0].Template.Version, nil
	}
	return doc.Indices[0].Template.Version, nil
}

func (s *Sink) put(ctx context.Context, st *Step) error {
	a, err := s.request(ctx, http.MethodPut, st.Path, st.Body)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return setupRefusal(st, a)
	}
	return nil
}

// setupRefusal words why a template could not be read or made.
func setupRefusal(st *Step, a *answer) error {
	switch a.status {
	case http.StatusForbidden:
		return &output.Fault{Cause: "the key or user may not make templates (status 403)", Cure: "use one with the rights that cleartap export role --setup prints", Hold: true}
	case http.StatusBadRequest:
		return &output.Fault{Cause: "the cluster refuses the template " + st.Name + " (status 400)", Cure: "want Elasticsearch 8.11 or later; is there another template of the same priority for logs-cleartap.*-*?", Hold: true}
	}
	return refusal(a)
}

// request sends a request of a path, with JSON. The types of esapi differ for
// each path, and what they add is the path.
func (s *Sink) request(ctx context.Context, method, path string, body []byte) (*answer, error) {
	h, err := s.header(mediaType)
	if err != nil {
		return nil, err
	}
	return s.perform(ctx, func(ctx context.Context, t esapi.Transport) (*esapi.Response, error) {
		req, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header = h
		res, err := t.Perform(req) //nolint:bodyclose // perform closes it
		if err != nil {
			return nil, err
		}
		return &esapi.Response{StatusCode: res.StatusCode, Header: res.Header, Body: res.Body}, nil
	})
}

// Role is the least that a sensor's API key must be able to do, as a role
// descriptor in JSON.
func Role() ([]byte, error) { return deploy.Files.ReadFile("elasticsearch/role.json") }

// SetupRole is the same for what Setup and CreateKey need.
func SetupRole() ([]byte, error) { return deploy.Files.ReadFile("elasticsearch/setup-role.json") }

// CreateKey makes an API key for a sensor, with the least role. It ends after so
// long, such as 365d; empty: never. It gives "id:key".
func (s *Sink) CreateKey(ctx context.Context, name, expiration string) (string, error) {
	role, err := Role()
	if err != nil {
		return "", err
	}
	body := map[string]any{"name": name, "role_descriptors": map[string]json.RawMessage{"cleartap": role}, "metadata": map[string]string{"application": "cleartap"}}
	if expiration != "" {
		body["expiration"] = expiration
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	a, err := s.request(ctx, http.MethodPost, "/_security/api_key", raw)
	switch {
	case err != nil:
		return "", err
	case a.status == http.StatusForbidden:
		return "", &output.Fault{Cause: "this user may not make such a key (status 403)", Cure: "a key cannot have more rights than who makes it: use a user of your own, with rights on logs-cleartap.*-*", Hold: true}
	case a.status != http.StatusOK:
		return "", refusal(a)
	}
	var made struct {
		ID  string `json:"id"`
		Key string `json:"api_key"`
	}
	if json.Unmarshal(a.body, &made) != nil || made.ID == "" || made.Key == "" {
		return "", &output.Fault{Cause: "the answer is not one of Elasticsearch", Hold: true}
	}
	return made.ID + ":" + made.Key, nil
}
