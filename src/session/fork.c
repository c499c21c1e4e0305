// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/fork.h"

#include "base/hash.h"
#include "session/forward.h"

#define BREADTH_MAX 60 // RFC 5393 section 5.3.3; what a request without has, too
#define TRY_MAX_MS 600000
#define AGAIN_MS 500 // a final response that could not be sent
#define AGAIN_MAX 60

int fork_table_init(struct fork_table *table, uint32_t capacity, enum mem_huge huge) {
	const uint32_t longest_ms = TRY_MAX_MS;
	int err = pool_init(&table->pool, sizeof(struct fork), capacity, huge);

	if (!err)
		timer_queues_init(&table->queues, &table->pool, offsetof(struct fork, timer), &longest_ms, 1, 0);
	return err;
}

void fork_table_fini(struct fork_table *table) {
	pool_fini(&table->pool);
}

struct fork *fork_of(const struct session *s, const struct txn *txn) {
	return txn->is_forked ? pool_get(&s->forks.pool, txn->peer.slot, txn->peer.generation) : NULL;
}

static struct txn_ref ref_of(const struct session *s, const struct fork *fork) {
	return (struct txn_ref){.slot = pool_slot(&s->forks.pool, fork), .generation = fork->head.generation};
}

// --- loops ---

uint64_t fork_loop(const struct session *s, int32_t rule, uint8_t listener) {
	const struct sip_msg *msg = s->msg;
	uint64_t hash = hash_mix(s->call_hash, hash_str(s->seed, msg->request_uri));

	hash = hash_mix(hash, hash_mix(hash_str(s->seed, msg->from.tag), hash_str(s->seed, msg->to.tag)));
	return hash_mix(hash, (uint64_t)msg->cseq << 32 | (uint32_t)rule << 8 | listener);
}

bool fork_is_loop(const struct session *s, uint64_t loop) {
	struct sip_walk walk = {.id = HDR_VIA};
	struct str entry;

	while (sip_walk_next(s->msg, &walk, &entry) > 0) {
		const struct txn *client;
		const struct fork *fork;
		struct sip_via via;

		if (!sip_via_parse(entry, &via))
			continue;
		client = txn_client_named(&s->txns, via.branch);
		fork = client ? fork_of(s, client) : NULL;
		if (fork && fork->loop == loop)
			return true;
	}
	return false;
}

// --- texts ---

struct str fork_text_take(struct session *s, struct str text) {
	char *copy = text.len > 0 ? blob_take(s->text, text.len) : NULL;

	if (!copy)
		return (struct str){0};
	memcpy(copy, text.ptr, text.len);
	return str_of(copy, text.len);
}

static void text_give(struct session *s, struct str *text) {
	if (text->len > 0)
		blob_give(s->text, (void *)(uintptr_t)text->ptr, text->len);
	*text = (struct str){0};
}

static void texts_give(struct session *s, struct fork *fork) {
	text_give(s, &fork->request);
	for (unsigned i = 0; i < fork->count; i++) {
		struct fork_branch *branch = &fork->branch[i];

		text_give(s, &branch->final);
		if (branch->owns_uri)
			text_give(s, &branch->uri);
		branch->owns_uri = false;
		branch->uri = (struct str){0};
	}
}

static void release(struct session *s, struct fork *fork) {
	struct dialog *dialog = dialog_get(&s->dialogs, fork->dialog);

	// Early dialogs of branches that were not the one.
	if (fork->makes_dialog && dialog)
		dialog_invite_over(&s->dialogs, dialog);
	texts_give(s, fork);
	timer_cancel(&s->forks.queues, fork);
	pool_give(&s->forks.pool, fork);
}

static void call_failed(struct session *s, const struct fork *fork) {
	struct dialog *dialog = dialog_get(&s->dialogs, fork->dialog);

	if (!fork->makes_dialog)
		return;
	count_one(&s->w->count, COUNT_CALLS_FAILED);
	if (!dialog)
		return;
	count_one(&s->w->count, COUNT_DLG_FAILED);
	dialog_invite_over(&s->dialogs, dialog);
}

