#!/usr/bin/env python3
"""Checks OpenLineage events, one a line, against the JSON schemas of the specification and against our own.

    check_openlineage.py SCHEMAS OWN EVENTS

Every facet is checked against the schema that its `_schemaURL` names, which must be there."""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource


def main() -> int:
    folders, events = [pathlib.Path(name) for name in sys.argv[1:3]], pathlib.Path(sys.argv[3])
    schemas = [json.loads(path.read_text()) for folder in folders for path in sorted(folder.glob("*.json"))]
    registry = Registry().with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in schemas])
    # Our own facets are named by the id of their schema alone.
    own = {schema["$id"]: f"{schema['$id']}#/$defs/{schema['$id'].split(':')[-2]}"
           for schema in schemas if schema["$id"].startswith("urn:")}
    made = {}

    def validator(url: str) -> Draft202012Validator:
        if url not in made:
            made[url] = Draft202012Validator({"$ref": own.get(url, url)}, registry=registry, format_checker=FormatChecker())
        return made[url]

    faults, facets, kinds, runs = [], {}, {}, {}
    lines = events.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        event = json.loads(line)
        kinds[event["eventType"]] = kinds.get(event["eventType"], 0) + 1
        runs.setdefault(event["run"]["runId"], []).append(event["eventType"])
        checks = [(event["schemaURL"], event, "event")]
        for facet_of in [event["run"], event["job"], *event["inputs"], *event["outputs"]]:
            for group in ("facets", "inputFacets", "outputFacets"):
                for name, facet in facet_of.get(group, {}).items():
                    facets[name] = facets.get(name, 0) + 1
                    checks.append((facet["_schemaURL"], facet, f"{group}.{name}"))
        for url, body, place in checks:
            for error in validator(url).iter_errors(body):
                faults.append(f"line {number}: {place}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    for run, of_run in runs.items():
        if of_run[0] != "START" or len(of_run) > 2 or of_run[1:] == ["START"]:
            faults.append(f"run {run}: {of_run}")
    print("\n".join(faults[:50]))
    print(f"{len(lines)} events of {len(runs)} runs {kinds}, facets {facets}: {len(faults)} faults")
    return 1 if faults or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
