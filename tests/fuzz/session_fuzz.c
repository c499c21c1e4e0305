// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A worker with all its SIP: transactions, dialogs, response contexts, in any order of events and with a clock of our
// own. The input is the script of a storm (unit/session/storm.h), which ends the process where what must hold does not.
// The worker is made once, and each input leaves it empty.
#include "fuzz/fuzz.h"
#include "unit/session/storm.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void *rig;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
	(void)argc, (void)argv;
	FUZZ_CHECK(setenv("CMOCKA_TEST_ABORT", "1", 1) == 0); // there is no test to leave
	FUZZ_CHECK(rig_eal(&rig) == 0 && storm_set_up(&rig) == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size <= STORM_HEAD + STORM_EVENT * STORM_EVENTS_MAX)
		storm_run(rig, data, size);
	return 0;
}
