import { WasmcpError } from '../../error.ts';
import { contains, type IpAddress, type IpRange, parseAddress, parseRange } from './address.ts';
import type { Destination } from './destination.ts';

/** A pattern of destinations, such as `https://*.example.com`, `localhost:8080`, `10.0.0.0/8`, `*`. */
export interface Pattern {
  readonly text: string;
  /** How narrow the pattern is; the narrowest match decides. */
  readonly rank: number;
  /** Matches the host as the guest named it. */
  matches(destination: Destination): boolean;
  /** Matches an address to which the host resolves; patterns of names never match. */
  matchesAddress(destination: Destination, address: IpAddress): boolean;
}

const SHAPE = /^(?:(https?):\/\/)?(\[[^\]]+\]|[^:[\]/@\s]+)(?:\/(\d+))?(?::(\d{1,5}|\*))?\/?$/i;

/** An exact host is narrower than any range, suffix or `*`. */
const EXACT = 1000;

/**
 * Parses `[scheme://]host[:port]`. The host is a name, `*.name` for all names below it, `*` for all hosts, an address or a
 * range of addresses such as `10.0.0.0/8` or `[fd00::]/8`. Without a port the scheme's default applies, or any port if there
 * is no scheme either; `:*` means any port.
 *
 * @throws WasmcpError `option-invalid`
 */
export function parseOutgoingPattern(text: string): Pattern {
  const [, scheme, rawHost = '', length, rawPort] = SHAPE.exec(text) ?? [];
  const host = parseHost(rawHost, length);
  const port = rawPort === undefined || rawPort === '*' ? undefined : Number(rawPort);
  if (host === undefined || (port !== undefined && port > 65_535)) {
    throw new WasmcpError(
      'option-invalid',
      `${JSON.stringify(text)} is not a pattern of destinations: use [scheme://]host[:port], such as https://*.example.com, localhost:8080 or 10.0.0.0/8`,
    );
  }
  const wanted = scheme?.toLowerCase();
  const standard = wanted === undefined ? undefined : wanted === 'http' ? 80 : 443;
  const wantedPort = port ?? (rawPort === '*' ? undefined : standard);
  const fits = (destination: Destination): boolean =>
    (wanted === undefined || wanted === destination.scheme) &&
    (wantedPort === undefined || wantedPort === destination.port);
  return {
    text,
    // Scheme and port only decide between patterns of the same host.
    rank: host.rank * 4 + (wanted === undefined ? 0 : 1) + (wantedPort === undefined ? 0 : 2),
    matches: (destination) => fits(destination) && host.matches(destination.host),
    matchesAddress: (destination, address) =>
      host.range !== undefined && fits(destination) && contains(host.range, address),
  };
}

interface HostPattern {
  readonly rank: number;
  readonly range?: IpRange;
  matches(host: string): boolean;
}

function parseHost(text: string, length: string | undefined): HostPattern | undefined {
  const plain = text.replace(/^\[|\]$/g, '');
  const range = parseRange(length === undefined ? plain : `${plain}/${length}`);
  if (range !== undefined) {
    const whole = range.prefix === (range.family === 4 ? 32 : 128);
    return {
      rank: whole ? EXACT : range.prefix,
      range,
      matches(host) {
        const address = parseAddress(host);
        return address !== undefined && contains(range, address);
      },
    };
  }
  if (length !== undefined) return undefined;
  if (text === '*') return { rank: 0, matches: () => true };
  const below = text.startsWith('*.');
  const name = URL.parse(`http://${below ? text.slice(2) : text}/`)?.hostname.replace(/\.$/, '');
  if (name === undefined || name === '' || name.includes('*')) return undefined;
  return below
    ? { rank: name.length, matches: (host) => host.endsWith(`.${name}`) }
    : { rank: EXACT, matches: (host) => host === name };
}
