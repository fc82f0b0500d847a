"""Runs a program with its output in a file, and prints how long it took and the most memory it had.

    python measure.py NAME OUTPUT PROGRAM [ARGUMENT ...]

Prints a name, a tab and a figure a line: the whole process's wall time, its time of all cores, both in ms, and its peak memory
in MB. Ends as the program ended.
"""

import os
import subprocess
import sys
import time


def main():
    name, output, *command = sys.argv[1:]
    with open(output, "wb") as file:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.exit(f"{command[0]} ended with {code}")
    print(f"{name}_ms\t{seconds * 1_000}")
    print(f"{name}_cpu_ms\t{(used.ru_utime + used.ru_stime) * 1_000}")
    # Linux counts in kB, macOS in bytes.
    print(f"{name}_mb\t{used.ru_maxrss / (1_000_000 if sys.platform == 'darwin' else 1_000 / 1.024)}")


main()
