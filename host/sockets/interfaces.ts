import { type Interfaces, shared } from '../interfaces.ts';

/** A class whose methods exist only to be linked: guests never get an instance. */
type RefusedResource = new () => Record<string, unknown>;

function refuse(): never {
  throw 'access-denied';
}

function resource(methods: readonly string[]): RefusedResource {
  const Refused = class {};
  for (const method of methods) Object.defineProperty(Refused.prototype, method, { value: refuse });
  return Refused as unknown as RefusedResource;
}

/** As wasmtime fails where names may not be looked up. */
function unresolved(): never {
  throw 'permanent-resolver-failure';
}

/** The resource `network` of `wasi:sockets/network`: a capability that allows nothing here. */
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
 * The interfaces of `wasi:sockets`. Guests link against them because the runtime of their language does; everything that would
 * reach the network fails as `access-denied`, and no name resolves.
 */
export const socketsInterfaces: Interfaces = {
  'wasi:sockets/network@0.2': shared({ Network, networkErrorCode: (): undefined => undefined }),
  'wasi:sockets/instance-network@0.2': shared({ instanceNetwork: (): Network => new Network() }),
  'wasi:sockets/tcp@0.2': shared({ TcpSocket }),
  'wasi:sockets/tcp-create-socket@0.2': shared({ createTcpSocket: refuse }),
  'wasi:sockets/udp@0.2': shared({ UdpSocket, IncomingDatagramStream, OutgoingDatagramStream }),
  'wasi:sockets/udp-create-socket@0.2': shared({ createUdpSocket: refuse }),
  'wasi:sockets/ip-name-lookup@0.2': shared({ ResolveAddressStream, resolveAddresses: unresolved }),
};
