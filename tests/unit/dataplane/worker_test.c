// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "wire.h"

#include <sys/eventfd.h>

#include <rte_ring.h>
#include <rte_ring_elem.h>

static bool bell_is_rung(const struct wire *wire) {
	eventfd_t value;

	return eventfd_read(wire->bell.fd, &value) == 0;
}

static void datagram_goes_to_its_owner(void **state) {
	struct wire *wire = *state;

	wire_send(wire, 0, 0, &(struct frame_spec){.payload = "0 mine"});
	wire_send(wire, 0, 0, &(struct frame_spec){.payload = "1 yours"});
	wire_turn(wire, 0);
	assert_string_equal(wire->seen[0].last, "0 mine");
	assert_int_equal(wire->seen[1].datagrams, 0);
	wire_turn(wire, 1);
	assert_string_equal(wire->seen[1].last, "1 yours");
	assert_int_equal(count_of(wire, 0, COUNT_RX_SIP), 2);
	assert_int_equal(count_of(wire, 0, COUNT_HANDOFF_OUT), 1);
	assert_int_equal(count_of(wire, 1, COUNT_HANDOFF_IN), 1);
	wire_expect(wire, 0, 0, 1);
	wire_expect(wire, 0, 1, 1); // each on its own queue
}

static void order_is_kept_across_the_hand_off(void **state) {
	static const char *const payloads[] = {"1 a", "1 b", "1 c"};
	struct wire *wire = *state;

	for (uint32_t i = 0; i < 3; i++)
		wire_send(wire, 0, 0, &(struct frame_spec){.payload = payloads[i]});
	wire_turn(wire, 0);
	wire_turn(wire, 1);
	for (uint32_t i = 0; i < 3; i++) {
		struct rte_mbuf *m = wire_take(wire, 0, 1);

		assert_memory_equal(rte_pktmbuf_mtod_offset(m, char *, 42), payloads[i], 3);
		rte_pktmbuf_free(m);
	}
}

static void worker_without_a_queue_sends_through_another(void **state) {
	struct wire *wire = *state;

	wire_send(wire, 0, 0, &(struct frame_spec){.payload = "1"});
	wire_turn(wire, 0);
	wire_turn(wire, 1);
	wire_expect(wire, 0, 0, 0);
	assert_int_equal(count_of(wire, 1, COUNT_HANDOFF_TX), 1);
	assert_int_equal(count_of(wire, 1, COUNT_TX_PACKETS), 0);
	wire_turn(wire, 0);
	wire_expect(wire, 0, 0, 1);
	assert_int_equal(count_of(wire, 0, COUNT_TX_PACKETS), 1);
	assert_int_equal(hist_total(&wire->workers[0]->latency[LATENCY_REQUEST]), 1);
}

static uint64_t stage_cycles(const struct worker *w) {
	uint64_t sum = 0;

	for (uint32_t i = 0; i < STAGE_COUNT; i++)
		sum += w->stages.cycles[i];
	return sum;
}

static void stages_are_measured_while_that_is_on(void **state) {
	struct wire *wire = *state;
	struct worker *w = wire->workers[0];
	uint64_t spent;

	for (int round = 0; round < 2; round++) {
		wire_send(wire, 0, 0, &(struct frame_spec){.payload = "0"});
		wire_turn(wire, 0);
		wire_expect(wire, 0, 0, 1);
		assert_int_equal(stage_cycles(w), round == 0 ? 0 : spent); // off
		worker_flag_set(&w->measure, true);
		wire_send(wire, 0, 0, &(struct frame_spec){.payload = "0"});
		wire_turn(wire, 0);
		wire_expect(wire, 0, 0, 1);
		spent = stage_cycles(w);
		assert_true(spent > 0 && w->stages.probe_cycles > 0);
		assert_int_equal(
			w->stages.entries[STAGE_HANDOFF], 3
		); // its owner, the ring of the other worker, the end
		assert_int_equal(w->stages.entries[STAGE_TIMERS], 1);
		assert_true(w->stages.entries[STAGE_RECEIVE] >= 2 && w->stages.entries[STAGE_SEND] >= 1);
		wire_turn(wire, 0); // nothing came
		assert_int_equal(stage_cycles(w), spent);
		worker_flag_set(&w->measure, false);
	}
}

