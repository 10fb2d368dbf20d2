import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as a number; an IPv4-mapped IPv6 address counts as the IPv4 address. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** All addresses with the same prefix. */
export interface IpRange extends IpAddress {
  readonly prefix: number;
}

/** IANA's special-purpose registries (RFC 6890) and clouds' addresses in public space; the first match counts. */
const SPECIAL: readonly (readonly [kind: string, ...ranges: readonly string[]])[] = [
  ['unspecified', '0.0.0.0/8', '::/128'],
  ['loopback', '127.0.0.0/8', '::1/128'],
  ['private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'],
  ['shared (carrier-grade NAT)', '100.64.0.0/10'],
  ['link-local', '169.254.0.0/16', 'fe80::/10'],
  ['multicast', '224.0.0.0/4', 'ff00::/8'],
  ['cloud metadata', '168.63.129.16/32'],
  ['reserved', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15'],
  ['reserved', '198.51.100.0/24', '203.0.113.0/24', '240.0.0.0/4'],
  // IPv4-compatible, NAT64 within a site, Teredo and other protocols, documentation, 6to4.
  ['reserved', '::/96', '64:ff9b:1::/48', '2001::/23', '2001:db8::/32', '3fff::/20', '2002::/16'],
];

/** NAT64: an IPv4 address behind a translator (RFC 6052). */
const NAT64: IpRange = range('64:ff9b::/96');
/** Global unicast: all of IPv6 that IANA has assigned. */
const GLOBAL: IpRange = range('2000::/3');
const RANGES = SPECIAL.flatMap(([kind, ...texts]) => texts.map((text) => ({ kind, range: range(text) })));

/** Parses an address as in a URL or from a resolver, without brackets; undefined if it is not an address or has a zone. */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, bits: bitsOf4(text) };
  // Initializing Node's test for IPv6 addresses takes 5 ms, and most starts meet none.
  if (!text.includes(':') || !isIPv6(text) || text.includes('%')) return undefined;
  const bits = bitsOf6(text);
  return bits >> 32n === 0xffffn ? { family: 4, bits: bits & 0xffff_ffffn } : { family: 6, bits };
}

/** Parses a range such as `10.0.0.0/8` or `fd00::/8`; an address alone is a range of one. */
export function parseRange(text: string): IpRange | undefined {
  const [, host = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const size = address.family === 4 ? 32 : 128;
  const prefix = length === undefined ? size : Number(length);
  return prefix <= size ? { ...address, prefix } : undefined;
}

export function contains(within: IpRange, address: IpAddress): boolean {
  if (within.family !== address.family) return false;
  const rest = BigInt((within.family === 4 ? 32 : 128) - within.prefix);
  return within.bits >> rest === address.bits >> rest;
}

/** The kind of an address: `public` if it is on the internet, otherwise for example `loopback` or `link-local`. */
export function kindOf(address: IpAddress): string {
  const special = RANGES.find((entry) => contains(entry.range, address));
  if (special !== undefined) return special.kind;
  if (contains(NAT64, address)) return kindOf({ family: 4, bits: address.bits & 0xffff_ffffn });
  return address.family === 4 || contains(GLOBAL, address) ? 'public' : 'reserved';
}

/** Whether a textual address is reachable only from this machine. */
export function isLoopback(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && kindOf(address) === 'loopback';
}

/** One of the ranges above, unchecked: initializing Node's test for IPv6 addresses takes 10 ms in each thread. */
function range(text: string): IpRange {
  const [host = '', length] = text.split('/');
  const address = host.includes(':')
    ? ({ family: 6, bits: bitsOf6(host) } as const)
    : ({ family: 4, bits: bitsOf4(host) } as const);
  return { ...address, prefix: Number(length) };
}

function bitsOf4(text: string): bigint {
  return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function bitsOf6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0n);
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | group, 0n);
}

/** The 16-bit groups of half an address; its last two may be written as IPv4. */
function groups(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [BigInt(`0x${part}`)];
    const bits = bitsOf4(part);
    return [bits >> 16n, bits & 0xffffn];
  });
}
