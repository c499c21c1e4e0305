// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/learn.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define GROUPS_V4 (RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE)
#define GROUPS_V6 (RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE)
#define GROUPS (RTMGRP_LINK | RTMGRP_NEIGH | GROUPS_V4 | GROUPS_V6)
#define USABLE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)
#define MONITOR_BUFFER 32768
#define MONITOR_BURST 64
#define DUMP_TRIES 3

static uint64_t now_ms(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// The index in config.interfaces, or NEIGH_ELSEWHERE.
static uint8_t interface_of(const struct learn *learn, int ifindex) {
	for (uint32_t i = 0; i < learn->cfg->interface_count; i++) {
		if (learn->ifindex[i] == ifindex)
			return (uint8_t)i;
	}
	return NEIGH_ELSEWHERE;
}

// False with errno set when memory is short.
static bool append(struct learn_array *array, const void *item, size_t size) {
	size_t wanted = array->room ? array->room * 2 : 64 * size;

	if ((array->count + 1) * size > array->room) {
		void *larger = realloc(array->items, wanted);

		if (!larger)
			return false;
		array->items = larger;
		array->room = wanted;
	}
	memcpy((char *)array->items + array->count * size, item, size);
	array->count++;
	return true;
}

// The first next hop of several.
static void multipath_read(const struct nlattr *multipath, uint8_t family, struct neigh_route *route, int *ifindex) {
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	const struct nlattr *attr;
	size_t len = mnl_attr_get_payload_len(multipath);

	if (len < sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > len)
		return;
	*ifindex = hop->rtnh_ifindex;
	mnl_attr_for_each_payload((const void *)(hop + 1), hop->rtnh_len - sizeof(*hop)) {
		if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			(void)netlink_get_ip(attr, family, &route->via);
	}
}

// Fills in the route and the interface it leaves by. False when the kernel's answer makes no sense.
static bool route_read(const struct nlmsghdr *message, struct neigh_route *route, int *ifindex) {
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	bool good = true;

	route->to.addr.family = header->rtm_family == AF_INET ? IP_V4 : IP_V6;
	route->to.len = header->rtm_dst_len;
	mnl_attr_for_each(attr, message, sizeof(*header)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			good &= netlink_get_ip(attr, header->rtm_family, &route->to.addr);
			break;
		case RTA_GATEWAY:
			good &= netlink_get_ip(attr, header->rtm_family, &route->via);
			break;
		case RTA_OIF:
			*ifindex = (int)mnl_attr_get_u32(attr);
			break;
		case RTA_PRIORITY:
			route->metric = mnl_attr_get_u32(attr);
			break;
		case RTA_MULTIPATH:
			multipath_read(attr, header->rtm_family, route, ifindex);
			break;
		case RTA_VIA: // an IPv4 route by an IPv6 neighbour
			*ifindex = 0;
			break;
		}
	}
	return good && route->to.len <= ip_size(route->to.addr.family) * 8;
}

static bool route_matters(const struct rtmsg *header) {
	if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6)
		return false;
	if (header->rtm_table != RT_TABLE_MAIN && header->rtm_table != RT_TABLE_LOCAL)
		return false;
	return !(header->rtm_flags & (RTM_F_CLONED | RTNH_F_DEAD)) && header->rtm_type != RTN_THROW;
}

// Routes that are not unicast are kept: our own addresses, broadcasts and rejects hide shorter prefixes. The local
// table is asked first, so its routes win.
static int route_each(const struct nlmsghdr *message, void *ctx) {
	struct learn *learn = ctx;
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct neigh_route route = {.interface = NEIGH_ELSEWHERE};
	int ifindex = 0;

	if (message->nlmsg_type != RTM_NEWROUTE || !route_matters(header) || !route_read(message, &route, &ifindex))
		return MNL_CB_OK;
	if (header->rtm_table == RT_TABLE_LOCAL)
		route.metric = 0;
	else if (route.metric < UINT32_MAX)
		route.metric++;
	if (header->rtm_type == RTN_UNICAST)
		route.interface = interface_of(learn, ifindex);
	return append(&learn->fresh, &route, sizeof(route)) ? MNL_CB_OK : MNL_CB_ERROR;
}