// Times of turns in which the core was taken away are kept apart.
static void latency_of_undisturbed_turns_is_counted_alone(void **state) {
	struct wire *wire = *state;
	struct worker *w = wire->workers[0];

	worker_flag_set(&w->measure, true);
	wire_turn(wire, 0);
	assert_true(w->stage.gap > 0);
	for (uint64_t round = 1; round <= 2; round++) {
		w->stage.gap = round == 1 ? UINT64_MAX : 0; // nothing is a gap, everything is
		wire_send(wire, 0, 0, &(struct frame_spec){.payload = "0"});
		wire_turn(wire, 0);
		wire_expect(wire, 0, 0, 1);
		assert_int_equal(hist_total(&w->latency[LATENCY_REQUEST]), round);
		assert_int_equal(hist_total(&w->undisturbed), 1);
	}
}

static void turns_that_catch_up_are_disturbed_as_well(void **state) {
	struct wire *wire = *state;
	struct worker *w = wire->workers[0];

	worker_flag_set(&w->measure, true);
	wire_turn(wire, 0);
	w->stage.gap = UINT64_MAX;
	for (uint32_t full_turns = 2; full_turns-- > 0;) {
		w->stage.disturbed = true;
		w->backlog.full_turns = full_turns;
		wire_send(wire, 0, 0, &(struct frame_spec){.payload = "0"});
		wire_turn(wire, 0);
		wire_expect(wire, 0, 0, 1);
		assert_int_equal(hist_total(&w->undisturbed), full_turns == 0);
	}
}

static void full_hand_off_ring_drops_and_counts(void **state) {
	struct wire *wire = *state;

	wire->seen[1].keep_quiet = true;
	for (uint32_t i = 0; i < MAILBOX_HANDOFF + 9; i++)
		tx_handoff(wire->workers[0], 1, wire_datagram(wire, 0, ""));
	tx_flush(wire->workers[0]);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_HANDOFF_FULL), 10);
}

static void extra_queues_are_polled(void **state) {
	struct wire *wire = *state;

	wire->workers[0]->worker_count = 1;
	wire_send(wire, 0, 1, &(struct frame_spec){0});
	wire_turn(wire, 0);
	assert_int_equal(wire->seen[0].datagrams, 1);
	wire->workers[0]->worker_count = 2;
	wire_expect(wire, 0, 0, 1);
}

static void latency_is_measured_when_sent(void **state) {
	struct wire *wire = *state;
	struct endpoint to = endpoint_of("192.0.2.10:5060");

	wire_send(wire, 0, 0, &(struct frame_spec){0});
	wire_turn(wire, 0);
	assert_int_equal(hist_total(&wire->workers[0]->latency[LATENCY_REQUEST]), 1);
	output_datagram(wire->workers[0], wire_datagram(wire, 0, "timer"), ACCESS, &to);
	wire_turn(wire, 0);
	assert_int_equal(hist_total(&wire->workers[0]->latency[LATENCY_NONE]), 0);
	assert_int_equal(hist_total(&wire->workers[0]->latency[LATENCY_REQUEST]), 1);
	wire_expect(wire, 0, 0, 2);
}

static void exceptions_ring_the_bell_and_sip_does_not(void **state) {
	struct wire *wire = *state;
	struct rte_mbuf *m = NULL;

	wire_send(wire, 0, 0, &(struct frame_spec){0});
	wire_turn(wire, 0);
	assert_false(bell_is_rung(wire));
	wire_send(wire, 1, 0, &(struct frame_spec){.type = 0x0806});
	wire_turn(wire, 0);
	assert_true(bell_is_rung(wire));
	assert_int_equal(rte_ring_dequeue(wire->workers[0]->to_kernel, (void **)&m), 0);
	assert_int_equal(packet_of(m)->kind, PACKET_TO_KERNEL);
	assert_int_equal(packet_of(m)->port, 1);
	assert_int_equal(m->data_len, 47); // whole
	rte_pktmbuf_free(m);
	wire_expect(wire, 0, 0, 1);
}

// Not answered yet: no second write to the eventfd.
static void bell_rings_once_until_answered(void **state) {
	struct wire *wire = *state;

	mailbox_bell_ring(wire->workers[0]);
	assert_true(bell_is_rung(wire));
	mailbox_bell_ring(wire->workers[0]);
	assert_false(bell_is_rung(wire));
	assert_int_equal(eventfd_write(wire->bell.fd, 1), 0);
	mailbox_bell_answer(&wire->bell);
	mailbox_bell_ring(wire->workers[0]);
	assert_true(bell_is_rung(wire));
}

