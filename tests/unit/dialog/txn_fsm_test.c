// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/txn_fsm.h"
#include "test.h"

struct row {
	enum txn_event event;
	enum txn_state next;
	unsigned actions;
};

static void play(enum txn_kind kind, const struct row *rows, size_t count) {
	enum txn_state state = TXN_NONE;

	for (size_t i = 0; i < count; i++) {
		struct txn_step step = txn_fsm_step(kind, state, rows[i].event);

		if (step.next != rows[i].next || step.actions != rows[i].actions)
			fail_msg(
				"%s, row %zu: %s in %s gives %s and actions %#x",
				txn_kind_name(kind),
				i,
				txn_event_name(rows[i].event),
				txn_state_name(state),
				txn_state_name(step.next),
				step.actions
			);
		state = step.next;
	}
}

#define PLAY(kind, ...) play(kind, (const struct row[]){__VA_ARGS__}, ARRAY_LEN(((const struct row[]){__VA_ARGS__})))

static void an_invite_is_answered(void **state) {
	(void)state;
	PLAY(TXN_INVITE_CLIENT,
	     {TXN_START, TXN_CALLING, 0},
	     {TXN_RETRANSMIT, TXN_CALLING, TXN_DO_RESEND},
	     {TXN_RX_100, TXN_PROCEEDING, TXN_DO_PASS},
	     {TXN_RETRANSMIT, TXN_PROCEEDING, 0},
	     {TXN_RX_1XX, TXN_PROCEEDING, TXN_DO_PASS},
	     {TXN_RX_2XX, TXN_ACCEPTED, TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
	     {TXN_RX_2XX, TXN_ACCEPTED, TXN_DO_PASS},
	     {TXN_RX_FINAL, TXN_ACCEPTED, 0},
	     {TXN_RX_1XX, TXN_ACCEPTED, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_FREE});
}

static void an_invite_is_refused_and_each_repeated_final_is_acked(void **state) {
	(void)state;
	PLAY(TXN_INVITE_CLIENT,
	     {TXN_START, TXN_CALLING, 0},
	     {TXN_RX_FINAL, TXN_COMPLETED, TXN_DO_ACK | TXN_DO_PASS},
	     {TXN_RX_FINAL, TXN_COMPLETED, TXN_DO_RESEND},
	     {TXN_RX_2XX, TXN_COMPLETED, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_FREE});
}

static void a_silent_callee_ends_calling(void **state) {
	(void)state;
	PLAY(TXN_INVITE_CLIENT,
	     {TXN_START, TXN_CALLING, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_TIMED_OUT | TXN_DO_FREE});
	PLAY(TXN_INVITE_CLIENT,
	     {TXN_START, TXN_CALLING, 0},
	     {TXN_SEND_FAILED, TXN_TERMINATED, TXN_DO_FAILED | TXN_DO_FREE});
}

static void timer_c_cancels_and_waits_for_the_final(void **state) {
	(void)state;
	PLAY(TXN_INVITE_CLIENT,
	     {TXN_START, TXN_CALLING, 0},
	     {TXN_RX_1XX, TXN_PROCEEDING, TXN_DO_PASS},
	     {TXN_TIMER_C, TXN_CANCELLING, TXN_DO_CANCEL},
	     {TXN_CANCEL, TXN_CANCELLING, 0},
	     {TXN_RX_1XX, TXN_CANCELLING, TXN_DO_PASS},
	     {TXN_RX_FINAL, TXN_COMPLETED, TXN_DO_ACK | TXN_DO_PASS});
	PLAY(TXN_INVITE_CLIENT,
	     {TXN_START, TXN_CALLING, 0},
	     {TXN_RX_1XX, TXN_PROCEEDING, TXN_DO_PASS},
	     {TXN_CANCEL, TXN_CANCELLING, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_TIMED_OUT | TXN_DO_FREE});
}

static void a_cancel_crosses_the_2xx(void **state) {
	(void)state;
	PLAY(TXN_INVITE_CLIENT,
	     {TXN_START, TXN_CALLING, 0},
	     {TXN_RX_1XX, TXN_PROCEEDING, TXN_DO_PASS},
	     {TXN_CANCEL, TXN_CANCELLING, 0},
	     {TXN_RX_2XX, TXN_ACCEPTED, TXN_DO_PASS | TXN_DO_DROP_MESSAGE});
}

static void another_request_is_answered(void **state) {
	(void)state;
	PLAY(TXN_CLIENT,
	     {TXN_START, TXN_TRYING, 0},
	     {TXN_RETRANSMIT, TXN_TRYING, TXN_DO_RESEND},
	     {TXN_RX_1XX, TXN_PROCEEDING, TXN_DO_PASS},
	     {TXN_RETRANSMIT, TXN_PROCEEDING, TXN_DO_RESEND},
	     {TXN_RX_FINAL, TXN_COMPLETED, TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
	     {TXN_RX_FINAL, TXN_COMPLETED, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_FREE});
	PLAY(TXN_CLIENT, {TXN_START, TXN_TRYING, 0}, {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_TIMED_OUT | TXN_DO_FREE});
}

static void a_refusal_is_sent_again_until_the_ack(void **state) {
	(void)state;
	PLAY(TXN_INVITE_SERVER,
	     {TXN_START, TXN_PROCEEDING, 0},
	     {TXN_RX_REQUEST, TXN_PROCEEDING, TXN_DO_RESEND},
	     {TXN_TU_1XX, TXN_PROCEEDING, TXN_DO_SEND},
	     {TXN_TU_FINAL, TXN_COMPLETED, TXN_DO_SEND},
	     {TXN_RETRANSMIT, TXN_COMPLETED, TXN_DO_RESEND},
	     {TXN_RX_REQUEST, TXN_COMPLETED, TXN_DO_RESEND},
	     {TXN_TU_FINAL, TXN_COMPLETED, 0},
	     {TXN_TU_2XX, TXN_COMPLETED, 0},
	     {TXN_RX_ACK, TXN_CONFIRMED, TXN_DO_DROP_MESSAGE},
	     {TXN_RX_ACK, TXN_CONFIRMED, 0},
	     {TXN_RX_REQUEST, TXN_CONFIRMED, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_FREE});
	PLAY(TXN_INVITE_SERVER,
	     {TXN_START, TXN_PROCEEDING, 0},
	     {TXN_TU_FINAL, TXN_COMPLETED, TXN_DO_SEND},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_TIMED_OUT | TXN_DO_FREE});
}

static void an_accepted_invite_absorbs_its_retransmissions(void **state) {
	(void)state;
	PLAY(TXN_INVITE_SERVER,
	     {TXN_START, TXN_PROCEEDING, 0},
	     {TXN_TU_2XX, TXN_ACCEPTED, TXN_DO_SEND | TXN_DO_DROP_MESSAGE},
	     {TXN_RX_REQUEST, TXN_ACCEPTED, 0},
	     {TXN_TU_2XX, TXN_ACCEPTED, TXN_DO_SEND},
	     {TXN_TU_FINAL, TXN_ACCEPTED, 0},
	     {TXN_RX_ACK, TXN_ACCEPTED, TXN_DO_PASS},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_FREE});
}

