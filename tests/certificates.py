#!/usr/bin/env python3
"""The matrix of certificates: some three hundred judgements by exray test ssl-trust, each with the exact findings that it must tell.

usage: certificates.py --bin BUILD_DIR [--only PATTERN]... [--one-per-finding] [--jobs N] [NAME...]
Certificates are made on the spot; servers are openssl s_server, nginx, exray-sim and plain sockets. A PATTERN is a part of a name or a
shell pattern. Ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds.
"""
import argparse, concurrent.futures, fnmatch, os, pathlib, shutil, signal, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "certificates")]
import harness

try:
    import cryptography  # Debian: python3-cryptography
except ImportError:
    print("SKIP the matrix of certificates: python3-cryptography is missing")
    print("0 passed, 0 failed")
    sys.exit(0)

import bench
import servers
import told
from authorities import Authorities


def judged_live(row):
    def run(desk):
        sent = row.make(desk.m)
        address = row.host if ":" in row.host else "127.0.0.1"
        server = desk.s_server(sent, *row.server, address=address)
        desk.must(desk.live(server.port, *row.options, host=row.host, roots=row.trust(desk.m)), *row.expect, *row.live, says=row.says)
    return run


def judged_offline(row):
    def run(desk):
        at = ["--at", row.at] if row.at else []
        desk.must(desk.offline(row.make(desk.m), *at, *row.options, host=row.host, roots=row.trust(desk.m)), *row.expect, *row.offline,
                  says=row.says)
    return run


def declare_rows():
    """Each row twice, where both ways make sense: by a handshake and from a file, with the same verdict."""
    import matrix
    for row in matrix.ROWS:
        if row.only != "offline":
            bench.check(f"{row.name}", *row.expect, *row.live)(judged_live(row))
        if row.only != "live":
            bench.check(f"{row.name}-from-a-file", *row.expect, *row.offline)(judged_offline(row))


def declare_all():
    declare_rows()
    import hostile, live, suites


def chosen(options):
    patterns = options.only + options.names
    checks = [one for one in bench.CHECKS if not patterns or any(fnmatch.fnmatchcase(one.name, pattern) or pattern in one.name
                                                                   for pattern in patterns)]
    return one_per_finding(checks) if options.one_per_finding else checks


def one_per_finding(checks):
    """The first check of each finding, and the first one without any."""
    shown, kept = set(), []
    for one in checks:
        if one.findings - shown or not kept:
            kept.append(one)
            shown |= one.findings
    return kept


def passes(one, desk):
    """Gives the line to print and whether it passed; None: it was skipped."""
    started = time.monotonic()
    try:
        one.function(desk)
    except bench.Skipped as why:
        return f"SKIP   {one.name}: {why}", None
    except Exception as error:
        return f"not ok {one.name}: {type(error).__name__}: {error}", False
    finally:
        desk.close()
    return f"ok     {one.name} ({time.monotonic() - started:.1f} s)", True


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[])
    parser.add_argument("--one-per-finding", action="store_true")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("names", metavar="NAME", nargs="*")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    return options


def leave_nothing_behind(folder):
    """Ctrl-C ends the servers and takes the folder along; threads in the middle of a check do not matter any more."""
    def break_off(number, _):
        servers.end_all()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(128 + number)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, break_off)


def run_all(checks, options, folder):
    """Gives what became of each; all lines are printed in the order of the checks."""
    library = servers.Library()
    authorities, validator, results = Authorities(library), told.schema_validator(), []
    desk = lambda: bench.Desk(options.bin, authorities, validator, folder)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line, passed in pool.map(lambda one: passes(one, desk()), checks):
            print(line, flush=True)
            results.append(passed)
    library.stop()
    return results


def main():
    options = arguments()
    declare_all()
    checks = chosen(options)
    if options.list:
        print("\n".join(one.name for one in checks))
        return 0
    with tempfile.TemporaryDirectory(prefix="exray-matrix-") as folder:
        leave_nothing_behind(folder)
        results = run_all(checks, options, folder)
    return harness.tell_end(results.count(True), results.count(False))


if __name__ == "__main__":
    sys.exit(main())
