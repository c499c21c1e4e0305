// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Workers that are real threads, with a bank whose clock is its turns. The order of events is the machine's.
#include "session/limits_bank.h"

#include <pthread.h>
#include <sched.h>

#include "unit/test.h"

#define THREADS 3
#define HELD 8 // by each at most
#define MOST 10
#define BURST 50
#define RATE 5000
#define CALLS 3000 // of each
#define START_MS 1000
#define TURNS_MAX 1000000

struct crowd {
	struct limits_bank *bank;
	uint32_t calls, worst; // of all threads together
	uint32_t done;
	bool stop;
};

struct thread {
	struct crowd *crowd;
	uint32_t id;
	uint32_t taken;
	struct limits_unit held[HELD];
};

static void count_call(struct crowd *crowd) {
	uint32_t calls = __atomic_add_fetch(&crowd->calls, 1, __ATOMIC_SEQ_CST);

	if (calls > MOST)
		__atomic_store_n(&crowd->worst, calls, __ATOMIC_RELAXED);
}

static void hang_up(struct thread *thread, struct limits_worker *w, struct limits_unit *unit) {
	__atomic_fetch_sub(&thread->crowd->calls, 1, __ATOMIC_SEQ_CST);
	limits_give(w, unit);
}

// Takes and gives until it had its part of calls, then only answers.
static void *talk(void *arg) {
	struct thread *thread = arg;
	struct crowd *crowd = thread->crowd;
	struct limits_worker *w = limits_bank_worker(crowd->bank, thread->id);
	struct limits_ask ask = {.trunk = 0, .direction = LIMITS_IN};
	enum limit limit;

	for (uint32_t i = 0; thread->taken < CALLS; i = (i + 1) % HELD) {
		struct limits_unit *unit = &thread->held[i];

		limits_turn(w);
		if (unit->leases) {
			hang_up(thread, w, unit);
		} else if (limits_take(w, &ask, unit, &limit) == LIMITS_TAKEN) {
			count_call(crowd);
			thread->taken++;
		}
		if (i == 0)
			sched_yield();
	}
	for (uint32_t i = 0; i < HELD; i++)
		if (thread->held[i].leases)
			hang_up(thread, w, &thread->held[i]);
	__atomic_add_fetch(&crowd->done, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&crowd->stop, __ATOMIC_ACQUIRE)) {
		limits_turn(w);
		sched_yield();
	}
	return NULL;
}

// Turns until the threads are done, and then until the bank knows; gives back the time.
static uint64_t lend(struct crowd *crowd, struct limits_view *ret_view) {
	uint64_t now_ms = START_MS;

	for (uint32_t turn = 0; turn < TURNS_MAX; turn++) {
		bool done = __atomic_load_n(&crowd->done, __ATOMIC_ACQUIRE) == THREADS;

		limits_bank_turn(crowd->bank, now_ms++);
		assert_true(limits_bank_show(crowd->bank, 0, now_ms, ret_view));
		if (done && ret_view->calls[LIMIT_CALLS_IN] == 0 && ret_view->attempts[LIMITS_IN] == CALLS * THREADS)
			break;
		sched_yield();
	}
	return now_ms;
}

static void threads_stay_below_the_limit(void **state) {
	static const struct limits_config config = {
		.most = {MOST, LIMITS_NONE, LIMITS_NONE, BURST, LIMITS_NONE},
		.rate = {RATE},
	};
	struct crowd crowd = {0};
	struct thread threads[THREADS];
	pthread_t handles[THREADS];
	struct limits_view view;
	uint64_t end_ms;

	(void)state;
	assert_int_equal(limits_bank_create(THREADS, 1, MEM_HUGE_OFF, &crowd.bank), 0);
	assert_int_equal(limits_bank_set(crowd.bank, STR("carrier"), &config, START_MS), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.crowd = &crowd, .id = i};
		assert_int_equal(pthread_create(&handles[i], NULL, talk, &threads[i]), 0);
	}
	end_ms = lend(&crowd, &view);
	__atomic_store_n(&crowd.stop, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(handles[i], NULL), 0);
	assert_int_equal(crowd.worst, 0);
	assert_int_equal(view.calls[LIMIT_CALLS_IN], 0);
	assert_int_equal(view.attempts[LIMITS_IN], CALLS * THREADS);
	assert_true(CALLS * THREADS <= BURST + RATE * (end_ms - START_MS) / 1000);
	assert_in_range(view.peak[LIMIT_CALLS_IN], 1, MOST);
	limits_bank_destroy(crowd.bank);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_stay_below_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
