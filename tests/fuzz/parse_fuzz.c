// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Parsing never crashes, every slice it gives lies inside the datagram, the chains of headers are sound, and what the
// shard is chosen by is what the parser finds. Then every list and parameter of the message is walked. The parse that
// hops along marks (AVX2, AVX-512) and the one by the full grammar (scalar) read the same.
#include "fuzz/fuzz.h"
#include "same.h"

struct range {
	const char *start, *end;
};

static void check_slice(struct range in, struct str s) {
	FUZZ_CHECK(s.ptr == NULL ? s.len == 0 : s.ptr >= in.start && s.ptr + s.len <= in.end);
}

static void check_params(struct range in, struct str params) {
	struct sip_param param;

	while (sip_param_next(&params, &param) == 1) {
		check_slice(in, param.name);
		check_slice(in, param.value);
	}
}

static void check_uri(struct range in, const struct sip_uri *uri) {
	const struct str slices[] = {
		uri->text, uri->scheme, uri->user, uri->password, uri->host, uri->params, uri->headers};

	for (size_t i = 0; i < ARRAY_LEN(slices); i++)
		check_slice(in, slices[i]);
	check_params(in, uri->params);
}

static void check_addr(struct range in, const struct sip_name_addr *addr) {
	const struct str slices[] = {addr->display, addr->uri, addr->params, addr->tag};
	struct sip_uri uri;

	for (size_t i = 0; i < ARRAY_LEN(slices); i++)
		check_slice(in, slices[i]);
	check_params(in, addr->params);
	if (sip_uri_parse(addr->uri, &uri))
		check_uri(in, &uri);
}

static void check_via(struct range in, const struct sip_via *via) {
	const struct str slices[] = {
		via->text, via->transport, via->host, via->params, via->branch, via->received, via->maddr, via->rport};

	for (size_t i = 0; i < ARRAY_LEN(slices); i++)
		check_slice(in, slices[i]);
	check_params(in, via->params);
}

static void check_chains(const struct sip_msg *msg) {
	uint32_t chained = 0;

	for (int id = 0; id < HDR_COUNT; id++)
		for (int last = -1, i = msg->first[id]; i >= 0; last = i, i = msg->next[i], chained++)
			FUZZ_CHECK(i > last && i < msg->index.count && msg->index.header[i].id == id);
	FUZZ_CHECK(chained == msg->index.count);
}

static void check_headers(struct range in, const struct sip_msg *msg) {
	for (int i = 0; i < msg->index.count; i++) {
		const struct sip_header *header = &msg->index.header[i];

		FUZZ_CHECK(header->start < header->value && header->value <= header->end);
		FUZZ_CHECK(i == 0 || header->start > msg->index.header[i - 1].end);
		check_slice(in, sip_header_value(msg, i));
	}
}

static void walk_lists(struct range in, const struct sip_msg *msg) {
	for (enum sip_header_id id = HDR_OTHER + 1; id < HDR_COUNT; id++) {
		struct sip_walk walk = {.id = id};
		struct sip_name_addr addr;
		struct sip_via via;
		struct str entry;

		while (sip_walk_next(msg, &walk, &entry) == 1) {
			check_slice(in, entry);
			FUZZ_CHECK(entry.len > 0);
			if (sip_name_addr_parse(entry, &addr))
				check_addr(in, &addr);
			if (sip_via_parse(entry, &via))
				check_via(in, &via);
		}
	}
}

static void check_message(const struct sip_msg *msg, const char *buf, size_t size) {
	struct range in = {.start = buf, .end = buf + size};
	const struct str slices[] = {
		msg->method_text, msg->request_uri, msg->reason, msg->call_id, msg->body, msg->max_forwards_digits};

	for (size_t i = 0; i < ARRAY_LEN(slices); i++)
		check_slice(in, slices[i]);
	FUZZ_CHECK(msg->len <= size);
	check_uri(in, &msg->uri);
	check_via(in, &msg->via);
	check_addr(in, &msg->from);
	check_addr(in, &msg->to);
	check_chains(msg);
	check_headers(in, msg);
	walk_lists(in, msg);
	sip_can_answer(msg);
	check_slice(in, sip_contact_uri(msg));
	sip_has_option(msg, HDR_SUPPORTED, STR("timer"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct sip_limits limits = {.headers_max = SIP_HEADERS_MAX, .vias_max = 70};
	const struct sip_locator *locators = fuzz_locators();
	enum sip_verdict verdict;
	struct str call_id;
	struct sip_msg msg, full;
	const char *buf;

	if (size > SIP_MESSAGE_MAX)
		return 0;
	buf = fuzz_place(data, size);
	verdict = sip_parse(&full, buf, size, &limits, &locators[0]);
	for (int i = 1; i <= FUZZ_MARKING; i++) {
		memset(&msg, 0xa5, sizeof(msg));
		FUZZ_CHECK(sip_parse(&msg, buf, size, &limits, &locators[i]) == verdict);
		FUZZ_CHECK(!same_message(&msg, &full));
		check_message(&msg, buf, size);
	}
	call_id = sip_peek_call_id(buf, size);
	check_slice((struct range){.start = buf, .end = buf + size}, call_id);
	FUZZ_CHECK(verdict != SIP_OK || (call_id.ptr == msg.call_id.ptr && call_id.len == msg.call_id.len));
	return 0;
}
