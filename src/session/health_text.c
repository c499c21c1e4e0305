// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

// clang-format off
static const char *const names[HEALTH_REASON_COUNT] = {
	[HEALTH_WELL]         = "well",
	[HEALTH_SET_DOWN]     = "set down",
	[HEALTH_DRAINING]     = "draining",
	[HEALTH_DRAINED]      = "drained",
	[HEALTH_NO_ADDRESS]   = "no address usable",
	[HEALTH_PROBE_SILENT] = "no response to OPTIONS",
	[HEALTH_PROBE_STATUS] = "OPTIONS refused",
	[HEALTH_SILENT]       = "no response",
	[HEALTH_UNREACHABLE]  = "unreachable",
	[HEALTH_UNAVAILABLE]  = "503",
	[HEALTH_RATIO]        = "calls fail",
	[HEALTH_LOW_ASR]      = "ASR too low",
	[HEALTH_TRIAL_FAILED] = "trial failed",
};
// clang-format on

const char *health_reason_name(enum health_reason reason) {
	return names[reason];
}

// Text that grows in a buffer of the caller's.
struct text {
	char *out;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...) {
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text->out + text->len, text->size - text->len, format, arguments);
	va_end(arguments);
	if (len > 0)
		text->len += (size_t)len < text->size - text->len ? (size_t)len : text->size - text->len - 1;
}

// Whole seconds from now, the begun one counted.
static uint64_t seconds_until(uint64_t due_ms, uint64_t now_ms) {
	return due_ms > now_ms ? (due_ms - now_ms + 999) / 1000 : 0;
}

static void say_breaker(struct text *text, const struct health *health, uint64_t now_ms) {
	const struct health_breaker *breaker = &health->breaker;

	if (breaker->state == BREAKER_OPEN)
		say(text, ", tried again in %" PRIu64 " s", seconds_until(breaker->due_ms, now_ms));
	else if (breaker->state == BREAKER_HALF_OPEN)
		say(text,
		    ", being tried again: %" PRIu32 " of %u calls went well",
		    breaker->passed,
		    health->config->trials_wanted);
}

static void say_reason(struct text *text, const struct health *health) {
	const struct health_breaker *breaker = &health->breaker;
	const struct health_config *config = health->config;
	const char *name = health->name;

	switch ((enum health_reason)health->reason) {
	case HEALTH_WELL:
		say(text, "%s is well", name);
		break;
	case HEALTH_SET_DOWN:
		say(text, "%s was set down by the operator", name);
		break;
	case HEALTH_DRAINING:
		say(text, "%s is being drained: no new calls, those in progress go on", name);
		break;
	case HEALTH_DRAINED:
		say(text, "%s is drained: no call is in progress", name);
		break;
	case HEALTH_NO_ADDRESS:
		say(text, "none of the addresses of %s is usable", name);
		break;
	case HEALTH_PROBE_SILENT:
		say(text, "no response from %s to OPTIONS", name);
		break;
	case HEALTH_PROBE_STATUS:
		say(text, "%u from %s to OPTIONS", health->probe.status, name);
		break;
	case HEALTH_SILENT:
		say(text, "no response from %s to %" PRIu64 " requests in a row", name, breaker->part);
		break;
	case HEALTH_UNREACHABLE:
		say(text, "%s is unreachable (ICMP)", name);
		break;
	case HEALTH_UNAVAILABLE:
		say(text, "503 from %s", name);
		if (breaker->retry_after_s > 0)
			say(text, ", Retry-After %" PRIu32, breaker->retry_after_s);
		break;
	case HEALTH_RATIO:
		say(text, "%" PRIu64 " of %" PRIu64 " calls to %s failed", breaker->part, breaker->whole, name);
		say(text, " in %" PRIu32 " s", config->failure_window_ms / 1000);
		break;
	case HEALTH_LOW_ASR:
		say(text, "%" PRIu64 " of %" PRIu64 " calls to %s were answered", breaker->part, breaker->whole, name);
		say(text, " in %" PRIu32 " s, less than %u%%", config->asr_window_ms / 1000, config->asr_percent);
		break;
	case HEALTH_TRIAL_FAILED:
		say(text, "a call that tried %s again failed", name);
		break;
	case HEALTH_REASON_COUNT:
		break;
	}
}

static bool is_from_calls(enum health_reason reason) {
	return reason >= HEALTH_SILENT && reason <= HEALTH_TRIAL_FAILED;
}

size_t health_describe(const struct health *health, uint64_t now_ms, char *out, size_t size) {
	struct text text = {.out = out, .size = size};

	if (size == 0)
		return 0;
	out[0] = '\0';
	say_reason(&text, health);
	if (is_from_calls(health->reason))
		say_breaker(&text, health, now_ms);
	else if (health->reason == HEALTH_PROBE_SILENT || health->reason == HEALTH_PROBE_STATUS)
		say(&text, ", asked again in %" PRIu64 " s", seconds_until(health->probe.next_ms, now_ms));
	return text.len;
}
