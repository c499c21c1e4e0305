// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "texts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX 4096
#define TAIL_BEGIN "From: "
#define PADDING_NAME "X-Padding: "

#define HEADERS_DEFAULT                                                                                                \
	"Supported: timer,100rel\r\nAllow: INVITE,ACK,BYE,CANCEL,OPTIONS,UPDATE,PRACK,INFO\r\nSession-Expires: "       \
	"1800\r\n"                                                                                                     \
	"P-Asserted-Identity: <sip:+35840[n]@[ip-a]>\r\nUser-Agent: SBC/9.3\r\n"

#define SDP(side)                                                                                                      \
	"v=0\r\no=- 3904871402 3904871402 IN IP4 [ip-" side "]\r\ns=-\r\nc=IN IP4 [ip-" side "]\r\nt=0 0\r\n"          \
	"m=audio 24680 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"                            \
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"

#define VIA "SIP/2.0/UDP [ip-a]:[port-a];branch=z9hG4bK-"
#define NO_BODY "Content-Length: 0\r\n\r\n"
#define SDP_BODY(side) "Content-Type: application/sdp\r\nContent-Length: [sdp-" side "-len]\r\n\r\n[sdp-" side "]"
#define REQUEST(line, branch, to, cseq)                                                                                \
	line " SIP/2.0\r\nVia: " VIA branch "-[id];rport\r\nMax-Forwards: 70\r\n[routes]From: [from]\r\nTo: " to       \
	     "\r\nCall-ID: [id][call-id-rest]\r\nCSeq: " cseq "\r\n"
#define RESPONSE(line, rr, to, cseq)                                                                                   \
	"SIP/2.0 " line "\r\n[vias]" rr "From: [from]\r\nTo: " to "\r\nCall-ID: [id][call-id-rest]\r\nCSeq: " cseq     \
	"\r\n"

static const char *const message_texts[MESSAGE_COUNT] = {
	[MESSAGE_INVITE] = REQUEST("INVITE [uri]", "i", "[to]", "1 INVITE") "Contact: [contact-a]\r\n"
									    "[headers][padding]" SDP_BODY("a"),
	[MESSAGE_ACK] = REQUEST("ACK [uri-dialog]", "a", "[to-tagged]", "1 ACK") NO_BODY,
	[MESSAGE_ACK_HOP] = REQUEST("ACK [uri]", "i", "[to-received]", "1 ACK") NO_BODY,
	[MESSAGE_BYE] = REQUEST("BYE [uri-dialog]", "b", "[to-tagged]", "2 BYE") "User-Agent: SBC/9.3\r\n" NO_BODY,
	[MESSAGE_CANCEL] = REQUEST("CANCEL [uri]", "i", "[to]", "1 CANCEL") NO_BODY,
	[MESSAGE_REGISTER] =
		REQUEST("REGISTER [uri-register]", "o", "[to-register]", "1 REGISTER"
		) "Contact: [contact-a]\r\nExpires: 3600\r\nUser-Agent: SBC/9.3\r\n" NO_BODY,
	[MESSAGE_OPTIONS] =
		REQUEST("OPTIONS [uri]", "o", "[to]", "1 OPTIONS"
		) "Contact: [contact-a]\r\nAccept: application/sdp\r\nUser-Agent: SBC/9.3\r\n" NO_BODY,
	[MESSAGE_TRYING] = RESPONSE("100 Trying", "", "[to]", "1 INVITE") NO_BODY,
	[MESSAGE_RINGING] = RESPONSE(
		"180 Ringing", "[record-routes]", "[to-tagged]", "1 INVITE"
	) "Contact: [contact-b]\r\nServer: MGC/4.1\r\n" NO_BODY,
	[MESSAGE_OK_INVITE] = RESPONSE(
		"200 OK", "[record-routes]", "[to-tagged]", "1 INVITE"
	) "Contact: [contact-b]\r\nAllow: INVITE,ACK,BYE,CANCEL,OPTIONS,UPDATE,PRACK\r\nSupported: timer\r\n"
	  "Server: MGC/4.1\r\n" SDP_BODY("b"),
	[MESSAGE_BUSY] = RESPONSE("486 Busy Here", "", "[to-tagged]", "1 INVITE") "Server: MGC/4.1\r\n" NO_BODY,
	[MESSAGE_TERMINATED] =
		RESPONSE("487 Request Terminated", "", "[to-tagged]", "1 INVITE") "Server: MGC/4.1\r\n" NO_BODY,
	[MESSAGE_OK_BYE] = RESPONSE("200 OK", "", "[to-tagged]", "2 BYE") "Server: MGC/4.1\r\n" NO_BODY,
	[MESSAGE_OK_CANCEL] = RESPONSE("200 OK", "", "[to-tagged]", "1 CANCEL") NO_BODY,
	[MESSAGE_OK_REGISTER] = RESPONSE(
		"200 OK", "", "[to-register];tag=b[id]", "1 REGISTER"
	) "Contact: [contact-a];expires=3600\r\nServer: MGC/4.1\r\n" NO_BODY,
	[MESSAGE_OK_OPTIONS] = RESPONSE(
		"200 OK", "", "[to-tagged]", "1 OPTIONS"
	) "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,UPDATE,PRACK\r\nServer: MGC/4.1\r\n" NO_BODY,
};

