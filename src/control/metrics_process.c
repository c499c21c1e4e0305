// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The process_ families of Prometheus' client libraries, and memory on huge pages, which they leave out.
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>

#include "control/metrics.h"

static const struct memory {
	const char *key; // of /proc/self/status
	const char *name, *help;
} memories[] = {
	{.key = "VmSize:", .name = "process_virtual_memory_bytes", .help = "virtual memory"},
	{.key = "VmRSS:", .name = "process_resident_memory_bytes", .help = "resident memory, without huge pages"},
	{.key = "HugetlbPages:", .name = "tandem_huge_memory_bytes", .help = "memory on huge pages"},
};

static void put_memory(struct metrics_text *t) {
	FILE *in = fopen("/proc/self/status", "re");
	char line[256];

	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		for (uint32_t i = 0; i < ARRAY_LEN(memories); i++) {
			const struct memory *memory = &memories[i];
			struct str text = str_from_c(line), key = str_from_c(memory->key);
			uint64_t kib;

			if (!str_starts(text, key))
				continue;
			text = str_trim(str_of(text.ptr + key.len, text.len - key.len));
			text = str_of(text.ptr, strcspn(text.ptr, " \n"));
			if (!str_to_u64(text, UINT64_MAX >> 10, &kib))
				continue;
			metrics_family(t, memory->name, METRICS_GAUGE, memory->help);
			metrics_number(t, kib << 10);
		}
	}
	fclose(in);
}

static void put_files(struct metrics_text *t) {
	DIR *dir = opendir("/proc/self/fd");
	struct rlimit limit;
	uint64_t count = 0;

	if (dir) {
		for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
			count += entry->d_name[0] != '.';
		closedir(dir);
		metrics_family(t, "process_open_fds", METRICS_GAUGE, "open file descriptors");
		metrics_number(t, count - 1); // without that of the directory
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		metrics_family(t, "process_max_fds", METRICS_GAUGE, "file descriptors there may be");
		metrics_number(t, limit.rlim_cur);
	}
}

static double seconds_of(const struct timeval *time) {
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

void metrics_put_process(struct metrics_text *t, double started_s) {
	struct rusage usage;

	metrics_family(t, "process_start_time_seconds", METRICS_GAUGE, "when the process started, since 1970");
	metrics_real(t, started_s);
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		metrics_family(
			t,
			"process_cpu_seconds_total",
			METRICS_COUNTER,
			"CPU time of all threads; a worker with `idle: spin` takes all of its CPU"
		);
		metrics_real(t, seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
	}
	put_memory(t);
	put_files(t);
}
