import { type IpAddress, kindOf, parseAddress } from './address.ts';
import type { Destination } from './destination.ts';
import { type Pattern, parseOutgoingPattern } from './pattern.ts';

/**
 * Which destinations guests may reach.
 *
 * The narrowest of all patterns that match a destination decides, an exact host before `*.example.com` before `*`; `deny` wins
 * a tie. If none matches, public addresses are allowed and all others are refused: private, link-local, carrier-grade NAT,
 * multicast, cloud metadata, unspecified, reserved. An address that `deny` lists is refused under any name.
 */
export interface OutgoingPolicy {
  /** Patterns such as `https://*.example.com`, `localhost:8080`, `10.0.0.0/8`. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Also allows loopback addresses, for servers that only users of this machine can reach. */
  readonly loopback?: boolean;
  /**
   * The ports of the server that runs the guests: refused on loopback unless allowed, as a guest that calls itself uses up one
   * instance after the other, and the admin port is not for guests.
   */
  readonly ownPorts?: readonly number[];
}

/** A human-readable reason for a refusal, and how to change it; undefined if the destination is allowed. */
export type Refusal = string | undefined;

/** A policy with parsed patterns. */
export interface CheckedPolicy {
  /** Checks what is known before the name is resolved. */
  checkHost(destination: Destination): Refusal;
  /** Checks one of the addresses to which the host resolves. */
  checkAddress(destination: Destination, address: string): Refusal;
}

interface Rule {
  readonly allows: boolean;
  readonly pattern: Pattern;
}

/** @throws WasmcpError `option-invalid` */
export function checkedPolicy(policy: OutgoingPolicy): CheckedPolicy {
  // Denials first: the sort is stable, so they win a tie.
  const rules: readonly Rule[] = [
    ...(policy.deny ?? []).map((text) => ({ allows: false, pattern: parseOutgoingPattern(text) })),
    ...(policy.allow ?? []).map((text) => ({ allows: true, pattern: parseOutgoingPattern(text) })),
  ].sort((a, b) => b.pattern.rank - a.pattern.rank);

  function ruleOf(destination: Destination): Rule | undefined {
    return rules.find(({ pattern }) => pattern.matches(destination));
  }

  function checkKind(destination: Destination, address: IpAddress, shown: string): Refusal {
    const kind = kindOf(address);
    if (kind === 'public') return undefined;
    const allow = `allow it with --allow-outbound '${destination.origin}'`;
    if (kind !== 'loopback' || policy.loopback !== true) return `${shown} is a ${kind} address; ${allow}`;
    const isOwn = policy.ownPorts?.includes(destination.port) ?? false;
    return isOwn ? `it is the server's own address; ${allow}` : undefined;
  }

  return {
    checkHost(destination) {
      const rule = ruleOf(destination);
      if (rule !== undefined) return rule.allows ? undefined : denied(rule, destination);
      const address = parseAddress(destination.host);
      return address === undefined ? undefined : checkKind(destination, address, destination.host);
    },
    checkAddress(destination, text) {
      const address = parseAddress(text);
      if (address === undefined) return `${text} is not an address to connect to`;
      const rule = rules.find(({ pattern }) => pattern.matchesAddress(destination, address));
      if (rule?.allows === false) return denied(rule, destination);
      if (rule?.allows === true || ruleOf(destination)?.allows === true) return undefined;
      return checkKind(destination, address, text);
    },
  };
}

function denied({ pattern }: Rule, { origin }: Destination): string {
  const narrowest = parseOutgoingPattern(origin).rank;
  return pattern.rank < narrowest
    ? `--deny-outbound '${pattern.text}' covers it; allow it with --allow-outbound '${origin}'`
    : `--deny-outbound '${pattern.text}' names it; remove that to allow it`;
}