static void full_kernel_ring_drops_and_counts(void **state) {
	struct wire *wire = *state;

	for (uint32_t i = 0; i < MAILBOX_KERNEL + 4; i++) {
		wire_send(wire, 0, 0, &(struct frame_spec){.type = 0x0806});
		if (i % 16 == 15)
			wire_turn(wire, 0);
	}
	wire_turn(wire, 0);
	assert_int_equal(count_of(wire, 0, COUNT_RX_EXCEPTION), MAILBOX_KERNEL - 1);
	assert_int_equal(count_of(wire, 0, COUNT_DROP_KERNEL_FULL), 5);
}

static void frames_of_the_kernel_are_sent_as_they_are(void **state) {
	struct wire *wire = *state;
	struct rte_mbuf *m = wire_datagram(wire, 0, "a whole frame");

	packet_of(m)->port = 1;
	assert_int_equal(rte_ring_enqueue(wire->workers[0]->from_kernel, m), 0);
	wire_turn(wire, 0);
	m = wire_take(wire, 1, 0);
	assert_memory_equal(rte_pktmbuf_mtod(m, char *), "a whole frame", 13);
	rte_pktmbuf_free(m);
	assert_int_equal(count_of(wire, 0, COUNT_TX_KERNEL), 1);
}

static void commands_are_answered(void **state) {
	struct wire *wire = *state;
	uint32_t answer = 0;
	struct command command = {.body = &answer}, *reply = NULL;

	assert_true(mailbox_ask(wire->workers[1], &command));
	wire_turn(wire, 1);
	assert_int_equal(answer, 2);
	assert_true(bell_is_rung(wire));
	assert_int_equal(rte_ring_dequeue(wire->workers[1]->replies, (void **)&reply), 0);
	assert_ptr_equal(reply, &command);
	assert_int_equal(command.worker, 1);
}

static void no_answer_is_lost_when_nobody_reads(void **state) {
	struct wire *wire = *state;
	uint32_t answer = 0, asked = 0;
	struct command command = {.body = &answer};

	for (uint32_t i = 0; i < MAILBOX_COMMANDS * 3; i++) {
		asked += mailbox_ask(wire->workers[0], &command);
		wire_turn(wire, 0);
	}
	for (void *reply; rte_ring_dequeue(wire->workers[0]->replies, &reply) == 0; asked--)
		wire_turn(wire, 0);
	assert_int_equal(asked, 0);
}

static void lost_events_are_counted(void **state) {
	struct wire *wire = *state;
	struct event event = {.kind = EVENT_REFUSED, .text = "call"};

	for (uint32_t i = 0; i < MAILBOX_EVENTS + 1; i++)
		mailbox_event(wire->workers[0], &event);
	assert_int_equal(count_of(wire, 0, COUNT_EVENTS_LOST), 2);
}

static void idle_turns_are_counted(void **state) {
	struct wire *wire = *state;

	assert_false(worker_turn(wire->workers[0], &wire_stages));
	wire_send(wire, 0, 0, &(struct frame_spec){0});
	assert_true(worker_turn(wire->workers[0], &wire_stages));
	assert_int_equal(count_of(wire, 0, COUNT_LOOP_TURNS), 2);
	assert_int_equal(count_of(wire, 0, COUNT_LOOP_IDLE), 1);
	assert_true(wire->workers[0]->busy_tsc > 0);
	wire_expect(wire, 0, 0, 1);
}

static void turn_with(struct wire *wire, uint32_t frames) {
	for (uint32_t i = 0; i < frames; i++)
		wire_send(wire, 0, 0, &(struct frame_spec){.payload = "0"});
	wire_turn(wire, 0);
	wire_expect(wire, 0, 0, frames);
}

// Full turns, and that many frames in the one that looks.
static void backlog_of(struct wire *wire, uint32_t frames) {
	for (uint32_t turn = 0; !wire->workers[0]->backlog.look; turn++) {
		assert_true(turn < BACKLOG_LOOK_TURNS);
		turn_with(wire, 32);
	}
	turn_with(wire, frames);
}

// Not one idle turn, and the core never away for long.
static void busy_for(struct wire *wire, uint32_t ms) {
	for (uint32_t passed = 0; passed < ms; passed += BACKLOG_AWAY_MS / 2) {
		wire_wait(wire, 0, BACKLOG_AWAY_MS / 2);
		turn_with(wire, 1);
	}
}

