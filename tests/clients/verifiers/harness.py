"""Runs generated modules over tokens: `python harness.py DIRECTORY CASES`. Prints what each made of each token."""

import json
import pathlib
import sys

directory, cases = map(pathlib.Path, sys.argv[1:])
results = {}
for case in json.loads(cases.read_text()):
    results[case["module"]] = outcomes = {}
    namespace = {}
    try:
        exec(compile((directory / f"{case['module']}.py").read_text(), case["module"], "exec"), namespace)
        verify = namespace["verify"]
    except Exception as failure:
        outcomes.update({name: f"{type(failure).__name__}: {failure}" for name in case["tokens"]})
        continue
    for name, token in case["tokens"].items():
        try:
            outcomes[name] = "ok" if verify(token).get("sub") else "no subject"
        except Exception as failure:
            outcomes[name] = f"{type(failure).__name__}: {failure}"
print(json.dumps(results))
