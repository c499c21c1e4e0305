// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The small grammars: parameters, comma lists, tokens, Call-ID, CSeq.
#include "sip/grammar.h"
#include "sip/uri.h"

#define CSEQ_MAX 0x7fffffff

// The bytes of URI and of header parameters alike: which are allowed where was checked when the whole was parsed.
int sip_param_next(struct str *rest, struct sip_param *ret_param) {
	const char *p, *end;
	struct param_scan scan;

	if (rest->len == 0)
		return 0;
	end = rest->ptr + rest->len;
	p = skip_lws(rest->ptr, end);
	if (p == end) {
		*rest = str_between(end, end);
		return 0;
	}
	if (*p != ';')
		return -1;
	p = take_param(p, end, CLASS_TOKEN | CLASS_PARAM, CLASS_VALUE | CLASS_PARAM, &scan);
	if (p == NULL || (p < end && *p != ';'))
		return -1;
	*rest = str_between(p, end);
	*ret_param = scan.param;
	return 1;
}

int sip_param_find(struct str params, struct str name, struct sip_param *ret_param) {
	struct sip_param param;
	int got;

	while ((got = sip_param_next(&params, &param)) == 1)
		if (str_eq_nocase(param.name, name)) {
			*ret_param = param;
			return 1;
		}
	return got;
}

// Past what begins at p and may hold commas, or past a folded line.
static const char *skip_unit(const char *p, const char *end) {
	const char *next;

	if (*p == '"')
		return sip_skip_quoted(p, end);
	if (*p == '<') {
		next = memchr(p, '>', (size_t)(end - p));
		return next != NULL ? next + 1 : NULL;
	}
	next = sip_skip_fold(p, end);
	return next > p ? next : NULL;
}

// Up to the comma that ends the entry, or the end.
static const char *skip_entry(const char *p, const char *end) {
	while (p != NULL) {
		while (p < end && !(class_of(*p) & CLASS_LIST))
			p++;
		if (p == end || *p == ',')
			break;
		p = skip_unit(p, end);
	}
	return p;
}

int sip_list_next(struct str *rest, struct str *ret_entry) {
	const char *start, *p, *next, *end;

	if (rest->len == 0)
		return 0;
	end = rest->ptr + rest->len;
	start = skip_lws(rest->ptr, end);
	if (start == end) {
		*rest = str_between(end, end);
		return 0;
	}
	p = skip_entry(start, end);
	next = skip_comma(p, end);
	if (next == NULL || p == start)
		return -1;
	*ret_entry = str_between_trimmed(start, p);
	*rest = str_between(next, end);
	return 1;
}

bool sip_cseq_parse(struct str text, uint32_t *ret_number, struct str *ret_method) {
	const char *start, *p, *method, *method_end, *end;
	uint64_t number = 0;

	if (text.len == 0)
		return false;
	end = text.ptr + text.len;
	start = p = skip_lws(text.ptr, end);
	for (; p < end && class_of(*p) & CLASS_DIGIT; p++) {
		number = number * 10 + (unsigned)(*p - '0');
		if (number > CSEQ_MAX)
			return false;
	}
	method = skip_lws(p, end);
	method_end = skip_class(method, end, CLASS_TOKEN);
	if (p == start || method == p || method_end == method || skip_lws(method_end, end) != end)
		return false;
	*ret_number = (uint32_t)number;
	*ret_method = str_between(method, method_end);
	return true;
}

bool sip_is_token(struct str s) {
	return s.len > 0 && skip_class(s.ptr, s.ptr + s.len, CLASS_TOKEN) == s.ptr + s.len;
}

bool sip_is_call_id(struct str s) {
	const char *p, *second, *end;

	if (s.len == 0)
		return false;
	end = s.ptr + s.len;
	p = skip_class(s.ptr, end, CLASS_WORD);
	if (p == s.ptr || p == end)
		return p == end;
	second = p + 1;
	return *p == '@' && second < end && skip_class(second, end, CLASS_WORD) == end;
}
