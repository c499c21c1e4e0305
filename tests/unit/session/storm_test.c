// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "targets.h"
#include "unit/random.h"

// Messages of some calls in any order, repeated, forked, cut and late, from both sides, to one target or several, while
// time passes and ICMP errors come: whatever happens, ten minutes later every table is empty (the tear-down says so),
// and a plain call works.

#define SEEDS 60
#define STEPS 150
#define CALLS 4
#define KEPT 16 // requests the callee has seen and may answer

struct storm {
	struct rig *rig;
	struct random random;
	uint32_t kept_count;
	char kept[KEPT][2048];
	char routes[1024];
};

static uint32_t pick(struct storm *storm, uint32_t below) {
	return (uint32_t)random_below(&storm->random, below);
}

// Requests that reached the callee are kept, to be answered at any later time.
static void read_all(struct storm *storm) {
	const char *text;

	while (rig_next(storm->rig, CALLER))
		;
	while ((text = rig_next(storm->rig, CALLEE))) {
		if (strncmp(text, "ACK ", 4) == 0 || strncmp(text, "SIP/2.0", 7) == 0)
			continue;
		snprintf(storm->kept[storm->kept_count++ % KEPT], sizeof(storm->kept[0]), "%.2047s", text);
		if (strncmp(text, "INVITE ", 7) == 0)
			snprintf(storm->routes, sizeof(storm->routes), "%s", call_routes(text, true));
	}
}

static void send_request(struct storm *storm) {
	static const char *const methods[] = {"INVITE", "INVITE", "CANCEL", "ACK", "BYE", "OPTIONS", "UPDATE"};
	static const char *const tags[] = {NULL, NULL, "t0", "t1", "t2"};
	const char *method = methods[pick(storm, ARRAY_LEN(methods))];
	const char *tag = tags[pick(storm, ARRAY_LEN(tags))];
	char branch[32];

	snprintf(branch, sizeof(branch), "z9hG4bK%u", pick(storm, CALLS));
	rig_send(
		storm->rig,
		CALLER,
		call_request(method, branch, 1 + (int)pick(storm, 3), tag, tag && pick(storm, 2) ? storm->routes : "")
	);
}

static void send_response(struct storm *storm) {
	static const int statuses[] = {100, 180, 183, 200, 200, 302, 404, 481, 486, 487, 503, 603};
	uint32_t kept = storm->kept_count < KEPT ? storm->kept_count : KEPT;
	char tag[8], text[4096];
	char *second;

	if (kept == 0)
		return;
	snprintf(tag, sizeof(tag), "t%u", pick(storm, 20));
	snprintf(
		text,
		sizeof(text),
		"%s",
		call_response(storm->kept[pick(storm, kept)], statuses[pick(storm, ARRAY_LEN(statuses))], tag)
	);
	second = strstr(strstr(text, "Via:") + 4, "Via:");
	if (second && pick(storm, 10) == 0)
		memcpy(second, "X-V", 3); // our Via alone
	rig_send(storm->rig, CALLEE, text);
}

static void lose(struct storm *storm) {
	uint32_t kept = storm->kept_count < KEPT ? storm->kept_count : KEPT;
	const char *text = kept > 0 ? storm->kept[pick(storm, kept)] : "";

	if (kept > 0)
		rig_lost(storm->rig, CALLEE, text, (uint32_t)strlen(text));
}

static void step(struct storm *storm) {
	uint32_t what = pick(storm, 40);

	if (what < 15)
		send_request(storm);
	else if (what < 34)
		send_response(storm);
	else if (what < 36)
		lose(storm);
	else
		rig_pass(storm->rig, 1 + pick(storm, 4000));
	read_all(storm);
}

// Every second storm meets a rule with several targets, at an address ICMP errors can come from.
static void rule_choose(struct storm *storm, struct config_route *plain, uint64_t seed) {
	static const uint32_t priorities[][TARGETS] = {{1, 1, 1}, {1, 2, 3}, {1, 1, 2}, {1, 2, 2}};

	storm->rig->cfg.routes = plain;
	if (seed % 2 == 0)
		return;
	targets_set(storm->rig, TARGETS, priorities[pick(storm, ARRAY_LEN(priorities))]);
	for (unsigned i = 0; i < TARGETS; i++)
		targets_list[i].to.port = 5060;
	targets_rules[CALLER].try_ms = pick(storm, 2) * 1500;
	targets_rules[CALLER].recurses = pick(storm, 2);
}

// A dialog both ends forgot is kept until dialog_max, here a minute.
static void nothing_is_left_after_any_storm(void **state) {
	static struct storm storm;
	struct rig *rig = *state;
	struct config_route *plain = rig->cfg.routes;

	rig->s->dialogs.max_age_ms = 60000;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		storm = (struct storm){.rig = rig, .random = {.state = seed}};
		rule_choose(&storm, plain, seed);
		for (int i = 0; i < STEPS; i++)
			step(&storm);
		rig_pass(rig, 600000);
		read_all(&storm);
		if (rig->s->txns.pool.used || rig->s->dialogs.pool.used || rig->s->forks.pool.used ||
		    blob_used(rig->s->text))
			fail_msg(
				"seed %lu leaves %u transactions, %u dialogs, %u response contexts",
				(unsigned long)seed,
				rig->s->txns.pool.used,
				rig->s->dialogs.pool.used,
				rig->s->forks.pool.used
			);
	}
	rig->cfg.routes = plain;
	call_establish(rig, "z9hG4bKlast");
	rig_pass(rig, 600000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_left_after_any_storm, rig_set_up, rig_tear_down),
	};

	return cmocka_run_group_tests_name("session/storm", tests, rig_eal, NULL);
}
