// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "../random.h"
#include "../test.h"
#include "fifo.h"

#define NODES 50

struct rig {
	struct fifo_node nodes[NODES];
	struct fifo_set set;
};

static struct fifo_node *node_at(void *ctx, uint32_t node) {
	return &((struct rig *)ctx)->nodes[node];
}

static void rig_init(struct rig *rig) {
	fifo_init(&rig->set, node_at, rig);
	for (unsigned i = 0; i < NODES; i++)
		fifo_node_init(&rig->nodes[i]);
}

static void timers_are_due_in_order_and_not_early(void **state) {
	struct rig rig;
	uint32_t queue;

	(void)state;
	rig_init(&rig);
	queue = fifo_queue_of(&rig.set, 10);
	fifo_arm(&rig.set, queue, 3, 100);
	fifo_arm(&rig.set, queue, 1, 101);
	assert_int_equal(fifo_expire(&rig.set, 109), FIFO_NONE);
	assert_int_equal(fifo_expire(&rig.set, 111), 3);
	assert_int_equal(fifo_expire(&rig.set, 111), 1);
	assert_int_equal(fifo_expire(&rig.set, 111), FIFO_NONE);
}

static void equal_delays_share_a_queue_and_there_are_only_so_many(void **state) {
	struct rig rig;

	(void)state;
	rig_init(&rig);
	for (uint32_t i = 0; i < FIFO_QUEUES_MAX; i++)
		assert_int_equal(fifo_queue_of(&rig.set, i * 7), i);
	assert_int_equal(fifo_queue_of(&rig.set, 14), 2);
	assert_int_equal(fifo_queue_of(&rig.set, 1), FIFO_NONE);
}

static void arming_again_moves_and_cancelling_twice_is_fine(void **state) {
	struct rig rig;
	uint32_t slow, fast;

	(void)state;
	rig_init(&rig);
	slow = fifo_queue_of(&rig.set, 100);
	fast = fifo_queue_of(&rig.set, 1);
	fifo_arm(&rig.set, slow, 0, 0);
	fifo_arm(&rig.set, fast, 0, 0);
	assert_int_equal(fifo_expire(&rig.set, 1), 0);
	assert_int_equal(fifo_expire(&rig.set, 200), FIFO_NONE);
	fifo_arm(&rig.set, slow, 0, 0);
	fifo_cancel(&rig.set, 0);
	fifo_cancel(&rig.set, 0);
	assert_int_equal(fifo_expire(&rig.set, 200), FIFO_NONE);
}

static void time_may_wrap(void **state) {
	struct rig rig;
	uint32_t queue;

	(void)state;
	rig_init(&rig);
	queue = fifo_queue_of(&rig.set, 10);
	fifo_arm(&rig.set, queue, 0, UINT32_MAX - 4);
	assert_int_equal(fifo_expire(&rig.set, UINT32_MAX), FIFO_NONE);
	assert_int_equal(fifo_expire(&rig.set, 4), FIFO_NONE);
	assert_int_equal(fifo_expire(&rig.set, 5), 0);
}

// Against a plain array of due times.
static void it_agrees_with_a_model(void **state) {
	static const uint32_t delays[] = {1, 5, 40};
	struct random random = {.state = 7};
	uint32_t due[NODES] = {0}, node;
	struct rig rig;

	(void)state;
	rig_init(&rig);
	for (unsigned i = 0; i < ARRAY_LEN(delays); i++)
		fifo_queue_of(&rig.set, delays[i]);
	for (uint32_t now = 1; now < 20000; now++) {
		node = (uint32_t)random_below(&random, NODES);
		if (random_below(&random, 3)) {
			uint32_t queue = (uint32_t)random_below(&random, ARRAY_LEN(delays));

			fifo_arm(&rig.set, queue, node, now);
			due[node] = now + delays[queue];
		} else {
			fifo_cancel(&rig.set, node);
			due[node] = 0;
		}
		while ((node = fifo_expire(&rig.set, now)) != FIFO_NONE) {
			assert_int_equal(due[node], now);
			due[node] = 0;
		}
		for (unsigned i = 0; i < NODES; i++)
			assert_true(due[i] == 0 || due[i] > now);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_are_due_in_order_and_not_early),
		cmocka_unit_test(equal_delays_share_a_queue_and_there_are_only_so_many),
		cmocka_unit_test(arming_again_moves_and_cancelling_twice_is_fine),
		cmocka_unit_test(time_may_wrap),
		cmocka_unit_test(it_agrees_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