static int neighbour_each(const struct nlmsghdr *message, void *ctx) {
	struct learn *learn = ctx;
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	struct neigh_entry entry = {.interface = interface_of(learn, header->ndm_ifindex)};
	const struct nlattr *attr;
	bool has_mac = false;

	if (message->nlmsg_type != RTM_NEWNEIGH || entry.interface == NEIGH_ELSEWHERE || !(header->ndm_state & USABLE))
		return MNL_CB_OK;
	if (header->ndm_family != AF_INET && header->ndm_family != AF_INET6)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, message, sizeof(*header)) {
		if (mnl_attr_get_type(attr) == NDA_DST)
			(void)netlink_get_ip(attr, header->ndm_family, &entry.addr);
		if (mnl_attr_get_type(attr) != NDA_LLADDR || mnl_attr_get_payload_len(attr) != sizeof(entry.mac))
			continue;
		memcpy(entry.mac, mnl_attr_get_payload(attr), sizeof(entry.mac));
		has_mac = true;
	}
	if (!has_mac || entry.addr.family == IP_NONE)
		return MNL_CB_OK;
	entry.stale = (header->ndm_state & NUD_STALE) != 0;
	return append(&learn->fresh, &entry, sizeof(entry)) ? MNL_CB_OK : MNL_CB_ERROR;
}

static void fail(struct learn *learn, const char *what, int rc) {
	if (learn->failures++ == 0)
		log_warning("cannot %s the kernel's routes and neighbours: %s; trying on", what, strerror(-rc));
}

// A table that changes while it is read is read again; one that never holds still, or cannot be read, is tried later,
// and *kept stays as it is until then.
static bool dump(struct learn *learn, uint16_t type, mnl_cb_t each, struct learn_array *kept) {
	struct learn_array before = *kept;
	int rc = -EINTR;

	for (uint32_t try = 0; rc == -EINTR && try < DUMP_TRIES; try++) {
		learn->fresh.count = 0;
		rc = netlink_dump(learn->requests, type, AF_INET, each, learn);
		if (rc == 0)
			rc = netlink_dump(learn->requests, type, AF_INET6, each, learn);
	}
	if (rc != 0 && rc != -EINTR)
		fail(learn, "read", rc);
	if (rc != 0)
		return false;
	*kept = learn->fresh;
	learn->fresh = before;
	return true;
}

static void free_retired(struct learn *learn) {
	uint32_t kept = 0;

	for (uint32_t i = 0; i < learn->retired_count; i++) {
		if (neigh_is_quiet(learn->board, learn->retired[i].token))
			neigh_snapshot_free(learn->retired[i].snapshot);
		else
			learn->retired[kept++] = learn->retired[i];
	}
	learn->retired_count = kept;
}

static bool publish(struct learn *learn) {
	struct neigh_snapshot *snapshot, *before;
	uint64_t token;

	if (++learn->version == 0)
		learn->version = 1;
	snapshot = neigh_snapshot_create(
		learn->version, learn->routes.items, learn->routes.count, learn->entries.items, learn->entries.count
	);
	if (!snapshot) {
		fail(learn, "publish", -ENOMEM);
		return false;
	}
	before = neigh_publish(learn->board, snapshot, &token);
	learn->retired[learn->retired_count].snapshot = before;
	learn->retired[learn->retired_count].token = token;
	learn->retired_count++;
	return true;
}

// What fails stays dirty, so that the timer tries again.
static void rebuild(struct learn *learn) {
	bool new_routes, new_neighbours;

	free_retired(learn);
	if (learn->retired_count == LEARN_RETIRED)
		return;
	new_routes = learn->routes_dirty && dump(learn, RTM_GETROUTE, route_each, &learn->routes);
	new_neighbours = learn->neighbours_dirty && dump(learn, RTM_GETNEIGH, neighbour_each, &learn->entries);
	learn->rebuilt_ms = now_ms();
	if ((!new_routes && !new_neighbours) || !publish(learn))
		return;
	learn->routes_dirty &= !new_routes;
	learn->neighbours_dirty &= !new_neighbours;
	if (!learn->routes_dirty && !learn->neighbours_dirty)
		learn->failures = 0;
}

// Rebuilds at once, or when the pause after the last time is over.
static void update(struct learn *learn) {
	uint64_t since = now_ms() - learn->rebuilt_ms;
	struct itimerspec timer = {.it_value.tv_nsec = LEARN_PAUSE_MS * 1000000};

	if (!learn->routes_dirty && !learn->neighbours_dirty)
		return;
	if (since >= LEARN_PAUSE_MS)
		rebuild(learn);
	if (learn->routes_dirty || learn->neighbours_dirty)
		(void)timerfd_settime(learn->timer_fd, 0, &timer, NULL);
}

