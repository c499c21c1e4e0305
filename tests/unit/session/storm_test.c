// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "storm.h"
#include "unit/random.h"

// Storms drawn at random: whatever happens, all that storm_watch.h says holds, in the end every table is empty, and a
// plain call works.

#define SEEDS 1000
#define EVENTS 150

static void draw(uint8_t *script, size_t len, uint64_t seed) {
	struct random random = {.state = seed};

	for (size_t i = 0; i < len; i++)
		script[i] = (uint8_t)random_below(&random, 256);
}

static void nothing_is_left_after_any_storm(void **state) {
	static uint8_t script[STORM_HEAD + EVENTS * STORM_EVENT];
	struct rig *rig = *state;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		draw(script, sizeof(script), seed);
		storm_run(rig, script, sizeof(script));
	}
	rig->cfg.proxy_state = PROXY_DIALOG;
	rig->cfg.session_expires_s = 0;
	call_establish(rig, "z9hG4bKlast");
	rig_pass(rig, 600000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_left_after_any_storm, storm_set_up, rig_tear_down),
	};

	return cmocka_run_group_tests_name("session/storm", tests, rig_eal, NULL);
}
