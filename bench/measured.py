"""A child process with what it used: time, CPU, peak memory."""

import os
import signal
import subprocess
import time
from pathlib import Path

MEMORY_EVERY = 0.05


def cpu_seconds(pid):
    """What a process that still runs has used."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Child:
    """`output` is a file object or a subprocess constant; what it says on stderr is kept for errors."""

    started = []

    def __init__(self, command, errors, output=subprocess.DEVNULL, env=None):
        self.command = [str(part) for part in command]
        self.errors = Path(errors)
        self.began = time.monotonic()
        with open(errors, "ab") as file:
            self.popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=file, env=env, bufsize=0)
        self.status = None
        self.seconds = self.cpu = None
        self.peak_bytes = 0
        self._looked = 0.0
        Child.started.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def poll(self):
        """The status if it has ended, else None; looks at its memory now and then."""
        if self.status is not None:
            return self.status
        now = time.monotonic()
        if now - self._looked > MEMORY_EVERY:
            self._looked = now
            self._look_at_memory()
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid:
            self._ended(status, usage)
        return self.status

    def wait(self, timeout):
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                self.fail(f"did not end within {timeout:.0f} s")
            time.sleep(0.002)
        return self

    def succeed(self, timeout, statuses=(0,)):
        if self.wait(timeout).status not in statuses:
            self.fail(f"ended with status {self.status}")
        return self

    def terminate(self, statuses=(0,)):
        self._look_at_memory()
        self.signal(signal.SIGTERM)
        return self.succeed(60, statuses)

    # Not Popen's: that would wait for the process, and lose what it used.
    def signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        if self.poll() is None:
            self.signal(signal.SIGKILL)
            self._ended(*os.wait4(self.pid, 0)[1:])

    def fail(self, why):
        said = self.errors.read_text(errors="replace")[-3000:]
        raise SystemExit(f"{' '.join(self.command)}\n{why}; it said:\n{said}")

    # Not ru_maxrss: that begins with the memory of the process it was forked from.
    def _look_at_memory(self):
        try:
            with open(f"/proc/{self.pid}/status") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)
        except OSError:
            pass

    def _ended(self, status, usage):
        self.seconds = time.monotonic() - self.began
        self.cpu = usage.ru_utime + usage.ru_stime
        self.status = self.popen.returncode = os.waitstatus_to_exitcode(status)

    @classmethod
    def end_all(cls):
        for child in cls.started:
            child.kill()
