// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A proxy that does one thing wrong is found out, for the right reason.
#include "world.h"

static const struct row {
	enum fault fault;
	const char *scenario;
	enum wrong reason;
} rows[] = {
	{.fault = FAULT_RECORD_ROUTE_SWAPPED, .scenario = "basic", .reason = WRONG_RECORD_ROUTE_ORDER},
	{.fault = FAULT_RECORD_ROUTE_MISSING, .scenario = "basic", .reason = WRONG_RECORD_ROUTE_MISSING},
	{.fault = FAULT_RECORD_ROUTE_STRICT, .scenario = "basic", .reason = WRONG_RECORD_ROUTE_FORM},
	{.fault = FAULT_ROUTE_SWAPPED, .scenario = "basic", .reason = WRONG_ROUTE_LEFT},
	{.fault = FAULT_ANSWER_ROUTES_SWAPPED, .scenario = "basic", .reason = WRONG_RECORD_ROUTE_CHANGED},
	{.fault = FAULT_TO_TAG_LOST, .scenario = "basic", .reason = WRONG_TO_TAG},
	{.fault = FAULT_TO_TAG_OTHER, .scenario = "reject", .reason = WRONG_TO_TAG},
	{.fault = FAULT_FROM_TAG_LOST, .scenario = "basic", .reason = WRONG_FROM_TAG},
	{.fault = FAULT_FROM_OTHER, .scenario = "options", .reason = WRONG_FROM},
	{.fault = FAULT_RINGING_TWICE, .scenario = "basic", .reason = WRONG_DUPLICATE},
	{.fault = FAULT_ANSWER_TWICE, .scenario = "basic", .reason = WRONG_DUPLICATE},
	{.fault = FAULT_BYE_ANSWER_TWICE, .scenario = "basic", .reason = WRONG_DUPLICATE},
	{.fault = FAULT_TRYING_TWICE, .scenario = "basic", .reason = WRONG_DUPLICATE},
	{.fault = FAULT_INVITE_TWICE, .scenario = "basic", .reason = WRONG_DUPLICATE},
	{.fault = FAULT_ACK_TWICE, .scenario = "basic", .reason = WRONG_DUPLICATE},
	{.fault = FAULT_BYE_TWICE, .scenario = "basic", .reason = WRONG_DUPLICATE},
	{.fault = FAULT_VIA_NOT_ADDED, .scenario = "basic", .reason = WRONG_VIA_MISSING},
	{.fault = FAULT_VIA_NOT_REMOVED, .scenario = "basic", .reason = WRONG_VIA_EXTRA},
	{.fault = FAULT_BRANCH_OTHER, .scenario = "basic", .reason = WRONG_VIA_OURS},
	{.fault = FAULT_VIA_BELOW_OTHER, .scenario = "register", .reason = WRONG_VIA_OURS},
	{.fault = FAULT_BRANCH_WITHOUT_COOKIE, .scenario = "basic", .reason = WRONG_VIA_BRANCH},
	{.fault = FAULT_VIA_OF_ANOTHER, .scenario = "basic", .reason = WRONG_VIA_SENT_BY},
	{.fault = FAULT_RECEIVED_OTHER, .scenario = "basic", .reason = WRONG_VIA_OURS},
	{.fault = FAULT_MAX_FORWARDS_KEPT, .scenario = "basic", .reason = WRONG_MAX_FORWARDS},
	{.fault = FAULT_BODY_CUT, .scenario = "basic", .reason = WRONG_CONTENT_LENGTH},
	{.fault = FAULT_BODY_ALTERED, .scenario = "basic", .reason = WRONG_BODY},
	{.fault = FAULT_CALL_ID_OTHER, .scenario = "basic", .reason = WRONG_CALL_ID},
	{.fault = FAULT_CSEQ_OTHER, .scenario = "basic", .reason = WRONG_CSEQ},
	{.fault = FAULT_CONTACT_LOST, .scenario = "basic", .reason = WRONG_CONTACT},
	{.fault = FAULT_HEADER_LOST, .scenario = "basic", .reason = WRONG_HEADER_LOST},
	{.fault = FAULT_URI_OTHER, .scenario = "basic", .reason = WRONG_REQUEST_URI},
	{.fault = FAULT_CANCEL_BRANCH_OTHER, .scenario = "cancel", .reason = WRONG_VIA_BRANCH},
	{.fault = FAULT_SOURCE_OTHER, .scenario = "options", .reason = WRONG_VIA_SENT_BY},
	{.fault = FAULT_NO_END_OF_HEADERS, .scenario = "basic", .reason = WRONG_UNREADABLE},
	{.fault = FAULT_SESSION_PROGRESS, .scenario = "basic", .reason = WRONG_STATUS},
	{.fault = FAULT_ANSWERS_ITSELF, .scenario = "basic", .reason = WRONG_TO_TAG},
};

static void each_fault_is_found_for_its_reason(void **state) {
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const args[] = {"--scenario", rows[i].scenario, "--drain", "1"};
		struct world *world = world_open(ARRAY_LEN(args), args);

		world->fault = rows[i].fault;
		world_calls(world, 3);
		world_run(world, 100); // shorter than any retransmission: each fault shows once
		if (world_stats(world)->wrong[rows[i].reason] < 3)
			fail_msg("fault %u: %s was not found", rows[i].fault, wrong_infos[rows[i].reason].key);
		assert_false(stats_are_good(world_stats(world)));
		engine_abandon(&world->e);
		world_close(world);
	}
}

static void without_100_is_counted_where_one_is_expected(void **state) {
	const char *const args[] = {"--expect-100"};
	struct world *world = world_open(ARRAY_LEN(args), args);

	(void)state;
	world->fault = FAULT_NO_TRYING;
	world_calls(world, 2);
	world_finish(world);
	assert_int_equal(world_stats(world)->missed_100, 2);
	assert_false(stats_are_good(world_stats(world)));
	world_close(world);
}

static void a_message_of_no_call_is_a_stranger(void **state) {
	static const char text[] =
		"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:y>;tag=1\r\n"
		"To: <sip:x>\r\nCall-ID: somebody\r\nCSeq: 1 OPTIONS\r\n\r\n";
	struct world *world = world_open(0, NULL);
	struct sender sender = {0};

	(void)state;
	engine_receive(&world->e, SIDE_B, str_from_c(text), &sender);
	assert_int_equal(world_stats(world)->wrong[WRONG_STRANGER], 1);
	world_close(world);
}

static void damaged_messages_harm_nothing(void **state) {
	static const char *const scenarios[] = {"basic", "cancel", "reject", "register"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(scenarios); i++) {
		const char *const args[] = {"--scenario", scenarios[i]};
		struct world *world = world_open(ARRAY_LEN(args), args);

		world->noise = i + 1;
		for (unsigned round = 0; round < 100; round++) {
			world_calls(world, 8);
			world_run(world, 5);
			engine_abandon(&world->e);
		}
		assert_true(stats_wrong(world_stats(world)) > 400);
		world->noise = 0;
		world_run(world, 5);
		world_close(world);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_is_found_for_its_reason),
		cmocka_unit_test(without_100_is_counted_where_one_is_expected),
		cmocka_unit_test(a_message_of_no_call_is_a_stranger),
		cmocka_unit_test(damaged_messages_harm_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
