// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "base/log.h"
#include "dataplane/link.h"

// Sets a number under /proc/sys. Returns the value before, or -1.
static int sysctl_set(const char *family, const char *interface, const char *key, int value) {
	char path[128];
	int before = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, interface, key);
	file = fopen(path, "r+e");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &before) == 1 && before != value) {
		rewind(file);
		fprintf(file, "%d\n", value);
	}
	fclose(file);
	return before;
}

static bool tap_has_ipv6(const struct kernel_tap *tap, const struct config *cfg) {
	for (uint32_t i = 0; i < cfg->interface_count; i++) {
		const struct config_interface *interface = &cfg->interfaces[i];

		if (interface->port != tap->port || interface->vlan != tap->vlan)
			continue;
		for (uint32_t k = 0; k < interface->prefix_count; k++)
			if (interface->prefixes[k].addr.family == IP_V6)
				return true;
	}
	return false;
}

static const char *tap_remedy(int error) {
	switch (error) {
	case EPERM:
	case EACCES:
		return " (needs CAP_NET_ADMIN)";
	case EBUSY:
		return " (another process uses an interface of that name)";
	case EINVAL:
		return " (the name is taken by an interface that is no TAP, or is no interface name)";
	case ENOENT:
		return " (modprobe tun; in a container give it /dev/net/tun)";
	}
	return "";
}

// "TAP", or "TAP.VLAN".
static int tap_name(struct kernel_tap *tap, const struct config_port *cfg) {
	char name[IFNAMSIZ * 2];

	snprintf(name, sizeof(name), tap->vlan ? "%s.%u" : "%s", cfg->tap, tap->vlan);
	if (strlen(name) >= IFNAMSIZ) {
		log_error(
			"port %s: tap '%s' is longer than the %d characters of an interface name",
			cfg->name,
			name,
			IFNAMSIZ - 1
		);
		return -ENAMETOOLONG;
	}
	snprintf(tap->name, sizeof(tap->name), "%.*s", IFNAMSIZ - 1, name);
	return 0;
}

static int tap_open(struct kernel_tap *tap, const struct config_port *cfg) {
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int rc = tap_name(tap, cfg);

	if (rc < 0)
		return rc;
	memcpy(request.ifr_name, tap->name, sizeof(tap->name));
	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	// Without offloads the kernel completes checksums and segments before we read.
	if (tap->fd < 0 || ioctl(tap->fd, TUNSETIFF, &request) != 0 || ioctl(tap->fd, TUNSETOFFLOAD, 0) != 0)
		rc = -errno;
	if (rc < 0) {
		log_error(
			"port %s: cannot create TAP interface %s: %s%s",
			cfg->name,
			tap->name,
			strerror(-rc),
			tap_remedy(-rc)
		);
		return rc;
	}
	tap->ifindex = (int)if_nametoindex(tap->name);
	return 0;
}

static int
tap_configure(struct kernel_tap *tap, const struct config *cfg, const struct port *port, struct netlink *nl) {
	int rc;

	(void)sysctl_set("ipv6", tap->name, "disable_ipv6", tap_has_ipv6(tap, cfg) ? 0 : 1);
	// Nobody else has the port's MAC; while an address is tentative the kernel looks for no neighbour.
	(void)sysctl_set("ipv6", tap->name, "accept_dad", 0);
	rc = link_up(nl, tap->ifindex, port->mac, port->mtu);
	if (rc < 0)
		log_error("port %s: cannot set MAC and MTU of %s: %s", port->cfg->name, tap->name, strerror(-rc));
	return rc;
}

static void interface_silence(struct kernel_tap *tap, const struct port *port) {
	const char *option = strstr(port->cfg->device, "iface=");

	if (strcmp(port->driver, "net_af_packet") != 0 || !option)
		return;
	option += strlen("iface=");
	snprintf(tap->silenced, sizeof(tap->silenced), "%.*s", (int)strcspn(option, ","), option);
	tap->rp_filter_before = sysctl_set("ipv4", tap->silenced, "rp_filter", 1);
	tap->arp_ignore_before = sysctl_set("ipv4", tap->silenced, "arp_ignore", 8);
	tap->disable_ipv6_before = sysctl_set("ipv6", tap->silenced, "disable_ipv6", 1);
	if (tap->rp_filter_before < 0 || tap->arp_ignore_before < 0)
		log_warning(
			"port %s: the kernel may answer on %s as well (rp_filter not set)",
			port->cfg->name,
			tap->silenced
		);
}

