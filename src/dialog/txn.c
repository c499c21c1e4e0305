// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/txn.h"

#include <errno.h>

#include "base/hash.h"
#include "dialog/txn_blob.h"

// Timers of a transaction: one retransmission timer (A, E or G) and one that ends a state (B, C, D, F, H to M). The
// record has one node, armed for the earlier of the two; when it fires, both are looked at. Where no retransmission
// runs the node's own due time is all there is.
//
// Retransmissions are due at fixed distances from the first, whatever delay the loop had, so that 64*T1 after the
// start exactly as many were sent as the RFC says.

static uint32_t min_u32(uint32_t a, uint32_t b) {
	return a < b ? a : b;
}

// When a client that hears nothing has Timer E at T2.
static uint32_t until_t2(const struct config_timers *timers) {
	uint32_t interval = min_u32(timers->t1_ms, timers->t2_ms), sum = interval;

	while ((interval = min_u32(interval * 2, timers->t2_ms)) < timers->t2_ms)
		sum += interval;
	return sum;
}

struct expiry {
	struct txn_table *table;
	uint64_t now_ms;
	bool (*act)(void *ctx, struct txn *txn, enum txn_event event, unsigned actions);
	void *ctx;
};

// What the end of a transaction touches: the bucket it is found by, or the other side's record; its blob.
static void prepare(void *ctx, const void *record) {
	const struct txn_table *table = ((const struct expiry *)ctx)->table;
	const struct txn *txn = record;

	if (!txn_is_client(txn))
		table_prefetch(&table->servers, txn->key.hash);
	else if (!txn->is_forked && txn->peer.slot < table->pool.untouched)
		__builtin_prefetch(pool_at(&table->pool, txn->peer.slot), 1);
	if (txn->blob_units > 0)
		__builtin_prefetch(txn_blob_at(table, txn->blob), 1);
}

static void queues_init(struct txn_table *table) {
	const struct config_timers *t = table->timers;
	uint32_t values[32] = {
		t->b_ms, t->c_ms, t->d_ms, t->f_ms, t->h_ms, t->i_ms, t->j_ms, t->k_ms, t->l_ms, t->m_ms};
	uint32_t count = 0;

	for (uint32_t i = 0; i < ARRAY_LEN(values); i++)
		if (values[i] > 0)
			values[count++] = values[i];
	if (t->t2_ms > 0)
		values[count++] = t->t2_ms;
	if (table->trying_ms > 0)
		values[count++] = table->trying_ms;
	// Timer A: it doubles until B, F or H ends it, and before 2^31 ms in any case.
	for (uint64_t t1 = t->t1_ms; t1 > 0 && t1 <= 64 * (uint64_t)t->t1_ms && count < ARRAY_LEN(values); t1 *= 2)
		values[count++] = (uint32_t)t1;
	timer_queues_init(&table->queues, &table->pool, offsetof(struct txn, timer), values, count, 0);
	table->queues.prepare = prepare;
}

int txn_table_init(
	struct txn_table *table,
	uint32_t capacity,
	enum mem_huge huge,
	struct blob_arena *text,
	const struct config_timers *timers
) {
	int err;

	*table = (struct txn_table){.text = text, .text_base = blob_base(text), .timers = timers};
	if (blob_limit(text) > BLOB_LIMIT_NAMED)
		return -E2BIG;
	err = pool_init(&table->pool, sizeof(struct txn), capacity, huge);
	if (err)
		return err;
	err = table_init(&table->servers, capacity, huge);
	if (err) {
		pool_fini(&table->pool);
		return err;
	}
	err = mem_map(TXN_COMMON_MAX * sizeof(*table->common), MEM_HUGE_OFF, &table->common_mem);
	if (err) {
		txn_table_fini(table);
		return err;
	}
	table->common = table->common_mem.ptr;
	table->trying_ms = until_t2(timers);
	queues_init(table);
	return 0;
}

void txn_table_fini(struct txn_table *table) {
	table_fini(&table->servers);
	pool_fini(&table->pool);
	mem_unmap(&table->common_mem);
	table->common = NULL;
}

static bool set_remote(struct txn_table *table, struct txn *txn, const struct endpoint *remote) {
	void *blob;

	txn->remote_port = remote->port;
	if (remote->addr.family != IP_V6) {
		txn->remote = ip_to_v4(&remote->addr);
		return true;
	}
	blob = blob_take(table->text, sizeof(remote->addr.bytes));
	if (!blob)
		return false;
	memcpy(blob, remote->addr.bytes, sizeof(remote->addr.bytes));
	txn->remote = blob_name(table->text_base, blob);
	txn->is_v6 = true;
	return true;
}

