// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "storm_watch.h"

#include "base/hash.h"
#include "dataplane/pending.h"
#include "sip/stun.h"

#define SLOTS 256 // of any pool
#define OLD_MAX 256

// A server transaction, as whoever sent its request sees it.
struct watched {
	uint32_t generation; // of the record in this slot; 0 = none
	bool is_invite;
	uint16_t final; // 0 = none yet
	uint64_t tag;	// of its To
	struct txn_key key;
};

// A request of an old element: the Request-URI, by which it is told from others, is not in its responses.
struct old {
	struct txn_key key, of_response;
};

static struct {
	struct watched server[SLOTS];
	struct old old[OLD_MAX];
	uint32_t old_count;
	uint32_t rang[SLOTS], refused[SLOTS]; // generation of the client transaction a 1xx, a 3xx to 6xx was given to
	bool is_short, is_misled;
	bool is_apart; // what was given last: damaged, or an answer kept no state for, so that what follows from it
		       // is none of a transaction's
	struct sip_msg msg;
	// What was counted of the tables.
	uint32_t live, lingering, servers, armed;
	uint32_t branches[SLOTS]; // client transactions of each response context
	bool is_held[SLOTS];	  // heads of dialogs an INVITE still decides about
	size_t text;
} watch;

static bool is_usable(enum sip_verdict verdict) {
	return verdict == SIP_OK || verdict == SIP_BAD_URI_SCHEME;
}

// --- messages ---

// What a 400 copies of a damaged request is as it came (RFC 3261 8.2.6.2).
static bool is_copied(enum sip_verdict verdict) {
	return verdict == SIP_BAD_VIA || verdict == SIP_BAD_FROM || verdict == SIP_BAD_TO ||
	       verdict == SIP_BAD_CALL_ID || verdict == SIP_BAD_CSEQ;
}

static bool is_key(struct txn_key a, struct txn_key b) {
	return a.hash == b.hash && a.check == b.check;
}

static void note_request(const struct session *s) {
	static struct sip_msg response;
	uint64_t call_hash = hash_str(s->seed, watch.msg.call_id);
	struct old *old = &watch.old[watch.old_count % OLD_MAX];

	response = watch.msg;
	response.request_uri = STR("");
	old->key = txn_key_of(&s->txns, &watch.msg, call_hash);
	old->of_response = txn_key_of(&s->txns, &response, call_hash);
	watch.old_count += !is_key(old->key, old->of_response);
}

static void note_response(const struct session *s) {
	uint64_t call_hash = hash_str(s->seed, watch.msg.call_id);
	const struct txn *client = txn_client_find(&s->txns, &watch.msg, call_hash);
	uint32_t slot = client ? pool_slot(&s->txns.pool, client) : SLOT_NONE;

	if (client && watch.msg.status < 200)
		watch.rang[slot] = client->generation;
	if (client && watch.msg.status >= 300)
		watch.refused[slot] = client->generation;
}

void watch_given(const struct rig *rig, const char *text, uint32_t len) {
	bool is_response = len >= 4 && memcmp(text, "SIP/", 4) == 0;
	const struct sip_limits *limits = is_response ? &rig->s->own_limits : &rig->s->limits;
	bool is_good = is_usable(sip_parse(&watch.msg, text, len, limits, &rig->s->locator));

	// "sIP/2.0" begins a response as well.
	is_response = is_good ? !watch.msg.is_request : is_response;
	watch.is_apart = !is_good || (is_response && str_starts(watch.msg.via.branch, STR(MINT_RETURN_PREFIX)));
	if (is_response && is_good)
		note_response(rig->s);
	else if (is_good)
		note_request(rig->s);
}

// A CANCEL of ours needs a provisional response, an ACK of ours a final (RFC 3261 9.1, 17.1.1.3).
static void check_request(void) {
	struct mint_id id;

	if (watch.msg.via_count > 1 || !mint_branch_peek_id(watch.msg.via.branch, &id))
		return;
	assert_true(id.slot < SLOTS);
	if (watch.msg.method == SIP_CANCEL)
		assert_int_equal(watch.rang[id.slot], id.generation);
	if (watch.msg.method == SIP_ACK)
		assert_int_equal(watch.refused[id.slot], id.generation);
}

// The transaction of that key, which may have ended since; NULL when there never was one.
static struct watched *of_key(const struct session *s, struct txn_key key) {
	const struct txn *txn = txn_server_find(&s->txns, key);

	if (txn) {
		struct watched *server = &watch.server[pool_slot(&s->txns.pool, txn)];

		if (server->generation == 0)
			*server = (struct watched
			){.generation = txn->generation, .is_invite = txn->kind == TXN_INVITE_SERVER, .key = key};
		return server->generation == txn->generation ? server : NULL;
	}
	for (unsigned i = 0; i < SLOTS; i++)
		if (watch.server[i].generation != 0 && is_key(watch.server[i].key, key))
			return &watch.server[i];
	return NULL;
}

