// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What real calls say of a trunk or one of its addresses: how attempts end, counted in batches by workers, kept by the
// control core in sliding windows, and the figures made of them:
//
//   seizure  an INVITE that was sent there and whose set-up is over: there is no circuit to be seized, and one that
//            still rings would pull the ASR of a busy trunk down. What a limit refused was a bid and is no seizure.
//   ASR      answer seizure ratio (ITU-T E.411): answered / seizures
//   NER      network effectiveness ratio (ITU-T E.425): answered, user busy, ring no answer and rejected by the
//            terminal / seizures; what callers and called do is not the network's
//   ACD      mean conversation time of the answered calls that ended
//   PDD      post-dial delay: mean time from the INVITE to the first 18x, or to the answer where there was none
#pragma once

#include "base/base.h"

// How an attempt ended.
enum call_outcome {
	OUTCOME_ANSWERED,    // 2xx
	OUTCOME_BUSY,	     // user busy
	OUTCOME_NO_ANSWER,   // it rang, and nobody took it or the caller went away
	OUTCOME_REJECTED,    // by the called terminal or for want of it
	OUTCOME_ABANDONED,   // the caller went away before it rang
	OUTCOME_REFUSED,     // any other final response: of the request, not of the address
	OUTCOME_BROKEN,	     // a failure: 500, 502, 504 and the like
	OUTCOME_UNAVAILABLE, // a failure: 503
	OUTCOME_TIMEOUT,     // a failure: no response at all
	OUTCOME_UNREACHABLE, // a failure: ICMP
	OUTCOME_COUNT,
};

// What one worker saw since it last told. The attempts in it were all sent while its health_decision.round was `round`:
// what comes of older ones is told in a batch of theirs.
struct traffic_batch {
	uint16_t round;
	uint32_t outcomes[OUTCOME_COUNT];
	uint32_t passed;	// attempts that had a first 101 to 199 or, without one, a final that is no failure
	uint32_t heard;		// responses of any kind to any request
	uint32_t silent;	// requests without any response since the last of those
	uint32_t retry_after_s; // the longest of its 503s; 0 = none said
	uint32_t rang;		// calls whose PDD is known
	uint32_t ended;		// answered calls that are over
	uint64_t pdd_ms;	// of all that rang together
	uint64_t talk_ms;	// of all that ended together
};

// What is summed up.
struct traffic_counts {
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t rang, ended, pdd_ms, talk_ms;
};

struct traffic_figures {
	uint64_t seizures, answered, delivered, failed;
	uint32_t asr_permille, ner_permille; // 0 without seizures
	uint32_t pdd_ms, acd_ms;
};

#define TRAFFIC_BUCKETS 10

// The last `length_ms`, in steps of a tenth: the bucket that fills and the nine before it.
struct traffic_window {
	uint32_t bucket_ms;
	uint64_t newest; // time over bucket_ms of the bucket that fills
	struct traffic_counts buckets[TRAFFIC_BUCKETS];
};

// How an attempt with this final status ended; 0 = no response at all. `rang`: a 180 to 183 came before.
enum call_outcome outcome_of(uint16_t status, bool rang);

// One that speaks against the address.
bool outcome_is_failure(enum call_outcome outcome);

// As counters and operators call it.
const char *outcome_name(enum call_outcome outcome);

void traffic_add(struct traffic_counts *counts, const struct traffic_batch *batch);

// Empty. A length below TRAFFIC_BUCKETS ms is taken for that.
void traffic_window_init(struct traffic_window *window, uint32_t length_ms, uint64_t now_ms);

// `now_ms` never goes back.
void traffic_window_add(struct traffic_window *window, const struct traffic_batch *batch, uint64_t now_ms);

// What is in it now.
struct traffic_counts traffic_window_sum(struct traffic_window *window, uint64_t now_ms);

struct traffic_figures traffic_figures(const struct traffic_counts *counts);