static void interface_restore(struct kernel_tap *tap) {
	if (tap->silenced[0] == '\0')
		return;
	if (tap->rp_filter_before >= 0)
		(void)sysctl_set("ipv4", tap->silenced, "rp_filter", tap->rp_filter_before);
	if (tap->arp_ignore_before >= 0)
		(void)sysctl_set("ipv4", tap->silenced, "arp_ignore", tap->arp_ignore_before);
	if (tap->disable_ipv6_before >= 0)
		(void)sysctl_set("ipv6", tap->silenced, "disable_ipv6", tap->disable_ipv6_before);
	tap->silenced[0] = '\0';
}

static struct kernel_tap *tap_of(const struct kernel *kernel, uint8_t port, uint16_t vlan) {
	for (uint32_t i = 0; i < kernel->tap_count; i++) {
		const struct kernel_tap *tap = &kernel->taps[i];

		if (tap->port == port && tap->vlan == vlan)
			return (struct kernel_tap *)tap;
	}
	return NULL;
}

static int tap_add(struct kernel *kernel, uint8_t port, uint16_t vlan, const struct port *ports, struct netlink *nl) {
	struct kernel_tap *tap = &kernel->taps[kernel->tap_count++];
	int rc;

	*tap = (struct kernel_tap){.fd = -1, .port = port, .vlan = vlan};
	rc = tap_open(tap, &kernel->cfg->ports[port]);
	return rc < 0 ? rc : tap_configure(tap, kernel->cfg, &ports[port], nl);
}

// The TAPs of all ports, then those of their VLANs.
static int taps_add(struct kernel *kernel, const struct port *ports, struct netlink *nl) {
	const struct config *cfg = kernel->cfg;
	int rc = 0;

	for (uint8_t i = 0; rc == 0 && i < cfg->port_count; i++) {
		rc = tap_add(kernel, i, 0, ports, nl);
		if (rc == 0)
			interface_silence(&kernel->taps[i], &ports[i]);
	}
	for (uint32_t i = 0; rc == 0 && i < cfg->interface_count; i++) {
		const struct config_interface *interface = &cfg->interfaces[i];

		if (!tap_of(kernel, interface->port, interface->vlan))
			rc = tap_add(kernel, interface->port, interface->vlan, ports, nl);
		if (rc == 0)
			kernel->ifindex[i] = tap_of(kernel, interface->port, interface->vlan)->ifindex;
	}
	for (uint8_t i = 0; rc == 0 && i < cfg->port_count; i++)
		kernel_carrier_set(kernel, i, ports[i].link_up);
	return rc;
}

static int addresses_add(struct kernel *kernel, uint32_t index, struct netlink *nl) {
	const struct config_interface *interface = &kernel->cfg->interfaces[index];
	const char *port = kernel->cfg->ports[interface->port].name;
	char text[IP_TEXT_MAX];

	for (uint32_t i = 0; i < interface->prefix_count; i++) {
		const struct ip_prefix *prefix = &interface->prefixes[i];
		int rc = link_address_add(nl, kernel->ifindex[index], prefix);

		if (rc == 0)
			continue;
		ip_format(&prefix->addr, text);
		log_error("port %s: cannot set address %s/%u: %s", port, text, prefix->len, strerror(-rc));
		return rc;
	}
	return 0;
}

static int gateways_add(struct kernel *kernel, uint32_t index, struct netlink *nl) {
	const struct config_interface *interface = &kernel->cfg->interfaces[index];
	const char *port = kernel->cfg->ports[interface->port].name;
	char to[IP_TEXT_MAX], via[IP_TEXT_MAX];

	for (uint32_t i = 0; i < interface->gateway_count; i++) {
		const struct config_gateway *gateway = &interface->gateways[i];
		int rc = link_route_add(nl, kernel->ifindex[index], gateway);

		if (rc == 0)
			continue;
		ip_format(&gateway->to.addr, to);
		ip_format(&gateway->via, via);
		if (rc == -EEXIST) {
			log_warning(
				"port %s: a route to %s/%u exists already and is left as it is",
				port,
				to,
				gateway->to.len
			);
			continue;
		}
		log_error(
			"port %s: cannot set route to %s/%u via %s: %s (the gateway must be in a network of this "
			"interface)",
			port,
			to,
			gateway->to.len,
			via,
			strerror(-rc)
		);
		return rc;
	}
	return 0;
}