struct endpoint txn_remote(const struct txn_table *table, const struct txn *txn) {
	struct endpoint remote;

	remote.port = txn->remote_port;
	if (!txn->is_v6) {
		ip_set_v4(&remote.addr, txn->remote);
		return remote;
	}
	remote.addr.family = IP_V6;
	memcpy(remote.addr.bytes, txn_blob_at(table, txn->remote), sizeof(remote.addr.bytes));
	return remote;
}

static struct txn *create(struct txn_table *table, const struct endpoint *remote, uint64_t now_ms) {
	struct txn *txn = pool_take(&table->pool);

	if (!txn)
		return NULL;
	if (!set_remote(table, txn, remote)) {
		pool_give(&table->pool, txn);
		return NULL;
	}
	txn->created_ms = (uint32_t)now_ms;
	txn->peer.slot = SLOT_NONE;
	return txn;
}

struct txn *txn_server_create(
	struct txn_table *table,
	const struct sip_msg *request,
	struct txn_key key,
	const struct endpoint *remote,
	uint64_t now_ms
) {
	struct txn *txn = create(table, remote, now_ms);

	if (!txn)
		return NULL;
	txn->method = (uint8_t)request->method;
	txn->has_to_tag = request->to.tag.len > 0;
	if (!table_insert(&table->servers, key.hash, pool_slot(&table->pool, txn))) {
		txn_free(table, txn); // of a kind that is in no table as yet
		return NULL;
	}
	txn->kind = request->method == SIP_INVITE ? TXN_INVITE_SERVER : TXN_SERVER;
	txn->key = key;
	txn_step(table, txn, TXN_START, now_ms);
	return txn;
}

struct txn *txn_client_create(
	struct txn_table *table,
	enum sip_method method,
	uint64_t call_hash,
	const struct endpoint *remote,
	uint64_t now_ms
) {
	struct txn *txn = create(table, remote, now_ms);

	if (!txn)
		return NULL;
	txn->kind = method == SIP_INVITE ? TXN_INVITE_CLIENT : TXN_CLIENT;
	txn->method = (uint8_t)method;
	txn->call_hash = call_hash;
	txn->dialog.slot = SLOT_NONE;
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
		.generation = client->generation,
	};

	mint_branch(out, id, table->seed, client->call_hash);
}

struct txn *txn_get(const struct txn_table *table, struct txn_ref ref) {
	return pool_get(&table->pool, ref.slot, ref.generation);
}

struct txn_ref txn_ref_of(const struct txn_table *table, const struct txn *txn) {
	return (struct txn_ref){.slot = pool_slot(&table->pool, txn), .generation = txn->generation};
}

// The next interval of Timer A, E or G (RFC 3261 17.1.1.2, 17.1.2.2, 17.2.1).
static uint32_t next_interval(const struct config_timers *timers, enum txn_timer timer, uint32_t last_ms) {
	if (timer == TXN_TIMER_E_T2)
		return timers->t2_ms;
	if (last_ms == 0)
		return timer == TXN_TIMER_A ? timers->t1_ms : min_u32(timers->t1_ms, timers->t2_ms);
	return timer == TXN_TIMER_A ? last_ms * 2 : min_u32(last_ms * 2, timers->t2_ms);
}

