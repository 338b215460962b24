package format_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"cleartap/output/csv"
	"cleartap/output/format"
	"cleartap/output/format/formattest"
)

// The examples of the reference are what the encoders write.
func TestReferenceShowsWhatIsWritten(t *testing.T) {
	a := formattest.Sample()
	all := map[string]string{}
	for _, name := range format.Names() {
		f, _ := format.Parse(name)
		all[name] = string(f.Append(nil, &a))
	}
	all["leef1"] = strings.ReplaceAll(all["leef1"], "\t", "␉")
	for _, name := range []string{"json", "eve", "ocsf"} {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(all[name]), "", "  "); err != nil {
			t.Fatal(err)
		}
		all[name] = b.String()
	}
	var b bytes.Buffer
	w := csv.New(&b)
	if err := w.Write(&a); err != nil || w.Flush() != nil {
		t.Fatal(err)
	}
	all["csv"] = strings.TrimSuffix(b.String(), "\n")
	formattest.Reference(t, all)
}
