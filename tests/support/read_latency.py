#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times reads of two folders by turns.

    read_latency.py SAMPLES GOOD BAD WITHIN...

A sample lists GOOD, or BAD, reads every file of WITHIN in it (patterns), and asks for a name that is not there and an
attribute that is not there: those two are never answered from the kernel's cache. Prints the medians and the longest
of BAD in microseconds: "GOOD-MEDIAN BAD-MEDIAN BAD-MAX".
"""
import glob
import os
import statistics
import sys
import time


def sample(folder, files):
    begin = time.perf_counter()
    with os.scandir(folder) as entries:
        for entry in entries:
            entry.stat(follow_symlinks=False)
    for path in files:
        with open(path, "rb") as file:
            file.read()
        try:
            os.getxattr(path, "user.fleetfs.nothing")
        except OSError:
            pass
        os.path.exists(os.path.join(os.path.dirname(path), "nothing"))
    return (time.perf_counter() - begin) * 1e6


def main():
    samples, folders, within = int(sys.argv[1]), sys.argv[2:4], sys.argv[4:]
    files = [sorted(f for w in within for f in glob.glob(os.path.join(folder, w))) for folder in folders]
    if not files[0] or len(files[0]) != len(files[1]):
        sys.exit(f"not the same files in both: {len(files[0])} and {len(files[1])}")
    taken = ([], [])
    for turn in range(samples):
        # Each is first every other time: what comes second may find the processor warm, or taken.
        for which in (turn % 2, 1 - turn % 2):
            taken[which].append(sample(folders[which], files[which]))
            time.sleep(0.005)
    print(*(round(x) for x in (statistics.median(taken[0]), statistics.median(taken[1]), max(taken[1]))))


main()