// When it is due again.
static void arm_for(struct session *s, struct fork *fork, uint32_t ms) {
	timer_cancel(&s->forks.queues, fork);
	fork->try_until_ms = s->w->now_ms + ms;
	timer_arm(&s->forks.queues, fork, s->w->now_ms, fork->try_until_ms);
}

static void answer(struct session *s, struct fork *fork) {
	struct txn *server = txn_get(&s->txns, fork->server);

	fork->is_stopped = true;
	if (server && !fork_give_best(s, fork, server)) {
		if (fork->unsent++ < AGAIN_MAX) {
			arm_for(s, fork, AGAIN_MS);
			return;
		}
		fork_give_nothing(s, server);
	}
	fork->is_final = true;
	timer_cancel(&s->forks.queues, fork);
	call_failed(s, fork);
	texts_give(s, fork);
	if (fork->live == 0)
		release(s, fork);
}

// --- branches ---

static struct fork_branch *branch_of(const struct session *s, struct fork *fork, const struct txn *client) {
	struct txn_ref ref = txn_ref_of(&s->txns, client);

	for (unsigned i = 0; i < fork->count; i++)
		if (fork->branch[i].client.slot == ref.slot && fork->branch[i].client.generation == ref.generation)
			return &fork->branch[i];
	return NULL;
}

void fork_gone(struct session *s, struct fork *fork) {
	fork->live--;
	if (fork->live > 0)
		return;
	if (fork->is_final)
		release(s, fork);
	else
		answer(s, fork); // whatever was pending said nothing
}

static unsigned count_in(const struct fork *fork, enum branch_state state) {
	unsigned count = 0;

	for (unsigned i = 0; i < fork->count; i++)
		count += fork->branch[i].state == state;
	return count;
}

// False when the request could not be sent there.
static bool branch_start(struct session *s, struct fork *fork, struct fork_branch *branch) {
	struct dialog *dialog = dialog_get(&s->dialogs, fork->dialog);
	struct forward f = {
		.m = fork_request_again(s, fork),
		.dialog = dialog,
		.makes_dialog = fork->makes_dialog,
		.target =
			{
				.to = branch->to,
				.own_routes = fork->own_routes,
				.only_own_routes = fork->only_own_routes,
				.rule = fork->rule,
				.by_caller = true,
				.is_forked = true,
				.uri = branch->uri,
				.breadth = branch->breadth,
			},
	};
	struct txn *client = NULL;

	if (f.m && route_way_out(s, packet_of(f.m), fork->preferred, &f.target) == COUNT_COUNT)
		client = txn_client_create(&s->txns, fork->method, fork->call_hash, &branch->to, s->w->now_ms);
	if (!client) {
		rte_pktmbuf_free(f.m);
		return false;
	}
	client->is_forked = true;
	client->peer = ref_of(s, fork);
	branch->client = txn_ref_of(&s->txns, client);
	if (!forward_branch(s, &f, client)) {
		txn_free(&s->txns, client);
		rte_pktmbuf_free(f.m);
		return false;
	}
	fork->live++;
	count_one(&s->w->count, COUNT_FORK_BRANCHES);
	return true;
}

// The lowest rank among those that wait.
static bool next_rank(const struct fork *fork, uint32_t *ret_rank, unsigned *ret_count) {
	*ret_count = 0;
	for (unsigned i = 0; i < fork->count; i++) {
		const struct fork_branch *branch = &fork->branch[i];

		if (branch->state != BRANCH_WAITING || (*ret_count > 0 && branch->rank > *ret_rank))
			continue;
		*ret_count = *ret_count > 0 && branch->rank == *ret_rank ? *ret_count + 1 : 1;
		*ret_rank = branch->rank;
	}
	return *ret_count > 0;
}

static uint32_t breadth_of(struct session *s, const struct fork *fork) {
	uint64_t breadth = BREADTH_MAX;
	struct str value;

	if (!local_parse(s, fork->request))
		return BREADTH_MAX;
	value = sip_header_first(&s->stored, HDR_MAX_BREADTH);
	if (value.ptr && !str_to_u64(value, UINT16_MAX, &breadth))
		return BREADTH_MAX;
	return breadth < BREADTH_MAX ? (uint32_t)breadth : BREADTH_MAX;
}

