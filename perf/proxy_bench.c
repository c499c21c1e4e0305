// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The whole message path of one worker without a network: calls in groups, each group's messages put into the rings of
// the test rig and taken by one turn, which alone is timed. Making and reading the messages is not.
//   proxy_bench [--quick] [--state dialog|transaction|stateless] [--group N] [--calls N] [--rate N] [--held N]
// --rate: calls a second of the worker's clock, which with the linger of 32 s decides how many transactions are held.
// --held: so many calls are set up first and stay; each new one then ends an old one, picked at random, so that what a
// BYE touches is as cold as in life.
#include <getopt.h>

#include "bench.h"
#include "unit/random.h"
#include "unit/session/call.h"

enum step { INVITE_IN, TRYING_IN, RINGING_IN, OK_IN, ACK_IN, BYE_IN, BYE_OK_IN, STEPS };

static const char *const step_name[STEPS] = {"INVITE", "100", "180", "200", "ACK", "BYE", "200 (BYE)"};

#define GROUP_MAX 32
#define TEXT_MAX 2048

// What the BYE of a call needs.
struct held {
	uint32_t call;
	char id[MINT_LEN]; // in our Record-Route
};

struct call {
	struct held now;
	char forwarded[TEXT_MAX]; // the INVITE as the callee got it
};

struct options {
	enum proxy_state state;
	uint32_t group, calls, rate, held;
};

struct run {
	struct rig *rig;
	struct options options;
	struct call calls[GROUP_MAX];
	struct held *held;
	struct random random;
	uint64_t cycles[STEPS];
	double *group_cycles; // all steps of each group
	uint32_t groups;
	bool filling; // what is held
};

static void turn(struct run *run, enum step step) {
	uint64_t before = bench_tsc();

	worker_turn(run->rig->w, &session_stages);
	if (run->filling)
		return;
	run->cycles[step] += bench_tsc() - before;
	run->group_cycles[run->groups] += (double)(bench_tsc() - before);
}

static void put(struct run *run, enum side from, const char *text) {
	rig_put(run->rig, from, text, (uint32_t)strlen(text));
}

static void invite(struct run *run, uint32_t call) {
	static const char sdp[] = "v=0\r\no=- 3904871402 3904871402 IN IP4 192.0.2.11\r\ns=-\r\nc=IN IP4 192.0.2.11\r\n"
				  "t=0 0\r\nm=audio 24680 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
				  "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
				  "a=ptime:20\r\na=sendrecv\r\n";
	char text[TEXT_MAX];

	snprintf(
		text,
		sizeof(text),
		"INVITE sip:+4930901820@192.0.2.1:5060;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---%08xb7a35;rport\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"+358401234567\" <sip:+358401234567@192.0.2.10;user=phone>;tag=5d%08x\r\n"
		"To: <sip:+4930901820@192.0.2.1;user=phone>\r\n"
		"Call-ID: %08x-41c2-4e0b-9a57-2f6f2e7f10cd@192.0.2.10\r\n"
		"CSeq: 102 INVITE\r\n"
		"Contact: <sip:+358401234567@192.0.2.10:5060;transport=udp>\r\n"
		"Supported: timer,100rel\r\n"
		"Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,UPDATE,PRACK,INFO\r\n"
		"Session-Expires: 1800\r\n"
		"P-Asserted-Identity: <sip:+358401234567@192.0.2.10>\r\n"
		"User-Agent: SBC/9.3\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		call,
		call,
		call,
		sizeof(sdp) - 1,
		sdp
	);
	put(run, CALLER, text);
}