int kernel_start(struct kernel *kernel, const struct config *cfg, const struct port *ports, struct netlink *nl) {
	int rc;

	kernel->cfg = cfg;
	kernel->tap_count = 0;
	rc = taps_add(kernel, ports, nl);
	for (uint32_t i = 0; rc == 0 && i < cfg->interface_count; i++)
		rc = addresses_add(kernel, i, nl);
	for (uint32_t i = 0; rc == 0 && i < cfg->interface_count; i++)
		rc = gateways_add(kernel, i, nl);
	return rc;
}

void kernel_stop(struct kernel *kernel) {
	for (uint32_t i = 0; i < kernel->tap_count; i++) {
		interface_restore(&kernel->taps[i]);
		if (kernel->taps[i].fd >= 0)
			close(kernel->taps[i].fd);
	}
	kernel->tap_count = 0;
}

#define ADDRESSES_LEN (2 * RTE_ETHER_ADDR_LEN)
#define TAG_LEN RTE_VLAN_HLEN

// True when the frame has a tag; VLAN 0 is a mere priority.
static bool frame_vlan(const struct rte_mbuf *m, uint16_t *ret_vlan) {
	const uint8_t *tag = rte_pktmbuf_mtod_offset(m, const uint8_t *, ADDRESSES_LEN);

	if (m->data_len < ADDRESSES_LEN + TAG_LEN + RTE_ETHER_TYPE_LEN)
		return false;
	*ret_vlan = (uint16_t)((tag[2] & 0x0f) << 8 | tag[3]);
	return (tag[0] << 8 | tag[1]) == RTE_ETHER_TYPE_VLAN;
}

bool kernel_peek_write(const struct kernel *kernel, struct rte_mbuf *m) {
	const struct kernel_tap *tap = &kernel->taps[packet_of(m)->port];
	char *frame = rte_pktmbuf_mtod(m, char *);
	struct iovec parts[2] = {{.iov_base = frame, .iov_len = ADDRESSES_LEN}};
	uint32_t skip = ADDRESSES_LEN;
	uint16_t vlan;

	if (m->data_len < ADDRESSES_LEN)
		return false;
	if (frame_vlan(m, &vlan) && tap_of(kernel, tap->port, vlan)) {
		tap = tap_of(kernel, tap->port, vlan);
		skip += TAG_LEN;
	}
	parts[1] = (struct iovec){.iov_base = frame + skip, .iov_len = m->data_len - skip};
	return writev(tap->fd, parts, 2) == (ssize_t)(parts[0].iov_len + parts[1].iov_len);
}

// Room for a tag is left in front, and the addresses move over it when there is one.
static void frame_tag(struct rte_mbuf *m, uint16_t vlan) {
	char *frame = rte_pktmbuf_mtod(m, char *) - TAG_LEN;
	const rte_be16_t tag[2] = {rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN), rte_cpu_to_be_16(vlan)};

	memmove(frame, frame + TAG_LEN, ADDRESSES_LEN);
	memcpy(frame + ADDRESSES_LEN, tag, sizeof(tag));
	m->data_off = (uint16_t)(m->data_off - TAG_LEN);
	m->data_len = (uint16_t)(m->data_len + TAG_LEN);
	m->pkt_len = m->data_len;
}

int kernel_read(const struct kernel_tap *tap, struct rte_mempool *pool, struct rte_mbuf **ret_m) {
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char lost;
	ssize_t len;

	if (!m)
		return read(tap->fd, &lost, sizeof(lost)) > 0 ? -ENOBUFS : 0;
	len = read(tap->fd, rte_pktmbuf_mtod(m, void *), rte_pktmbuf_tailroom(m));
	if (len < ADDRESSES_LEN) {
		rte_pktmbuf_free(m);
		return 0;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	if (tap->vlan)
		frame_tag(m, tap->vlan);
	*packet_of(m) = (struct packet){.kind = PACKET_FRAME_OUT, .port = tap->port, .latency = LATENCY_NONE};
	*ret_m = m;
	return 1;
}

void kernel_carrier_set(const struct kernel *kernel, uint8_t port, bool up) {
	int carrier = up;

	for (uint32_t i = 0; i < kernel->tap_count; i++)
		if (kernel->taps[i].port == port)
			(void)ioctl(kernel->taps[i].fd, TUNSETCARRIER, &carrier);
}
