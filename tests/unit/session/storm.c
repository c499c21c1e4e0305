// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "storm.h"

#include <stdio.h>

#include "dataplane/pending.h"
#include "session/inspect.h"
#include "storm_talk.h"
#include "storm_watch.h"

#define KEPT 8 // messages of each kind and side that can come again
// A branch that nobody answers takes Timer B, one that rings Timer C and as long as Timer B; there may be 12 in a row.
#define END_MS 1800000
#define DIALOG_MAX_MS 60000

struct talk {
	uint32_t count;
	uint32_t len[KEPT];
	char text[KEPT][STORM_TEXT];
};

static struct {
	struct rig *rig;
	struct talk got[SIDES];	 // requests but ACK
	struct talk sent[SIDES]; // all
	char routes[SIDES][1024];
	char text[STORM_TEXT]; // about to be sent
	bool has_looped;
	bool damages; // one byte of the next message
	uint16_t damage_at;
	char damage;
} storm;

// --- memory of what was said ---

static void talk_add(struct talk *talk, const char *text, uint32_t len) {
	uint32_t at = talk->count % KEPT;

	if (len >= STORM_TEXT)
		return;
	memcpy(talk->text[at], text, len);
	talk->text[at][len] = '\0';
	talk->len[at] = len;
	talk->count++;
}

// The last (0), the one before (1) … into storm.text; 0 when there is none.
static uint32_t talk_again(const struct talk *talk, uint8_t which) {
	uint32_t held = talk->count < KEPT ? talk->count : KEPT, at;

	if (held == 0)
		return 0;
	at = (talk->count - 1 - which % held) % KEPT;
	memcpy(storm.text, talk->text[at], talk->len[at] + 1);
	return talk->len[at];
}

static void learn_routes(enum side side, const char *text) {
	bool is_response = strncmp(text, "SIP/", 4) == 0;

	if (strstr(text, "\r\nRecord-Route: "))
		snprintf(storm.routes[side], sizeof(storm.routes[side]), "%s", call_routes(text, is_response));
}

static void read_side(enum side side) {
	const char *text;

	while ((text = rig_next(storm.rig, side))) {
		uint32_t len = storm.rig->sent.len;

		watch_sent(storm.rig, text, len);
		learn_routes(side, text);
		if (strncmp(text, "SIP/", 4) != 0 && strncmp(text, "ACK ", 4) != 0)
			talk_add(&storm.got[side], text, len);
	}
}

static void read_all(void) {
	read_side(CALLER);
	read_side(CALLEE);
}

// storm.text goes out, perhaps damaged.
static void deliver(enum side from, uint32_t len) {
	watch_given(storm.rig, storm.text, len);
	rig_send_bytes(storm.rig, from, storm.text, len);
}

static void damage(uint32_t len) {
	if (!storm.damages || len == 0)
		return;
	if (storm.has_looped || strncmp(storm.text, "SIP/", 4) == 0)
		watch_mislead();
	storm.text[storm.damage_at % len] = storm.damage;
	storm.damages = false;
}

static void say(enum side from, uint32_t len) {
	damage(len);
	talk_add(&storm.sent[from], storm.text, len);
	deliver(from, len);
}

// --- events; `how` is the four bytes behind the first ---

static void caller_asks(const uint8_t *how) {
	say(CALLER, storm_request(storm.text, CALLER, how, storm.routes[CALLER]));
}

static void callee_asks(const uint8_t *how) {
	say(CALLEE, storm_request(storm.text, CALLEE, how, storm.routes[CALLEE]));
}

static void answer(enum side side, const uint8_t *how) {
	static char request[STORM_TEXT];
	uint32_t len = talk_again(&storm.got[side], how[0]);

	if (len == 0)
		return;
	memcpy(request, storm.text, len + 1);
	len = storm_response(storm.text, request, how);
	if (len > 0)
		say(side, len);
}

static void callee_answers(const uint8_t *how) {
	answer(CALLEE, how);
}

static void caller_answers(const uint8_t *how) {
	answer(CALLER, how);
}

static void repeat(const uint8_t *how) {
	enum side side = how[0] & 1 ? CALLEE : CALLER;
	uint32_t len = talk_again(&storm.sent[side], how[1]);

	if (len == 0)
		return;
	damage(len);
	deliver(side, len);
}

// A request tandem sent comes back to it, from whom it was for or from the other side.
static void loop(const uint8_t *how) {
	uint32_t len = talk_again(&storm.got[how[0] & 1 ? CALLEE : CALLER], how[1]);

	if (len == 0)
		return;
	storm.has_looped = true;
	say(how[0] & 2 ? CALLER : CALLEE, len);
}

static void lose(const uint8_t *how) {
	enum side side = how[0] & 1 ? CALLEE : CALLER;
	uint32_t len = talk_again(&storm.got[side], how[1]);

	if (len == 0)
		return;
	rig_lost(storm.rig, side, storm.text, how[2] > 0 && how[2] < len ? how[2] : len);
}

// What waits for a next hop is looked at once a turn.
static void pass(uint64_t ms) {
	while (ms > 0) {
		uint64_t part = storm.rig->w->pending->count > 0 && ms > 500 ? 500 : ms;

		rig_pass(storm.rig, part);
		read_all();
		ms -= part;
	}
}

static void time_passes(const uint8_t *how) {
	static const uint32_t units_ms[] = {1, 25, 500, 1000};

	pass((how[0] + 1u) * units_ms[how[1] % ARRAY_LEN(units_ms)]);
}

static void damage_next(const uint8_t *how) {
	storm.damages = true;
	storm.damage_at = (uint16_t)(how[0] << 8 | how[1]);
	storm.damage = (char)how[2];
}

