import type { Durability } from '../durability.ts';
import { readPasswordFile, readTlsFiles } from '../network/files.ts';
import { within } from '../network/outcomes.ts';
import type { StoreGuarantee } from '../store.ts';
import {
  type EngineSettings,
  guaranteeOf,
  readSettings,
  requireDurable,
  requireUsable,
} from './engine-settings.ts';
import { connectLink, connectSubscriber, type Link, type LinkOptions, type Subscriber } from './link.ts';
import type { Address, Target } from './url.ts';

/** A connection to a server that passed the checks. */
export interface ServerLink extends Link {
  readonly settings: EngineSettings;
  readonly guarantee: StoreGuarantee;
}

export interface ConnectorOptions {
  readonly target: Target;
  readonly passwordFile: string | undefined;
  /** Timeout of connecting in milliseconds. */
  readonly timeout: number;
  readonly durability: Durability;
  readonly acceptWeaker: boolean;
}

/** Connects to a server and checks it, because after a failover an address may lead to another server. */
export interface Connector {
  /** @throws WasmcpError `store-unavailable`, `store-unusable`; also errors of connecting */
  connect(address: Address): Promise<ServerLink>;
  /** The same without any check. */
  open(address: Address): Promise<Link>;
  /** The same for a sentinel, which has neither databases nor the users of the server. */
  openSentinel(address: Address): Promise<Link>;
  /** @param ended called when the connection is lost */
  subscribe(address: Address, ended: () => void): Promise<Subscriber>;
}

/** Reads the TLS files now. @throws WasmcpError `store-unusable` */
export async function createConnector(options: ConnectorOptions): Promise<Connector> {
  const { target, passwordFile, timeout, durability, acceptWeaker } = options;
  const tls = target.tls ? await readTlsFiles(target.tlsFiles) : undefined;

  async function optionsFor(address: Address): Promise<LinkOptions> {
    // Read for each connection, so that it can be changed while the program runs.
    const password = passwordFile === undefined ? target.password : await readPasswordFile(passwordFile);
    return { address, user: target.user, password, database: target.database, tls, timeout };
  }

  return {
    async connect(address) {
      const link = await connectLink(await optionsFor(address));
      try {
        const settings = await within(readSettings(link), timeout);
        requireUsable(settings, target.shown);
        if (!acceptWeaker) requireDurable(settings, durability, target.shown);
        // Not a copy, because the state of the link changes.
        return Object.assign(link, {
          settings,
          guarantee: guaranteeOf(settings, durability),
        });
      } catch (error) {
        link.close();
        throw error;
      }
    },
    open: async (address) => connectLink(await optionsFor(address)),
    openSentinel: (address) =>
      connectLink({ address, user: undefined, password: undefined, database: 0, tls, timeout }),
    subscribe: async (address, ended) => connectSubscriber(await optionsFor(address), ended),
  };
}
