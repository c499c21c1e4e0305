#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""rough_wire.py SEED LEFT RIGHT [LEFT RIGHT]…: joins each pair of interfaces like a bad cable. Of the SIP datagrams 5% are
lost, 5% come twice and 5% are overtaken by those behind them; everything else passes. Ends with SIGTERM and prints what it
did."""
import heapq
import random
import select
import signal
import socket
import sys
import time

ETH_P_ALL, SOL_PACKET, PACKET_IGNORE_OUTGOING = 0x0003, 263, 23
SHARE, LATE_S = 0.05, 0.02
SIP = (5060).to_bytes(2, "big")
counts = {"passed": 0, "lost": 0, "twice": 0, "late": 0}


def is_sip(frame):
    """IPv4 without options, UDP, one port is SIP's."""
    return frame[12:15] == b"\x08\x00\x45" and frame[23] == 17 and SIP in (frame[34:36], frame[36:38])


def open_interface(name):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    wire.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    wire.bind((name, 0))
    wire.setblocking(False)
    return wire


def handle(frame, out, late):
    fate = random.random() if is_sip(frame) else 1
    if fate < SHARE:
        counts["lost"] += 1
        return
    if fate < 2 * SHARE:
        counts["late"] += 1
        heapq.heappush(late, (time.monotonic() + random.uniform(0, LATE_S), counts["late"], out, frame))
        return
    out.send(frame)
    counts["passed"] += 1
    if fate < 3 * SHARE:
        counts["twice"] += 1
        out.send(frame)


def main():
    random.seed(int(sys.argv[1]))
    wires = [open_interface(name) for name in sys.argv[2:]]
    other = {wires[i]: wires[i ^ 1] for i in range(len(wires))}
    late = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("on", flush=True)
    try:
        while True:
            wait = max(0, late[0][0] - time.monotonic()) if late else 1
            for wire in select.select(wires, [], [], wait)[0]:
                try:
                    while True:
                        handle(wire.recv(65536), other[wire], late)
                except BlockingIOError:
                    pass
            while late and late[0][0] <= time.monotonic():
                _, _, out, frame = heapq.heappop(late)
                out.send(frame)
    finally:
        print(" ".join(f"{name} {count}" for name, count in counts.items()), flush=True)


main()
