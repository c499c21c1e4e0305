// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Times a function: several runs, of which the best and the median are printed, in ns and TSC cycles an operation.
// bench_time for what can be repeated; bench_begin, bench_end, bench_print for what cannot (filling a table).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_RUNS_MAX 32

struct bench {
	const char *name;
	uint32_t run_count;
	double ns[BENCH_RUNS_MAX]; // per operation, one a run
	double cycles[BENCH_RUNS_MAX];
	uint64_t start_ns;
	uint64_t start_tsc;
};

struct bench_options {
	bool quick;	 // --quick: few and short runs, for a check that it works
	uint32_t runs;	 // of each measurement
	uint64_t run_ns; // bench_time makes a run at least that long
};

static inline struct bench_options bench_options(int argc, char **argv) {
	struct bench_options options = {.runs = 9, .run_ns = 50000000};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") != 0) {
			fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
			exit(2);
		}
		options = (struct bench_options){.quick = true, .runs = 3, .run_ns = 2000000};
	}
	return options;
}

static inline uint64_t bench_ns(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#if defined(__x86_64__)
static inline uint64_t bench_tsc(void) {
	return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t bench_tsc(void) {
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}
#else
static inline uint64_t bench_tsc(void) {
	return 0;
}
#endif

// The compiler must assume that somebody reads what `pointer` points to, so that work is not optimised away.
static inline void bench_keep(const void *pointer) {
	__asm__ volatile("" : : "r"(pointer) : "memory");
}

static inline void bench_begin(struct bench *bench) {
	bench->start_ns = bench_ns();
	bench->start_tsc = bench_tsc();
}

// Ends a run of `ops` operations. Runs past BENCH_RUNS_MAX are not kept.
static inline void bench_end(struct bench *bench, uint64_t ops) {
	uint64_t tsc = bench_tsc() - bench->start_tsc;
	uint64_t ns = bench_ns() - bench->start_ns;

	if (bench->run_count == BENCH_RUNS_MAX || ops == 0)
		return;
	bench->ns[bench->run_count] = (double)ns / (double)ops;
	bench->cycles[bench->run_count] = (double)tsc / (double)ops;
	bench->run_count++;
}

static inline int bench_compare(const void *a, const void *b) {
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static inline void bench_title(const char *title) {
	printf("%-44s %10s %10s %12s %12s\n", title, "ns best", "median", "cycles best", "median");
}

static inline void bench_print(struct bench *bench) {
	uint32_t middle = bench->run_count / 2;

	if (bench->run_count == 0)
		return;
	qsort(bench->ns, bench->run_count, sizeof(bench->ns[0]), bench_compare);
	qsort(bench->cycles, bench->run_count, sizeof(bench->cycles[0]), bench_compare);
	printf("%-44s %10.1f %10.1f %12.0f %12.0f\n",
	       bench->name,
	       bench->ns[0],
	       bench->ns[middle],
	       bench->cycles[0],
	       bench->cycles[middle]);
	fflush(stdout);
}

// Calls fn(ctx) again and again; one call counts as `ops` operations (the number of inputs it goes over). The first
// calls warm up and find how many make a run.
static inline void
bench_time(const struct bench_options *options, const char *name, uint64_t ops, void (*fn)(void *ctx), void *ctx) {
	struct bench bench = {.name = name};
	uint64_t calls = 0, start = bench_ns();

	do {
		fn(ctx);
		calls++;
	} while (bench_ns() - start < options->run_ns);
	for (uint32_t run = 0; run < options->runs; run++) {
		bench_begin(&bench);
		for (uint64_t i = 0; i < calls; i++)
			fn(ctx);
		bench_end(&bench, calls * ops);
	}
	bench_print(&bench);
}

// A whole input file with a NUL after it; ends the program when it cannot be read. The caller frees.
static inline char *bench_load(const char *path, size_t *ret_len) {
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	long size = -1;

	if (file && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
		bytes = calloc(1, (size_t)size + 1);
	if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	*ret_len = (size_t)size;
	return bytes;
}
