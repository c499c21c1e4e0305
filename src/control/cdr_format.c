// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include <stdio.h>
#include <time.h>

#include "control/cdr.h"

#define SCRATCH 8192 // bytes of the longest value made here, the list of attempts

struct out {
	char *ptr;
	size_t len, size;
};

enum value_kind {
	VALUE_ABSENT,
	VALUE_NUMBER,
	VALUE_TEXT, // escaped by whoever writes it
	VALUE_LIST, // JSON already
};

struct value {
	enum value_kind kind;
	struct str text;
};

// A field of the record. `at`: offset in struct cdr, or enum cdr_text.
struct field {
	const char *name;
	struct value (*get)(const struct cdr *cdr, size_t at, char *scratch);
	size_t at;
};

static const char *const kind_names[CDR_KIND_COUNT] = {
	[CDR_CALL] = "call",
	[CDR_FAILED] = "failed",
};

static const char *const side_names[CDR_SIDE_COUNT] = {
	[CDR_BY_CALLER] = "caller",
	[CDR_BY_CALLEE] = "callee",
	[CDR_BY_TANDEM] = "tandem",
	[CDR_BY_TIMER] = "timer",
};

static const char *const limit_names[CDR_LIMIT_COUNT] = {
	[CDR_LIMIT_NONE] = NULL,
	[CDR_LIMIT_CALLS] = "calls",
	[CDR_LIMIT_ATTEMPTS] = "attempts",
	[CDR_LIMIT_CAPACITY] = "capacity",
};

static const char *const result_names[CDR_RESULT_COUNT] = {
	[CDR_PENDING] = "pending",
	[CDR_ANSWERED] = "answered",
	[CDR_REFUSED] = "refused",
	[CDR_TIMEOUT] = "timeout",
	[CDR_UNREACHABLE] = "unreachable",
	[CDR_CANCELLED] = "cancelled",
	[CDR_LIMITED] = "limited",
};

// CDR_LINE_MAX is more than the longest line; a bound is kept all the same.
static void put(struct out *out, const char *ptr, size_t len) {
	if (len > out->size - out->len)
		len = out->size - out->len;
	memcpy(out->ptr + out->len, ptr, len);
	out->len += len;
}

static void put_text(struct out *out, const char *text) {
	put(out, text, strlen(text));
}

static void put_escaped(struct out *out, unsigned char c) {
	static const char hex[] = "0123456789abcdef";
	const char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	put(out, text, sizeof(text));
}

// Length of the well-formed UTF-8 character at the start of `s` (RFC 3629 section 4), 0 for none.
static uint32_t utf8_len(struct str s) {
	const unsigned char *c = (const unsigned char *)s.ptr;
	uint32_t len = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;

	if (len == 0 || len > s.len)
		return 0;
	for (uint32_t i = 1; i < len; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f)) // too long, surrogates
		return 0;
	if ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)) // too long, past U+10FFFF
		return 0;
	return len;
}

// Text without control characters and malformed UTF-8, which become \u00XX; so a backslash is doubled, and a quotation
// mark has `quote` before it.
static void put_quoted(struct out *out, struct str text, char quote) {
	put_text(out, "\"");
	while (text.len > 0) {
		unsigned char c = (unsigned char)text.ptr[0];
		uint32_t len = utf8_len(text);

		if (len == 0 || c < 0x20 || c == 0x7f) {
			put_escaped(out, c);
			len = 1;
		} else {
			if (c == '\\')
				put_text(out, "\\");
			if (c == '"')
				put(out, &quote, 1);
			put(out, text.ptr, len);
		}
		text = str_of(text.ptr + len, text.len - len);
	}
	put_text(out, "\"");
}

static struct value absent(void) {
	return (struct value){.kind = VALUE_ABSENT};
}

static struct value text_value(struct str text) {
	return text.len ? (struct value){.kind = VALUE_TEXT, .text = text} : absent();
}