void learn_resolve(struct learn *learn, uint8_t interface, const struct ip_addr *addr) {
	char buf[NETLINK_MESSAGE];
	struct nlmsghdr *request = netlink_begin(buf, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *neighbour = mnl_nlmsg_put_extra_header(request, sizeof(*neighbour));
	int rc;

	if (interface >= learn->cfg->interface_count)
		return;
	neighbour->ndm_family = netlink_family(addr);
	neighbour->ndm_ifindex = learn->ifindex[interface];
	neighbour->ndm_state = NUD_NONE;
	neighbour->ndm_flags = NTF_USE;
	netlink_put_ip(request, NDA_DST, addr);
	rc = netlink_request(learn->requests, request);
	if (rc < 0)
		log_debug("the kernel does not look for a neighbour: %s", strerror(-rc));
}

static void ask_kept(struct learn *learn) {
	const struct neigh_snapshot *snapshot = atomic_load_explicit(&learn->board->current, memory_order_relaxed);
	struct neigh_hop hops[KEEP_BURST];
	uint32_t count = keep_due(&learn->keep, snapshot, now_ms(), hops);

	for (uint32_t i = 0; i < count; i++)
		learn_resolve(learn, hops[i].interface, &hops[i].next);
}

int learn_start(
	struct learn *learn,
	const struct config *cfg,
	const int *ifindex,
	struct neigh_board *board,
	struct netlink *requests
) {
	int rc;

	learn->cfg = cfg;
	learn->ifindex = ifindex;
	learn->board = board;
	learn->requests = requests;
	learn->version = 1; // the board's empty snapshot
	learn->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (learn->timer_fd < 0)
		return -errno;
	rc = netlink_open(&learn->monitor, GROUPS);
	if (rc < 0) {
		log_error("cannot listen to the kernel's routes and neighbours (netlink): %s", strerror(-rc));
		return rc;
	}
	rc = keep_init(&learn->keep, cfg);
	if (rc < 0) {
		log_error("no memory for the next hops of %u rules", cfg->route_count);
		return rc;
	}
	learn->routes_dirty = learn->neighbours_dirty = true;
	update(learn);
	ask_kept(learn);
	return 0;
}

void learn_stop(struct learn *learn) {
	if (!learn->board)
		return;
	if (learn->timer_fd >= 0)
		close(learn->timer_fd);
	netlink_close(&learn->monitor);
	for (uint32_t i = 0; i < learn->retired_count; i++)
		neigh_snapshot_free(learn->retired[i].snapshot);
	free(learn->routes.items);
	free(learn->entries.items);
	free(learn->fresh.items);
	keep_fini(&learn->keep);
	learn->board = NULL;
}

static int monitor_each(const struct nlmsghdr *message, void *ctx) {
	struct learn *learn = ctx;
	const struct ndmsg *neighbour = mnl_nlmsg_get_payload(message);
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(message);

	switch (message->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		learn->neighbours_dirty |= interface_of(learn, neighbour->ndm_ifindex) != NEIGH_ELSEWHERE;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		learn->routes_dirty = true;
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (interface_of(learn, link->ifi_index) != NEIGH_ELSEWHERE)
			learn->routes_dirty = learn->neighbours_dirty = true;
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		learn->routes_dirty |= interface_of(learn, (int)address->ifa_index) != NEIGH_ELSEWHERE;
		break;
	}
	return MNL_CB_OK;
}

void learn_monitor_ready(struct learn *learn) {
	char buf[MONITOR_BUFFER];

	for (uint32_t i = 0; i < MONITOR_BURST; i++) {
		ssize_t len = mnl_socket_recvfrom(learn->monitor.socket, buf, sizeof(buf));

		if (len < 0 && errno == ENOBUFS) // some were lost
			learn->routes_dirty = learn->neighbours_dirty = true;
		else if (len < 0)
			break;
		else
			(void)mnl_cb_run(buf, (size_t)len, 0, 0, monitor_each, learn);
	}
	update(learn);
}

void learn_timer_ready(struct learn *learn) {
	uint64_t expirations;

	if (read(learn->timer_fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		update(learn);
}

// A neighbour the kernel has not heard of for a while is asked again while workers send to it, so that a new MAC, or
// its absence, is noticed.
static void refresh_stale(struct learn *learn) {
	struct neigh_snapshot *snapshot = atomic_load_explicit(&learn->board->current, memory_order_relaxed);
	uint32_t asked = 0;

	for (uint32_t i = 0; i < snapshot->entry_count && asked < LEARN_REFRESH; i++) {
		struct neigh_entry *entry = &snapshot->entries[i];

		if (!entry->stale || !neigh_take_used(entry))
			continue;
		learn_resolve(learn, entry->interface, &entry->addr);
		asked++;
	}
}

void learn_tick(struct learn *learn) {
	free_retired(learn);
	refresh_stale(learn);
	ask_kept(learn);
}
