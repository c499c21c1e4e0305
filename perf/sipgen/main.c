// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The start: options, DPDK, memory, ports, then the run and its report.
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "blast.h"
#include "report.h"

#define EXIT_USAGE 2
#define EXIT_ENVIRONMENT 3
#define PACKET_MEGABYTES 160
#define HUGE_PAGES_LEAST (PACKET_MEGABYTES / 2)
#define SLOTS_LEAST 65536

static volatile int signals;

static void on_signal(int number) {
	(void)number;
	signals++;
}

static bool huge_pages_are_free(void) {
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned long pages = 0;

	if (!file)
		return false;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages >= HUGE_PAGES_LEAST;
}

static bool is_pci(const char *device) {
	return strchr(device, ':') && strncmp(device, "net_", 4) != 0 && strncmp(device, "eth_", 4) != 0;
}

struct args {
	char *argv[24];
	int count;
};

static void arg_add(struct args *args, const char *text) {
	assert(args->count < (int)ARRAY_LEN(args->argv));
	args->argv[args->count++] = (char *)(uintptr_t)text;
}

// A client's memif that shares our packet memory wants that to be files of one segment each.
static bool is_zero_copy(const struct options *o) {
	return strstr(o->port_a, "zero-copy=yes") || strstr(o->port_b, "zero-copy=yes");
}

static void args_of_devices(struct args *args, const struct options *o) {
	const char *devices[] = {o->port_a, o->port_b};
	bool pci = false;

	for (unsigned i = 0; i < ARRAY_LEN(devices); i++) {
		if (!is_pci(devices[i]))
			continue;
		pci = true;
		arg_add(args, "-a");
		arg_add(args, devices[i]);
	}
	if (!pci)
		arg_add(args, "--no-pci");
}

// Without huge pages --in-memory is refused by DPDK 22.11; --no-shconf gives the same there.
static void args_of_memory(struct args *args, const struct options *o, const char *megabytes) {
	if (is_zero_copy(o))
		arg_add(args, "--single-file-segments");
	if (!o->no_hugepages && huge_pages_are_free()) {
		arg_add(args, "--in-memory");
		return;
	}
	arg_add(args, "--no-huge");
	arg_add(args, "--no-shconf");
	arg_add(args, "--iova-mode=va");
	arg_add(args, megabytes);
}

static int eal_start(const struct options *o) {
	struct args args = {.argv = {"sipgen", "--no-telemetry", "--log-level=warning"}, .count = 3};
	char lcores[32], prefix[48], megabytes[16];

	snprintf(lcores, sizeof(lcores), "--lcores=0@%u", o->cpu);
	snprintf(prefix, sizeof(prefix), "--file-prefix=sipgen-%d", (int)getpid());
	snprintf(megabytes, sizeof(megabytes), "-m%d", PACKET_MEGABYTES);
	arg_add(&args, lcores);
	arg_add(&args, prefix);
	arg_add(&args, "--log-level=lib.eal:error"); // its warnings tell of huge page sizes that are not there
	arg_add(&args, "--log-level=pmd.net.memif:error");
	args_of_devices(&args, o);
	args_of_memory(&args, o, megabytes);
	(void)setenv("LIBXDP_SKIP_DISPATCHER", "1", 0); // which needs a BPF file system; the program is ours alone
	if (rte_eal_init(args.count, args.argv) >= 0)
		return 0;
	fprintf(stderr, "sipgen: DPDK does not start: %s; is --cpu one this may use?\n", rte_strerror(rte_errno));
	return -EIO;
}

// Calls in progress at once, with what may pile up while something is slow.
static uint32_t slots_wanted(const struct options *o) {
	double hold_s = (o->hold_ms + o->pause_ms) / 1000.0, rate = o->find_max ? 1e6 : o->rate;
	double calls = rate * (hold_s + (o->find_max ? 0.2 : 2)) + SLOTS_LEAST + o->dialogs + o->concurrent;

	if (o->slots)
		return o->slots;
	if (o->blast)
		return 64;
	if (o->scenario == SCENARIO_HOLD)
		calls += o->calls ? (double)o->calls : o->rate * o->duration_s;
	return calls < 5e8 ? (uint32_t)calls : 500000000;
}

static void eal_stop(void) {
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	(void)rte_eal_cleanup();
	(void)rmdir(dir);
}

// The watching thread shares our CPU, so that what it takes is taken from us, and seen as a gap, and not from the
// proxy.
static void run_watched(struct run *run) {
	struct progress progress = {.run = run};
	pthread_t thread;
	bool watched = !run->o->quiet && sem_init(&progress.stop, 0, 0) == 0 &&
		       pthread_create(&thread, NULL, progress_run, &progress) == 0;

	run_all(run);
	if (!watched)
		return;
	sem_post(&progress.stop);
	pthread_join(thread, NULL);
	sem_destroy(&progress.stop);
}

static int report(const struct run *run) {
	bool json_alone = run->o->json && strcmp(run->o->json, "-") == 0;

	if (!json_alone)
		report_print(run);
	if (run->o->json && report_json(run, run->o->json) < 0)
		return EXIT_ENVIRONMENT;
	return report_is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int blast(struct run *run) {
	struct blast blast;
	int rc = blast_run(&blast, &run->net, run->o, run->signals);

	if (rc == 0)
		rc = blast_report(&blast);
	blast_end(&blast);
	return rc == 0 ? EXIT_SUCCESS : EXIT_ENVIRONMENT;
}

static int with_eal(struct run *run, const struct options *o) {
	int status = EXIT_ENVIRONMENT;

	run->o = o;
	run->hz = rte_get_tsc_hz();
	run->signals = &signals;
	if (engine_init(&run->e, o, slots_wanted(o), run->hz, rte_rdtsc()) < 0)
		return status;
	if (net_open(&run->net, o, &run->e) < 0 || net_resolve(&run->net, o) < 0)
		goto out;
	run->e.outlet = net_outlet(&run->net);
	if (o->blast) {
		status = blast(run);
		goto out;
	}
	run_watched(run);
	status = report(run);
out:
	net_close(&run->net);
	engine_fini(&run->e);
	return status;
}

int main(int argc, char **argv) {
	const struct sigaction action = {.sa_handler = on_signal};
	struct options options;
	struct run *run;
	int rc = options_read(&options, argc, argv), status;

	if (rc != 0)
		return rc > 0 ? EXIT_SUCCESS : EXIT_USAGE;
	if (!options.seed)
		options.seed = (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
	run = calloc(1, sizeof(*run));
	if (!run || eal_start(&options) < 0)
		return EXIT_ENVIRONMENT;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = with_eal(run, &options);
	eal_stop();
	free(run);
	return status;
}
