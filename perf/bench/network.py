# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The tandem authors
"""One namespace that holds both ends of two veth pairs: gen-a, gen-b for the generator, dut-a, dut-b for what is tested.
With memif it is where tandem's TAP interfaces live."""
import subprocess

from process import Failed, run

NAME = "tandem-bench"
SIDES = ("a", "b")


def in_namespace(*argv):
    return run(list(argv), netns=NAME)


class Namespace:
    """Made on entry, gone on exit, with all that is in it."""

    def __init__(self, veth):
        self.veth = veth

    def __enter__(self):
        if NAME in [line.split()[0] for line in run(["ip", "netns"]).splitlines() if line.strip()]:
            raise Failed(f"the namespace {NAME} is there already: is another bench running? (ip netns del {NAME})")
        run(["ip", "netns", "add", NAME])
        try:
            in_namespace("ip", "link", "set", "lo", "up")
            subprocess.run(["ip", "netns", "exec", NAME, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                            "net.ipv6.conf.default.disable_ipv6=1"], capture_output=True, check=False)
            for side in SIDES if self.veth else ():
                self.pair(side)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A veth whose other end is bound to an XDP socket may outlive its namespace for a while; deleted it does not.
        for side in SIDES if self.veth else ():
            subprocess.run(["ip", "-n", NAME, "link", "del", f"dut-{side}"], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", NAME], capture_output=True, check=False)

    def pair(self, side):
        in_namespace("ip", "link", "add", f"gen-{side}", "numtxqueues", "1", "numrxqueues", "1", "type", "veth", "peer",
                     "name", f"dut-{side}", "numtxqueues", "1", "numrxqueues", "1")
        for end in (f"gen-{side}", f"dut-{side}"):
            # Whole checksums and frames no larger than the MTU, as on a wire.
            for feature in ("tx", "rx", "sg", "tso", "gso", "gro"):
                subprocess.run(["ip", "netns", "exec", NAME, "ethtool", "-K", end, feature, "off"],
                               capture_output=True, check=False)
            in_namespace("ip", "link", "set", end, "up")

    def kernel_addresses(self):
        """For a peer on kernel sockets."""
        in_namespace("ip", "addr", "add", "192.0.2.1/24", "dev", "dut-a")
        in_namespace("ip", "addr", "add", "198.51.100.1/24", "dev", "dut-b")
