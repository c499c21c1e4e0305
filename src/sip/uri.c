// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/uri.h"

#include "sip/grammar.h"

#define PORT_DEFAULT 5060

// scheme ":" of RFC 2396, which begins with a letter; returns past the colon.
static const char *take_scheme(const char *p, const char *end, struct sip_uri *ret_uri) {
	const char *start = p;

	p = skip_class(p, end, CLASS_SCHEME);
	if (p == start || p == end || *p != ':' || (*start | 0x20) < 'a')
		return NULL;
	ret_uri->scheme = str_between(start, p);
	ret_uri->is_sips = is_word(ret_uri->scheme, STR("sips"));
	ret_uri->is_sip = ret_uri->is_sips || is_word(ret_uri->scheme, STR("sip"));
	return p + 1;
}

// user [ ":" password ] up to `at`, its "@"; returns past that.
static const char *take_userinfo(const char *p, const char *at, struct sip_uri *ret_uri) {
	const char *start = p;

	p = sip_skip_escaped(p, at, CLASS_USER);
	if (p == NULL || p == start)
		return NULL;
	ret_uri->user = str_between(start, p);
	if (p < at && *p == ':') {
		start = p + 1;
		p = sip_skip_escaped(start, at, CLASS_PASSWORD);
		if (p == NULL)
			return NULL;
		ret_uri->password = str_between(start, p);
	}
	return p == at ? at + 1 : NULL;
}

static const char *take_params(const char *p, const char *end) {
	while (p < end && *p == ';') {
		const char *start = p + 1;

		p = sip_skip_escaped(start, end, CLASS_PARAM);
		if (p == NULL || p == start)
			return NULL;
		if (p == end || *p != '=')
			continue;
		start = p + 1;
		p = sip_skip_escaped(start, end, CLASS_PARAM);
		if (p == NULL || p == start)
			return NULL;
	}
	return p;
}

// header *( "&" header ); p is at the '?'.
static const char *take_headers(const char *p, const char *end) {
	do {
		const char *start = p + 1;

		p = sip_skip_escaped(start, end, CLASS_HEADER);
		if (p == NULL || p == start || p == end || *p != '=')
			return NULL;
		p = sip_skip_escaped(p + 1, end, CLASS_HEADER);
		if (p == NULL)
			return NULL;
	} while (p < end && *p == '&');
	return p;
}

// What follows "sip:". No '@' may stand behind the host unescaped, so the first one ends the user part.
static bool take_sip(const char *p, const char *end, struct sip_uri *ret_uri) {
	const char *at = p < end ? memchr(p, '@', (size_t)(end - p)) : NULL;

	if (at != NULL)
		p = take_userinfo(p, at, ret_uri);
	if (p != NULL)
		p = sip_take_host(p, end, &ret_uri->host);
	if (p != NULL && p < end && *p == ':')
		p = sip_take_port(p + 1, end, &ret_uri->port);
	if (p != NULL && p < end && *p == ';') {
		const char *start = p;

		p = take_params(p, end);
		if (p != NULL)
			ret_uri->params = str_between(start, p);
	}
	if (p != NULL && p < end && *p == '?') {
		ret_uri->headers = str_between(p, end);
		p = take_headers(p, end);
	}
	return p == end;
}

bool sip_uri_parse(struct str text, struct sip_uri *ret_uri) {
	struct sip_uri uri = {.text = text};
	const char *p, *end;

	if (text.len == 0)
		return false;
	end = text.ptr + text.len;
	p = take_scheme(text.ptr, end, &uri);
	if (p == NULL || p == end)
		return false;
	if (uri.is_sip ? !take_sip(p, end, &uri) : sip_skip_escaped(p, end, CLASS_OPAQUE) != end)
		return false;
	*ret_uri = uri;
	return true;
}

bool sip_uri_endpoint(const struct sip_uri *uri, struct endpoint *ret_endpoint) {
	struct endpoint endpoint = {.port = uri->port != 0 ? uri->port : PORT_DEFAULT};

	if (!uri->is_sip || !ip_parse(uri->host, &endpoint.addr))
		return false;
	*ret_endpoint = endpoint;
	return true;
}

bool sip_is_host(struct str s) {
	struct str host;

	return s.len > 0 && sip_take_host(s.ptr, s.ptr + s.len, &host) == s.ptr + s.len;
}
