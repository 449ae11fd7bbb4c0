"""What the figures were measured on, and what else the machine was doing."""

import os
import platform
import subprocess
import tempfile
import time
from statistics import median


def output(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout.strip()


def processor():
    with open("/proc/cpuinfo") as info:
        return next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), platform.machine())


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def file_system(folder):
    return output("df", "--output=fstype", folder).splitlines()[-1]


def sync_ms(folder):
    """The median of what latency is mostly made of."""
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(300):
            file.write(bytes(300))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return median(times)


def revision(root):
    done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "without git"


def load():
    return ", ".join(f"{value:.2f}" for value in os.getloadavg())
