"""What the peers' files share: one question asked again and again, each answer written as a line of JSON.

A peer's file gives `prepare(question, arguments)`, which returns a note and a function without arguments that asks once and
returns the released groups; only that function is timed.
"""

import argparse
import json
import os
import time
from importlib import metadata
from pathlib import Path

from questions import BY_NAME


def main(package: str, prepare):
    parser = argparse.ArgumentParser()
    parser.add_argument("--question", required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--port", type=int)
    arguments = parser.parse_args()
    # Libraries may print: what is meant for run.py goes out on a copy of standard output, the rest to standard error.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(**fields):
        print(json.dumps(fields), file=out, flush=True)

    tell(version=metadata.version(package))
    note, ask = prepare(BY_NAME[arguments.question], arguments)
    tell(note=note)
    deadline = time.monotonic() + arguments.seconds
    for _ in range(arguments.runs):
        start = time.monotonic()
        released = ask()
        tell(seconds=time.monotonic() - start, released=released)
        if time.monotonic() > deadline:
            break


def month(year, number) -> str:
    return f"{int(year):04}-{int(number):02}"
