#!/usr/bin/env python3
"""Holds reports of the bulk check against their schema. usage: check_schema.py SCHEMA FILE...

A FILE is exray.check/1, or with the name *.jsonl one user a line. Exits 77 where jsonschema is missing.
"""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(77)

schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
jsonschema.Draft202012Validator.check_schema(schema)
whole = jsonschema.Draft202012Validator(schema)
user = jsonschema.Draft202012Validator({"$ref": "#/$defs/user", "$defs": schema["$defs"]})
wrong = 0
for name in sys.argv[2:]:
    text = pathlib.Path(name).read_text(encoding="utf-8")
    lines = name.endswith(".jsonl")
    for document in map(json.loads, text.splitlines()) if lines else [json.loads(text)]:
        for error in (user if lines else whole).iter_errors(document):
            wrong += 1
            print(f"{name}: {error.json_path}: {error.message[:300]}")
sys.exit(1 if wrong else 0)
