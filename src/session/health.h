// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The health of one address of a trunk, or of a trunk as a whole: OPTIONS, a circuit breaker on real calls and what the
// operator wants, together a decision for the workers and a reason for people. Pure: no clock, no memory, no sockets;
// times are milliseconds of any clock that never goes back. Owner: the control core. After each call into it the caller
// publishes health_decision_of() and sets its timer to health_due_ms().
#pragma once

#include "session/health_fsm.h"
#include "session/health_traffic.h"

#define HEALTH_NEVER UINT64_MAX
#define HEALTH_TEXT_MAX 256

// Status codes 100 to 699.
struct health_statuses {
	uint64_t bits[10];
};

struct health_config {
	uint32_t probe_interval_ms; // 0 = no OPTIONS
	uint32_t probe_timeout_ms;  // at most the interval
	uint16_t probe_failures;    // in a row until it is down
	uint16_t probe_successes;   // in a row until it is up again
	struct health_statuses alive;

	uint32_t resume_ms;	     // the first pause; 0 = no circuit breaker
	uint32_t resume_max_ms;	     // each pause after a failed trial is twice as long, up to this
	uint32_t calm_ms;	     // closed for so long, the next pause is the first one again
	uint32_t retry_after_min_ms; // bounds of a pause another side asks for
	uint32_t retry_after_max_ms;
	bool trips_on_503;
	bool trips_on_unreachable;
	uint16_t silent_in_a_row; // requests without any response; 0 = not looked at
	uint8_t failure_percent;  // at least so many of at least `failure_calls` failed; 0 = not looked at
	uint32_t failure_calls;
	uint32_t failure_window_ms;
	uint8_t asr_percent; // less than so many of at least `asr_seizures` were answered; 0 = not looked at
	uint32_t asr_seizures;
	uint32_t asr_window_ms;

	// A trial goes well with any response that is no failure: one call tells nothing of an ASR.
	uint8_t trial_budget;	// calls let through at a time, over all workers; at least 1
	uint16_t trials_wanted; // that go well until it closes; at least 1
	uint32_t trial_ms;	// no news of trials for so long: a new budget; at least 1

	uint32_t figures_window_ms; // of health_figures()
};

// Why it is as it is.
enum health_reason {
	HEALTH_WELL,
	HEALTH_SET_DOWN,
	HEALTH_DRAINING,
	HEALTH_DRAINED,
	HEALTH_NO_ADDRESS, // a trunk's: none of its addresses is usable
	HEALTH_PROBE_SILENT,
	HEALTH_PROBE_STATUS,
	HEALTH_SILENT,
	HEALTH_UNREACHABLE,
	HEALTH_UNAVAILABLE,
	HEALTH_RATIO,
	HEALTH_LOW_ASR,
	HEALTH_TRIAL_FAILED,
	HEALTH_REASON_COUNT,
};

// What goes out to workers, as one word.
struct health_decision {
	uint8_t state;	// enum health_state
	uint8_t budget; // HEALTH_TRIAL: calls all workers together may send
	uint16_t round; // another one: the budget is new, what is left of the last one is void
};
static_assert(sizeof(struct health_decision) == sizeof(uint32_t), "one store publishes it");

struct health;

// The state or its reason changed; `from` is the state before.
typedef void health_changed_fn(void *context, const struct health *health, enum health_state from);

struct health_probe {
	uint8_t state; // enum probe_state
	bool is_asked; // OPTIONS are under way
	bool is_alive; // what the last ones said
	uint16_t in_a_row;
	uint16_t status;  // of the last failure; 0 = no response
	uint64_t next_ms; // when the next ones go out
	uint64_t due_ms;  // that, or the end of the time for an answer
};

struct health_breaker {
	uint8_t state;	   // enum breaker_state
	uint8_t reason;	   // enum health_reason it tripped for
	uint8_t doublings; // of the pause
	bool was_open;	   // since when it began or was reset
	uint16_t round;
	uint32_t silent;	// requests in a row
	uint32_t passed;	// trials since it is half-open
	uint32_t passed_now;	// of this budget
	uint32_t retry_after_s; // asked for by the 503 it tripped for
	uint64_t part, whole;	// figures it tripped for
	uint64_t due_ms;
	uint64_t closed_ms;
};

