// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "walk.h"

static enum method method_of(struct str name) {
	static const struct str names[] = {
		[METHOD_INVITE] = STR("INVITE"),
		[METHOD_ACK] = STR("ACK"),
		[METHOD_BYE] = STR("BYE"),
		[METHOD_CANCEL] = STR("CANCEL"),
		[METHOD_REGISTER] = STR("REGISTER"),
		[METHOD_OPTIONS] = STR("OPTIONS"),
	};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(name, names[i]))
			return (enum method)i;
	return METHOD_OTHER;
}

static bool start_line(struct message *m, struct str line) {
	const char *space, *last;
	uint64_t status;

	if (str_starts(line, STR("SIP/2.0 "))) {
		if (line.len < 12 || line.ptr[11] != ' ' || !str_to_u64(str_of(line.ptr + 8, 3), 699, &status))
			return false;
		m->status = (uint16_t)status;
		return status >= 100;
	}
	space = memchr(line.ptr, ' ', line.len);
	last = memrchr(line.ptr, ' ', line.len);
	if (!space || space == last || !str_eq(str_of(last, (size_t)(line.ptr + line.len - last)), STR(" SIP/2.0")))
		return false;
	m->start_method = (uint8_t)method_of(str_of(line.ptr, (size_t)(space - line.ptr)));
	m->uri = str_of(space + 1, (size_t)(last - space - 1));
	return true;
}

// Entries of a list header are parted by commas outside quotes and angle brackets.
static bool entries_add(struct str value, struct str *entries, uint8_t *count, unsigned max) {
	bool quoted = false, bracketed = false;
	uint32_t from = 0;

	for (uint32_t i = 0; i <= value.len; i++) {
		char c = i < value.len ? value.ptr[i] : ',';

		if (i == from && !memchr(value.ptr + from, ',', value.len - from))
			i = value.len, c = ','; // the usual line holds one
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == '<' || c == '>')
			bracketed = c == '<';
		if (i < value.len && (c != ',' || quoted || bracketed))
			continue;
		if (*count == max)
			return false;
		entries[(*count)++] = str_trim(str_of(value.ptr + from, (i < value.len ? i : value.len) - from));
		from = i + 1;
	}
	return true;
}

static bool once(struct str *field, struct str value) {
	if (field->ptr)
		return false;
	*field = value;
	return true;
}

// The name in any case, then white space and the colon; *ret_value is what follows.
static bool is_named(struct str line, struct str name, struct str *ret_value) {
	uint32_t at = name.len;

	if (line.len <= name.len || !str_eq_nocase(str_of(line.ptr, name.len), name))
		return false;
	while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
		at++;
	if (at == line.len || line.ptr[at] != ':')
		return false;
	*ret_value = str_trim(str_of(line.ptr + at + 1, line.len - at - 1));
	return true;
}

// The usual spelling: "Name: value".
#define IS_USUAL(line, text) ((line).len >= sizeof(text) - 1 && memcmp((line).ptr, (text), sizeof(text) - 1) == 0)

static struct str value_after(struct str line, size_t name_len) {
	return str_trim(str_of(line.ptr + name_len, line.len - name_len));
}

static bool is_either(struct str line, struct str name, struct str compact, struct str *ret_value) {
	return is_named(line, name, ret_value) || is_named(line, compact, ret_value);
}

