"""Asks other engines the questions that Membrane is asked, epsilon and bounds the same: time and error side by side.

    run.py --data DIR --venvs PREFIX [--membrane FILE] [--json FILE] [--engine NAME ..] [--question NAME ..]

DIR has lines.csv, orders.csv and customers.csv (`membrane-bench member-data DIR`). The engine NAME runs in the virtualenv
PREFIX-NAME (`scripts/setup.sh peers PREFIX`), a process for each question. FILE of --membrane has Membrane's own cells, in the
form that --json writes. docs/peers.md says what is compared and what is not comparable.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import postgres
from questions import QUESTIONS

HERE = Path(__file__).parent
RUNS = 20
# No further run of a question begins after so many seconds.
SECONDS = 60
# A question that has not answered once by then is given up, its data's loading included.
SECONDS_MAX = 600

ENGINES = ["smartnoise", "pyqrlew", "pipelinedp", "opendp"]
ON_POSTGRES = ["smartnoise", "pyqrlew"]
TITLES = {
    "membrane": "Membrane", "smartnoise": "smartnoise-sql", "pyqrlew": "pyqrlew", "pipelinedp": "pipeline-dp",
    "opendp": "opendp (Polars)",
}


def main():
    arguments = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("membrane: stopped"))  # So that PostgreSQL is stopped too.
    cells = json.loads(arguments.membrane.read_text()) if arguments.membrane else []
    questions = [question for question in QUESTIONS if question.name in (arguments.question or [question.name])]
    with tempfile.TemporaryDirectory(prefix="membrane-peers-") as folder, contextlib.ExitStack() as stack:
        work = Path(folder)
        python = python_of(arguments, "data")
        if not python.exists():
            sys.exit(f"membrane: {python} is not there; run: scripts/setup.sh peers {arguments.venvs}")
        note("converts the data to Parquet and computes what is true")
        subprocess.run([python, HERE / "prepare.py", arguments.data, work], check=True)
        truth = json.loads((work / "truth.json").read_text())
        port, no_postgres = None, None
        if set(arguments.engine) & set(ON_POSTGRES):
            note("starts a private PostgreSQL and loads the data")
            try:
                port = stack.enter_context(postgres.server(arguments.data))
            except (OSError, RuntimeError, KeyError, subprocess.CalledProcessError) as error:
                no_postgres = f"cannot: no PostgreSQL: {error}"
                note(no_postgres)
        for engine in arguments.engine:
            for question in questions:
                note(f"{engine}: {question.title}")
                missing = no_postgres if engine in ON_POSTGRES else None
                if not python_of(arguments, engine).exists():
                    missing = "cannot: not installed here"
                said = [{"nothing": missing}] if missing else ask(arguments, engine, question.name, work, port)
                cells.append(cell(engine, question.name, said, truth[question.name]))
                if arguments.json:
                    arguments.json.write_text(json.dumps(cells, indent=1))
    print(table(cells, questions))
    note("load average of the last minutes: " + ", ".join(f"{load:.1f}" for load in os.getloadavg()))


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--venvs", required=True)
    parser.add_argument("--membrane", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--engine", nargs="+", default=ENGINES, choices=ENGINES)
    parser.add_argument("--question", nargs="+")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    return parser.parse_args()


def python_of(arguments, engine) -> Path:
    return Path(f"{arguments.venvs}-{engine}/bin/python")


def ask(arguments, engine, question, work, port) -> list[dict]:
    """Returns what the engine's process said: its version, a note, and a released answer for each run."""
    command = [
        python_of(arguments, engine), HERE / f"engine_{engine}.py", "--question", question, "--runs", str(arguments.runs),
        "--seconds", str(arguments.seconds), "--work", work]
    if port:
        command += ["--port", str(port)]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        why = None
        try:
            if process.wait(timeout=SECONDS_MAX) != 0:
                errors.seek(0)
                why = "error: " + (errors.read().strip().splitlines() or ["no message"])[-1][:200]
        except subprocess.TimeoutExpired:
            why = f"no answer within {SECONDS_MAX} s"
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        said = [json.loads(line) for line in out.read().splitlines() if line.endswith("}")]
    if why:
        note(why)
        if not any("released" in line for line in said):
            said.append({"nothing": why})
    return said


def cell(engine, question, said, truth) -> dict:
    """Judges the answers: an error for each group that is truly there and was released, over all runs."""
    facts = {key: value for line in said for key, value in line.items()}
    runs = [line for line in said if "released" in line]
    errors = [
        abs(line["released"][key] - exact) / abs(exact)
        for line in runs for key, exact in truth.items() if key in line["released"]]
    return {
        "engine": engine,
        "version": facts.get("version"),
        "question": question,
        "seconds": statistics.median(line["seconds"] for line in runs) if runs else None,
        "error_median": statistics.median(errors) if errors else None,
        "error_p95": percentile(errors, 0.95),
        "groups_kept": statistics.mean(len(truth.keys() & line["released"].keys()) for line in runs) if runs else None,
        "groups_true": len(truth),
        "runs": len(runs),
        "note": facts.get("nothing") or facts.get("note", ""),
    }


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else None


def table(cells, questions) -> str:
    """Returns Markdown: of each cell the seconds, the median and p95 of the error, the groups kept of those there, the runs."""
    found = {(cell["engine"], cell["question"]): cell for cell in cells}
    engines = [engine for engine in TITLES if any(cell["engine"] == engine for cell in cells)]
    versions = {cell["engine"]: cell["version"] for cell in cells if cell["version"]}
    lines = [
        "| " + " | ".join(["question", *(f"{TITLES[engine]} {versions.get(engine, '')}".strip() for engine in engines)]) + " |",
        "| " + " | ".join(["---"] * (len(engines) + 1)) + " |"]
    for question in questions:
        row = [shown(found.get((engine, question.name))) for engine in engines]
        lines.append(f"| {question.title} | " + " | ".join(row) + " |")
    lines.append("")
    lines.append("A cell: seconds; median error, p95; groups released of those there; runs.")
    lines.append("\\* A part was prepared outside the engine.")
    return "\n".join(lines)


def shown(cell) -> str:
    if cell is None:
        return ""
    if cell["seconds"] is None:
        return cell.get("note") or ""
    if cell["error_median"] is None:
        errors = "nothing released"
    else:
        errors = f"{cell['error_median']:.2%}, {cell['error_p95']:.2%}"
    kept = f"{cell['groups_kept']:.1f}".removesuffix(".0")
    prepared = " \\*" if "prepared:" in (cell.get("note") or "") else ""
    return f"{cell['seconds']:.2f} s; {errors}; {kept} of {cell['groups_true']}; {cell['runs']}{prepared}"


def note(text):
    print(f"peers: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
