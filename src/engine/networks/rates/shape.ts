import { createLink, deleteLink, linkIndex } from '../links.ts';
import { NLM, attribute } from '../netlink.ts';
import type { RouteSocket } from '../netlink.ts';
import type { Rates } from './parse-rate.ts';

/*
 * Bandwidth limits on our end of a container's pair of interfaces, where the container can't undo them (tc(8), by
 * rtnetlink). What we send there is what the container receives: a token bucket on that queue limits it. What comes in
 * there can't be queued, only dropped, so it takes a detour through an interface of its own (ifb) and is queued on its
 * way out of that.
 */

/** linux/rtnetlink.h. */
const RTM_NEWQDISC = 36;
const RTM_NEWTFILTER = 44;
/** linux/pkt_sched.h. */
const TC_H_ROOT = 0xffff_ffff;
const TC_H_INGRESS = 0xffff_fff1;
const INGRESS_HANDLE = 0xffff_0000;
const TCA = { KIND: 1, OPTIONS: 2 } as const;
const TCA_TBF = { PARMS: 1, RATE64: 4, BURST: 6 } as const;
const TC_LINKLAYER_ETHERNET = 1;
/** linux/pkt_cls.h, linux/tc_act/tc_mirred.h. */
const TCA_MATCHALL_ACT = 2;
const TCA_ACT = { KIND: 1, OPTIONS: 2 } as const;
const TCA_MIRRED_PARMS = 2;
const TC_ACT_STOLEN = 4;
const TCA_EGRESS_REDIR = 1;
/** linux/if_ether.h, in network byte order. */
const ETH_P_ALL = 0x0300;

/** The detour of an endpoint: an interface name has at most 15 characters. */
export const detourName = (endpointId: string): string => `ifb${endpointId.slice(0, 8)}`;

export const isDetourName = (name: string): boolean => /^ifb[0-9a-f]{8}$/.test(name);

/** Limits a new pair of interfaces, by our end's name. @throws SyscallError; what was made is gone then */
export function shape(route: RouteSocket, name: string, endpointId: string, rates: Rates): void {
  const index = requireIndex(route, name);
  if (rates.in !== undefined) addBucket(route, index, rates.in);
  if (rates.out === undefined) return;
  const detour = detourName(endpointId);
  createLink(route, detour, 'ifb');
  try {
    const detourIndex = requireIndex(route, detour);
    addBucket(route, detourIndex, rates.out);
    redirect(route, index, detourIndex);
  } catch (error) {
    deleteLink(route, detour);
    throw error;
  }
}

/** Takes an endpoint's detour away; the rest goes with the interface. Idempotent. @throws SyscallError */
export function unshape(route: RouteSocket, endpointId: string): void {
  deleteLink(route, detourName(endpointId));
}

function requireIndex(route: RouteSocket, name: string): number {
  const index = linkIndex(route, name);
  if (index === undefined) throw new Error(`the interface ${name} vanished`);
  return index;
}

/** A burst is what goes out at once: enough for the timer's pace at high rates, little enough to be fair at low ones. */
const BURST_SECONDS = 0.01;
const SMALLEST_BURST = 16 * 1024;
/** What may wait: longer than this, and packets are dropped, which is how a sender learns of the limit. */
const QUEUE_SECONDS = 0.3;
const SMALLEST_QUEUE = 64 * 1024;
const UINT32_MAX = 0xffff_ffff;

/** A token bucket (tc-tbf(8)) as the interface's only queue. @param rate bytes a second */
function addBucket(route: RouteSocket, index: number, rate: number): void {
  const burst = Math.min(Math.max(Math.ceil(rate * BURST_SECONDS), SMALLEST_BURST), UINT32_MAX);
  const queue = Math.min(Math.max(Math.ceil(rate * QUEUE_SECONDS), SMALLEST_QUEUE) + burst, UINT32_MAX);
  // struct tc_tbf_qopt: two struct tc_ratespec of 12 bytes, then limit, buffer, mtu.
  const parameters = Buffer.alloc(36);
  parameters.writeUInt8(TC_LINKLAYER_ETHERNET, 1);
  parameters.writeUInt32LE(Math.min(rate, UINT32_MAX), 8);
  parameters.writeUInt32LE(queue, 24);
  const rate64 = Buffer.alloc(8);
  rate64.writeBigUInt64LE(BigInt(rate));
  const options = [
    attribute(TCA_TBF.PARMS, parameters),
    attribute(TCA_TBF.BURST, burst),
    ...(rate > UINT32_MAX ? [attribute(TCA_TBF.RATE64, rate64)] : []),
  ];
  route.request(
    `limit interface ${index}`,
    RTM_NEWQDISC,
    NLM.CREATE | NLM.EXCL,
    tcMessage(index, 0x1_0000, TC_H_ROOT),
    [attribute(TCA.KIND, 'tbf'), attribute(TCA.OPTIONS, Buffer.concat(options))],
  );
}

/** Everything that comes in by one interface goes out by another. */
function redirect(route: RouteSocket, from: number, to: number): void {
  route.request(
    `watch interface ${from}`,
    RTM_NEWQDISC,
    NLM.CREATE | NLM.EXCL,
    tcMessage(from, INGRESS_HANDLE, TC_H_INGRESS),
    [attribute(TCA.KIND, 'ingress')],
  );
  // struct tc_mirred: index, capab, action, refcnt, bindcnt, eaction, ifindex.
  const mirred = Buffer.alloc(28);
  mirred.writeInt32LE(TC_ACT_STOLEN, 8);
  mirred.writeInt32LE(TCA_EGRESS_REDIR, 20);
  mirred.writeUInt32LE(to, 24);
  const action = Buffer.concat([
    attribute(TCA_ACT.KIND, 'mirred'),
    attribute(TCA_ACT.OPTIONS, attribute(TCA_MIRRED_PARMS, mirred)),
  ]);
  const priority = 1;
  route.request(
    `redirect interface ${from}`,
    RTM_NEWTFILTER,
    NLM.CREATE | NLM.EXCL,
    tcMessage(from, 0, INGRESS_HANDLE, ((priority << 16) | ETH_P_ALL) >>> 0),
    [
      attribute(TCA.KIND, 'matchall'),
      attribute(TCA.OPTIONS, attribute(TCA_MATCHALL_ACT, attribute(priority, action))),
    ],
  );
}

/** struct tcmsg. */
function tcMessage(index: number, handle: number, parent: number, info = 0): Buffer {
  const body = Buffer.alloc(20);
  body.writeInt32LE(index, 4);
  body.writeUInt32LE(handle, 8);
  body.writeUInt32LE(parent, 12);
  body.writeUInt32LE(info, 16);
  return body;
}
