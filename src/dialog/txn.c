// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/txn.h"

#include <errno.h>

#include "base/hash.h"

// Timers of a transaction: one retransmission timer (A, E or G) and one that ends a state (B, C, D, F, H to M). The
// record has one node in the wheel, armed for the earlier of the two; when it fires, both are looked at.
//
// Retransmissions are due at fixed distances from the first, whatever delay the loop had, so that 64*T1 after the
// start exactly as many were sent as the RFC says.

#define KEY_MAX 1024

// A branch from an RFC 3261 element is unique; it identifies with sent-by and method (17.2.3). ACK is matched as
// INVITE.
struct key {
	char text[KEY_MAX];
	uint32_t len;
	bool overflow;
};

static void key_add(struct key *key, struct str part) {
	if (part.len >= KEY_MAX - key->len) {
		key->overflow = true;
		return;
	}
	if (part.len > 0)
		memcpy(key->text + key->len, part.ptr, part.len);
	key->len += part.len;
	key->text[key->len++] = '\0'; // no part holds a NUL, so parts cannot run into each other
}

static void key_add_lower(struct key *key, struct str part) {
	uint32_t from = key->len;

	key_add(key, part);
	for (; from < key->len; from++)
		if (key->text[from] >= 'A' && key->text[from] <= 'Z')
			key->text[from] += 'a' - 'A';
}

static bool has_magic_cookie(struct str branch) {
	return branch.len > 7 && strncasecmp(branch.ptr, "z9hG4bK", 7) == 0;
}

static void key_make(struct key *key, const struct sip_msg *msg, struct str method) {
	char port[5];

	key->len = 0;
	key->overflow = false;
	mint_hex(port, msg->via.port ? msg->via.port : 5060, 4);
	if (has_magic_cookie(msg->via.branch)) {
		key_add(key, msg->via.branch);
	} else {
		char cseq[8];

		mint_hex(cseq, msg->cseq, 8);
		key_add(key, STR(""));
		key_add(key, msg->via.branch);
		key_add(key, str_of(cseq, 8));
		key_add(key, msg->call_id);
		key_add(key, msg->from.tag);
	}
	key_add_lower(key, msg->via.host);
	key_add(key, str_of(port, 4));
	key_add(key, method);
}

bool txn_key_fits(const struct sip_msg *request) {
	const struct sip_via *via = &request->via;

	return (uint64_t)via->branch.len + via->host.len + request->call_id.len + request->from.tag.len +
		       request->method_text.len <
	       KEY_MAX - 32; // CSeq, port and what keeps the parts apart
}

struct candidate {
	const struct txn_table *table;
	const struct key *key;
	uint64_t hash;
};

static bool same_key(const void *ctx, uint32_t slot) {
	const struct candidate *candidate = ctx;
	const struct txn *txn = pool_at(&candidate->table->pool, slot);

	return txn->hash == candidate->hash && txn->key_len == candidate->key->len &&
	       memcmp(txn->text, candidate->key->text, txn->key_len) == 0;
}

static struct txn *find(const struct txn_table *table, const struct sip_msg *request, struct str method) {
	struct key key;
	struct candidate candidate = {.table = table, .key = &key};
	uint32_t slot;

	key_make(&key, request, method);
	if (key.overflow)
		return NULL;
	candidate.hash = hash_str(table->seed, str_of(key.text, key.len));
	slot = table_find(&table->servers, candidate.hash, same_key, &candidate);
	return slot == SLOT_NONE ? NULL : pool_at(&table->pool, slot);
}

struct txn *txn_server_find(const struct txn_table *table, const struct sip_msg *request) {
	return find(table, request, request->method == SIP_ACK ? STR("INVITE") : request->method_text);
}

struct txn *txn_cancelled_find(const struct txn_table *table, const struct sip_msg *cancel) {
	struct txn *txn = find(table, cancel, STR("INVITE"));

	// The branch alone would do; a CANCEL for another call is somebody guessing (RFC 3261 9.2, 26).
	if (txn && !str_eq(txn_call_id(txn), cancel->call_id))
		return NULL;
	return txn;
}

int txn_table_init(
	struct txn_table *table,
	uint32_t capacity,
	enum mem_huge huge,
	struct blob_arena *text,
	const struct config_timers *timers
) {
	int err;

	*table = (struct txn_table){.text = text, .timers = timers};
	err = pool_init(&table->pool, sizeof(struct txn), capacity, huge);
	if (err)
		return err;
	err = table_init(&table->servers, capacity, huge);
	if (err) {
		pool_fini(&table->pool);
		return err;
	}
	timer_wheel_init(&table->wheel, &table->pool, offsetof(struct txn, timer), 0);
	return 0;
}

void txn_table_fini(struct txn_table *table) {
	table_fini(&table->servers);
	pool_fini(&table->pool);
}

// A record with its text (key, then Call-ID); NULL when either is out.
static struct txn *create(struct txn_table *table, struct str key, struct str call_id, uint64_t now_ms) {
	struct txn *txn = pool_take(&table->pool);

