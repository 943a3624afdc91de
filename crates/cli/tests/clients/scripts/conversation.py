"""What every Python conversation shares: where the plane is, how parts are run, how the report is written.

A script is called with one phase; what the provider does in it was arranged beforehand by the Rust test.
It prints one JSON document: {"passed": [names], "failed": {name: error}}.
"""

import json
import os
import sys
import time
import traceback

URL = os.environ["PORTUNUS_TEST_URL"]
TOKEN = os.environ["PORTUNUS_TEST_TOKEN"]

# A PNG of one transparent pixel, and one large enough that the request has some megabytes.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
LARGE = PIXEL + "A" * (4 * 1024 * 1024)


class Counter:
    """Counts the requests that really leave, below the SDK's own retries."""

    def __init__(self):
        self.requests = 0

    def __call__(self, _request):
        self.requests += 1


def raises(kind, call):
    """The error that the call must raise."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def timed(call):
    """What the call returns, and how many seconds it took."""
    began = time.monotonic()
    return call(), time.monotonic() - began


def run(phases):
    """Runs the phase named on the command line and writes the report."""
    report = {"passed": [], "failed": {}}
    for part in phases[sys.argv[1]]:
        try:
            part()
            report["passed"].append(part.__name__)
        except Exception as error:
            own = traceback.extract_tb(error.__traceback__)[1]
            report["failed"][part.__name__] = f"line {own.lineno}: {type(error).__name__}: {error}"[:2000]
    json.dump(report, sys.stdout)