static uint32_t timeout_of(const struct txn_table *table, enum txn_timer timer) {
	const struct config_timers *timers = table->timers;
	const uint32_t values[TXN_TIMER_COUNT] = {
		[TXN_TIMER_100] = table->trying_ms,
		[TXN_TIMER_B] = timers->b_ms,
		[TXN_TIMER_B_OR_C] = min_u32(timers->b_ms, timers->c_ms),
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

static void
set_retransmit(struct txn_table *table, struct txn *txn, enum txn_timer timer, enum txn_event event, uint64_t now_ms) {
	struct txn_live *live = txn_live_of(table, txn);

	if (timer == TXN_TIMER_STOP) {
		if (live)
			live->interval_ms = 0;
		return;
	}
	// Without memory for it nothing is sent again; the other timer runs all the same.
	if (!live && !txn_store(table, txn, STR(""), STR("")))
		return;
	live = txn_live_of(table, txn);
	live->interval_ms = next_interval(table->timers, timer, live->interval_ms);
	live->retransmit_ms = live->interval_ms + (event == TXN_RETRANSMIT ? live->retransmit_ms : (uint32_t)now_ms);
}

static void arm(struct txn_table *table, struct txn *txn, uint32_t due_ms, uint64_t now_ms) {
	if (due_ms != txn->timer.due_ms || !timer_is_armed(&table->queues, txn))
		timer_arm(&table->queues, txn, now_ms, now_ms + (uint64_t)(int32_t)(due_ms - (uint32_t)now_ms));
}

// The earlier of the two timers of a live transaction.
static uint32_t live_due(const struct txn_live *live) {
	return live->interval_ms && timer_reached(live->retransmit_ms, live->timeout_ms) ? live->retransmit_ms
											 : live->timeout_ms;
}

static void set_timers(
	struct txn_table *table, struct txn *txn, const struct txn_step *step, enum txn_event event, uint64_t now_ms
) {
	uint32_t timeout_ms = (uint32_t)now_ms + timeout_of(table, step->timeout);
	struct txn_live *live;

	if (step->retransmit != TXN_TIMER_KEEP)
		set_retransmit(table, txn, step->retransmit, event, now_ms);
	live = txn_live_of(table, txn);
	if (live && step->timeout != TXN_TIMER_KEEP)
		live->timeout_ms = timeout_ms;
	if (live)
		arm(table, txn, live_due(live), now_ms);
	else if (step->timeout != TXN_TIMER_KEEP)
		arm(table, txn, timeout_ms, now_ms);
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
	if (step.retransmit != TXN_TIMER_KEEP || step.timeout != TXN_TIMER_KEEP || event == TXN_RETRANSMIT)
		set_timers(table, txn, &step, event, now_ms);
	if (step.actions & TXN_DO_DROP_MESSAGE)
		txn_forget(table, txn);
	return step.actions;
}

void txn_free(struct txn_table *table, struct txn *txn) {
	if (!txn_is_client(txn))
		table_remove(&table->servers, txn->key.hash, pool_slot(&table->pool, txn));
	timer_cancel(&table->queues, txn);
	count_state(table, txn->state, UINT32_MAX);
	txn_drop(table, txn);
	if (txn->is_v6)
		blob_give(table->text, txn_blob_at(table, txn->remote), sizeof(((struct ip_addr *)0)->bytes));
	pool_give(&table->pool, txn);
}

// What is due now; both: the end wins, nothing is sent again. TXN_EVENT_COUNT: nothing yet.
static enum txn_event due_event(const struct txn_table *table, const struct txn *txn, uint32_t now_ms) {
	const struct txn_live *live = txn_live_of(table, txn);

	if (live && !timer_reached(live->timeout_ms, now_ms))
		return live->interval_ms && timer_reached(live->retransmit_ms, now_ms) ? TXN_RETRANSMIT
										       : TXN_EVENT_COUNT;
	return txn->kind == TXN_INVITE_CLIENT && txn->state == TXN_PROCEEDING ? TXN_TIMER_C : TXN_TIMEOUT;
}

static void put_off(struct txn_table *table, struct txn *txn, enum txn_state state, uint64_t now_ms) {
	struct txn_live *live = txn_live_of(table, txn);
	uint32_t due_ms = (uint32_t)now_ms + TXN_AGAIN_MS;

	count_state(table, txn->state, UINT32_MAX);
	count_state(table, state, 1);
	txn->state = (uint8_t)state;
	if (live) {
		live->interval_ms = 0;
		live->timeout_ms = due_ms;
	}
	arm(table, txn, due_ms, now_ms);
}

static void fire(void *ctx, void *record) {
	struct expiry *expiry = ctx;
	struct txn *txn = record;
	enum txn_state before = txn->state;
	enum txn_event event = due_event(expiry->table, txn, (uint32_t)expiry->now_ms);
	unsigned actions;

	if (event == TXN_EVENT_COUNT) {
		arm(expiry->table, txn, live_due(txn_live_of(expiry->table, txn)), expiry->now_ms);
		return;
	}
	actions = txn_step(expiry->table, txn, event, expiry->now_ms);
	if (actions && !expiry->act(expiry->ctx, txn, event, actions))
		put_off(expiry->table, txn, before, expiry->now_ms);
	else if (actions & TXN_DO_FREE)
		txn_free(expiry->table, txn);
}

uint32_t txn_expire(
	struct txn_table *table,
	uint64_t now_ms,
	uint32_t budget,
	bool (*act)(void *ctx, struct txn *txn, enum txn_event event, unsigned actions),
	void *ctx
) {
	struct expiry expiry = {.table = table, .now_ms = now_ms, .act = act, .ctx = ctx};

	return timer_expire(&table->queues, now_ms, budget, fire, &expiry);
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
