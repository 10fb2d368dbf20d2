import { choice } from '../kinds.ts';
import type { OptionRows } from '../types.ts';

type Observing = 'metricsTokenFile' | 'accessLog' | 'logFormat' | 'logLevel' | 'logFile';

/** What a server writes about itself. */
export const OBSERVING: OptionRows<Observing> = {
  metricsTokenFile: {
    flags: '--metrics-token-file <path>',
    description: 'a file with the token that clients of /metrics must send; default: they need none',
  },
  accessLog: {
    flags: '--access-log',
    description: 'log each request: what it asked for, its status, and where its time went',
  },
  logFormat: {
    flags: '--log-format <format>',
    description: 'text, or json: each line of the log, and of stderr, is a JSON object',
    kind: choice('text', 'json'),
    fallback: 'text',
  },
  logLevel: {
    flags: '--log-level <level>',
    description:
      'the least important messages that are logged: trace, debug, info, warn or error; not for --access-log',
    kind: choice('trace', 'debug', 'info', 'warn', 'error'),
    fallback: 'trace',
  },
  logFile: {
    flags: '--log-file <path>',
    description: 'a file to which the log is appended, opened again on SIGUSR2; default: stderr',
  },
};
