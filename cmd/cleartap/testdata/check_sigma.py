"""Checks Sigma rules with pySigma and writes them as Lucene queries: the folder is the
argument; one JSON object on standard output. The validators that fetch lists from the
internet are left out."""
import json
import sys

from sigma.backends.elasticsearch import LuceneBackend
from sigma.collection import SigmaCollection
from sigma.validation import SigmaValidator
from sigma.validators.core import validators

rules = SigmaCollection.load_ruleset(sys.argv[1:])
offline = {v for v in validators.values() if v.__name__ not in ("ATTACKTagValidator", "D3FENDTagValidator")}
issues = [str(e) for r in rules.rules for e in r.errors]
issues += [str(i) for i in SigmaValidator(offline).validate_rules(iter(rules.rules))]
queries = {r.title: LuceneBackend().convert_rule(r)[0] for r in rules.rules}
print(json.dumps({"validators": len(offline), "issues": issues, "queries": queries}))
