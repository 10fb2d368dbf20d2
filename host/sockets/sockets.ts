import type { Implementation } from '../options.ts';

/** A class whose methods are there to be linked; guests never get an instance, so none is ever called. */
type RefusedResource = new () => Record<string, unknown>;

function refuse(): never {
  throw 'access-denied';
}

function resource(methods: readonly string[]): RefusedResource {
  const Refused = class {};
  for (const method of methods) Object.defineProperty(Refused.prototype, method, { value: refuse });
  return Refused as unknown as RefusedResource;
}

/** As wasmtime answers where no name may be looked up. */
function unresolved(): never {
  throw 'permanent-resolver-failure';
}

/** The resource `network`: a capability that allows nothing here. */
export class Network {}

const TcpSocket: RefusedResource = resource([
  'startBind',
  'finishBind',
  'startConnect',
  'finishConnect',
  'startListen',
  'finishListen',
  'accept',
  'localAddress',
  'remoteAddress',
  'isListening',
  'addressFamily',
  'setListenBacklogSize',
  'keepAliveEnabled',
  'setKeepAliveEnabled',
  'keepAliveIdleTime',
  'setKeepAliveIdleTime',
  'keepAliveInterval',
  'setKeepAliveInterval',
  'keepAliveCount',
  'setKeepAliveCount',
  'hopLimit',
  'setHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
  'subscribe',
  'shutdown',
]);

const UdpSocket: RefusedResource = resource([
  'startBind',
  'finishBind',
  'stream',
  'localAddress',
  'remoteAddress',
  'addressFamily',
  'unicastHopLimit',
  'setUnicastHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
  'subscribe',
]);

const IncomingDatagramStream: RefusedResource = resource(['receive', 'subscribe']);
const OutgoingDatagramStream: RefusedResource = resource(['checkSend', 'send', 'subscribe']);
const ResolveAddressStream: RefusedResource = resource(['resolveNextAddress', 'subscribe']);

/**
 * The interfaces of `wasi:sockets` by their names within the package. Guests link against them because their language's
 * runtime does; whatever would reach the network is refused as `access-denied`, and no name has an address.
 */
export const sockets: Readonly<Record<string, Implementation>> = {
  network: { Network, networkErrorCode: (): undefined => undefined },
  'instance-network': { instanceNetwork: (): Network => new Network() },
  tcp: { TcpSocket },
  'tcp-create-socket': { createTcpSocket: refuse },
  udp: { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
  'udp-create-socket': { createUdpSocket: refuse },
  'ip-name-lookup': { ResolveAddressStream, resolveAddresses: unresolved },
};
