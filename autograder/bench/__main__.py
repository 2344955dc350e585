"""`python -m autograder.bench NAME [--repeats N] [--quick]`."""

from __future__ import annotations

import argparse
import sys

from autograder import bench

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m autograder.bench")
    parser.add_argument("name", nargs="?", choices=bench.NAMES)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    sys.exit(bench.run(options.name, repeats=options.repeats, quick=options.quick))
