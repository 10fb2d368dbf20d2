import { afterAll } from 'vitest';
import { type OutgoingHttp, openOutgoing } from '../../../../host/index.ts';
import { play } from './guest.ts';

export const DENIED: { readonly tag: string } = { tag: 'HTTP-request-denied' };

/** Names that a name server of the attacker could resolve. */
export const NAMES: Readonly<Record<string, readonly string[]>> = {
  'loopback.example': ['127.0.0.1'],
  'loopback6.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'private.example': ['10.1.2.3'],
  'metadata.example': ['169.254.169.254'],
  'many.example': ['10.0.0.1', '192.168.0.1', 'fe80::1'],
  'zone.example': ['fe80::1%lo'],
  'nat64.example': ['64:ff9b::a9fe:a9fe'],
  'public.example': ['203.0.114.1'],
};

export async function resolve(host: string): Promise<readonly string[]> {
  const found = NAMES[host];
  if (found === undefined) throw Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' });
  return found;
}

export const outgoing: OutgoingHttp = openOutgoing({ resolve });

export const fetch: ReturnType<typeof play>['fetch'] = play(outgoing).fetch;

/** For all tests of a file. */
export function setUp(): void {
  afterAll(() => outgoing.close());
}
