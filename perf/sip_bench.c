// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// SIP messages of a carrier call: ns and cycles to locate the headers and to parse the whole with each locator, to
// find the Call-ID alone, and to edit a request and a response as a proxy forwards them.
#include "bench.h"
#include "sip/edit.h"
#include "sip/msg.h"

#define ROOM 256 // before and behind the message, as in a packet buffer

struct message {
	const char *name;
	char *text;
	size_t len;
};

struct state {
	const struct message *message;
	const struct sip_locator *locator;
	struct sip_index index;
	struct sip_msg msg;
	char buf[ROOM + SIP_MESSAGE_MAX + ROOM];
};

static const struct sip_limits limits = {.headers_max = 128, .vias_max = 32};

static void fail(const char *what, const char *name) {
	fprintf(stderr, "%s: %s\n", name, what);
	exit(1);
}

static void locate(void *ctx) {
	struct state *state = ctx;
	const struct message *message = state->message;

	state->locator->locate(state->locator, message->text, message->len, limits.headers_max, &state->index);
	bench_keep(&state->index);
}

static void parse(void *ctx) {
	struct state *state = ctx;

	sip_parse(&state->msg, state->message->text, state->message->len, &limits, state->locator);
	bench_keep(&state->msg);
}

static void peek(void *ctx) {
	const struct state *state = ctx;
	struct str call_id = sip_peek_call_id(state->message->text, state->message->len);

	bench_keep(&call_id);
}

// The bytes as they came, for the next round to edit. Only headers change, and what stands before them.
static void restore(void *ctx) {
	struct state *state = ctx;

	memcpy(state->buf + ROOM, state->message->text, state->msg.index.body);
	bench_keep(state->buf);
}

static void apply(struct state *state, struct sip_edits *edits) {
	int32_t start;
	uint32_t len;

	if (!sip_edits_apply(edits, state->buf + ROOM, ROOM, ROOM, &start, &len))
		fail("cannot be edited", state->message->name);
	bench_keep(state->buf);
}

static void forward_request(void *ctx) {
	const struct str lines =
		STR("Record-Route: <sip:192.0.2.1:5060;lr;d=01a3f09c5512e8d4c90b>\r\n"
		    "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK01a3f09c5512e8d4c90b77a1e5f20d3c\r\n");
	struct state *state = ctx;
	const struct sip_msg *msg = &state->msg;
	char scratch[SIP_MAX_FORWARDS_SCRATCH];
	struct sip_edits edits;

	restore(state);
	sip_edits_init(&edits, msg);
	sip_edit_max_forwards(&edits, msg->max_forwards - 1, scratch, sizeof(scratch));
	sip_edit_insert_lines(&edits, msg->first[HDR_VIA], lines);
	sip_edit_add(&edits, (uint32_t)(msg->via.rport.ptr - msg->buf), 0, STR("=5060"));
	sip_edit_add(
		&edits, (uint32_t)(msg->via.text.ptr + msg->via.text.len - msg->buf), 0, STR(";received=203.0.113.20")
	);
	apply(state, &edits);
}

static void forward_response(void *ctx) {
	struct state *state = ctx;
	struct sip_edits edits;

	restore(state);
	sip_edits_init(&edits, &state->msg);
	sip_edit_remove_top(&edits, HDR_VIA);
	apply(state, &edits);
}

static void load(struct message *message, const char *name) {
	char path[512];

	snprintf(path, sizeof(path), "%s/%s.sip", BENCH_MESSAGES, name);
	message->name = name;
	message->text = bench_load(path, &message->len);
}

static void run(const struct bench_options *options, const char *what, void (*fn)(void *), struct state *state) {
	char name[64];

	snprintf(name, sizeof(name), "%s %s", what, state->message->name);
	bench_time(options, name, 1, fn, state);
}

static void
bench_locators(const struct bench_options *options, struct state *state, struct message *messages, int count) {
	static const enum locator_kind kinds[] = {LOCATOR_AVX512, LOCATOR_AVX2, LOCATOR_SCALAR, LOCATOR_HYPERSCAN};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		struct sip_locator locator;
		char title[32];

		snprintf(title, sizeof(title), "locator %s", sip_locator_name(kinds[k]));
		bench_title(title);
		if (sip_locator_init(&locator, kinds[k]) != 0) {
			printf("not on this machine\n");
			continue;
		}
		state->locator = &locator;
		for (int i = 0; i < count; i++) {
			state->message = &messages[i];
			run(options, "locate", locate, state);
			run(options, "parse", parse, state);
		}
		sip_locator_fini(&locator);
	}
}

static void bench_edits(const struct bench_options *options, struct state *state, struct message *messages, int count) {
	struct sip_locator locator;

	bench_title("edit, the copy of the headers included");
	if (sip_locator_init(&locator, LOCATOR_AUTO) != 0)
		fail("no locator", "auto");
	for (int i = 0; i < count; i++) {
		state->message = &messages[i];
		memcpy(state->buf + ROOM, messages[i].text, messages[i].len);
		if (sip_parse(&state->msg, state->buf + ROOM, messages[i].len, &limits, &locator) != SIP_OK)
			fail("does not parse", messages[i].name);
		run(options, "copy", restore, state);
		if (state->msg.is_request)
			run(options, "forward request", forward_request, state);
		else
			run(options, "forward response", forward_response, state);
		run(options, "peek Call-ID", peek, state);
	}
	sip_locator_fini(&locator);
}

int main(int argc, char **argv) {
	static const char *const names[] = {"invite", "180", "200", "ack", "bye"};
	struct bench_options options = bench_options(argc, argv);
	struct message messages[ARRAY_LEN(names)];
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		fail("no memory", argv[0]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		load(&messages[i], names[i]);
	bench_locators(&options, state, messages, ARRAY_LEN(names));
	bench_edits(&options, state, messages, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		free(messages[i].text);
	free(state);
	return 0;
}