static void a_worker_that_does_not_keep_up_is_behind(void **state) {
	struct wire *wire = *state;
	const struct backlog *backlog = &wire->workers[0]->backlog;

	wire_turn(wire, 0);
	busy_for(wire, BACKLOG_BUSY_MS);
	assert_false(backlog->behind);
	backlog_of(wire, BACKLOG_DEEP);
	assert_true(backlog->behind);
	turn_with(wire, 1);
	assert_false(backlog->behind);
	backlog_of(wire, BACKLOG_DEEP);
	assert_true(backlog->behind);
	backlog_of(wire, BACKLOG_DEEP - 32);
	assert_false(backlog->behind);
	assert_int_equal(count_of(wire, 0, COUNT_LOOP_BEHIND), 2);
}

// Once a second the core is away, and comes back to a deep queue: each time that is worked off, and nothing refused.
// A millisecond a turn, each of which finds a deep queue or not.
static void turns(struct backlog *backlog, uint64_t *now_ms, uint32_t count, bool deep) {
	while (count-- > 0) {
		backlog->full = backlog->deep = deep;
		backlog_note(backlog, ++*now_ms, !deep);
	}
}

static void where_refusing_does_not_help_more_is_shed(void **state) {
	struct backlog backlog = {0};
	uint64_t now_ms = 0;

	(void)state;
	turns(&backlog, &now_ms, BACKLOG_BUSY_MS + BACKLOG_LOOK_TURNS, true);
	assert_true(backlog.behind);
	assert_int_equal(backlog.shed, 0);
	turns(&backlog, &now_ms, 3 * BACKLOG_STEP_MS, true);
	assert_in_range(backlog.shed, 1, 4);
	turns(&backlog, &now_ms, 100 * BACKLOG_STEP_MS, true);
	assert_int_equal(backlog.shed, BACKLOG_SHED_MAX);
	turns(&backlog, &now_ms, 1, false);
	assert_false(backlog.behind);
	turns(&backlog, &now_ms, (BACKLOG_SHED_MAX + 1) * BACKLOG_STEP_MS, false);
	assert_int_equal(backlog.shed, 0);
}

static void a_core_that_was_away_is_not_behind(void **state) {
	struct wire *wire = *state;

	for (uint32_t second = 0; second < 5; second++) {
		wire_turn(wire, 0);
		busy_for(wire, BACKLOG_BUSY_MS / 2);
		wire_wait(wire, 0, 10 * BACKLOG_BUSY_MS);
		backlog_of(wire, BACKLOG_DEEP);
		assert_false(wire->workers[0]->backlog.behind);
	}
	assert_int_equal(count_of(wire, 0, COUNT_LOOP_BEHIND), 0);
}

static void clock_counts_milliseconds(void **state) {
	struct wire *wire = *state;
	uint64_t before;

	wire_turn(wire, 0);
	before = wire->workers[0]->now_ms;
	wire_wait(wire, 0, 1234);
	wire_turn(wire, 0);
	assert_in_range(wire->workers[0]->now_ms - before, 1234, 1300);
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, wire_open_one, wire_close)
#define TWO(name) cmocka_unit_test_setup_teardown(name, wire_open_two, wire_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		TWO(datagram_goes_to_its_owner),
		TWO(order_is_kept_across_the_hand_off),
		cmocka_unit_test_setup_teardown(
			worker_without_a_queue_sends_through_another, wire_open_two_one_queue, wire_close
		),
		TWO(stages_are_measured_while_that_is_on),
		ONE(latency_of_undisturbed_turns_is_counted_alone),
		ONE(turns_that_catch_up_are_disturbed_as_well),
		TWO(full_hand_off_ring_drops_and_counts),
		TWO(extra_queues_are_polled),
		ONE(latency_is_measured_when_sent),
		ONE(exceptions_ring_the_bell_and_sip_does_not),
		ONE(bell_rings_once_until_answered),
		ONE(full_kernel_ring_drops_and_counts),
		ONE(frames_of_the_kernel_are_sent_as_they_are),
		TWO(commands_are_answered),
		ONE(no_answer_is_lost_when_nobody_reads),
		ONE(lost_events_are_counted),
		ONE(idle_turns_are_counted),
		ONE(a_worker_that_does_not_keep_up_is_behind),
		ONE(where_refusing_does_not_help_more_is_shed),
		ONE(a_core_that_was_away_is_not_behind),
		ONE(clock_counts_milliseconds),
	};

	return cmocka_run_group_tests_name("dataplane/worker", tests, wire_eal, NULL);
}
