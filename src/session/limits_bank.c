// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/limits_bank.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "session/limits_state.h"

static size_t order_size(uint32_t trunks) {
	return sizeof(struct limits_order) + trunks * sizeof(struct limits_grant);
}

static size_t report_size(uint32_t trunks) {
	return sizeof(struct limits_report) + trunks * sizeof(struct limits_line);
}

int limits_bank_create(uint32_t workers, uint32_t trunks, enum mem_huge huge, struct limits_bank **ret_bank) {
	size_t shared = order_size(trunks) + report_size(trunks);
	struct limits_bank *bank;
	char *at;
	int error;

	if (workers - 1 >= WORKERS_MAX || trunks - 1 >= LIMITS_TRUNKS_MAX)
		return -EINVAL;
	bank = calloc(1, sizeof(*bank));
	if (!bank)
		return -ENOMEM;
	error = mem_map(workers * shared + trunks * sizeof(struct limits_trunk), huge, &bank->mem);
	if (error) {
		free(bank);
		return error;
	}
	bank->workers = workers;
	bank->trunks = trunks;
	bank->words = LIMITS_WORDS_OF(trunks);
	at = bank->mem.ptr;
	for (uint32_t w = 0; w < workers; w++, at += shared) {
		bank->order[w] = (void *)at;
		bank->worker[w] = (struct limits_worker){
			.order = bank->order[w],
			.report = (void *)(at + order_size(trunks)),
			.trunks = trunks,
		};
	}
	bank->trunk = (void *)at;
	*ret_bank = bank;
	return 0;
}

void limits_bank_destroy(struct limits_bank *bank) {
	if (!bank)
		return;
	mem_unmap(&bank->mem);
	free(bank);
}

struct limits_worker *limits_bank_worker(struct limits_bank *bank, uint32_t id) {
	return &bank->worker[id];
}

static void hear_worker(struct limits_bank *bank, uint32_t w) {
	const struct limits_report *report = bank->worker[w].report;
	uint64_t round = LIMITS_SEE(report->round);
	// What a worker touched before its answer is complete, and it now writes the other set.
	const uint64_t *touched = report->touched[(round & 1) ^ 1];
	bool is_new = round == bank->order[w]->round;

	bank->answered[w] = round;
	for (uint32_t word = 0; word < bank->words; word++) {
		bank->visit[word] |= LIMITS_LOAD(report->missed[0][word]) | LIMITS_LOAD(report->missed[1][word]);
		if (is_new)
			bank->visit[word] |= LIMITS_LOAD(touched[word]);
	}
}

static void hear(struct limits_bank *bank) {
	for (uint32_t w = 0; w < bank->workers; w++)
		hear_worker(bank, w);
}

// A worker that has not answered gets what is new with the round after.
static void speak(struct limits_bank *bank) {
	for (uint32_t w = 0; w < bank->workers; w++) {
		struct limits_order *order = bank->order[w];
		uint64_t round = order->round;

		if (bank->answered[w] != round)
			continue;
		memset(order->changed[round & 1], 0, bank->words * sizeof(uint64_t));
		LIMITS_TELL(order->round, round + 1);
	}
}

static void visit_marked(struct limits_bank *bank, uint64_t now_ms) {
	for (uint32_t word = 0; word < bank->words; word++) {
		uint64_t left = bank->visit[word] | bank->busy[word];

		bank->visit[word] = bank->busy[word] = 0;
		for (; left; left &= left - 1) {
			struct limits_trunk *t = &bank->trunk[word * 64 + (uint32_t)__builtin_ctzll(left)];

			if (t->is_there)
				limits_visit(bank, t, now_ms);
		}
	}
}

void limits_bank_turn(struct limits_bank *bank, uint64_t now_ms) {
	hear(bank);
	// Buckets fill and seconds end where nobody calls as well.
	for (uint32_t slot = bank->turn % SWEEP; slot < bank->trunks; slot += SWEEP)
		limits_mark(bank->visit, slot);
	visit_marked(bank, now_ms);
	speak(bank);
	bank->turn++;
}

