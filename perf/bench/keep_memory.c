// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Preloaded into what the bench runs with memif's zero-copy ports. DPDK 22.11's driver closes the files of packet
// memory once it has shown them to the other end, though they are EAL's: a second port then shows whatever has their
// numbers by now, and closes that. Here they stay open.
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int close(int fd) {
	char path[32], name[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, name, sizeof(name) - 1);
	if (len > 0) {
		name[len] = '\0';
		if (strncmp(name, "/memfd:seg_", 11) == 0)
			return 0;
	}
	return (int)syscall(SYS_close, fd);
}
