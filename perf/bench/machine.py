# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""The machine a table comes from, which of its CPUs do what, and its huge pages while the bench runs."""
import datetime
import json
import os
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
HUGE = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
RMEM = Path("/proc/sys/net/core/rmem_max")
CPUS = sorted(os.sched_getaffinity(0))  # before the bench keeps itself off some of them


def first_line(argv):
    try:
        out = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False).stdout
    except OSError:
        return None
    return out.strip().split("\n")[0] if out.strip() else None


def read(path):
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def cpu_flags():
    line = re.search(r"^flags\s*:(.*)$", read("/proc/cpuinfo") or "", re.M)
    have = set(line.group(1).split()) if line else set()
    return [flag for flag in ("avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vbmi2", "constant_tsc", "nonstop_tsc")
            if flag in have]


def cpus():
    """(generator, system under test, everything else): three CPUs where there are three."""
    generator, tested = CPUS[0], CPUS[1 % len(CPUS)]
    return generator, tested, CPUS[2] if len(CPUS) > 2 else generator


def buildtype(build):
    """What meson says of it, or None."""
    try:
        options = json.loads(Path(build, "meson-info", "intro-buildoptions.json").read_text())
    except (OSError, ValueError):
        return None
    return next((option["value"] for option in options if option["name"] == "buildtype"), None)


def facts(build):
    cpuinfo = read("/proc/cpuinfo") or ""
    model = re.search(r"model name\s*:\s*(.*)", cpuinfo)
    kamailio = first_line(["kamailio", "-v"])
    dirty = first_line(["git", "-C", str(TOP), "status", "--porcelain", "--untracked-files=no"])
    commit = first_line(["git", "-C", str(TOP), "rev-parse", "--short=12", "HEAD"])
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": f"{commit}, changed" if dirty else commit,
        "build": buildtype(build),
        "cpu": model.group(1) if model else None,
        "cores": os.cpu_count(),
        "flags": cpu_flags(),
        "kernel": os.uname().release,
        "hypervisor": "hypervisor" in cpuinfo,
        "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "none visible",
        "clocksource": read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "hugepages_2mb": int(read(HUGE / "nr_hugepages") or 0),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "dpdk": first_line(["pkg-config", "--modversion", "libdpdk"]),
        "kamailio": kamailio.removeprefix("version: ") if kamailio else None,
    }


class Reserved:
    """Huge pages and the bound of socket buffers, as the bench needs them; given back at the end."""

    def __init__(self):
        self.pages = self.rmem = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pages is not None:
            (HUGE / "nr_hugepages").write_text(str(self.pages))
        if self.rmem is not None:
            RMEM.write_text(self.rmem)

    def huge_megabytes(self, wanted):
        """Tries to have so many megabytes free; returns what there is."""
        free = int(read(HUGE / "free_hugepages") or 0)
        if free * 2 < wanted and os.geteuid() == 0:
            now = int(read(HUGE / "nr_hugepages") or 0)
            if self.pages is None:
                self.pages = now
            (HUGE / "nr_hugepages").write_text(str(now + wanted // 2 - free + 1))
            free = int(read(HUGE / "free_hugepages") or 0)
        return free * 2

    def socket_buffer(self, size):
        """For the peer: without it the kernel cuts what it asks for."""
        if os.geteuid() == 0 and int(read(RMEM) or 0) < size:
            self.rmem = self.rmem or read(RMEM)
            RMEM.write_text(str(size))