// What no branch has.
static uint32_t breadth_left(struct session *s, const struct fork *fork) {
	uint32_t left = breadth_of(s, fork);

	for (unsigned i = 0; i < fork->count; i++)
		left -= fork->branch[i].breadth < left ? fork->branch[i].breadth : left;
	return left;
}

// What is kept for calls in progress is not for further branches of one that only begins.
static bool has_room(struct session *s) {
	enum count reason;

	if (!request_is_nearly_full(s, &reason))
		return true;
	count_one(&s->w->count, reason);
	return false;
}

// Asks all targets of that rank at once, as far as Max-Breadth goes, which branches that go on at one time share (RFC
// 5393 section 5.3.3): where a rank may be followed before it is over, with all that may follow.
static unsigned start_rank(struct session *s, struct fork *fork, uint32_t rank, unsigned count) {
	uint32_t left = breadth_left(s, fork);
	unsigned started = 0;

	if (s->w->cfg->routes[fork->rule].try_ms > 0)
		count = count_in(fork, BRANCH_WAITING);
	for (unsigned i = 0; i < fork->count; i++) {
		struct fork_branch *branch = &fork->branch[i];

		if (branch->state != BRANCH_WAITING || branch->rank != rank)
			continue;
		branch->breadth = (uint16_t)(left >= count ? left / count : left > 0);
		branch->state = BRANCH_PENDING;
		if (branch->breadth > 0 && has_room(s) && branch_start(s, fork, branch)) {
			started++;
			left -= branch->breadth;
		} else {
			branch->state = BRANCH_OVER;
			branch->status = branch->breadth > 0 ? 503 : 440;
			branch->breadth = 0;
		}
		count--;
	}
	return started;
}

static void arm(struct session *s, struct fork *fork) {
	uint32_t try_ms = s->w->cfg->routes[fork->rule].try_ms;

	if (try_ms > 0 && count_in(fork, BRANCH_WAITING) > 0)
		arm_for(s, fork, try_ms);
	else
		timer_cancel(&s->forks.queues, fork);
}

// Asks those whose turn it is. False when there are none left.
static bool ask_next(struct session *s, struct fork *fork) {
	uint32_t rank = 0;
	unsigned count;

	while (!fork->is_stopped && next_rank(fork, &rank, &count)) {
		if (start_rank(s, fork, rank, count) == 0)
			continue;
		arm(s, fork);
		return true;
	}
	return false;
}

// Of those that are not late.
static unsigned count_awaited(const struct fork *fork) {
	unsigned count = 0;

	for (unsigned i = 0; i < fork->count; i++)
		count += fork->branch[i].state == BRANCH_PENDING && !fork->branch[i].is_late;
	return count;
}

// The context may be gone afterwards.
static void go_on(struct session *s, struct fork *fork) {
	if (fork->is_final || count_awaited(fork) > 0)
		return;
	if (!ask_next(s, fork) && count_in(fork, BRANCH_PENDING) == 0)
		answer(s, fork);
}

static void stop(struct session *s, struct fork *fork) {
	fork->is_stopped = true;
	timer_cancel(&s->forks.queues, fork);
	for (unsigned i = 0; i < fork->count; i++) {
		struct txn *client = NULL;

		if (fork->branch[i].state == BRANCH_PENDING)
			client = txn_get(&s->txns, fork->branch[i].client);
		if (client)
			cancel_client(s, client);
	}
}

void fork_cancel(struct session *s, struct fork *fork) {
	if (!fork->is_stopped)
		stop(s, fork);
}

void fork_answered(struct session *s, struct fork *fork, const struct txn *client) {
	struct fork_branch *branch = branch_of(s, fork, client);

	if (branch)
		branch->state = BRANCH_OVER;
	if (fork->is_final)
		return;
	fork->is_final = true;
	stop(s, fork);
	texts_give(s, fork);
}

