#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""vlan.py INTERFACE ID: makes the TAP interface INTERFACE.ID whose frames travel on INTERFACE with that VLAN tag.

What the kernel's 802.1Q interfaces do, for kernels built without them.
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
SOL_PACKET, PACKET_AUXDATA = 263, 8
ETH_P_ALL, TAG = 0x0003, b"\x81\x00"


def tag_of(ancillary):
    """The VLAN the kernel took off a received frame (tpacket_auxdata); 0 when it had none."""
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            return struct.unpack_from("=IIIHHHH", data)[5] & 0xFFF
    return 0


def main():
    interface, vlan = sys.argv[1], int(sys.argv[2])
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", f"{interface}.{vlan}".encode(), IFF_TAP | IFF_NO_PI))
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.bind((interface, 0))
    wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    while True:
        for ready in select.select([tap, wire], [], [])[0]:
            if ready == tap:
                frame = os.read(tap, 65536)
                wire.send(frame[:12] + TAG + struct.pack("!H", vlan) + frame[12:])
                continue
            frame, ancillary, _, sender = wire.recvmsg(65536, 64)
            if sender[2] != socket.PACKET_OUTGOING and tag_of(ancillary) == vlan:
                os.write(tap, frame)


main()
