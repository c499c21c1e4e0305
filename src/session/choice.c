// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "session/choice.h"

#include <math.h>
#include <string.h>

#include "session/health_fsm.h"

#define WEIGHT_NONE 0x1p-16   // beside which a weight of 1 takes all but one in 65,536
#define LOAD_NO_WEIGHT 0x1p40 // behind all calls over weight there can be

static const char *const method_names[CHOICE_METHOD_COUNT] = {
	[CHOICE_PRIORITY] = "priority",
	[CHOICE_WEIGHTED] = "weighted",
	[CHOICE_ROUND_ROBIN] = "round_robin",
	[CHOICE_LEAST_CALLS] = "least_calls",
	[CHOICE_HASH_CALL_ID] = "hash_call_id",
	[CHOICE_HASH_CALLER] = "hash_caller",
};

// A member that may be asked.
struct candidate {
	const struct choice_member *member;
	double score; // lower ones first
};

// The order of one set for one request.
struct order {
	unsigned count;
	struct candidate candidates[CHOICE_MEMBERS_MAX];
};

struct making {
	const struct choice_view *view;
	const struct choice_request *request;
	struct choice_list *list;
	struct choice_list late; // trials that stand behind what is usable
	bool has_trial;
};

// splitmix64's last step: each bit of the result hangs on each of x.
static uint64_t scatter(uint64_t x) {
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

// An exponential race: with u spread evenly over (0, 1], the one with the least -ln(u)/weight wins with the odds of its
// weight, the next is the winner among the rest, and so on. So a sort does what drawing one after the other would. With
// u from chance that is RFC 2782's order; with u from the hash and the member's key alone it is rendezvous hashing: who
// leaves moves no one else.
static double race(uint64_t bits, uint16_t weight) {
	double u = (double)((bits >> 11) + 1) * 0x1p-53;

	return -log(u) / (weight > 0 ? weight : WEIGHT_NONE);
}

static double load(uint32_t calls, uint16_t weight) {
	return weight > 0 ? (double)calls / weight : LOAD_NO_WEIGHT + calls;
}

static double
score(enum choice_method method,
      const struct choice_member *member,
      const struct choice_live *live,
      const struct choice_request *request) {
	switch (method) {
	case CHOICE_WEIGHTED:
		return race(scatter(request->random ^ scatter(member->key)), member->weight);
	case CHOICE_HASH_CALL_ID:
	case CHOICE_HASH_CALLER:
		return race(scatter(request->hash ^ scatter(member->key)), member->weight);
	case CHOICE_LEAST_CALLS:
		return load(live->calls, member->weight);
	case CHOICE_PRIORITY:
	case CHOICE_ROUND_ROBIN:
	case CHOICE_METHOD_COUNT:
		break;
	}
	return 0;
}

static bool may_be_asked(const struct choice_live *live) {
	return live->state == HEALTH_USABLE || (live->state == HEALTH_TRIAL && live->budget > 0);
}

static void merge(const struct candidate *from, struct candidate *to, unsigned middle, unsigned end) {
	unsigned left = 0, right = middle;

	for (unsigned i = 0; i < end; i++) {
		bool takes_right = left == middle || (right < end && from[right].score < from[left].score);

		to[i] = from[takes_right ? right++ : left++];
	}
}

static unsigned min_of(unsigned a, unsigned b) {
	return a < b ? a : b;
}

// Merge sort: keeps the order of equal ones. (qsort() takes memory from the heap.)
static void sort(struct candidate *candidates, unsigned count) {
	struct candidate other[CHOICE_MEMBERS_MAX], *from = candidates, *to = other;

	for (unsigned width = 1; width < count; width *= 2) {
		struct candidate *swap = from;

		for (unsigned start = 0; start < count; start += 2 * width)
			merge(from + start, to + start, min_of(width, count - start), min_of(2 * width, count - start));
		from = to;
		to = swap;
	}
	if (from != candidates)
		memcpy(candidates, from, count * sizeof(*candidates));
}

static void rotate(struct candidate *candidates, unsigned count, unsigned by) {
	struct candidate other[CHOICE_MEMBERS_MAX];

	memcpy(other, candidates, count * sizeof(*candidates));
	for (unsigned i = 0; i < count; i++)
		candidates[i] = other[(i + by) % count];
}

// Those of one priority.
static void
arrange(struct candidate *candidates,
	unsigned count,
	enum choice_method method,
	const struct choice_live *live,
	const struct choice_request *request) {
	bool takes_turns = method == CHOICE_ROUND_ROBIN || method == CHOICE_LEAST_CALLS;

	if (count < 2 || method == CHOICE_PRIORITY)
		return;
	if (takes_turns)
		rotate(candidates, count, request->turn % count);
	for (unsigned i = 0; i < count; i++) {
		const struct choice_member *member = candidates[i].member;

		candidates[i].score = score(method, member, &live[member->index], request);
	}
	sort(candidates, count);
}

// Members that may be asked, by priority and method.
static void order_set(
	const struct choice_set *set,
	const struct choice_live *live,
	const struct choice_request *request,
	struct order *ret_order
) {
	unsigned first = 0; // of the priority at hand
	unsigned count = 0;

	for (unsigned i = 0; i < set->count && i < CHOICE_MEMBERS_MAX; i++) {
		const struct choice_member *member = &set->members[i];

		if (!may_be_asked(&live[member->index]))
			continue;
		if (count > first && ret_order->candidates[first].member->priority != member->priority) {
			arrange(&ret_order->candidates[first], count - first, set->method, live, request);
			first = count;
		}
		ret_order->candidates[count++].member = member;
	}
	arrange(&ret_order->candidates[first], count - first, set->method, live, request);
	ret_order->count = count;
}

static void list_add(struct choice_list *list, struct choice_entry entry) {
	if (list->count < CHOICE_MAX)
		list->entries[list->count++] = entry;
}

static void entry_add(struct making *making, struct choice_entry entry) {
	if (entry.is_trial && making->has_trial) {
		list_add(&making->late, entry);
		return;
	}
	making->has_trial |= entry.is_trial;
	list_add(making->list, entry);
}

static unsigned tries_of(const struct choice_set *set) {
	return set->tries > 0 ? set->tries : CHOICE_MEMBERS_MAX;
}

// The addresses of one trunk; false when it has none. Turns are its own: with those of the group a trunk whose turn
// is every second one would ask every second address only.
static bool trunk_add(struct making *making, const struct choice_set *addresses, const struct choice_member *trunk) {
	const struct choice_live *live = &making->view->trunks[trunk->index];
	const struct choice_request request = {
		.random = making->request->random,
		.hash = making->request->hash,
		.turn = live->turn,
	};
	struct order order;

	order_set(addresses, making->view->addresses, &request, &order);
	for (unsigned i = 0; i < order.count && i < tries_of(addresses); i++) {
		uint16_t index = order.candidates[i].member->index;

		entry_add(
			making,
			(struct choice_entry){
				.trunk = trunk->index,
				.address = index,
				.is_trial = live->state == HEALTH_TRIAL ||
					    making->view->addresses[index].state == HEALTH_TRIAL,
			}
		);
	}
	return order.count > 0;
}

void choice_make(
	const struct choice_set *group,
	const struct choice_set *trunks,
	const struct choice_view *view,
	const struct choice_request *request,
	struct choice_list *ret_list
) {
	struct making making = {.view = view, .request = request, .list = ret_list};
	struct order order;
	unsigned tried = 0;

	ret_list->count = 0;
	order_set(group, view->trunks, request, &order);
	for (unsigned i = 0; i < order.count && tried < tries_of(group) && ret_list->count < CHOICE_MAX; i++) {
		const struct choice_member *trunk = order.candidates[i].member;

		tried += trunk_add(&making, &trunks[trunk->index], trunk);
	}
	for (unsigned i = 0; i < making.late.count; i++)
		list_add(ret_list, making.late.entries[i]);
}

const char *choice_method_name(enum choice_method method) {
	return method_names[method];
}