static void run_short(const uint8_t *how) {
	struct session *s = storm.rig->s;
	struct pool *const pools[] = {&s->txns.pool, &s->dialogs.pool, &s->forks.pool};
	uint32_t nth = 1 + how[1] % 16;

	watch_shortage();
	if (how[0] % 8 < ARRAY_LEN(pools))
		pools[how[0] % 8]->fail_at = pools[how[0] % 8]->takes + nth;
	else if (how[0] % 8 == 3)
		storm.rig->starve_at = nth;
	else
		blob_fail_at(s->text, nth);
}

static void go_astray(const uint8_t *how) {
	struct str stray = storm_stray(how[1]);

	memcpy(storm.text, stray.ptr, stray.len);
	say(how[0] & 1 ? CALLEE : CALLER, stray.len);
}

// What the control core asks for at any time.
static void show(const uint8_t *how) {
	static const char *const filters[] = {"", "call-1", "state=early", "kind=client", "z9hG4bK"};
	static struct inspect_dialogs dialogs;
	static struct inspect_transactions transactions;
	const char *filter = filters[how[0] % ARRAY_LEN(filters)];
	struct session *s = storm.rig->s;

	dialogs.cursor = transactions.cursor = 0;
	snprintf(dialogs.filter, sizeof(dialogs.filter), "%s", filter);
	snprintf(transactions.filter, sizeof(transactions.filter), "%s", filter);
	inspect_answer(storm.rig->w, &(struct command){.kind = INSPECT_DIALOGS, .body = &dialogs});
	inspect_answer(storm.rig->w, &(struct command){.kind = INSPECT_TRANSACTIONS, .body = &transactions});
	if (filter[0] == '\0')
		assert_int_equal(dialogs.count, s->dialogs.pool.used);
}

static void (*const events[])(const uint8_t *how) = {
	caller_asks,
	caller_asks,
	caller_asks,
	caller_asks,
	callee_asks,
	callee_answers,
	callee_answers,
	callee_answers,
	callee_answers,
	caller_answers,
	repeat,
	loop,
	lose,
	time_passes,
	damage_next,
	run_short,
	go_astray,
	show,
};

// --- mode and rule ---

// First byte: 0-1 what is kept; 2 session timers; 3 the clock is about to wrap.
static void mode_set(uint8_t how) {
	static const enum proxy_state states[] = {PROXY_DIALOG, PROXY_DIALOG, PROXY_TRANSACTION, PROXY_STATELESS};
	struct worker *w = storm.rig->w;
	uint64_t epoch = (w->now_ms >> 32) + 1;

	storm.rig->cfg.proxy_state = states[how & 3];
	storm.rig->cfg.session_expires_s = how & 4 ? 1800 : 0;
	storm.rig->cfg.session_min_s = how & 4 ? 90 : 0;
	w->now_ms = (epoch << 32) + (how & 8 ? UINT32_MAX - 40000 : 1000);
}

// Second byte, for the callers' rule: 0-1 targets, 0 = a plain rule; 2-3 their priorities; 4 a time for each; 5
// recursion; 6 one is not there; of a plain rule 2: stateless.
static void rule_set(uint8_t how) {
	static const uint32_t priorities[][TARGETS] = {{1, 1, 1}, {1, 2, 3}, {1, 1, 2}, {1, 2, 2}};
	uint8_t count = how & 3;

	if (count == 0) {
		memcpy(targets_rules, storm.rig->cfg.routes, sizeof(targets_rules));
		targets_rules[CALLER].is_stateless = how & 4;
		storm.rig->cfg.routes = targets_rules;
		return;
	}
	targets_set(storm.rig, count, priorities[how >> 2 & 3]);
	for (unsigned i = 0; i < count; i++)
		targets_list[i].to.port = 5060;
	targets_rules[CALLER].try_ms = how & 16 ? 1500 : 0;
	targets_rules[CALLER].recurses = how & 32;
	if (how & 64)
		targets_list[count - 1].to.addr.bytes[3] = 99;
}

// --- from beginning to end ---

int storm_set_up(void **state) {
	rig_mtu(4000);
	return rig_set_up_sized(state, PROXY_DIALOG, 256, 8 << 20);
}

static void begin(struct rig *rig, const uint8_t *head) {
	struct txn_table *txns = &rig->s->txns;

	storm.rig = rig;
	for (int side = 0; side < SIDES; side++) {
		storm.got[side].count = storm.sent[side].count = 0;
		storm.routes[side][0] = '\0';
	}
	storm.damages = storm.has_looped = false;
	rig->s->dialogs.max_age_ms = DIALOG_MAX_MS;
	if (txns->common_count > 0)
		memset(txns->common, 0, TXN_COMMON_MAX * sizeof(*txns->common));
	txns->common_count = 0;
	mode_set(head[0]);
	rule_set(head[1]);
	rig_pass(rig, 1);
	watch_begin(rig);
}

static void end(void) {
	struct session *s = storm.rig->s;

	s->txns.pool.fail_at = s->dialogs.pool.fail_at = s->forks.pool.fail_at = 0;
	storm.rig->starve_at = 0;
	blob_fail_at(s->text, 0);
	pass(END_MS);
	watch_end(storm.rig);
}

void storm_run(struct rig *rig, const uint8_t *script, size_t len) {
	struct config_route *plain = rig->cfg.routes;

	if (len < STORM_HEAD)
		return;
	begin(rig, script);
	for (size_t at = STORM_HEAD, i = 0; at + STORM_EVENT <= len && i < STORM_EVENTS_MAX; at += STORM_EVENT, i++) {
		events[script[at] % ARRAY_LEN(events)](script + at + 1);
		read_all();
		watch_tables(rig);
	}
	end();
	rig->cfg.routes = plain;
}