// The same as below for lines spelt as everybody does; false for others.
static bool header_usual(struct message *m, struct str line, bool *ret_good) {
#define LIST(name, entries, max)                                                                                       \
	if (IS_USUAL(line, name ": ")) {                                                                               \
		*ret_good = entries_add(value_after(line, sizeof(name)), m->entries, &m->entries##_count, max);        \
		return true;                                                                                           \
	}
#define ONE(name, field)                                                                                               \
	if (IS_USUAL(line, name ": ")) {                                                                               \
		*ret_good = once(&m->field, value_after(line, sizeof(name)));                                          \
		return true;                                                                                           \
	}
	LIST("Via", via, WALK_VIAS_MAX)
	LIST("Record-Route", record_route, WALK_ROUTES_MAX)
	ONE("Max-Forwards", max_forwards)
	ONE("From", from)
	ONE("To", to)
	ONE("Call-ID", call_id)
	ONE("CSeq", cseq)
	ONE("Contact", contact)
	ONE("Content-Length", content_length)
#undef LIST
#undef ONE
	return false;
}

// One header, all its lines, in any spelling. The first letter leaves at most a few names to compare.
static bool header(struct message *m, struct str line) {
	struct str v;
	bool good;

	if (header_usual(m, line, &good))
		return good;
	switch (line.ptr[0] | 0x20) {
	case 'v':
		if (is_either(line, STR("Via"), STR("v"), &v))
			return entries_add(v, m->via, &m->via_count, WALK_VIAS_MAX);
		break;
	case 'r':
		if (is_named(line, STR("Record-Route"), &v))
			return entries_add(v, m->record_route, &m->record_route_count, WALK_ROUTES_MAX);
		if (is_named(line, STR("Route"), &v))
			return entries_add(v, m->route, &m->route_count, WALK_ROUTES_MAX);
		break;
	case 'm':
		if (is_named(line, STR("Max-Forwards"), &v))
			return once(&m->max_forwards, v);
		if (is_named(line, STR("m"), &v))
			return once(&m->contact, v);
		break;
	case 'f':
		if (is_either(line, STR("From"), STR("f"), &v))
			return once(&m->from, v);
		break;
	case 't':
		if (is_either(line, STR("To"), STR("t"), &v))
			return once(&m->to, v);
		break;
	case 'c':
		if (is_named(line, STR("Call-ID"), &v))
			return once(&m->call_id, v);
		if (is_named(line, STR("CSeq"), &v))
			return once(&m->cseq, v);
		if (is_named(line, STR("Contact"), &v))
			return once(&m->contact, v);
		if (is_named(line, STR("Content-Length"), &v))
			return once(&m->content_length, v);
		break;
	case 'i':
		if (is_named(line, STR("i"), &v))
			return once(&m->call_id, v);
		break;
	case 'l':
		if (is_named(line, STR("l"), &v))
			return once(&m->content_length, v);
		break;
	default:
		break;
	}
	m->others++;
	return memchr(line.ptr, ':', line.len) != NULL;
}

// The next line, folded ones included, without its end; false when there is none that ends.
static bool line_next(struct str *rest, struct str *ret_line) {
	const char *from = rest->ptr, *limit = rest->ptr + rest->len, *end = from;

	do {
		end = end < limit ? memchr(end, '\n', (size_t)(limit - end)) : NULL;
		if (!end)
			return false;
		end++;
	} while (end - from > 2 && end < limit && (*end == ' ' || *end == '\t'));
	*rest = str_of(end, (size_t)(limit - end));
	*ret_line = str_of(from, (size_t)(end - from - 1));
	if (ret_line->len > 0 && ret_line->ptr[ret_line->len - 1] == '\r')
		ret_line->len--;
	return true;
}

// The start line; *ret_rest is what follows.
static bool begin(struct message *m, struct str text, struct str *ret_rest) {
	struct str line;

	m->status = 0;
	m->via_count = m->record_route_count = m->route_count = m->others = 0;
	m->start_method = METHOD_OTHER;
	m->max_forwards = m->from = m->to = m->call_id = m->cseq = m->contact = m->content_length = (struct str){0};
	*ret_rest = text;
	return line_next(ret_rest, &line) && start_line(m, line);
}

bool message_walk_head(struct message *m, const char *text, uint32_t len) {
	struct str rest, line;

	if (!begin(m, str_of(text, len), &rest))
		return false;
	while (rest.len > 0)
		if (!line_next(&rest, &line) || line.len == 0 || !header(m, line))
			return false;
	return m->via_count > 0 && !m->from.ptr && !m->to.ptr && !m->call_id.ptr && !m->cseq.ptr && !m->contact.ptr &&
	       !m->content_length.ptr;
}

bool message_walk(struct message *m, const char *text, uint32_t len) {
	struct str rest, line;
	const char *space;

	if (!begin(m, str_of(text, len), &rest))
		return false;
	for (;;) {
		if (!line_next(&rest, &line))
			return false;
		if (line.len == 0)
			break;
		if (!header(m, line))
			return false;
	}
	m->body = rest;
	space = m->cseq.len ? memchr(m->cseq.ptr, ' ', m->cseq.len) : NULL;
	if (!space || !m->from.len || !m->to.len || !m->call_id.len || m->via_count == 0)
		return false;
	m->method = (uint8_t)method_of(str_of(space + 1, (size_t)(m->cseq.ptr + m->cseq.len - space - 1)));
	return true;
}