	if (!txn)
		return NULL;
	txn->text = blob_take(table->text, key.len + call_id.len + 1);
	if (!txn->text) {
		pool_give(&table->pool, txn);
		return NULL;
	}
	memcpy(txn->text, key.ptr, key.len);
	if (call_id.len > 0)
		memcpy(txn->text + key.len, call_id.ptr, call_id.len);
	txn->key_len = (uint16_t)key.len;
	txn->call_id_len = (uint16_t)call_id.len;
	txn->created_ms = now_ms;
	txn->peer.slot = txn->cancel.slot = txn->dialog.slot = SLOT_NONE;
	return txn;
}

struct txn *txn_server_create(struct txn_table *table, const struct sip_msg *request, uint64_t now_ms) {
	struct txn *txn;
	struct key key;

	key_make(&key, request, request->method_text);
	if (key.overflow)
		return NULL;
	txn = create(table, str_of(key.text, key.len), request->call_id, now_ms);
	if (!txn)
		return NULL;
	txn->kind = request->method == SIP_INVITE ? TXN_INVITE_SERVER : TXN_SERVER;
	txn->method = (uint8_t)request->method;
	txn->hash = hash_str(table->seed, str_of(key.text, key.len));
	if (!table_insert(&table->servers, txn->hash, pool_slot(&table->pool, txn))) {
		txn->kind = TXN_CLIENT; // not in the table
		txn_free(table, txn);
		return NULL;
	}
	txn_step(table, txn, TXN_START, now_ms);
	return txn;
}

struct txn *txn_client_create(struct txn_table *table, enum sip_method method, struct str call_id, uint64_t now_ms) {
	struct txn *txn = create(table, STR(""), call_id, now_ms);

	if (!txn)
		return NULL;
	txn->kind = method == SIP_INVITE ? TXN_INVITE_CLIENT : TXN_CLIENT;
	txn->method = (uint8_t)method;
	txn->hash = hash_str(table->seed, call_id);
	return txn;
}

void txn_pair(struct txn_table *table, struct txn *server, struct txn *client) {
	server->peer = txn_ref_of(table, client);
	client->peer = txn_ref_of(table, server);
}

void txn_branch(const struct txn_table *table, const struct txn *client, char *out) {
	struct mint_id id = {
		.worker = table->worker,
		.slot = pool_slot(&table->pool, client),
		.generation = client->head.generation,
	};

	mint_branch(out, id, table->seed, client->hash);
}

struct txn *txn_client_find(const struct txn_table *table, const struct sip_msg *response) {
	uint64_t call_hash = hash_str(table->seed, response->call_id);
	struct mint_id id;
	struct txn *txn;

	if (!mint_branch_read(response->via.branch, table->seed, call_hash, &id) || id.worker != table->worker)
		return NULL;
	txn = pool_get(&table->pool, id.slot, id.generation);
	if (!txn || !str_eq(txn_call_id(txn), response->call_id))
		return NULL;
	if (response->method == SIP_CANCEL)
		return txn_get(table, txn->cancel);
	return txn->method == response->method ? txn : NULL;
}

struct txn *txn_get(const struct txn_table *table, struct txn_ref ref) {
	return pool_get(&table->pool, ref.slot, ref.generation);
}

struct txn_ref txn_ref_of(const struct txn_table *table, const struct txn *txn) {
	return (struct txn_ref){.slot = pool_slot(&table->pool, txn), .generation = txn->head.generation};
}

void txn_forget(struct txn_table *table, struct txn *txn) {
	blob_give(table->text, txn->message, txn->message_len);
	txn->message = NULL;
	txn->message_len = 0;
}

bool txn_store(struct txn_table *table, struct txn *txn, const char *message, uint32_t len) {
	char *copy = blob_take(table->text, len);

	if (!copy)
		return false;
	memcpy(copy, message, len);
	txn_forget(table, txn);
	txn->message = copy;
	txn->message_len = len;
	return true;
}

static uint32_t min_u32(uint32_t a, uint32_t b) {
	return a < b ? a : b;
}

// The next interval of Timer A, E or G (RFC 3261 17.1.1.2, 17.1.2.2, 17.2.1).
static uint32_t next_interval(const struct config_timers *timers, enum txn_timer timer, uint32_t last_ms) {
	if (timer == TXN_TIMER_E_T2)
		return timers->t2_ms;
	if (last_ms == 0)
		return timer == TXN_TIMER_A ? timers->t1_ms : min_u32(timers->t1_ms, timers->t2_ms);
	return timer == TXN_TIMER_A ? last_ms * 2 : min_u32(last_ms * 2, timers->t2_ms);
}

static uint32_t timeout_of(const struct config_timers *timers, enum txn_timer timer) {
	const uint32_t values[TXN_TIMER_COUNT] = {
		[TXN_TIMER_B] = timers->b_ms,
		[TXN_TIMER_C_WAIT] = timers->c_ms,
		[TXN_TIMER_D] = timers->d_ms,
		[TXN_TIMER_F] = timers->f_ms,
		[TXN_TIMER_H] = timers->h_ms,
		[TXN_TIMER_I] = timers->i_ms,
		[TXN_TIMER_J] = timers->j_ms,
		[TXN_TIMER_K] = timers->k_ms,
		[TXN_TIMER_L] = timers->l_ms,
		[TXN_TIMER_M] = timers->m_ms,
	};

	return values[timer];
}

