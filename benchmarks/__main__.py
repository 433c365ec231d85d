"""Run the benchmarks named on the command line, or all of them, and print one Markdown table."""

import os
import platform
import sys

from benchmarks import latency, start, subscriptions, ticks

ALL = {"ticks": ticks, "latency": latency, "start": start, "subscriptions": subscriptions}


def main() -> None:
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        raise SystemExit(f"Error: there is no benchmark {unknown[0]}; choose from {', '.join(ALL)}.")
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| what | measured |\n|---|---|")
    for name in names:
        for line in ALL[name].run():
            print(line, flush=True)


if __name__ == "__main__":
    main()