static bool may_follow(const struct watched *server, uint16_t status, uint64_t tag) {
	if (server->final == 0)
		return true;
	if (server->is_invite && status >= 200 && status < 300)
		return true; // behind a refusal, too
	if (server->is_invite && server->final < 300)
		return false;
	// Others are made from what came again, which in a storm may have another To.
	return status == server->final && (tag == server->tag || !server->is_invite);
}

// Nobody but an old element can tell which of its requests an answer is for: any of them.
static bool check_old_answer(const struct session *s, struct txn_key key) {
	bool is_old = false;

	for (uint32_t i = 0; i < watch.old_count && i < OLD_MAX; i++) {
		struct watched *server = is_key(watch.old[i].of_response, key) ? of_key(s, watch.old[i].key) : NULL;

		is_old |= is_key(watch.old[i].of_response, key);
		if (server && server->final == 0 && watch.msg.status >= 200)
			server->final = watch.msg.status;
	}
	return is_old;
}

static void check_answer(const struct session *s) {
	struct txn_key key = txn_key_of(&s->txns, &watch.msg, hash_str(s->seed, watch.msg.call_id));
	struct watched *server = check_old_answer(s, key) ? NULL : of_key(s, key);
	uint64_t tag = hash_str(s->seed, watch.msg.to.tag);

	if (!server)
		return;
	if (!may_follow(server, watch.msg.status, tag))
		fail_msg("%u after %u:\n%.*s", watch.msg.status, server->final, watch.msg.len, watch.msg.buf);
	if (server->final == 0 && watch.msg.status >= 200) {
		server->final = watch.msg.status;
		server->tag = tag;
	}
}

void watch_sent(const struct rig *rig, const char *text, uint32_t len) {
	enum sip_verdict verdict = sip_parse(&watch.msg, text, len, &rig->s->own_limits, &rig->s->locator);

	if (verdict == SIP_KEEPALIVE || stun_starts(text, len))
		return;
	if ((watch.is_apart || watch.is_misled) && !watch.msg.is_request && is_copied(verdict))
		return;
	if (!is_usable(verdict) || watch.msg.len != len)
		fail_msg("malformed (verdict %d, %u of %u bytes):\n%s", verdict, watch.msg.len, len, text);
	if (watch.msg.is_request)
		check_request();
	else if (!watch.is_apart && !watch.is_misled && has_transactions(rig->s))
		check_answer(rig->s);
}

// --- transactions ---

static void check_server_waits(const struct session *s, const struct txn *server) {
	const struct fork *fork = fork_of(s, server);
	const struct txn *client = peer_of(s, server);

	if (fork)
		assert_true(!fork->is_final && (fork->live > 0 || fork->unsent > 0));
	else
		assert_true(client && txn_is_client(client) && txn_state_is_live(client->state));
}

static void check_txn(const struct session *s, const struct txn *txn) {
	bool is_client = txn_is_client(txn), is_armed = timer_is_armed(&s->txns.queues, txn);
	const struct fork *fork = fork_of(s, txn);
	const struct dialog *dialog = NULL;

	assert_true(txn->state != TXN_NONE && txn->state != TXN_TERMINATED);
	if (!is_armed) {
		assert_true(!is_client && (txn->state == TXN_TRYING || txn->state == TXN_PROCEEDING));
		check_server_waits(s, txn);
	}
	if (is_client && txn->is_forked) {
		assert_non_null(fork);
		watch.branches[pool_slot(&s->forks.pool, fork)]++;
	}
	if (is_client && txn->makes_dialog)
		dialog = dialog_get(
			&s->dialogs, (struct dialog_ref){.slot = txn->dialog.slot, .generation = txn->dialog.generation}
		);
	if (dialog)
		watch.is_held[dialog->first] = true;
	watch.armed += is_armed;
	watch.servers += !is_client;
	watch.live += txn_state_is_live(txn->state);
	watch.lingering += !txn_state_is_live(txn->state);
	watch.text += (size_t)txn->blob_units * BLOB_UNIT + (txn->is_v6 ? sizeof(((struct ip_addr *)0)->bytes) : 0);
}

// Takes note of which record is in that slot.
static void note_server(uint32_t slot, const struct txn *txn) {
	struct watched *server = &watch.server[slot];

	if (server->generation != 0 && (!txn || txn->generation != server->generation)) {
		if (server->is_invite && server->final == 0 && !watch.is_short && !watch.is_misled)
			fail_msg("an INVITE's transaction ended without a final response");
		server->generation = 0;
	}
	if (txn && !txn_is_client(txn) && server->generation == 0)
		*server = (struct watched
		){.generation = txn->generation, .is_invite = txn->kind == TXN_INVITE_SERVER, .key = txn->key};
}