static void a_final_is_replayed_and_a_second_one_ignored(void **state) {
	(void)state;
	PLAY(TXN_SERVER,
	     {TXN_START, TXN_TRYING, 0},
	     {TXN_RX_REQUEST, TXN_TRYING, 0},
	     {TXN_TU_1XX, TXN_PROCEEDING, TXN_DO_SEND},
	     {TXN_RX_REQUEST, TXN_PROCEEDING, TXN_DO_RESEND},
	     {TXN_TU_2XX, TXN_COMPLETED, TXN_DO_SEND},
	     {TXN_RX_REQUEST, TXN_COMPLETED, TXN_DO_RESEND},
	     {TXN_TU_FINAL, TXN_COMPLETED, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_FREE});
	PLAY(TXN_SERVER, {TXN_START, TXN_TRYING, 0}, {TXN_TU_ABANDON, TXN_TERMINATED, TXN_DO_FREE});
	PLAY(TXN_SERVER,
	     {TXN_START, TXN_TRYING, 0},
	     {TXN_TU_SILENCE, TXN_COMPLETED, 0},
	     {TXN_TU_FINAL, TXN_COMPLETED, 0},
	     {TXN_TIMEOUT, TXN_TERMINATED, TXN_DO_FREE});
}

// No state but the live server ones, which their client transaction ends, may be left without a timer.
static void every_state_entered_starts_or_keeps_a_timer(void **state) {
	(void)state;
	for (int kind = 0; kind < TXN_KIND_COUNT; kind++)
		for (int from = 0; from < TXN_STATE_COUNT; from++)
			for (int event = 0; event < TXN_EVENT_COUNT; event++) {
				struct txn_step step = txn_fsm_step(kind, from, event);
				bool is_server = kind == TXN_SERVER || kind == TXN_INVITE_SERVER;

				if (step.next == from || step.next == TXN_TERMINATED)
					continue;
				if (is_server && txn_state_is_live(step.next))
					continue;
				if (kind == TXN_CLIENT && step.next == TXN_PROCEEDING)
					continue; // Timer F runs on
				assert_true(step.timeout > TXN_TIMER_STOP);
			}
}

static void every_state_can_end(void **state) {
	(void)state;
	for (int kind = 0; kind < TXN_KIND_COUNT; kind++)
		for (int from = TXN_CALLING; from < TXN_TERMINATED; from++) {
			bool entered = false, ends = false;

			for (int event = 0; event < TXN_EVENT_COUNT; event++) {
				struct txn_step step = txn_fsm_step(kind, from, event);

				entered |= step.next != from || step.actions;
				ends |= step.next != from;
			}
			assert_int_equal(entered, ends);
		}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invite_is_answered),
		cmocka_unit_test(an_invite_is_refused_and_each_repeated_final_is_acked),
		cmocka_unit_test(a_silent_callee_ends_calling),
		cmocka_unit_test(timer_c_cancels_and_waits_for_the_final),
		cmocka_unit_test(a_cancel_crosses_the_2xx),
		cmocka_unit_test(another_request_is_answered),
		cmocka_unit_test(a_refusal_is_sent_again_until_the_ack),
		cmocka_unit_test(an_accepted_invite_absorbs_its_retransmissions),
		cmocka_unit_test(a_final_is_replayed_and_a_second_one_ignored),
		cmocka_unit_test(every_state_entered_starts_or_keeps_a_timer),
		cmocka_unit_test(every_state_can_end),
	};

	return cmocka_run_group_tests_name("dialog/txn_fsm", tests, NULL, NULL);
}
