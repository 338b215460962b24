"""Reads records of CEF and OCSF by other people's parsers: one JSON object a line
on standard input, {"kind": "cef" or "ocsf", "text": ...}; one on standard output with
what was understood."""
import json
import sys

import pycef
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

for line in sys.stdin:
    record = json.loads(line)
    if record["kind"] == "cef":
        fields = pycef.parse(record["text"]) or {}
        out = {"id": fields.get("externalId"), "user": fields.get("duser"), "rule": fields.get("DeviceEventClassID"), "keys": sorted(fields)}
    else:
        finding = DetectionFinding.model_validate_json(record["text"])
        out = {"id": finding.finding_info.uid, "user": "", "rule": finding.metadata.event_code, "keys": []}
    print(json.dumps(out), flush=True)
