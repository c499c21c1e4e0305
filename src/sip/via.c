// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/grammar.h"
#include "sip/uri.h"

#define TTL_MAX 255

// SLASH, with white space round it.
static const char *skip_slash(const char *p, const char *end) {
	p = skip_lws(p, end);
	return p < end && *p == '/' ? skip_lws(p + 1, end) : NULL;
}

// protocol-name SLASH protocol-version SLASH, however it is spaced.
static const char *take_protocol(const char *p, const char *end, struct sip_via *ret_via) {
	const char *start = p;
	struct str name, version;

	p = skip_class(p, end, CLASS_TOKEN);
	name = str_between(start, p);
	p = name.len > 0 ? skip_slash(p, end) : NULL;
	if (p == NULL)
		return NULL;
	start = p;
	p = skip_class(p, end, CLASS_TOKEN);
	version = str_between(start, p);
	ret_via->is_sip = str_eq_nocase(name, STR("SIP")) && str_eq(version, STR("2.0"));
	return version.len > 0 ? skip_slash(p, end) : NULL;
}

static const char *take_transport(const char *p, const char *end, struct sip_via *ret_via) {
	static const char usual[8] = "SIP/2.0/";
	const char *start;

	if (likely((size_t)(end - p) > sizeof(usual) && memcmp(p, usual, sizeof(usual)) == 0)) {
		p = skip_lws(p + sizeof(usual), end);
		ret_via->is_sip = true;
	} else {
		p = take_protocol(p, end, ret_via);
	}
	if (p == NULL)
		return NULL;
	start = p;
	p = skip_class(p, end, CLASS_TOKEN);
	if (p == start)
		return NULL;
	ret_via->transport = str_between(start, p);
	start = p;
	p = skip_lws(p, end);
	return p > start ? p : NULL;
}

// host [ COLON port ] and the white space behind it.
static const char *take_sent_by(const char *p, const char *end, struct sip_via *ret_via) {
	p = sip_take_host(p, end, &ret_via->host);
	if (p == NULL)
		return NULL;
	p = skip_lws(p, end);
	if (p == end || *p != ':')
		return p;
	p = sip_take_port(skip_lws(p + 1, end), end, &ret_via->port);
	return p != NULL ? skip_lws(p, end) : NULL;
}

// A parameter we know may stand once and must have an unquoted value of that class.
static bool set_once(struct str *field, const struct param_scan *scan, unsigned class) {
	if (field->ptr != NULL || !(scan->value_class & class))
		return false;
	*field = scan->param.value;
	return true;
}

static bool set_received(struct sip_via *via, const struct param_scan *scan) {
	if (!set_once(&via->received, scan, CLASS_VALUE))
		return false;
	if (via->received.ptr[0] != '[')
		return true;
	if (via->received.len < 3 || via->received.ptr[via->received.len - 1] != ']')
		return false;
	via->received = str_of(via->received.ptr + 1, via->received.len - 2);
	return true;
}

// RFC 3581: "rport" or "rport=5060".
static bool set_rport(struct sip_via *via, const struct param_scan *scan) {
	struct str name = scan->param.name, value = scan->param.value;
	uint16_t port;

	if (via->has_rport)
		return false;
	via->has_rport = true;
	via->rport = value;
	if (value.ptr == NULL)
		via->rport = str_of(name.ptr + name.len, 0);
	return value.ptr == NULL || sip_take_port(value.ptr, value.ptr + value.len, &port) == value.ptr + value.len;
}

static bool set_maddr(struct sip_via *via, const struct param_scan *scan) {
	return set_once(&via->maddr, scan, CLASS_VALUE) && sip_is_host(via->maddr);
}

static bool set_param(struct sip_via *via, const struct param_scan *scan) {
	struct str name = scan->param.name;
	uint64_t ttl;

	if (is_word(name, STR("branch")))
		return set_once(&via->branch, scan, CLASS_TOKEN);
	if (is_word(name, STR("rport")))
		return set_rport(via, scan);
	if (is_word(name, STR("received")))
		return set_received(via, scan);
	if (is_word(name, STR("maddr")))
		return set_maddr(via, scan);
	return !is_word(name, STR("ttl")) || str_to_u64(scan->param.value, TTL_MAX, &ttl);
}

// One entry and the white space behind it.
static const char *take_via(const char *p, const char *end, struct sip_via *ret_via) {
	const char *start = p, *params;

	p = take_transport(p, end, ret_via);
	if (p != NULL)
		p = take_sent_by(p, end, ret_via);
	if (p == NULL)
		return NULL;
	params = p;
	while (p < end && *p == ';') {
		struct param_scan scan;

		p = take_header_param(p, end, &scan);
		if (p == NULL || !set_param(ret_via, &scan))
			return NULL;
	}
	if (p > params)
		ret_via->params = str_between_trimmed(params, p);
	ret_via->text = str_between_trimmed(start, p);
	return p;
}

bool sip_via_parse(struct str text, struct sip_via *ret_via) {
	struct sip_via via = {0};
	const char *end;

	if (text.len == 0)
		return false;
	end = text.ptr + text.len;
	if (take_via(skip_lws(text.ptr, end), end, &via) != end)
		return false;
	*ret_via = via;
	return true;
}

int sip_via_next(struct str *rest, struct sip_via *ret_via) {
	struct sip_via via = {0};
	const char *p, *end;

	if (rest->len == 0)
		return 0;
	end = rest->ptr + rest->len;
	p = skip_lws(rest->ptr, end);
	if (p < end) {
		p = skip_comma(take_via(p, end, &via), end);
		if (p == NULL)
			return -1;
	}
	*rest = str_between(p, end);
	if (via.text.len == 0)
		return 0;
	*ret_via = via;
	return 1;
}
