// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The messages of one carrier call for dialog_bench: those of perf/messages, as they come, as tandem forwards them, and
// what it keeps of them.
#pragma once

#include "bench.h"
#include "dialog/keep.h"
#include "dialog/mint.h"

#define OUR_VIA "Via: SIP/2.0/UDP 198.51.100.1:5060;branch="
#define OUR_ROUTE "<sip:198.51.100.1:5060;lr;d="
#define OUR_ROUTES                                                                                                     \
	"Record-Route: " OUR_ROUTE "%.34s;r2=on>\r\n"                                                                  \
	"Record-Route: <sip:192.0.2.1:5060;lr;d=%.34s;r2=on>\r\n"

struct message {
	char text[4096];
	struct sip_msg msg;
};

// The messages of one call; branch, Call-ID and tags are set anew for each record. What is kept of them has one size.
static struct story {
	struct message invite, ringing, answer, bye, bye_answer, refusal;
	struct message invite_out, bye_out; // as forwarded
	char branch[35], call_id[49], tag[16], id[MINT_LEN];
	char kept[4][2048];
	struct str kept_invite, kept_ringing, kept_ack, kept_tag;
} story;

static void fail(const char *what) {
	fprintf(stderr, "%s: out of memory, not found, or the bench's own message does not parse\n", what);
	exit(1);
}

static void parse(struct message *message) {
	static const struct sip_limits limits = {.headers_max = 64, .vias_max = 16};
	struct sip_locator locator;

	if (sip_locator_init(&locator, LOCATOR_AUTO) != 0 ||
	    sip_parse(&message->msg, message->text, strlen(message->text), &limits, &locator) != SIP_OK)
		fail(message->text);
	sip_locator_fini(&locator);
}

// `lines` go behind the start line.
static void load(struct message *message, const char *folder, const char *name, const char *lines) {
	char path[512], *text, *rest;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s.sip", folder, name);
	text = bench_load(path, &len);
	rest = strstr(text, "\r\n") + 2;
	snprintf(message->text, sizeof(message->text), "%.*s%s%s", (int)(rest - text), text, lines, rest);
	free(text);
	parse(message);
}

static void answer(struct message *message, const struct message *request, uint16_t status, const char *tag) {
	const struct sip_response how = {.status = status, .to_tag = str_from_c(tag), .server = STR("MGC/4.1")};

	message->text[sip_build_response(&request->msg, &how, message->text, sizeof(message->text) - 1)] = '\0';
	parse(message);
}

static struct sip_writer room(unsigned i) {
	return (struct sip_writer){.buf = story.kept[i], .size = sizeof(story.kept[i])};
}

static struct str written(struct sip_writer w) {
	return str_of(w.buf, w.len);
}

static void keep_all(void) {
	struct sip_writer invite = room(0), ringing = room(1), ack = room(2), tag = room(3);
	struct message trying;

	answer(&trying, &story.invite, 100, "");
	keep_invite(&story.invite.msg, story.invite.msg.request_uri, 0, str_from_c(trying.text), &invite);
	keep_response(&story.ringing.msg, false, STR(""), &ringing);
	keep_ack(&story.invite.msg, &story.refusal.msg, &ack);
	keep_response(&story.bye_answer.msg, false, STR(""), &tag);
	story.kept_invite = written(invite);
	story.kept_ringing = written(ringing);
	story.kept_ack = written(ack);
	story.kept_tag = written(tag);
}

static void story_init(const char *folder) {
	char routes[256], lines[512];

	memset(story.id, '0', sizeof(story.id));
	snprintf(routes, sizeof(routes), OUR_ROUTES, story.id, story.id);
	load(&story.invite, folder, "invite", "");
	load(&story.bye, folder, "bye", "");
	load(&story.ringing, folder, "180", routes);
	load(&story.answer, folder, "200", routes);
	snprintf(lines, sizeof(lines), OUR_VIA "z9hG4bKt%.34s\r\n%s", story.id, routes);
	load(&story.invite_out, folder, "invite", lines);
	snprintf(lines, sizeof(lines), OUR_VIA "z9hG4bKt%.34s\r\n", story.id);
	load(&story.bye_out, folder, "bye", lines);
	answer(&story.bye_answer, &story.bye, 200, "");
	answer(&story.refusal, &story.invite_out, 486, "as7f3e20b1");
	keep_all();
	memcpy(story.branch, "z9hG4bK-524287-1---0000000000000000", 35);
	memcpy(story.call_id, "0000000000000000-4e0b-9a57-2f6f2e7f10@203.0.113.2", 49);
	memset(story.tag, '0', sizeof(story.tag));
}

// Makes all messages those of call number n.
static void story_of(uint64_t n) {
	struct str call_id = str_of(story.call_id, sizeof(story.call_id));
	struct str branch = str_of(story.branch, sizeof(story.branch)), tag = str_of(story.tag, 10);
	struct sip_msg *all[] = {&story.invite.msg, &story.answer.msg, &story.bye.msg, &story.bye_answer.msg};

	mint_hex(story.branch + 19, n * 0x9e3779b97f4a7c15u, 16);
	mint_hex(story.call_id, n * 0xbf58476d1ce4e5b9u, 16);
	mint_hex(story.tag, n * 0x94d049bb133111ebu, 16);
	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->via.branch = branch;
		all[i]->call_id = call_id;
		all[i]->from.tag = tag;
		if (i > 0)
			all[i]->to.tag = tag;
	}
}