static bool is_valid(struct str name, const struct limits_config *config) {
	for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++)
		if (config->most[limit] > LIMITS_MOST && config->most[limit] != LIMITS_NONE)
			return false;
	return name.len > 0 && name.len <= LIMITS_NAME_MAX && config->rate[LIMITS_IN] <= LIMITS_MOST &&
	       config->rate[LIMITS_OUT] <= LIMITS_MOST && config->emergency_percent <= LIMITS_PERCENT_MAX;
}

// That of its name, else a free one, else NULL.
static struct limits_trunk *trunk_of(struct limits_bank *bank, struct str name, uint64_t hash) {
	struct limits_trunk *unused = NULL;

	for (uint32_t slot = 0; slot < bank->trunks; slot++) {
		struct limits_trunk *t = &bank->trunk[slot];

		if (!t->is_there)
			unused = unused ? unused : t;
		else if (t->hash == hash && str_eq(str_of(t->name, t->name_len), name))
			return t;
	}
	return unused;
}

static void trunk_begin(struct limits_bank *bank, struct limits_trunk *t, struct str name, uint64_t now_ms) {
	t->is_there = true;
	if (t->leases == 0)
		t->leases = LIMIT_COUNT;
	t->name_len = name.len;
	memcpy(t->name, name.ptr, name.len);
	t->hash = hash_str(0, name);
	memset(t->peak, 0, sizeof(t->peak));
	memset(t->attempts, 0, sizeof(t->attempts));
	memset(t->second_base, 0, sizeof(t->second_base));
	memset(t->a_second, 0, sizeof(t->a_second));
	t->second = now_ms / THOUSAND;
	limits_note_refused(bank, t);
	memset(t->refused, 0, sizeof(t->refused));
}

int limits_bank_set(struct limits_bank *bank, struct str name, const struct limits_config *config, uint64_t now_ms) {
	struct limits_trunk *t;
	bool is_new;

	if (!is_valid(name, config))
		return -EINVAL;
	t = trunk_of(bank, name, hash_str(0, name));
	if (!t)
		return -ENOSPC;
	is_new = !t->is_there;
	if (is_new)
		trunk_begin(bank, t, name, now_ms);
	limits_limit(bank, t, config, is_new, now_ms);
	t->is_leaving = false;
	return (int)(t - bank->trunk);
}

static struct limits_trunk *there(struct limits_bank *bank, uint32_t slot) {
	return slot < bank->trunks && bank->trunk[slot].is_there ? &bank->trunk[slot] : NULL;
}

void limits_bank_remove(struct limits_bank *bank, uint32_t slot, uint64_t now_ms) {
	static const struct limits_config nothing = {0};
	struct limits_trunk *t = there(bank, slot);

	if (!t)
		return;
	limits_limit(bank, t, &nothing, false, now_ms);
	t->is_leaving = true;
}

bool limits_bank_show(struct limits_bank *bank, uint32_t slot, uint64_t now_ms, struct limits_view *ret_view) {
	struct limits_trunk *t = there(bank, slot);

	if (!t)
		return false;
	limits_note_refused(bank, t);
	limits_note_second(bank, t, now_ms);
	*ret_view = (struct limits_view){.config = t->config, .is_leaving = t->is_leaving};
	for (uint32_t limit = 0; limit < LIMITS_CALLS; limit++) {
		ret_view->calls[limit] = limits_calls(bank, t, limit);
		ret_view->peak[limit] = t->peak[limit];
	}
	for (uint32_t d = 0; d < LIMITS_DIRECTION_COUNT; d++) {
		ret_view->attempts[d] = t->attempts[d];
		ret_view->attempts_a_second[d] = t->a_second[d];
	}
	for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++)
		ret_view->refused[limit] = t->refused[limit];
	return true;
}
