import { type IpAddress, kindOf, parseAddress } from './address.ts';
import type { Destination } from './destination.ts';
import { type Pattern, parseOutgoingPattern } from './pattern.ts';

/**
 * Which destinations guests may reach.
 *
 * Of all patterns that match a destination the narrowest decides, an exact host before `*.example.com` before `*`;
 * `deny` wins a tie. Where none matches, public addresses are allowed and all others refused: private, link-local,
 * carrier-grade NAT, multicast, metadata of clouds, unspecified, reserved. An address that `deny` names is
 * refused under whatever name it goes.
 */
export interface OutgoingPolicy {
  /** Patterns such as `https://*.example.com`, `localhost:8080`, `10.0.0.0/8`. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Loopback addresses are allowed too: for servers that nobody but this machine's users can reach. */
  readonly loopback?: boolean;
  /**
   * The ports of the server that runs the guests: refused on loopback unless listed, because a guest that calls itself
   * takes one instance after the other until none is left, and those who look after the server have others.
   */
  readonly ownPorts?: readonly number[];
}

/** Why a destination is refused and how to change that, for people; undefined when it is allowed. */
export type Refusal = string | undefined;

/** A policy ready to be asked. */
export interface CheckedPolicy {
  /** What can be told before names are resolved. */
  checkHost(destination: Destination): Refusal;
  /** Whether one of the addresses that the host stands for may be connected to. */
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
      if (address === undefined) return `${text} is no address to connect to`;
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
    : `--deny-outbound '${pattern.text}' names it; take that away to allow it`;
}
