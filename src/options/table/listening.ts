import { parsePublicUrl } from '../../server/access-policy/access-policy.ts';
import { parseAllowedHost, parseAllowedOrigin } from '../../server/access-policy/allow-list.ts';
import { DEFAULTS } from '../defaults.ts';
import { ADMIN_ADDRESS, CONNECTIONS, checkedBy, DURATION, LISTEN_ADDRESS, PATH, SIZE } from '../kinds.ts';
import type { OptionRows } from '../types.ts';

type Listening =
  | 'addr'
  | 'systemdListenfd'
  | 'idleProcessTimeout'
  | 'tlsCert'
  | 'tlsKey'
  | 'adminAddr'
  | 'adminTokenFile'
  | 'allowHost'
  | 'allowOrigin'
  | 'publicUrl'
  | 'trustProxy'
  | 'maxConnections'
  | 'keepAlive'
  | 'bodyTimeout'
  | 'maxBody';

/** Who may connect, and how connections are kept. */
export const LISTENING: OptionRows<Listening> = {
  addr: {
    flags: '--addr <address>',
    description:
      'where to listen: host:port, where port 0 picks a free one, or unix:/path, also with ?mode=660',
    fallbackText: `${DEFAULTS.host}:${DEFAULTS.port}`,
    kind: LISTEN_ADDRESS,
    list: true,
    overridden: true,
  },
  systemdListenfd: {
    flags: '--systemd-listenfd',
    description:
      'listen on the sockets that systemd passes (LISTEN_FDS), and on others only if --addr names them',
  },
  idleProcessTimeout: {
    flags: '--idle-process-timeout <duration>',
    description:
      'stop once no request has been in progress for that long; with socket activation, the next one starts it again',
    kind: DURATION,
  },
  tlsCert: {
    flags: '--tls-cert <file>',
    description:
      'certificates in PEM format, for HTTPS on addresses that are not Unix sockets; SIGHUP reads them again',
  },
  tlsKey: {
    flags: '--tls-key <file>',
    description: 'the private key of --tls-cert in PEM format',
  },
  adminAddr: {
    flags: '--admin-addr <address>',
    description:
      'where to serve /healthz, /readyz, /metrics and the API: host:port or unix:/path; a port alone is on loopback; default: nowhere',
    kind: ADMIN_ADDRESS,
  },
  adminTokenFile: {
    flags: '--admin-token-file <path>',
    description: 'a file with the token for the API; required on an address that other machines can reach',
    kind: PATH,
  },
  allowHost: {
    flags: '--allow-host <host>',
    description:
      "a host name that clients may use, in addition to this machine's own; with a port, only on that port; * for any",
    kind: checkedBy(parseAllowedHost),
    list: true,
  },
  allowOrigin: {
    flags: '--allow-origin <origin>',
    description: 'an origin whose pages may use this server, such as https://app.example.com; * for all',
    kind: checkedBy(parseAllowedOrigin),
    list: true,
  },
  publicUrl: {
    flags: '--public-url <url>',
    description: "the server's address for clients behind a proxy, such as https://mcp.example.com",
    kind: checkedBy(parsePublicUrl),
  },
  trustProxy: {
    flags: '--trust-proxy',
    description:
      'take scheme and host from X-Forwarded-* or Forwarded; only if clients can reach the server only through a proxy',
  },
  maxConnections: {
    flags: '--max-connections <n>',
    description: 'simultaneous connections; one more closes the connection that has been idle longest',
    kind: CONNECTIONS,
    fallback: DEFAULTS.maxConnections,
  },
  keepAlive: {
    flags: '--keep-alive <duration>',
    description: "how long an idle connection is kept; must be longer than a proxy's own idle timeout",
    kind: DURATION,
    fallback: DEFAULTS.keepAlive,
  },
  bodyTimeout: {
    flags: '--body-timeout <duration>',
    description: 'how long a request body may stall; then 408',
    kind: DURATION,
    fallback: DEFAULTS.bodyTimeout,
  },
  maxBody: {
    flags: '--max-body <size>',
    description: 'largest body of a request; a larger one gets 413',
    kind: SIZE,
    fallback: DEFAULTS.maxBody,
  },
};