static const char *const pattern_texts[PATTERN_COUNT] = {
	[PATTERN_FROM] = "[from]",
	[PATTERN_FROM_BEFORE_TAG] = "[from-before-tag]",
	[PATTERN_TO] = "[to]",
	[PATTERN_TO_TAGGED] = "[to-tagged]",
	[PATTERN_TO_REGISTER] = "[to-register]",
	[PATTERN_CALL_ID_REST] = "[call-id-rest]",
	[PATTERN_CONTACT_A] = "[contact-a]",
	[PATTERN_CONTACT_B] = "[contact-b]",
	[PATTERN_VIA_INVITE] = VIA "i-[id]",
	[PATTERN_VIA_ACK] = VIA "a-[id]",
	[PATTERN_VIA_BYE] = VIA "b-[id]",
	[PATTERN_VIA_OTHER] = VIA "o-[id]",
	[PATTERN_URI] = "[uri]",
	[PATTERN_URI_DIALOG] = "[uri-dialog]",
	[PATTERN_URI_REGISTER] = "[uri-register]",
	[PATTERN_SDP_A] = SDP("a"),
	[PATTERN_SDP_B] = SDP("b"),
};

// What the names in the texts above stand for in this run.
struct terms {
	char ip_a[IP_TEXT_MAX], ip_b[IP_TEXT_MAX], domain[IP_TEXT_MAX + 8], port_b[8];
	char sdp_a_len[8], sdp_b_len[8];
	char headers[FILE_MAX], padding[TEMPLATE_TEXT_MAX];
	struct template_name names[32];
	uint32_t name_count;
};

static void name_add(struct terms *terms, const char *name, const char *text) {
	assert(terms->name_count < ARRAY_LEN(terms->names) - 1);
	terms->names[terms->name_count++] = (struct template_name){.name = name, .text = text};
}

static void names_add(struct terms *terms, const struct options *o, const struct texts *texts) {
	name_add(terms, "ip-a", terms->ip_a);
	name_add(terms, "ip-b", terms->ip_b);
	name_add(terms, "port-b", terms->port_b);
	name_add(terms, "domain", o->domain ? o->domain : terms->domain);
	name_add(terms, "run", texts->run);
	name_add(terms, "uri", o->request_uri ? o->request_uri : "sip:+4930[n]@[domain];user=phone");
	name_add(terms, "uri-dialog", "sip:+4930[n]@[ip-b]:[port-b]");
	name_add(terms, "uri-register", "sip:[domain]");
	name_add(terms, "from-before-tag", "\"+35840[n]\" <sip:+35840[n]@[ip-a];user=phone>");
	name_add(terms, "from", "[from-before-tag];tag=a[id]");
	name_add(terms, "to", "<sip:+4930[n]@[domain];user=phone>");
	name_add(terms, "to-tagged", "[to];tag=b[id]");
	name_add(terms, "to-register", "<sip:+35840[n]@[domain];user=phone>");
	name_add(terms, "call-id-rest", "-[run]-4e0b-9a57@[ip-a]");
	name_add(terms, "contact-a", "<sip:+35840[n]@[ip-a]:[port-a];transport=udp>");
	name_add(terms, "contact-b", "<[uri-dialog]>");
	name_add(terms, "headers", terms->headers);
	name_add(terms, "padding", terms->padding);
	name_add(terms, "sdp-a", SDP("a"));
	name_add(terms, "sdp-b", SDP("b"));
	name_add(terms, "sdp-a-len", terms->sdp_a_len);
	name_add(terms, "sdp-b-len", terms->sdp_b_len);
}

// Header lines with either line end; blank lines are passed over.
static int headers_read(char *out, const char *path) {
	FILE *file = fopen(path, "re");
	char line[FILE_MAX];
	size_t len = 0;
	int rc = file ? 0 : -errno;

	while (rc == 0 && fgets(line, sizeof(line), file)) {
		size_t of_line = strcspn(line, "\r\n");

		if (of_line == 0)
			continue;
		if (!memchr(line, ':', of_line))
			rc = -EINVAL;
		else if (len + of_line + 3 > FILE_MAX)
			rc = -E2BIG;
		else
			len += (size_t)snprintf(out + len, FILE_MAX - len, "%.*s\r\n", (int)of_line, line);
	}
	if (file)
		fclose(file);
	if (rc < 0)
		fprintf(stderr,
			"sipgen: --headers %s: %s\n",
			path,
			rc == -EINVAL ? "a line without a colon" : strerror(-rc));
	return rc;
}

// A call as good as any, to measure with.
static uint32_t sample_write(const struct template *t, const struct options *o, char *out, uint32_t room) {
	char port[8];
	struct fill fill = {
		.part[INSERT_ID] = STR("0123456789abcdef"),
		.part[INSERT_NUMBER] = STR("01234567"),
	};

	snprintf(port, sizeof(port), "%u", o->local_a.port);
	fill.part[INSERT_PORT] = str_from_c(port);
	fill.part[INSERT_VIAS] = STR("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n");
	fill.part[INSERT_TO] = STR("<sip:192.0.2.1>");
	return template_write(t, &fill, out, room);
}