struct health {
	const struct health_config *config; // the caller's
	const char *name;		    // for sentences: "198.51.100.10:5060", or the trunk's name; the caller's
	uint64_t hash;			    // of the name and whatever else tells it from others
	health_changed_fn *changed;	    // may be NULL
	void *context;

	struct health_probe probe;
	struct health_breaker breaker;
	uint8_t admin; // enum admin_state
	bool has_members;
	uint32_t members_usable;

	uint8_t state;	// enum health_state
	uint8_t reason; // enum health_reason
	uint64_t since_ms;

	struct traffic_window failure_window, asr_window; // of the breaker: what this round sent
	struct traffic_window recent;			  // of all calls
	struct traffic_counts total;			  // likewise, since it began
};

// Every final response but 408, 502, 503 and 504.
struct health_statuses health_alive_default(void);

// Puts a status in or takes it out; one that is none is left alone, and is never in.
void health_statuses_set(struct health_statuses *statuses, uint16_t status, bool is_in);
bool health_statuses_have(const struct health_statuses *statuses, uint16_t status);

// Sets *health, whose config, name, hash, changed and context the caller has filled in, to its beginning: up, closed
// and usable. The first OPTIONS are due within one interval, by the hash: those of many addresses are spread evenly.
void health_begin(struct health *health, uint64_t now_ms);

// Another configuration: what it leaves alone goes on.
void health_configure(struct health *health, const struct health_config *config, uint64_t now_ms);

// When health_tick() has something to do; HEALTH_NEVER = nothing by itself.
uint64_t health_due_ms(const struct health *health);

// Does what is due. True when OPTIONS are to be sent now.
bool health_tick(struct health *health, uint64_t now_ms);

// OPTIONS were answered with this final status, or could not be sent (0). Without OPTIONS under way it is ignored: too
// late.
void health_probe_answered(struct health *health, uint16_t status, uint64_t now_ms);

// What a worker saw. Batches may be of any size and come in any order; an empty one does nothing.
void health_traffic(struct health *health, const struct traffic_batch *batch, uint64_t now_ms);

// ADMIN_EMPTY: when the last call in progress ended, and also once after ADMIN_SET_DRAIN if there is none.
void health_admin(struct health *health, enum admin_event event, uint64_t now_ms);

// The operator closes the breaker by hand.
void health_reset(struct health *health, uint64_t now_ms);

// Of a trunk: so many of its addresses are not HEALTH_UNUSABLE.
void health_set_members(struct health *health, uint32_t usable, uint64_t now_ms);

// What workers are to know of it now.
struct health_decision health_decision_of(const struct health *health);

// One worker's part of the budget. The parts make up the whole, and who has one more changes with the round.
unsigned health_budget_share(struct health_decision decision, unsigned worker, unsigned worker_count);

// ASR, NER, ACD and PDD of the last figures_window_ms, whatever the breaker makes of them.
struct traffic_figures health_figures(struct health *health, uint64_t now_ms);

// Writes the reason as a sentence with its NUL, cut to `size`, and returns its length.
size_t health_describe(const struct health *health, uint64_t now_ms, char *out, size_t size);

// As counters and the control socket call it.
const char *health_reason_name(enum health_reason reason);

// --- inside of health*.c ---

// Begins or ends asking, as the configuration and the operator want it.
void health_probe_begin(struct health *health, uint64_t now_ms);

// True when OPTIONS are to be sent now.
bool health_probe_tick(struct health *health, uint64_t now_ms);

// Forgets what was counted and begins a round.
void health_breaker_clear(struct health *health, uint64_t now_ms);

// `retry_after_s`: of BREAKER_UNAVAILABLE.
void health_breaker_fire(struct health *health, enum breaker_event event, uint32_t retry_after_s, uint64_t now_ms);

// How long it pauses for what it tripped for.
uint64_t health_breaker_pause_ms(const struct health *health);

// Puts the three together again and reports what changed.
void health_settle(struct health *health, uint64_t now_ms);
