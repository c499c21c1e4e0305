# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""hold_thread.py TID SECONDS: stops one thread of a process, and that alone, for so long."""
import ctypes
import os
import sys
import time

ATTACH, DETACH = 16, 17
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


tid = int(sys.argv[1])
ptrace(ATTACH, tid)
os.waitpid(tid, 0x40000000)  # __WALL: a thread is no child of ours
time.sleep(float(sys.argv[2]))
ptrace(DETACH, tid)
