// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The control core puts records into a ring, the writer's thread takes them out. The lock guards the indices and the
// counters and is never held over a system call on the disk: a slow disk makes the queue longer and delays nobody.
#include "control/cdr.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

#define BATCH_MS 100		// what comes in this time is written at once
#define RETRY_MS 1000		// after a failure
#define BATCH_BYTES (256 << 10) // of one write
#define BATCH_RECORDS 128	// so many that wait are written at once
static_assert(BATCH_BYTES > 2 * CDR_LINE_MAX, "a batch has several records");

struct cdr_writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake; // enough waits, or the end has come

	// --- under the lock ---
	uint32_t head, count; // of the ring: the oldest, and how many
	bool is_ending;
	struct cdr_stats stats;

	// --- slots from head on are the thread's, those behind the last are the control core's ---
	uint32_t size;
	struct cdr *ring;

	// --- the thread's ---
	struct cdr_file file;
	char batch[BATCH_BYTES];
};

static uint64_t now_us(void) {
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct timespec deadline_in(uint32_t ms) {
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += ms / 1000;
	deadline.tv_nsec += (long)(ms % 1000) * 1000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_sec++;
		deadline.tv_nsec -= 1000000000;
	}
	return deadline;
}

// --- the thread ---

// Records of the `waiting` oldest that go into one batch; its length.
static uint32_t fill(struct cdr_writer *w, uint32_t waiting, size_t *ret_len) {
	const enum cdr_format format = w->file.options.format;
	uint64_t room = 0;
	uint32_t taken = 0;
	size_t len = 0;

	while (taken < waiting && len + CDR_LINE_MAX <= sizeof(w->batch)) {
		const struct cdr *cdr = &w->ring[(w->head + taken) % w->size];
		size_t line = cdr_format(format, cdr, w->batch + len);

		if (taken == 0)
			room = cdr_file_room(&w->file, line);
		if (len + line > room)
			break;
		len += line;
		taken++;
	}
	*ret_len = len;
	return taken;
}

static void release(struct cdr_writer *w, uint32_t records) {
	pthread_mutex_lock(&w->lock);
	w->head = (w->head + records) % w->size;
	w->count -= records;
	w->stats.written += records;
	pthread_mutex_unlock(&w->lock);
}

// Writes the `waiting` oldest. 0 or -errno.
static int write_waiting(struct cdr_writer *w, uint32_t waiting) {
	while (waiting > 0) {
		size_t len;
		uint32_t records = fill(w, waiting, &len);
		int err = cdr_file_write(&w->file, w->batch, len, now_us());

		if (err)
			return err;
		release(w, records);
		waiting -= records;
	}
	return 0;
}

// Until a batch is due; how many records wait.
static uint32_t wait_for_batch(struct cdr_writer *w, bool is_failing, bool *ret_ending) {
	struct timespec deadline = deadline_in(is_failing ? RETRY_MS : BATCH_MS);
	uint32_t enough = w->size / 2 < BATCH_RECORDS ? w->size / 2 : BATCH_RECORDS;
	uint32_t waiting;
	int err = 0;

	pthread_mutex_lock(&w->lock);
	while (!err && !w->is_ending && (is_failing || w->count <= enough))
		err = pthread_cond_timedwait(&w->wake, &w->lock, &deadline);
	waiting = w->count;
	*ret_ending = w->is_ending;
	pthread_mutex_unlock(&w->lock);
	return waiting;
}

static void publish(struct cdr_writer *w, bool is_stall) {
	pthread_mutex_lock(&w->lock);
	w->stats.stalls += is_stall;
	w->stats.file = w->file.stats;
	pthread_mutex_unlock(&w->lock);
}

// The last batch is what waited when the end had come: nothing is taken after that.
static void *write_records(void *arg) {
	struct cdr_writer *w = arg;
	bool is_failing = false, is_ending = false;

	while (!is_ending) {
		uint32_t waiting = wait_for_batch(w, is_failing, &is_ending);
		int err = write_waiting(w, waiting);

		if (!err)
			err = cdr_file_tick(&w->file, now_us());
		publish(w, err && !is_failing);
		is_failing = err != 0;
	}
	return NULL;
}

// --- the control core ---

// SIGTERM is for the control core, and a file too long is to be an error and no signal.
static int start_thread(struct cdr_writer *w) {
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, write_records, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		log_error("call records: no thread to write them: %s", strerror(err));
	return -err;
}

static void make_lock(struct cdr_writer *w) {
	pthread_condattr_t monotonic;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void free_writer(struct cdr_writer *w) {
	if (!w)
		return;
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w->ring);
	free(w);
}

int cdr_open(const struct cdr_options *options, struct cdr_writer **ret_writer) {
	struct cdr_writer *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	make_lock(w);
	w->size = options->queue;
	w->ring = calloc(w->size, sizeof(*w->ring));
	if (!w->ring) {
		log_error("call records: no memory for a queue of %u", w->size);
		free_writer(w);
		return -ENOMEM;
	}
	err = cdr_file_open(&w->file, &options->file);
	if (err) {
		free_writer(w);
		return err;
	}
	err = start_thread(w);
	if (err) {
		cdr_file_close(&w->file);
		free_writer(w);
		return err;
	}
	*ret_writer = w;
	return 0;
}

uint32_t cdr_take(struct cdr_writer *w, const struct cdr *records, uint32_t count) {
	uint32_t room, taken, tail;

	pthread_mutex_lock(&w->lock);
	room = w->size - w->count;
	taken = count < room ? count : room;
	tail = (w->head + w->count) % w->size;
	for (uint32_t i = 0; i < taken; i++)
		w->ring[(tail + i) % w->size] = records[i];
	w->count += taken;
	w->stats.taken += taken;
	w->stats.dropped += count - taken;
	if (w->count > w->stats.waiting_max)
		w->stats.waiting_max = w->count;
	if (w->count > w->size / 2 || w->count > BATCH_RECORDS)
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return taken;
}

struct cdr_stats cdr_stats(struct cdr_writer *w) {
	struct cdr_stats stats;

	pthread_mutex_lock(&w->lock);
	stats = w->stats;
	stats.waiting = w->count;
	pthread_mutex_unlock(&w->lock);
	return stats;
}

uint64_t cdr_close(struct cdr_writer *w) {
	uint64_t lost;

	if (!w)
		return 0;
	pthread_mutex_lock(&w->lock);
	w->is_ending = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	lost = w->count;
	cdr_file_close(&w->file);
	if (lost > 0)
		log_error(
			"call records: %llu lost, %s takes none", (unsigned long long)lost, w->file.options.directory
		);
	free_writer(w);
	return lost;
}
