import type { HandleNames } from '../../../options/types.ts';

export interface HandleLimits {
  /** Most sessions that one principal may have at a time. */
  readonly perPrincipal: number;
  /** Most sessions that were created on this host and are open. */
  readonly perHost: number;
}

/** How clients without sessions keep state. */
export interface StateOptions {
  readonly kind: 'principal' | 'handle';
  /** The bucket in which the guest keeps its sessions. */
  readonly bucket: string;
  /** Milliseconds that a session lasts without use. */
  readonly lifetime: number;
  readonly names: HandleNames;
  readonly limits: HandleLimits;
}