static int messages_compile(struct texts *texts, const struct options *o, const struct template_name *names) {
	char sample[TEMPLATE_TEXT_MAX];
	struct message m;

	for (unsigned i = 0; i < MESSAGE_OTHER; i++) {
		int rc = template_compile(&texts->message[i], message_texts[i], names);
		uint32_t len;

		if (rc < 0)
			return rc;
		len = sample_write(&texts->message[i], o, sample, sizeof(sample));
		if (!message_walk(&m, sample, len))
			return -EINVAL;
		texts->others[i] = m.others;
		if (i == MESSAGE_INVITE)
			texts->invite_len = len;
	}
	return 0;
}

// Whose To a received one may replace has none.
static int tails_compile(struct texts *texts, const struct options *o, const struct template_name *names) {
	char sample[TEMPLATE_TEXT_MAX];

	for (unsigned i = 0; i < MESSAGE_OTHER; i++) {
		struct tail *tail = &texts->tail[i];
		int rc = template_compile(&tail->text, strstr(message_texts[i], TAIL_BEGIN), names);
		const char *id;

		if (rc < 0)
			return rc;
		tail->len = (uint16_t)sample_write(&tail->text, o, sample, sizeof(sample));
		id = memmem(sample, tail->len, TAIL_ID_NAME, sizeof(TAIL_ID_NAME) - 1);
		if (!id)
			return -EINVAL;
		tail->id_at = (uint16_t)(id - sample + (ptrdiff_t)sizeof(TAIL_ID_NAME) - 1);
		if (strstr(message_texts[i], "[to-received]"))
			tail->len = 0;
	}
	return 0;
}

static int patterns_compile(struct texts *texts, const struct template_name *names) {
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < PATTERN_COUNT; i++)
		rc = template_compile(&texts->pattern[i], pattern_texts[i], names);
	return rc;
}

static int padding_fill(struct terms *terms, const struct options *o, uint32_t len) {
	uint32_t least = len + sizeof(PADDING_NAME) + 2;

	if (o->message_size == len)
		return 0;
	if (o->message_size < least)
		return -ERANGE;
	snprintf(
		terms->padding, sizeof(terms->padding), PADDING_NAME "%0*d\r\n", (int)(o->message_size - least + 1), 0
	);
	return 0;
}

static void terms_init(struct terms *terms, const struct options *o, const struct texts *texts) {
	ip_format(&o->local_a.addr, terms->ip_a);
	ip_format(&o->local_b.addr, terms->ip_b);
	endpoint_format(&o->target, terms->domain);
	snprintf(terms->port_b, sizeof(terms->port_b), "%u", o->local_b.port);
	snprintf(terms->headers, sizeof(terms->headers), "%s", HEADERS_DEFAULT);
	names_add(terms, o, texts);
}

static int all_compile(struct texts *texts, struct terms *terms, const struct options *o) {
	int rc = patterns_compile(texts, terms->names);

	if (rc < 0)
		return rc;
	snprintf(terms->sdp_a_len, sizeof(terms->sdp_a_len), "%u", texts->pattern[PATTERN_SDP_A].len);
	snprintf(terms->sdp_b_len, sizeof(terms->sdp_b_len), "%u", texts->pattern[PATTERN_SDP_B].len);
	rc = messages_compile(texts, o, terms->names);
	if (rc == 0 && o->message_size) {
		rc = padding_fill(terms, o, texts->invite_len);
		if (rc == 0)
			rc = messages_compile(texts, o, terms->names);
	}
	return rc < 0 ? rc : tails_compile(texts, o, terms->names);
}

int texts_init(struct texts *texts, const struct options *o) {
	struct terms *terms = calloc(1, sizeof(*terms));
	int rc;

	if (!terms)
		return -ENOMEM;
	snprintf(texts->run, sizeof(texts->run), "%08x", (unsigned)(o->seed ^ o->seed >> 32));
	terms_init(terms, o, texts);
	rc = o->headers ? headers_read(terms->headers, o->headers) : 0;
	if (rc < 0)
		goto out;
	rc = all_compile(texts, terms, o);
	if (rc == -ERANGE)
		fprintf(stderr, "sipgen: --message-size: the INVITE has %u bytes without padding\n", texts->invite_len);
	else if (rc < 0)
		fprintf(stderr, "sipgen: no message can be made of these headers and URIs: %s\n", strerror(-rc));
out:
	free(terms);
	return rc;
}

struct str texts_body(const struct texts *texts, enum message_kind kind) {
	const struct template *t;

	if (kind != MESSAGE_INVITE && kind != MESSAGE_OK_INVITE)
		return STR("");
	t = &texts->pattern[kind == MESSAGE_INVITE ? PATTERN_SDP_A : PATTERN_SDP_B];
	return str_of(t->text, t->len);
}
