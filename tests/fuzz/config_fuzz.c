// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A configuration is refused with a message that names the file, or taken; then its dump is taken as well and means
// the same. Seed: dist/tandem.example.yaml.
#include "fuzz/fuzz.h"

#include "control/config.h"
#include "sip/screen.h"

// Hyperscan may take long over an expression, and is not what is tried here.
const char *const sip_screen_shipped[] = {"shipped", NULL};

int sip_screen_init(
	struct sip_screen *screen, const char *const *expressions, unsigned count, char *problem, size_t size
) {
	*screen = (struct sip_screen){0};
	snprintf(problem, size, "\"%s\": bad", expressions[0]);
	return count > 0 && expressions[0][0] == '(' ? -1 : 0;
}

void sip_screen_fini(struct sip_screen *screen) {
	(void)screen;
}

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
