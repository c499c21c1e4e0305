#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""fragments.py calls FROM TO N: makes N calls whose INVITEs have 4,000 bytes and go out in shuffled fragments, one of them
twice; fails when one is not answered. fragments.py flood FROM TO SECONDS: sends 20,000 first fragments a second that have
no others, from many sources."""
import random
import re
import socket
import struct
import sys
import time

PORT, MTU, SIZE = 5060, 1500, 4000
IP_MF = 0x2000


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(source, target, payload):
    header = struct.pack("!HHHH", PORT, PORT, 8 + len(payload), 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 17, 8 + len(payload))
    return header[:6] + struct.pack("!H", checksum(pseudo + header + payload) or 0xFFFF) + payload


def packet(source, target, number, offset, more, data):
    """The kernel fills in length and checksum of the IP header."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), number, offset // 8 | (IP_MF if more else 0), 64, 17, 0,
                         socket.inet_aton(source), socket.inet_aton(target))
    return header + data


def fragments(source, target, number, datagram):
    step = (MTU - 20) // 8 * 8
    return [packet(source, target, number, at, at + step < len(datagram), datagram[at:at + step])
            for at in range(0, len(datagram), step)]


def request(method, source, call, to_tag, routes, size, cseq):
    head = (f"{method} sip:callee@198.51.100.10 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {source}:{PORT};branch=z9hG4bK{method}{call}\r\n{routes}"
            f"Max-Forwards: 70\r\nFrom: <sip:caller@{source}>;tag=f{call}\r\nTo: <sip:callee@198.51.100.10>{to_tag}\r\n"
            f"Call-ID: fragments-{call}@{source}\r\nCSeq: {cseq} {method}\r\nContact: <sip:caller@{source}:{PORT}>\r\n")
    end = "Content-Length: 0\r\n\r\n"
    lines = ""
    while len(head) + len(lines) + len(end) < size:
        lines += f"X-Long: {'x' * min(60, max(1, size - len(head) - len(lines) - len(end) - 10))}\r\n"
    return (head + lines + end).encode()


def receive(heard, status, call):
    """The response with that status to that call."""
    end = time.monotonic() + 4
    while time.monotonic() < end:
        heard.settimeout(max(0.01, end - time.monotonic()))
        try:
            text = heard.recv(65536).decode()
        except socket.timeout:
            break
        if text.startswith(f"SIP/2.0 {status}") and f"fragments-{call}@" in text:
            return text
    sys.exit(f"no {status} to call {call}")


def call(raw, heard, source, target, number):
    name = f"{source.replace('.', '')}n{random.randrange(1 << 30)}"
    datagram = udp(source, target, request("INVITE", source, name, "", "", SIZE, 1))
    pieces = fragments(source, target, number & 0xFFFF or 1, datagram)
    random.shuffle(pieces)
    for piece in pieces[:1] + pieces:
        raw.sendto(piece, (target, 0))
    answer = receive(heard, 200, name)
    tag = re.search(r"^To:.*?(;tag=[^\r;]*)", answer, re.M).group(1)
    entries = [entry.strip() for line in re.findall(r"^Record-Route: (.*?)\r", answer, re.M) for entry in line.split(",")]
    routes = "".join(f"Route: {entry}\r\n" for entry in reversed(entries))
    heard.sendto(request("ACK", source, name, tag, routes, 0, 1), (target, PORT))
    heard.sendto(request("BYE", source, name, tag, routes, 0, 2), (target, PORT))
    receive(heard, 200, name)


def flood(raw, target, seconds):
    network = [f"192.0.2.{host}" for host in range(11, 30)] + [f"100.64.{i // 250}.{i % 250 + 1}" for i in range(5000)]
    end, sent, began = time.monotonic() + seconds, 0, time.monotonic()
    print("on", flush=True)
    while time.monotonic() < end:
        source = network[sent % len(network)]
        raw.sendto(packet(source, target, sent & 0xFFFF, 0, True, b"\x13\xc4\x13\xc4" + bytes(1476)), (target, 0))
        sent += 1
        ahead = sent / 20000 - (time.monotonic() - began)
        if ahead > 0.002:
            time.sleep(ahead)


def main():
    what, source, target, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if what == "flood":
        flood(raw, target, count)
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind((source, PORT))
        for number in range(count):
            call(raw, heard, source, target, number + random.randrange(1 << 16))


main()
