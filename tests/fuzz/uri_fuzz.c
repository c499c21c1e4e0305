// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Any text through every small grammar: nothing is read outside it, slices lie in it, walks end, and the parsers
// agree with one another about the same bytes.
#include "fuzz/fuzz.h"

#include "sip/uri.h"

static void check_inside(struct str part, struct str whole) {
	FUZZ_CHECK(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

// What was parsed as parameters walks to its end.
static void check_params(struct str params, struct str whole) {
	struct sip_param param;
	uint32_t before;
	int got;

	check_inside(params, whole);
	do {
		before = params.len;
		got = sip_param_next(&params, &param);
		FUZZ_CHECK(got == 0 || (got == 1 && params.len < before));
	} while (got == 1);
}

static void walk_params(struct str text) {
	struct str rest = text;
	struct sip_param param;

	while (sip_param_next(&rest, &param) == 1) {
		check_inside(param.name, text);
		check_inside(param.value, text);
		FUZZ_CHECK(param.name.len > 0);
	}
	check_inside(rest, text);
}

static void try_uri(struct str text) {
	struct sip_uri uri;

	if (!sip_uri_parse(text, &uri))
		return;
	FUZZ_CHECK(str_eq(uri.text, text));
	FUZZ_CHECK(uri.is_sip == (uri.host.len > 0) && (!uri.is_sip || sip_is_host(uri.host)));
	check_inside(uri.user, text);
	check_inside(uri.password, text);
	check_inside(uri.headers, text);
	check_params(uri.params, text);
}

static void try_name_addr(struct str text) {
	struct sip_name_addr addr;
	struct sip_uri uri;

	if (!sip_name_addr_parse(text, &addr))
		return;
	FUZZ_CHECK(sip_uri_parse(addr.uri, &uri) || str_eq(addr.uri, STR("*")));
	check_inside(addr.display, text);
	check_inside(addr.uri, text);
	FUZZ_CHECK(addr.tag.len == 0 || sip_is_token(addr.tag));
	check_params(addr.params, text);
}

static void check_via(const struct sip_via *via, struct str text) {
	check_inside(via->text, text);
	FUZZ_CHECK(sip_is_token(via->transport) && sip_is_host(via->host));
	FUZZ_CHECK(via->branch.len == 0 || sip_is_token(via->branch));
	check_inside(via->received, via->text);
	FUZZ_CHECK(!via->has_rport || via->rport.ptr <= via->text.ptr + via->text.len);
	check_params(via->params, via->text);
}

// One pass over a Via list, and the list split first and then parsed, give the same.
static void try_vias(struct str text) {
	struct str rest = text, list = text, entry;
	struct sip_via via, again;

	if (sip_via_parse(text, &via))
		check_via(&via, text);
	while (sip_via_next(&rest, &via) == 1) {
		check_via(&via, text);
		FUZZ_CHECK(sip_list_next(&list, &entry) == 1 && str_eq(entry, via.text));
		FUZZ_CHECK(sip_via_parse(entry, &again) && memcmp(&via, &again, sizeof(via)) == 0);
	}
}

static void walk_list(struct str text) {
	struct str rest = text, entry;
	uint32_t before = rest.len;

	while (sip_list_next(&rest, &entry) == 1) {
		check_inside(entry, text);
		FUZZ_CHECK(entry.len > 0 && rest.len < before);
		before = rest.len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *copy = malloc(size ? size : 1); // of its exact size, for the address sanitizer
	struct str text = str_of(copy, size), method;
	uint32_t number;

	if (size > 0)
		memcpy(copy, data, size);
	try_uri(text);
	try_name_addr(text);
	try_vias(text);
	walk_params(text);
	walk_list(text);
	if (sip_cseq_parse(text, &number, &method))
		FUZZ_CHECK(number <= 0x7fffffff && sip_is_token(method));
	FUZZ_CHECK(!sip_is_token(text) || sip_is_call_id(text));
	free(copy);
	return 0;
}
