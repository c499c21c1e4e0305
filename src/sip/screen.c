// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/screen.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdio.h>

#define FLAGS (HS_FLAG_CASELESS | HS_FLAG_MULTILINE | HS_FLAG_SINGLEMATCH)

const char *const sip_screen_shipped[] = {
	"^User-Agent[ \\t]*:[^\\r\\n]*(friendly-(scanner|request)|sipvicious|sip-?scan|sipcli|sundayddr|siparmyknife|"
	"vax(sip|ip)useragent|pplsip|sipinspector|\\b(sivus|smap|iwar|nmap)\\b)",
	"^(From|To|f|t)[ \\t]*:[^\\r\\n]*(sipvicious|friendly-scanner)",
	"^(To|t)[ \\t]*:[^\\r\\n]*sip:100@1\\.1\\.1\\.1[^0-9.]",
	"^OPTIONS sip:nm SIP/2\\.0",
	NULL,
};

static void tell(const hs_compile_error_t *error, const char *const *expressions, char *problem, size_t size) {
	if (error && error->expression >= 0)
		snprintf(problem, size, "\"%s\": %s", expressions[error->expression], error->message);
	else
		snprintf(problem, size, "%s", error ? error->message : "this machine cannot run Hyperscan");
}

static bool
compile(struct sip_screen *screen, const char *const *expressions, unsigned count, char *problem, size_t size) {
	// As in scan.c: without AVX2 in the target nothing reads past the end of short buffers.
	const hs_platform_info_t target = {.tune = HS_TUNE_FAMILY_GENERIC, .cpu_features = 0};
	unsigned flags[SIP_SCREEN_MAX];
	hs_compile_error_t *error = NULL;
	bool done;

	for (unsigned i = 0; i < count; i++)
		flags[i] = FLAGS;
	done = hs_compile_multi(expressions, flags, NULL, count, HS_MODE_BLOCK, &target, &screen->database, &error) ==
	       HS_SUCCESS;
	if (!done)
		tell(error, expressions, problem, size);
	hs_free_compile_error(error);
	return done;
}

int sip_screen_init(
	struct sip_screen *screen, const char *const *expressions, unsigned count, char *problem, size_t size
) {
	*screen = (struct sip_screen){0};
	snprintf(problem, size, "out of memory");
	if (count == 0)
		return 0;
	if (count > SIP_SCREEN_MAX)
		return -E2BIG;
	if (!compile(screen, expressions, count, problem, size))
		return -EINVAL;
	if (hs_alloc_scratch(screen->database, &screen->scratch) == HS_SUCCESS)
		return 0;
	sip_screen_fini(screen);
	return -ENOMEM;
}

void sip_screen_fini(struct sip_screen *screen) {
	hs_free_scratch(screen->scratch);
	hs_free_database(screen->database);
	*screen = (struct sip_screen){0};
}

// The first match is enough.
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx) {
	(void)id, (void)from, (void)to, (void)flags, (void)ctx;
	return 1;
}

bool sip_screen_finds(const struct sip_screen *screen, const char *data, uint32_t len) {
	if (len > SIP_SCREEN_BYTES)
		len = SIP_SCREEN_BYTES;
	return screen->database &&
	       hs_scan(screen->database, data, len, 0, screen->scratch, on_match, NULL) == HS_SCAN_TERMINATED;
}
