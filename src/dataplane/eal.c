// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/eal.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "base/log.h"
#include "dataplane/buffer.h"
#include "dataplane/port.h"

#define ARGS_MAX (24 + 2 * PORTS_MAX)
#define ARG_MAX 256

// The command line EAL wants.
struct args {
	char text[ARGS_MAX][ARG_MAX];
	char *argv[ARGS_MAX + 1];
	int argc;
};

static __attribute__((format(printf, 2, 3))) void arg_add(struct args *args, const char *format, ...) {
	va_list list;

	assert(args->argc < ARGS_MAX);
	va_start(list, format);
	vsnprintf(args->text[args->argc], ARG_MAX, format, list);
	va_end(list);
	args->argv[args->argc] = args->text[args->argc];
	args->argc++;
}

static int cpu_check(const char *key, uint16_t cpu) {
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return -errno;
	if (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &allowed))
		return 0;
	log_error(
		"%s: CPU %u is not one this process may run on (it has %d); see 'taskset -p %d'",
		key,
		cpu,
		CPU_COUNT(&allowed),
		(int)getpid()
	);
	return -EINVAL;
}

static int cpus_check(const struct config *cfg) {
	int rc = cpu_check("cores.control", cfg->control_cpu);

	for (uint32_t i = 0; rc == 0 && i < cfg->worker_count; i++)
		rc = cpu_check("cores.workers", cfg->worker_cpu[i]);
	return rc;
}

static uint64_t file_number(const char *path) {
	FILE *file = fopen(path, "re");
	uint64_t value = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

static uint64_t free_huge_megabytes(void) {
	return file_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") * 2 +
	       file_number("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages") * 1024;
}

static int huge_decide(const struct config *cfg, bool *ret_huge) {
	uint64_t need = buffer_megabytes(cfg), have = free_huge_megabytes();

	*ret_huge = cfg->huge != MEM_HUGE_OFF && have >= need;
	if (*ret_huge || cfg->huge != MEM_HUGE_ON)
		return 0;
	log_error(
		"memory.hugepages is on, but of %lu MB needed for packets only %lu MB of huge pages are free; reserve "
		"some (echo %lu > /proc/sys/vm/nr_hugepages, more for the call tables) or say auto or off",
		need,
		have,
		need / 2 + 1
	);
	return -ENOMEM;
}

static void args_of_cores(struct args *args, const struct config *cfg) {
	char lcores[ARG_MAX];
	int len = snprintf(lcores, sizeof(lcores), "0@%u", cfg->control_cpu);

	for (uint8_t i = 0; i < cfg->worker_count; i++)
		len += snprintf(lcores + len, sizeof(lcores) - (size_t)len, ",%u@%u", eal_lcore(i), cfg->worker_cpu[i]);
	arg_add(args, "--lcores");
	arg_add(args, "%s", lcores);
	arg_add(args, "--main-lcore");
	arg_add(args, "0");
}

static void args_of_devices(struct args *args, const struct config *cfg) {
	bool pci = false;

	for (uint32_t i = 0; i < cfg->port_count; i++) {
		if (!port_is_pci(cfg->ports[i].device))
			continue;
		pci = true;
		arg_add(args, "-a");
		arg_add(args, "%s", cfg->ports[i].device);
	}
	if (!pci)
		arg_add(args, "--no-pci");
}

// Without huge pages --in-memory is refused by DPDK 22.11; --no-shconf gives the same there.
static void args_of_memory(struct args *args, const struct config *cfg, bool huge) {
	if (huge) {
		arg_add(args, "--in-memory");
		arg_add(args, "--single-file-segments"); // memif's zero-copy hands whole files to the other end
		return;
	}
	arg_add(args, "--no-huge");
	arg_add(args, "--no-shconf");
	arg_add(args, "--iova-mode=va");
	arg_add(args, "-m");
	arg_add(args, "%u", buffer_megabytes(cfg));
}

int eal_start(const struct config *cfg, bool *ret_huge) {
	struct args args = {.argc = 0};
	int rc = cpus_check(cfg);

	if (rc == 0)
		rc = huge_decide(cfg, ret_huge);
	if (rc < 0)
		return rc;
	arg_add(&args, "tandem");
	args_of_cores(&args, cfg);
	args_of_devices(&args, cfg);
	args_of_memory(&args, cfg, *ret_huge);
	arg_add(&args, "--no-telemetry");
	arg_add(&args, "--file-prefix=tandem-%d", (int)getpid());
	arg_add(&args, "--log-level=%s", cfg->log_level == LOG_DEBUG ? "info" : "warning");
	// Its warnings tell of huge page sizes that are not there.
	arg_add(&args, "--log-level=lib.eal:%s", cfg->log_level == LOG_DEBUG ? "info" : "error");
	// Each af_xdp interface has one program, ours; the dispatcher for several needs a BPF file system.
	(void)setenv("LIBXDP_SKIP_DISPATCHER", "1", 0);
	if (rte_eal_init(args.argc, args.argv) >= 0)
		return 0;
	log_error(
		"DPDK does not start: %s (its own message is above)%s",
		rte_strerror(rte_errno),
		*ret_huge ? "; memory.hugepages: off runs without huge pages" : ""
	);
	return rte_errno > 0 ? -rte_errno : -EIO;
}

// EAL leaves the directory of this process behind, empty as nothing is shared.
void eal_stop(void) {
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	(void)rte_eal_cleanup();
	(void)rmdir(dir);
}