void fork_failed(struct session *s, struct fork *fork, const struct txn *client, uint16_t status, struct str text) {
	struct fork_branch *branch = branch_of(s, fork, client);

	if (!branch)
		return;
	branch->breadth = 0;
	if (branch->state != BRANCH_PENDING)
		return;
	branch->state = BRANCH_OVER;
	if (fork->is_final)
		return;
	if (status == 487 && branch->is_late && !fork->is_stopped) { // the caller cancelled nothing
		status = 408;
		text = STR("");
	}
	if (status / 100 != 3 || !fork_recurse(s, fork, branch->rank, text)) {
		branch->status = status;
		branch->final = fork_text_take(s, text);
	} else if (!timer_is_armed(&s->forks.queues, fork)) {
		arm(s, fork);
	}
	if (status >= 600 && !fork->is_stopped)
		stop(s, fork);
	go_on(s, fork);
}

// --- time ---

// The time of one rank is over. Who rings is cancelled and still heard; who said nothing does not hold the answer up,
// and is cancelled should it speak.
static void try_over(void *ctx, void *record) {
	struct session *s = ctx;
	struct fork *fork = record;

	if (s->w->now_ms < fork->try_until_ms) {
		timer_arm(&s->forks.queues, fork, s->w->now_ms, fork->try_until_ms);
		return;
	}
	if (fork->unsent > 0) {
		answer(s, fork);
		return;
	}
	for (unsigned i = 0; i < fork->count; i++) {
		struct fork_branch *branch = &fork->branch[i];
		struct txn *client = branch->state == BRANCH_PENDING ? txn_get(&s->txns, branch->client) : NULL;

		if (!client)
			continue;
		cancel_client(s, client);
		branch->is_late = true;
		if (client->state == TXN_CALLING || client->state == TXN_TRYING) {
			branch->state = BRANCH_OVER;
			branch->status = 408;
		}
	}
	go_on(s, fork);
}

uint32_t fork_expire(struct session *s, uint32_t budget) {
	return s->forks.queues.armed > 0 ? timer_expire(&s->forks.queues, s->w->now_ms, budget, try_over, s) : 0;
}

// --- the request ---

struct fork *fork_create(struct session *s, struct forward *f, struct txn *server) {
	const struct config_route *route = &s->w->cfg->routes[f->target.rule];
	const struct packet *from = packet_of(f->m);
	struct fork *fork = pool_take(&s->forks.pool);

	if (!fork)
		return NULL;
	fork->request = fork_text_take(s, str_of(rte_pktmbuf_mtod(f->m, char *), rte_pktmbuf_data_len(f->m)));
	if (fork->request.len == 0) {
		pool_give(&s->forks.pool, fork);
		return NULL;
	}
	fork->method = (uint8_t)s->msg->method;
	fork->listener = from->listener;
	fork->port = from->port;
	fork->preferred = f->target.preferred;
	fork->from = from->src;
	fork->reply_to = f->reply_to;
	fork->own_routes = f->target.own_routes;
	fork->only_own_routes = f->target.only_own_routes;
	fork->makes_dialog = f->makes_dialog;
	fork->rule = f->target.rule;
	fork->call_hash = s->call_hash;
	fork->loop = fork_loop(s, fork->rule, fork->listener);
	fork->server = txn_ref_of(&s->txns, server);
	fork->dialog = f->dialog ? dialog_ref_of(&s->dialogs, f->dialog) : (struct dialog_ref){.slot = SLOT_NONE};
	fork->count = (uint8_t)route->target_count;
	for (unsigned i = 0; i < fork->count; i++)
		fork->branch[i] = (struct fork_branch){
			.to = route->targets[i].to,
			.rank = route->targets[i].priority << FORK_RANK_SHIFT,
			.uri = route->targets[i].uri,
			.client = {.slot = SLOT_NONE},
		};
	server->is_forked = true;
	server->peer = ref_of(s, fork);
	count_one(&s->w->count, COUNT_FORK_STARTED);
	return fork;
}

void fork_begin(struct session *s, struct fork *fork) {
	if (!ask_next(s, fork))
		answer(s, fork);
}