static struct value number_value(char *scratch, uint64_t number) {
	int len = snprintf(scratch, SCRATCH, "%llu", (unsigned long long)number);

	return (struct value){.kind = VALUE_NUMBER, .text = str_of(scratch, (size_t)len)};
}

static struct value word_value(const char *const *names, uint32_t count, uint32_t word) {
	return word < count && names[word] ? text_value(str_from_c(names[word])) : absent();
}

// --- fields ---

static struct value get_schema(const struct cdr *cdr, size_t at, char *scratch) {
	(void)cdr, (void)at;
	return number_value(scratch, CDR_SCHEMA);
}

// In hexadecimal, as text: a JSON number holds 53 bits in many readers.
static struct value get_id(const struct cdr *cdr, size_t at, char *scratch) {
	int len = snprintf(scratch, SCRATCH, "%016llx", (unsigned long long)cdr->id);

	(void)at;
	return text_value(str_of(scratch, (size_t)len));
}

static struct value get_kind(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at, (void)scratch;
	return word_value(kind_names, CDR_KIND_COUNT, cdr->kind);
}

static struct value get_side(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at, (void)scratch;
	return word_value(side_names, CDR_SIDE_COUNT, cdr->side);
}

static struct value get_limit(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at, (void)scratch;
	return word_value(limit_names, CDR_LIMIT_COUNT, cdr->limit);
}

static struct value get_text(const struct cdr *cdr, size_t at, char *scratch) {
	(void)scratch;
	return text_value(cdr_text_read(cdr, (enum cdr_text)at));
}

static struct value get_u8(const struct cdr *cdr, size_t at, char *scratch) {
	uint8_t number = *((const uint8_t *)cdr + at);

	return number ? number_value(scratch, number) : absent();
}

static struct value get_u16(const struct cdr *cdr, size_t at, char *scratch) {
	uint16_t number;

	memcpy(&number, (const char *)cdr + at, sizeof(number));
	return number ? number_value(scratch, number) : absent();
}

static struct value get_version(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at;
	return cdr->config_version ? number_value(scratch, cdr->config_version) : absent();
}

static struct value get_endpoint(const struct cdr *cdr, size_t at, char *scratch) {
	struct endpoint endpoint;

	memcpy(&endpoint, (const char *)cdr + at, sizeof(endpoint));
	return endpoint.addr.family == IP_NONE ? absent()
					       : text_value(str_of(scratch, endpoint_format(&endpoint, scratch)));
}

static struct value get_time(const struct cdr *cdr, size_t at, char *scratch) {
	uint64_t us;
	time_t seconds;
	struct tm utc;
	size_t len;

	memcpy(&us, (const char *)cdr + at, sizeof(us));
	seconds = (time_t)(us / 1000000);
	if (us == 0 || !gmtime_r(&seconds, &utc))
		return absent();
	len = strftime(scratch, SCRATCH, "%Y-%m-%dT%H:%M:%S", &utc);
	len += (size_t)snprintf(scratch + len, SCRATCH - len, ".%03uZ", (unsigned)(us / 1000 % 1000));
	return text_value(str_of(scratch, len));
}

// Between two moments; absent where one was not. Zero when a clock was set back between them.
static struct value span_value(uint64_t from_us, uint64_t to_us, char *scratch) {
	if (from_us == 0 || to_us == 0)
		return absent();
	return number_value(scratch, to_us > from_us ? (to_us - from_us) / 1000 : 0);
}

static struct value get_pdd(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at;
	return span_value(cdr->received_us, cdr->ringing_us ? cdr->ringing_us : cdr->answered_us, scratch);
}

static struct value get_setup(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at;
	return span_value(cdr->received_us, cdr->answered_us, scratch);
}

static struct value get_duration(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at;
	return span_value(cdr->answered_us, cdr->ended_us, scratch);
}

static struct value get_total(const struct cdr *cdr, size_t at, char *scratch) {
	(void)at;
	return span_value(cdr->received_us, cdr->ended_us, scratch);
}

