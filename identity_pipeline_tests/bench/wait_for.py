"""Run a command and note what it cost: `wait_for.py NOTE COMMAND...`.

A process begins with the memory of the one that started it on its account, so whatever starts a
command that is measured has to be small: this, and not the benchmark itself.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

note, *command = sys.argv[1:]
began = time.perf_counter()
process = subprocess.Popen(command)
_, status, used = os.wait4(process.pid, 0)
wall = time.perf_counter() - began
process.returncode = os.waitstatus_to_exitcode(status)
spent = {"cpu": used.ru_utime + used.ru_stime, "wall": wall, "peak": used.ru_maxrss}
Path(note).write_text(json.dumps(spent), encoding="utf-8")
sys.exit(process.returncode)