static void in_dialog(struct run *run, const struct held *held, const char *method, uint32_t cseq) {
	bool has_id = run->options.state == PROXY_DIALOG;
	char text[TEXT_MAX];

	snprintf(
		text,
		sizeof(text),
		"%s sip:bob@198.51.100.10 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-%s-1---%08xb7a35;rport\r\n"
		"Route: <sip:192.0.2.1:5060;lr;d=%.*s;r2=on>\r\n"
		"Route: <sip:198.51.100.1:5060;lr;d=%.*s;r2=on>\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"+358401234567\" <sip:+358401234567@192.0.2.10;user=phone>;tag=5d%08x\r\n"
		"To: <sip:+4930901820@192.0.2.1;user=phone>;tag=as7f3e20b1\r\n"
		"Call-ID: %08x-41c2-4e0b-9a57-2f6f2e7f10cd@192.0.2.10\r\n"
		"CSeq: %u %s\r\n"
		"User-Agent: SBC/9.3\r\n"
		"Content-Length: 0\r\n\r\n",
		method,
		method,
		held->call,
		has_id ? MINT_LEN : 1,
		held->id,
		has_id ? MINT_LEN : 1,
		held->id,
		held->call,
		held->call,
		cseq,
		method
	);
	put(run, CALLER, text);
}

static void respond(struct run *run, const char *request, int status) {
	char text[TEXT_MAX];

	if (!call_response_into(text, sizeof(text), request, status, "as7f3e20b1"))
		exit(1);
	put(run, CALLEE, text);
}

static const char *expect(struct run *run, enum side side, const char *start) {
	const char *text = rig_next(run->rig, side);

	if (text && strncmp(text, start, strlen(start)) == 0)
		return text;
	fprintf(stderr, "expected \"%s\", got \"%.60s\"\n", start, text ? text : "nothing");
	exit(1);
}

static void invites(struct run *run, uint32_t first) {
	for (uint32_t i = 0; i < run->options.group; i++)
		invite(run, first + i);
	turn(run, INVITE_IN);
	for (uint32_t i = 0; i < run->options.group; i++) {
		if (run->options.state != PROXY_STATELESS)
			expect(run, CALLER, "SIP/2.0 100 ");
		snprintf(run->calls[i].forwarded, TEXT_MAX, "%s", expect(run, CALLEE, "INVITE "));
	}
}

static void responses(struct run *run, enum step step, int status, const char *start) {
	for (uint32_t i = 0; i < run->options.group; i++)
		respond(run, run->calls[i].forwarded, status);
	turn(run, step);
	for (uint32_t i = 0; start && i < run->options.group; i++) {
		const char *text = expect(run, CALLER, start);

		if (step == OK_IN && run->options.state == PROXY_DIALOG)
			memcpy(run->calls[i].now.id, strstr(text, ";d=") + 3, MINT_LEN);
	}
}

static void requests(struct run *run, enum step step, const char *method, uint32_t cseq) {
	for (uint32_t i = 0; i < run->options.group; i++)
		in_dialog(run, &run->calls[i].now, method, cseq);
	turn(run, step);
	for (uint32_t i = 0; i < run->options.group; i++)
		snprintf(run->calls[i].forwarded, TEXT_MAX, "%s", expect(run, CALLEE, method));
}

static void set_up(struct run *run, uint32_t first) {
	for (uint32_t i = 0; i < run->options.group; i++)
		run->calls[i].now = (struct held){.call = first + i, .id = "0"};
	invites(run, first);
	responses(run, TRYING_IN, 100, run->options.state == PROXY_STATELESS ? "SIP/2.0 100 " : NULL);
	responses(run, RINGING_IN, 180, "SIP/2.0 180 ");
	responses(run, OK_IN, 200, "SIP/2.0 200 ");
	requests(run, ACK_IN, "ACK", 102);
}

static void end(struct run *run) {
	requests(run, BYE_IN, "BYE", 103);
	responses(run, BYE_OK_IN, 200, "SIP/2.0 200 ");
}

// Each call of the group for a held one.
static void exchange(struct run *run) {
	for (uint32_t i = 0; run->options.held > 0 && i < run->options.group; i++) {
		struct held *held = &run->held[random_below(&run->random, run->options.held)], now = run->calls[i].now;

		// The same one twice in a group would end twice.
		for (uint32_t j = 0; j < i; j++)
			if (run->calls[j].now.call == held->call)
				held = &run->calls[i].now;
		run->calls[i].now = *held;
		*held = now;
	}
}

static void clock_set(struct run *run, uint32_t calls) {
	run->rig->w->now_ms = (uint64_t)calls * 1000 / run->options.rate;
}