static void put_attempt(struct out *out, const struct cdr *cdr, const struct cdr_attempt *attempt) {
	struct str trunk = cdr_slice_read(cdr, attempt->trunk);
	char text[ENDPOINT_TEXT_MAX + 32], address[ENDPOINT_TEXT_MAX];
	struct value result = word_value(result_names, CDR_RESULT_COUNT, attempt->result);

	put_text(out, "{");
	if (trunk.len) {
		put_text(out, "\"trunk\":");
		put_quoted(out, trunk, '\\');
		put_text(out, ",");
	}
	if (attempt->to.addr.family != IP_NONE) {
		endpoint_format(&attempt->to, address);
		snprintf(text, sizeof(text), "\"address\":\"%s\",", address);
		put_text(out, text);
	}
	snprintf(text, sizeof(text), "\"start_ms\":%u", attempt->start_ms);
	put_text(out, text);
	if (attempt->result != CDR_PENDING) {
		snprintf(text, sizeof(text), ",\"end_ms\":%u", attempt->end_ms);
		put_text(out, text);
	}
	if (attempt->status) {
		snprintf(text, sizeof(text), ",\"status\":%u", attempt->status);
		put_text(out, text);
	}
	if (result.kind != VALUE_ABSENT) {
		snprintf(text, sizeof(text), ",\"result\":\"%.*s\"", STR_ARG(result.text));
		put_text(out, text);
	}
	put_text(out, "}");
}

static struct value get_attempts(const struct cdr *cdr, size_t at, char *scratch) {
	struct out out = {.ptr = scratch, .size = SCRATCH};

	(void)at;
	if (cdr->attempt_count == 0)
		return absent();
	for (uint32_t i = 0; i < cdr->attempt_count; i++) {
		put_text(&out, i ? "," : "[");
		put_attempt(&out, cdr, cdr_attempt_read(cdr, i));
	}
	put_text(&out, "]");
	return (struct value){.kind = VALUE_LIST, .text = str_of(scratch, out.len)};
}

static struct value get_cut(const struct cdr *cdr, size_t at, char *scratch);

#define MEMBER(member) offsetof(struct cdr, member)
static const struct field fields[] = {
	{.name = "schema", .get = get_schema},
	{.name = "id", .get = get_id},
	{.name = "kind", .get = get_kind},
	{.name = "call_id", .get = get_text, .at = CDR_CALL_ID},
	{.name = "from_tag", .get = get_text, .at = CDR_FROM_TAG},
	{.name = "to_tag", .get = get_text, .at = CDR_TO_TAG},
	{.name = "trunk_in", .get = get_text, .at = CDR_TRUNK_IN},
	{.name = "listener", .get = get_text, .at = CDR_LISTENER},
	{.name = "source", .get = get_endpoint, .at = MEMBER(source)},
	{.name = "trunk_out", .get = get_text, .at = CDR_TRUNK_OUT},
	{.name = "destination", .get = get_endpoint, .at = MEMBER(destination)},
	{.name = "caller_in", .get = get_text, .at = CDR_CALLER_IN},
	{.name = "caller_out", .get = get_text, .at = CDR_CALLER_OUT},
	{.name = "callee_in", .get = get_text, .at = CDR_CALLEE_IN},
	{.name = "callee_out", .get = get_text, .at = CDR_CALLEE_OUT},
	{.name = "asserted", .get = get_text, .at = CDR_ASSERTED},
	{.name = "request_uri", .get = get_text, .at = CDR_REQUEST_URI},
	{.name = "received", .get = get_time, .at = MEMBER(received_us)},
	{.name = "first_attempt", .get = get_time, .at = MEMBER(first_attempt_us)},
	{.name = "ringing", .get = get_time, .at = MEMBER(ringing_us)},
	{.name = "answered", .get = get_time, .at = MEMBER(answered_us)},
	{.name = "ended", .get = get_time, .at = MEMBER(ended_us)},
	{.name = "pdd_ms", .get = get_pdd},
	{.name = "setup_ms", .get = get_setup},
	{.name = "duration_ms", .get = get_duration},
	{.name = "total_ms", .get = get_total},
	{.name = "ended_by", .get = get_side},
	{.name = "status", .get = get_u16, .at = MEMBER(status)},
	{.name = "q850", .get = get_u8, .at = MEMBER(q850)},
	{.name = "limit", .get = get_limit},
	{.name = "limit_name", .get = get_text, .at = CDR_LIMIT_NAME},
	{.name = "rule", .get = get_text, .at = CDR_RULE},
	{.name = "config_version", .get = get_version},
	{.name = "attempts_total", .get = get_u16, .at = MEMBER(attempts_total)},
	{.name = "attempts", .get = get_attempts},
	{.name = "cut", .get = get_cut},
};

