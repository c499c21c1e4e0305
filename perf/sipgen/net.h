// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The ports: Ethernet, ARP, IPv4 and UDP of both sides on one or two DPDK devices. It answers ARP for its own
// addresses, asks for the target's, and answers requests to the MAC they came from. Owned by the core that spins.
#pragma once

#include <rte_mbuf.h>

#include "engine.h"

#define NET_BURST 32
#define NET_TX_MAX 1024 // messages that wait for a full device
#define NET_PEERS_MAX 32
#define NET_HEADERS 42 // Ethernet, IPv4, UDP

// Whom a message goes to, with the headers ready but for lengths and checksums.
struct net_peer {
	struct sender as_sender;
	uint32_t ip; // as frames have it
	uint16_t port;
	uint8_t mac[6];
	uint8_t headers[NET_HEADERS];
	uint64_t ip_sum, udp_sum; // of what does not change
};

struct net_port {
	uint16_t dev;
	uint8_t mac[6];
	uint32_t tx_count;
	struct rte_mbuf *tx[NET_TX_MAX];
	uint64_t frames_in, frames_out, dropped, other_frames, full_turns;
};

struct net_side {
	struct net_port *port;
	struct endpoint local; // the first of `ports` ports
	uint32_t ip;	       // as frames have it
	uint32_t ports;
	struct rte_mbuf *building;
	uint32_t peer_count;
	struct net_peer peers[NET_PEERS_MAX];
};

// What becomes of a datagram that came for one side.
typedef void net_datagram(void *ctx, unsigned side, struct str text, const struct sender *sender);

struct net {
	struct engine *e;
	net_datagram *datagram; // the engine's, unless somebody else is put here
	void *datagram_ctx;
	struct rte_mempool *pool;
	uint32_t spare_count;
	struct rte_mbuf *spare[NET_BURST]; // for messages to come
	uint32_t port_count;
	struct net_port ports[SIDES];
	struct net_side side[SIDES];
};

// Opens the devices (EAL runs) and waits for their links. Returns 0 or -errno with the reason on stderr.
int net_open(struct net *net, const struct options *o, struct engine *e);
void net_close(struct net *net);

// Finds the MAC of the target (or gateway). Returns 0, or -ETIMEDOUT with the reason on stderr.
int net_resolve(struct net *net, const struct options *o);

// Receives what is there and gives it to the engine; true when there was something.
bool net_poll(struct net *net);

// Hands what waits to the devices.
void net_flush(struct net *net);

// True while a device has been full for so long that new calls had better wait.
bool net_is_full(const struct net *net);

// The outlet of the engine.
struct outlet net_outlet(struct net *net);

// --- for net.c and blast.c: here, in port.c and arp.c ---

// Where a port is: its device, the network namespace of that (or NULL), and the address the MAC may be made of.
struct port_place {
	const char *device, *netns;
	struct ip_addr ip;
};

int port_open(struct net_port *port, const struct port_place *place, struct rte_mempool *pool);
// Waits for its link. Returns 0, or -ENETDOWN with the reason on stderr.
int port_wait(const struct net_port *port);
void port_close(struct net_port *port);

// An ARP frame came: answers it where it asks for an address of ours, learns the target's where it tells. Consumes it.
void arp_handle(struct net *net, struct net_port *port, struct rte_mbuf *m, const struct ip_addr *wanted);

// Asks for an address by one side's port; for its own, so that others learn of us (RFC 5227 section 3).
void arp_ask(struct net *net, unsigned side, const struct ip_addr *wanted);

// Puts the headers of a datagram of `len` bytes in front of it, from that source port; `sum` is checksum_add of its
// bytes.
void net_headers_write(uint8_t *frame, const struct net_peer *peer, uint16_t port, uint32_t len, uint64_t sum);

// The same peer for datagrams from an address so many behind that of our side.
void net_peer_shift(struct net_peer *peer, uint32_t hosts);

// Puts a whole frame in line; consumes it.
void net_frame_send(struct net_port *port, struct rte_mbuf *m);
