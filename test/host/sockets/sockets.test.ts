import { describe, expect, test } from 'vitest';
import { createHost, Guest } from '../../../host/index.ts';
import { testSink, thrown } from '../streams.ts';

const binding = createHost().bind(new Guest(), { stdout: testSink(), stderr: testSink() });

describe('sockets', () => {
  const refused: [string, string, unknown[], string][] = [
    ['tcp-create-socket', 'createTcpSocket', ['ipv4'], 'access-denied'],
    ['udp-create-socket', 'createUdpSocket', ['ipv6'], 'access-denied'],
    ['ip-name-lookup', 'resolveAddresses', [undefined, 'localhost'], 'permanent-resolver-failure'],
  ];
  test.each(refused)('%s: %s is refused', (name, member, args, code) => {
    const offer = binding(`wasi:sockets/${name}@0.2.6`) as Record<string, (...args: unknown[]) => unknown>;
    expect(thrown(() => offer[member]!(...args))).toBe(code);
  });

  test('the network resource exists', () => {
    const { instanceNetwork } = binding('wasi:sockets/instance-network@0.2.6') as {
      instanceNetwork(): object;
    };
    const { Network } = binding('wasi:sockets/network@0.2.6') as { Network: new () => object };
    expect(instanceNetwork()).toBeInstanceOf(Network);
  });
});
