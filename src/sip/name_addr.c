// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "sip/grammar.h"
#include "sip/uri.h"

// Beyond tokens what the field has in display names without quotes and nobody can misread: UTF-8 and parentheses.
static bool is_display(char c) {
	return class_of(c) & CLASS_TOKEN || (unsigned char)c >= 0x80 || c == '(' || c == ')';
}

// *( token LWS ); p is at a token. Stops at what ends it.
static const char *skip_display(const char *p, const char *end) {
	const char *word;

	do {
		word = p;
		while (p < end && is_display(*p))
			p++;
		p = skip_lws(p, end);
	} while (p > word && p < end && is_display(*p));
	return p;
}

// Past the '>' of the URI whose '<' p is at.
static const char *
take_bracketed(const char *p, const char *end, struct sip_name_addr *ret_addr, struct sip_uri *ret_uri) {
	const char *close = memchr(p, '>', (size_t)(end - p));

	if (close == NULL || !sip_uri_parse(str_between(p + 1, close), ret_uri))
		return NULL;
	ret_addr->uri = ret_uri->text;
	ret_addr->in_brackets = true;
	return close + 1;
}

// addr-spec without brackets: what would be its parameters are the header's, and it may hold no comma and no question
// mark (RFC 3261 section 20).
static const char *take_bare(const char *p, const char *end, struct sip_name_addr *ret_addr, struct sip_uri *ret_uri) {
	const char *start = p;

	while (p < end && *p != ';' && *p != ',' && !(class_of(*p) & (CLASS_BLANK | CLASS_LINE)))
		p++;
	if (!sip_uri_parse(str_between(start, p), ret_uri) || memchr(start, '?', (size_t)(p - start)) != NULL)
		return NULL;
	ret_addr->uri = ret_uri->text;
	return p;
}

// [ display-name ] and the URI.
static const char *take_addr(const char *p, const char *end, struct sip_name_addr *ret_addr, struct sip_uri *ret_uri) {
	const char *start = p;

	if (*p == '"') {
		p = sip_skip_quoted(p, end);
		if (p == NULL)
			return NULL;
		ret_addr->display = str_between(start, p);
		p = skip_lws(p, end);
	} else if (*p != '<') {
		p = skip_display(p, end);
		if (p < end && *p == ':')
			return take_bare(start, end, ret_addr, ret_uri);
		ret_addr->display = str_between_trimmed(start, p);
	}
	return p < end && *p == '<' ? take_bracketed(p, end, ret_addr, ret_uri) : NULL;
}

static bool set_param(struct sip_name_addr *addr, const struct param_scan *scan) {
	if (!is_word(scan->param.name, STR("tag")))
		return true;
	if (addr->tag.ptr != NULL || !(scan->value_class & CLASS_TOKEN))
		return false;
	addr->tag = scan->param.value;
	return true;
}

// One entry and the white space behind it.
static const char *
take_name_addr(const char *p, const char *end, struct sip_name_addr *ret_addr, struct sip_uri *ret_uri) {
	const char *params;

	p = take_addr(p, end, ret_addr, ret_uri);
	if (p == NULL)
		return NULL;
	p = params = skip_lws(p, end);
	while (p < end && *p == ';') {
		struct param_scan scan;

		p = take_header_param(p, end, &scan);
		if (p == NULL || !set_param(ret_addr, &scan))
			return NULL;
	}
	if (p > params)
		ret_addr->params = str_between_trimmed(params, p);
	return p;
}

static bool parse(struct str text, struct sip_name_addr *ret_addr, struct sip_uri *ret_uri) {
	struct sip_name_addr addr = {0};
	const char *p, *end;

	if (text.len == 0)
		return false;
	end = text.ptr + text.len;
	p = skip_lws(text.ptr, end);
	if (p == end)
		return false;
	if (*p == '*' && skip_lws(p + 1, end) == end)
		addr.uri = str_of(p, 1);
	else if (take_name_addr(p, end, &addr, ret_uri) != end)
		return false;
	*ret_addr = addr;
	return true;
}

bool sip_name_addr_parse(struct str text, struct sip_name_addr *ret_addr) {
	struct sip_uri uri;

	return parse(text, ret_addr, &uri);
}

bool sip_route_parse(struct str text, struct sip_name_addr *ret_addr, struct sip_uri *ret_uri) {
	return parse(text, ret_addr, ret_uri) && ret_addr->in_brackets;
}
