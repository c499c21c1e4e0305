# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""Processes the bench starts: each has a bound, is ended by its own id, and dies with us."""
import ctypes
import os
import signal
import subprocess
import time

import machine

PR_SET_PDEATHSIG = 1
started = []


class Failed(Exception):
    """A part of the bench did not run; the text says why."""


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start_anywhere():
    """For what is measured and what measures; the bench itself, and what it asks with, keep off the tested CPU."""
    die_with_parent()
    os.sched_setaffinity(0, machine.CPUS)


class Process:
    """A command in the background, its output in `log`. In `netns` when given, bound to `cpus` when given."""

    def __init__(self, argv, log, netns=None, cpus=None, env=None):
        self.name = os.path.basename(argv[0])
        self.log = log
        if cpus:
            argv = ["taskset", "-c", ",".join(str(cpu) for cpu in cpus)] + argv
        if netns:
            argv = ["ip", "netns", "exec", netns] + argv
        with open(log, "wb") as out:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                          preexec_fn=start_anywhere, env={**os.environ, **(env or {})})
        started.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def ended(self):
        return self.popen.poll() is not None

    def wait(self, seconds):
        """The exit status; ends the process and fails when the time is over."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise Failed(f"{self.name} did not end within {seconds} s: {self.tail()}") from None

    def stop(self, how=signal.SIGTERM, seconds=10):
        """The exit status."""
        for signal_number in (how, signal.SIGKILL):
            if self.ended():
                break
            self.popen.send_signal(signal_number)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        if self in started:
            started.remove(self)
        return self.popen.poll()

    def text(self):
        with open(self.log, "rb") as log:
            return log.read().decode(errors="replace")

    def tail(self, lines=6):
        return " | ".join(line for line in self.text().splitlines()[-lines:] if line.strip())


def stop_all():
    for process in list(reversed(started)):
        process.stop()


def run(argv, seconds=60, netns=None):
    """The standard output of a command that has to succeed."""
    if netns:
        argv = ["ip", "netns", "exec", netns] + argv
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
                              preexec_fn=die_with_parent, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]} did not end within {seconds} s") from None
    if done.returncode != 0:
        raise Failed(f"{' '.join(argv)}: status {done.returncode}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def wait_for(what, condition, seconds=15):
    """Until the condition holds; the last value it gave."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"gave up waiting for {what}")
        time.sleep(0.05)
