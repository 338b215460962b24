package elasticsearch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"cleartap/output"
)

// item is what an answer says of one record.
type item struct {
	Status int `json:"status"`
	Error  struct {
		Type string `json:"type"`
	} `json:"error"`
}

// read takes the verdicts out of an answer. They are told by position: an answer
// of another length says nothing of anybody, and all is sent again, which stores
// nothing twice.
func (s *Sink) read(a *answer, at []int, verdicts []output.Verdict) error {
	var doc struct {
		Items []map[string]item `json:"items"`
	}
	if json.Unmarshal(a.body, &doc) != nil {
		return &output.Fault{Cause: "the answer is not one of Elasticsearch", Cure: "does url lead to Elasticsearch itself?"}
	}
	if len(doc.Items) != len(at) {
		return &output.Fault{Cause: fmt.Sprintf("the answer tells of %d records, %d were sent", len(doc.Items), len(at)), Cure: "does url lead to Elasticsearch itself?"}
	}
	refused := false
	for k, i := range at {
		it := doc.Items[k]["create"]
		verdicts[i] = it.verdict()
		refused = refused || it.Status == 401 || it.Status == 403
	}
	if refused {
		s.forget()
	}
	return nil
}

// verdict says what an answer means for a record.
func (it *item) verdict() output.Verdict {
	kind := errorType(it.Error.Type)
	v := output.Verdict{Status: strconv.Itoa(it.Status), Kind: kind}
	switch {
	case it.Status >= 200 && it.Status < 300:
		return output.Verdict{Outcome: output.Done}
	case it.Status == 409:
		return output.Verdict{Outcome: output.Done, Duplicate: true}
	case it.Status < 400, it.Status == 408, it.Status == 429, it.Status >= 500:
		v.Outcome = output.Retry
	case it.Status == 401, it.Status == 403, setup(kind):
		v.Outcome = output.Hold
	default: // 400, 404, 413 and what else is about the document
		v.Outcome = output.Dead
	}
	return v
}

// setup reports whether a type of error is about the data stream, not the
// document: it is not there and cannot be made, or it is none.
func setup(kind string) bool { return kind == "index_not_found_exception" }

// errorTypes are the types of errors that are passed on. What else a server
// gives as a type is a text of the server.
var errorTypes = []string{
	"circuit_breaking_exception", "cluster_block_exception", "content_too_long_exception", "document_parsing_exception",
	"es_rejected_execution_exception", "illegal_argument_exception", "illegal_state_exception", "index_closed_exception",
	"index_not_found_exception", "invalid_index_name_exception", "mapper_parsing_exception", "mapper_exception", "no_shard_available_action_exception",
	"parsing_exception", "process_cluster_event_timeout_exception", "remote_transport_exception", "security_exception",
	"strict_dynamic_mapping_exception", "timeout_exception", "unavailable_shards_exception", "validation_exception",
	"version_conflict_engine_exception", "x_content_parse_exception", "action_request_validation_exception", "status_exception",
	"pipeline_processor_exception", "ingest_processor_exception", "script_exception", "no_node_available_exception", "master_not_discovered_exception",
}

// errorType is a type of error that is known, or one word for all others.
func errorType(s string) string {
	switch {
	case s == "":
		return ""
	case slices.Contains(errorTypes, s):
		return s
	}
	return "other_exception"
}

// itemFault words why some records were not taken, by the first of them.
func itemFault(verdicts []output.Verdict) error {
	for _, v := range verdicts {
		if v.Outcome == output.Retry || v.Outcome == output.Hold {
			return wordItem(v)
		}
	}
	return nil
}

func wordItem(v output.Verdict) *output.Fault {
	why := "(" + v.Status + " " + v.Kind + ")"
	switch {
	case v.Kind == "index_not_found_exception":
		return &output.Fault{Cause: "there is no data stream and no template to make it " + why, Cure: "run cleartap setup elasticsearch with a key that may make templates", Hold: true}
	case v.Status == "403" && v.Kind == "cluster_block_exception":
		return &output.Fault{Cause: "the index is closed to writers " + why, Cure: "take the block index.blocks.write away", Hold: true}
	case v.Status == "429" && v.Kind == "cluster_block_exception":
		return &output.Fault{Cause: "the index is read-only " + why, Cure: "the cluster's disks are nearly full (flood stage): make room there"}
	case v.Kind == "unavailable_shards_exception" || v.Kind == "no_shard_available_action_exception":
		return &output.Fault{Cause: "the shard that alerts go to is away " + why, Cure: "is a node of the cluster down?"}
	case v.Status == "403" || v.Status == "401":
		return &output.Fault{Cause: "the key may not write to the data stream " + why, Cure: "give it the rights that cleartap export role prints", Hold: true}
	case v.Status == "429":
		return &output.Fault{Cause: "the cluster is overloaded " + why}
	}
	return &output.Fault{Cause: "the cluster did not take all alerts " + why, Hold: v.Outcome == output.Hold}
}