static const char *text_name(enum cdr_text which) {
	for (uint32_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (fields[i].get == get_text && fields[i].at == which)
			return fields[i].name;
	}
	return "attempts";
}

// The names of the fields whose text was cut.
static struct value get_cut(const struct cdr *cdr, size_t at, char *scratch) {
	struct out out = {.ptr = scratch, .size = SCRATCH};

	(void)at;
	for (uint32_t i = 0; i <= CDR_TEXT_COUNT; i++) {
		if (!(cdr->cut & (1u << i)))
			continue;
		if (out.len)
			put_text(&out, " ");
		put_text(&out, i == CDR_TEXT_COUNT ? "attempts" : text_name((enum cdr_text)i));
	}
	return text_value(str_of(scratch, out.len));
}

static void put_json(struct out *out, const char *name, struct value value) {
	if (value.kind == VALUE_ABSENT)
		return;
	put_text(out, out->len == 1 ? "\"" : ",\"");
	put_text(out, name);
	put_text(out, "\":");
	if (value.kind == VALUE_TEXT)
		put_quoted(out, value.text, '\\');
	else
		put(out, value.text.ptr, value.text.len);
}

// A list has no control characters any more: behind the quotation marks of CSV it is JSON.
static void put_csv_list(struct out *out, struct str list) {
	put_text(out, "\"");
	for (uint32_t i = 0; i < list.len; i++) {
		if (list.ptr[i] == '"')
			put_text(out, "\"");
		put(out, list.ptr + i, 1);
	}
	put_text(out, "\"");
}

static void put_csv(struct out *out, struct value value) {
	switch (value.kind) {
	case VALUE_ABSENT:
		break;
	case VALUE_NUMBER:
		put(out, value.text.ptr, value.text.len);
		break;
	case VALUE_TEXT:
		put_quoted(out, value.text, '"');
		break;
	case VALUE_LIST:
		put_csv_list(out, value.text);
		break;
	}
}

size_t cdr_format(enum cdr_format format, const struct cdr *cdr, char *line) {
	struct out out = {.ptr = line, .size = CDR_LINE_MAX - 2};
	char scratch[SCRATCH];

	if (format == CDR_JSON)
		put_text(&out, "{");
	for (uint32_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct value value = fields[i].get(cdr, fields[i].at, scratch);

		if (format == CDR_JSON) {
			put_json(&out, fields[i].name, value);
			continue;
		}
		if (i)
			put_text(&out, ",");
		put_csv(&out, value);
	}
	out.size = CDR_LINE_MAX;
	put_text(&out, format == CDR_JSON ? "}\n" : "\r\n");
	return out.len;
}

size_t cdr_format_header(enum cdr_format format, char *line) {
	struct out out = {.ptr = line, .size = CDR_LINE_MAX};

	for (uint32_t i = 0; format == CDR_CSV && i < ARRAY_LEN(fields); i++) {
		put_text(&out, i ? "," : "");
		put_text(&out, fields[i].name);
	}
	put_text(&out, format == CDR_CSV ? "\r\n" : "");
	return out.len;
}
