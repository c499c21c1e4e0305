// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A group of trunks with addresses, for the tests of choice.
#pragma once

#include "base/base.h"
#include "session/choice.h"
#include "session/health_fsm.h"
#include "unit/random.h"
#include "unit/test.h"

#define TRUNKS CHOICE_MEMBERS_MAX
#define ADDRESSES_EACH 16

// A group of trunks with addresses, all usable until a test says otherwise. Address a of trunk t is t * 16 + a.
struct world {
	struct choice_member members[TRUNKS];
	struct choice_member addresses[TRUNKS][ADDRESSES_EACH];
	struct choice_set group;
	struct choice_set trunks[TRUNKS];
	struct choice_live trunk_live[TRUNKS];
	struct choice_live address_live[TRUNKS * ADDRESSES_EACH];
	struct choice_view view;
	struct choice_request request;
	struct random random;
};

static inline uint64_t key_of(unsigned index) {
	struct random random = {.state = index + 1};

	random_next(&random);
	return random_next(&random);
}

static inline void trunk_begin(struct world *w, unsigned t, unsigned addresses) {
	w->members[t] = (struct choice_member){.index = (uint16_t)t, .weight = 1, .key = key_of(t)};
	for (unsigned a = 0; a < addresses; a++)
		w->addresses[t][a] = (struct choice_member){
			.index = (uint16_t)(t * ADDRESSES_EACH + a),
			.weight = 1,
			.key = key_of(1000 + t * ADDRESSES_EACH + a),
		};
	w->trunks[t] = (struct choice_set){
		.method = CHOICE_PRIORITY,
		.count = (uint16_t)addresses,
		.members = w->addresses[t],
	};
}

static inline void begin(struct world *w, enum choice_method method, unsigned trunks, unsigned addresses) {
	*w = (struct world){.random = {.state = 0x7a9d}};
	for (unsigned t = 0; t < trunks; t++)
		trunk_begin(w, t, addresses);
	w->group = (struct choice_set){.method = (uint8_t)method, .count = (uint16_t)trunks, .members = w->members};
	w->view = (struct choice_view){.trunks = w->trunk_live, .addresses = w->address_live};
}

static inline struct choice_list ask(struct world *w) {
	struct choice_list list;

	w->request.random = random_next(&w->random);
	memset(&list, 0xee, sizeof(list));
	choice_make(&w->group, w->trunks, &w->view, &w->request, &list);
	w->request.turn++;
	return list;
}

static inline void assert_trunks(const struct choice_list *list, const int *trunks, unsigned count) {
	assert_int_equal(list->count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(list->entries[i].trunk, trunks[i]);
}

static inline void assert_addresses(const struct choice_list *list, const int *addresses, unsigned count) {
	assert_int_equal(list->count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(list->entries[i].address, addresses[i]);
}

#define TRUNKS_ARE(list, ...) assert_trunks(list, (const int[]){__VA_ARGS__}, ARRAY_LEN(((const int[]){__VA_ARGS__})))
#define ADDRESSES_ARE(list, ...)                                                                                       \
	assert_addresses(list, (const int[]){__VA_ARGS__}, ARRAY_LEN(((const int[]){__VA_ARGS__})))