static void check_txns(const struct session *s) {
	const struct txn_table *txns = &s->txns;
	uint32_t found = 0;

	watch.live = watch.lingering = watch.servers = watch.armed = 0;
	for (uint32_t slot = 0; slot < txns->pool.untouched; slot++) {
		const struct txn *txn = pool_live_at(&txns->pool, slot);

		note_server(slot, txn);
		if (!txn)
			continue;
		found++;
		check_txn(s, txn);
	}
	assert_int_equal(found, txns->pool.used);
	assert_int_equal(watch.armed, txns->queues.armed);
	assert_int_equal(watch.servers, txns->servers.used);
	assert_int_equal(watch.live, txns->live);
	assert_int_equal(watch.lingering, txns->lingering);
}

// --- response contexts and dialogs ---

static void check_fork(const struct session *s, const struct fork *fork) {
	const struct dialog *dialog = fork->makes_dialog ? dialog_get(&s->dialogs, fork->dialog) : NULL;
	unsigned pending = 0;

	assert_int_equal(fork->live, watch.branches[pool_slot(&s->forks.pool, fork)]);
	assert_true(fork->live > 0 || fork->unsent > 0);
	watch.text += fork->request.len;
	for (unsigned i = 0; i < fork->count; i++) {
		const struct fork_branch *branch = &fork->branch[i];
		const struct txn *client = txn_get(&s->txns, branch->client);

		watch.text += branch->final.len + (branch->owns_uri ? branch->uri.len : 0);
		if (branch->state != BRANCH_PENDING || fork->is_final)
			continue;
		pending++;
		assert_true(client && txn_state_is_live(client->state));
	}
	assert_true(fork->is_final || pending > 0 || fork->unsent > 0);
	if (dialog)
		watch.is_held[dialog->first] = true;
}

static void check_forks(const struct session *s) {
	uint32_t found = 0, armed = 0;

	for (uint32_t slot = 0; slot < s->forks.pool.untouched; slot++) {
		const struct fork *fork = pool_live_at(&s->forks.pool, slot);

		if (!fork)
			continue;
		found++;
		armed += timer_is_armed(&s->forks.queues, fork);
		check_fork(s, fork);
	}
	assert_int_equal(found, s->forks.pool.used);
	assert_int_equal(armed, s->forks.queues.armed);
}

static void check_dialogs(const struct session *s) {
	const struct dialog_table *dialogs = &s->dialogs;
	uint32_t count[DIALOG_STATE_COUNT] = {0}, found = 0, armed = 0, heads = 0;

	for (uint32_t slot = 0; slot < dialogs->pool.untouched; slot++) {
		const struct dialog *dialog = pool_live_at(&dialogs->pool, slot);
		bool is_armed;

		if (!dialog)
			continue;
		is_armed = timer_is_armed(&dialogs->queues, dialog);
		assert_true(is_armed || (dialog->state != DIALOG_CONFIRMED && watch.is_held[dialog->first]));
		found++;
		armed += is_armed;
		heads += dialog->first == slot;
		count[dialog->state]++;
		watch.text += dialog->text ? (size_t)dialog->text_units * BLOB_UNIT : 0;
	}
	assert_int_equal(found, dialogs->pool.used);
	assert_int_equal(armed, dialogs->queues.armed);
	assert_int_equal(heads, dialogs->heads.used);
	assert_memory_equal(count, dialogs->count, sizeof(count));
}

// --- all of it ---

void watch_tables(const struct rig *rig) {
	const struct session *s = rig->s;

	watch.is_apart = false;
	watch.text = 0;
	memset(watch.branches, 0, s->forks.pool.untouched * sizeof(watch.branches[0]));
	memset(watch.is_held, 0, s->dialogs.pool.untouched * sizeof(watch.is_held[0]));
	check_txns(s);
	check_forks(s);
	check_dialogs(s);
	assert_int_equal(watch.text, blob_used(s->text));
}

void watch_begin(const struct rig *rig) {
	const struct session *s = rig->s;

	assert_true(
		s->txns.pool.capacity <= SLOTS && s->dialogs.pool.capacity <= SLOTS && s->forks.pool.capacity <= SLOTS
	);
	memset(watch.server, 0, sizeof(watch.server));
	watch.old_count = 0;
	watch.is_short = watch.is_misled = watch.is_apart = false;
}

void watch_shortage(void) {
	watch.is_short = true;
}

void watch_mislead(void) {
	watch.is_misled = true;
}

void watch_end(const struct rig *rig) {
	const struct session *s = rig->s;

	watch_tables(rig);
	assert_int_equal(s->txns.pool.used, 0);
	assert_int_equal(s->dialogs.pool.used, 0);
	assert_int_equal(s->forks.pool.used, 0);
	assert_int_equal(blob_used(s->text), 0);
	assert_int_equal(rig->w->pending->count, 0);
	assert_int_equal(rte_mempool_in_use_count(rig->packets), 0);
}