static void set_timers(
	struct txn_table *table, struct txn *txn, const struct txn_step *step, enum txn_event event, uint64_t now_ms
) {
	if (step->retransmit == TXN_TIMER_STOP) {
		txn->retransmit_ms = 0;
	} else if (step->retransmit != TXN_TIMER_KEEP) {
		uint64_t from_ms = event == TXN_RETRANSMIT ? txn->retransmit_ms : now_ms;

		txn->interval_ms = next_interval(table->timers, step->retransmit, txn->interval_ms);
		txn->retransmit_ms = from_ms + txn->interval_ms;
	}
	if (step->timeout == TXN_TIMER_STOP) {
		txn->timeout_ms = 0;
	} else if (step->timeout != TXN_TIMER_KEEP) {
		txn->timeout = step->timeout;
		txn->timeout_ms = now_ms + timeout_of(table->timers, step->timeout);
	}
}

static void arm(struct txn_table *table, struct txn *txn) {
	uint64_t due_ms = txn->timeout_ms;

	if (txn->retransmit_ms && (!due_ms || txn->retransmit_ms < due_ms))
		due_ms = txn->retransmit_ms;
	if (due_ms == 0)
		timer_cancel(&table->wheel, txn);
	else if (due_ms != txn->timer.due_ms || !timer_is_armed(&table->wheel, txn))
		timer_arm(&table->wheel, txn, due_ms);
}

static void count_state(struct txn_table *table, enum txn_state state, uint32_t by) {
	if (txn_state_is_live(state))
		table->live += by;
	else if (state != TXN_NONE)
		table->lingering += by;
}

unsigned txn_step(struct txn_table *table, struct txn *txn, enum txn_event event, uint64_t now_ms) {
	struct txn_step step = txn_fsm_step(txn->kind, txn->state, event);

	if (step.next != txn->state) {
		count_state(table, txn->state, UINT32_MAX);
		count_state(table, step.next, 1);
		txn->state = step.next;
	}
	if (step.retransmit != TXN_TIMER_KEEP || step.timeout != TXN_TIMER_KEEP || event == TXN_RETRANSMIT) {
		set_timers(table, txn, &step, event, now_ms);
		arm(table, txn);
	}
	if (step.actions & TXN_DO_DROP_MESSAGE)
		txn_forget(table, txn);
	return step.actions;
}

void txn_free(struct txn_table *table, struct txn *txn) {
	if (txn->kind == TXN_SERVER || txn->kind == TXN_INVITE_SERVER)
		table_remove(&table->servers, txn->hash, pool_slot(&table->pool, txn));
	timer_cancel(&table->wheel, txn);
	count_state(table, txn->state, UINT32_MAX);
	txn_forget(table, txn);
	blob_give(table->text, txn->text, txn->key_len + txn->call_id_len + 1u);
	pool_give(&table->pool, txn);
}

struct expiry {
	struct txn_table *table;
	uint64_t now_ms;
	void (*act)(void *ctx, struct txn *txn, enum txn_event event, unsigned actions);
	void *ctx;
};

static void fire(void *ctx, void *record) {
	struct expiry *expiry = ctx;
	struct txn *txn = record;
	enum txn_event event = TXN_RETRANSMIT;
	unsigned actions;

	// Both due: the end wins, nothing is sent again.
	if (txn->timeout_ms && txn->timeout_ms <= expiry->now_ms) {
		event = txn->timeout == TXN_TIMER_C_WAIT ? TXN_TIMER_C : TXN_TIMEOUT;
		txn->timeout_ms = 0;
	}
	actions = txn_step(expiry->table, txn, event, expiry->now_ms);
	if (actions)
		expiry->act(expiry->ctx, txn, event, actions);
	if (actions & TXN_DO_FREE)
		txn_free(expiry->table, txn);
}

uint32_t txn_expire(
	struct txn_table *table,
	uint64_t now_ms,
	uint32_t budget,
	void (*act)(void *ctx, struct txn *txn, enum txn_event event, unsigned actions),
	void *ctx
) {
	struct expiry expiry = {.table = table, .now_ms = now_ms, .act = act, .ctx = ctx};

	return timer_expire(&table->wheel, now_ms, budget, fire, &expiry);
}

enum txn_event txn_event_received(uint16_t status) {
	if (status == 100)
		return TXN_RX_100;
	if (status < 200)
		return TXN_RX_1XX;
	return status < 300 ? TXN_RX_2XX : TXN_RX_FINAL;
}

enum txn_event txn_event_given(uint16_t status) {
	if (status < 200)
		return TXN_TU_1XX;
	return status < 300 ? TXN_TU_2XX : TXN_TU_FINAL;
}

struct str txn_received_branch(const struct txn *txn) {
	const char *end = memchr(txn->text, '\0', txn->key_len);

	return str_of(txn->text, end ? (size_t)(end - txn->text) : 0);
}