static void fill(struct run *run) {
	run->filling = true;
	for (uint32_t done = 0; done < run->options.held; done += run->options.group) {
		set_up(run, done);
		for (uint32_t i = 0; i < run->options.group && done + i < run->options.held; i++)
			run->held[done + i] = run->calls[i].now;
		clock_set(run, done);
	}
	run->filling = false;
}

static void measure(struct run *run) {
	for (uint32_t done = 0; done < run->options.calls; done += run->options.group) {
		set_up(run, run->options.held + GROUP_MAX + done);
		exchange(run);
		end(run);
		run->groups++;
		clock_set(run, run->options.held + done);
	}
}

static uint32_t number_of(const char *text) {
	uint64_t number;

	if (!str_to_u64(str_from_c(text), UINT32_MAX, &number)) {
		fprintf(stderr, "\"%s\": not a number\n", text);
		exit(2);
	}
	return (uint32_t)number;
}

static struct options options_of(int argc, char **argv) {
	static const struct option names[] = {
		{"quick", no_argument, NULL, 'q'},
		{"state", required_argument, NULL, 's'},
		{"group", required_argument, NULL, 'g'},
		{"calls", required_argument, NULL, 'c'},
		{"rate", required_argument, NULL, 'r'},
		{"held", required_argument, NULL, 'h'},
		{0},
	};
	struct options options = {.state = PROXY_DIALOG, .group = GROUP_MAX, .calls = 200000, .rate = 2000};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (c == 'q')
			options.calls = 2000;
		else if (c == 's')
			options.state = *optarg == 'd'	 ? PROXY_DIALOG
					: *optarg == 't' ? PROXY_TRANSACTION
							 : PROXY_STATELESS;
		else if (c == 'g')
			options.group = number_of(optarg);
		else if (c == 'c')
			options.calls = number_of(optarg);
		else if (c == 'r')
			options.rate = number_of(optarg);
		else if (c == 'h')
			options.held = number_of(optarg);
		else
			exit(2);
	}
	if (options.group < 1 || options.group > GROUP_MAX || options.rate < 1)
		exit(2);
	return options;
}

// Groups the machine was taken away in are the dearest: the cheapest nine tenths are what the code costs.
static double typical(struct run *run) {
	uint32_t count = run->groups * 9 / 10;
	double sum = 0;

	qsort(run->group_cycles, run->groups, sizeof(double), bench_compare);
	for (uint32_t i = 0; i < count; i++)
		sum += run->group_cycles[i];
	return sum / count / run->options.group;
}

static void report(struct run *run, double tsc_mhz) {
	double call = typical(run);

	printf("%-12s %12s\n", "message in", "cycles, mean");
	for (int i = 0; i < STEPS; i++)
		printf("%-12s %12.0f\n", step_name[i], (double)run->cycles[i] / (run->groups * run->options.group));
	printf("a call, cheapest 90%%: %.0f cycles, %.0f a message, %.0f ns a message, %.0f calls/s\n",
	       call,
	       call / STEPS,
	       call / STEPS / tsc_mhz * 1000,
	       tsc_mhz * 1e6 / call);
}

int main(int argc, char **argv) {
	static struct run run;
	uint64_t started_ns, started_tsc, transactions;
	void *state;

	run.options = options_of(argc, argv);
	transactions = (uint64_t)run.options.rate * 33 * 4 + (uint64_t)run.options.held * 4 + 8192;
	run.group_cycles = calloc(run.options.calls / run.options.group + 1, sizeof(double));
	run.held = calloc(run.options.held + 1, sizeof(*run.held));
	run.random.state = 1;
	if (!run.group_cycles || !run.held || rig_eal(NULL) != 0 ||
	    rig_set_up_sized(&state, run.options.state, (uint32_t)transactions, transactions * 512) != 0)
		return 1;
	run.rig = state;
	fill(&run);
	started_ns = bench_ns();
	started_tsc = bench_tsc();
	measure(&run);
	printf("%u calls in groups of %u on top of %u; %u transactions held\n",
	       run.options.calls,
	       run.options.group,
	       run.options.held,
	       run.rig->s->txns.pool.used);
	report(&run, (double)(bench_tsc() - started_tsc) * 1000 / (double)(bench_ns() - started_ns));
	return 0;
}
