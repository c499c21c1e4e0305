// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A configuration is refused with a message that names the file, or taken; then its dump is taken as well and means
// the same. Seed: dist/tandem.example.yaml.
#include "fuzz/fuzz.h"

#include "control/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct config *cfg, *again;
	char *error = NULL, *dump, *second;

	log_level_set(LOG_ERROR);
	if (config_parse("fuzz", str_of((const char *)data, size), 4, &cfg, &error) != 0) {
		FUZZ_CHECK(strncmp(error, "fuzz:", 5) == 0);
		free(error);
		return 0;
	}
	dump = config_dump(cfg);
	FUZZ_CHECK(config_parse("again", str_from_c(dump), 4, &again, &error) == 0);
	second = config_dump(again);
	FUZZ_CHECK(strcmp(dump, second) == 0);
	free(dump);
	free(second);
	config_free(cfg);
	config_free(again);
	return 0;
}
