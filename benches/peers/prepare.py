"""Converts the three CSV files to Parquet and writes what is true: `prepare.py DATA WORK`."""

import json
import sys
from pathlib import Path

import frames
from questions import QUESTIONS


def main():
    data, work = map(Path, sys.argv[1:3])
    frames.convert(data, work)
    truth = {question.name: frames.truth(work, question.name) for question in QUESTIONS}
    (work / "truth.json").write_text(json.dumps(truth))


if __name__ == "__main__":
    main()
