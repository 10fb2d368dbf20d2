import { expect, test } from 'vitest';
import { raw, share } from '../support/serving.ts';

const lab = share('http-lab');

function ask(lines: readonly string[]): Promise<string> {
  return raw(lab.url, `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
}

test('the guest gets the path of an absolute target', async () => {
  expect(await ask(['GET http://a/echo?x=1#y HTTP/1.1', 'Host: a'])).toContain('path: /echo?x=1\n');
});

test('framing and connection headers do not reach the guest', async () => {
  const answer = await ask([
    'GET /echo HTTP/1.1',
    'Host: a',
    'X-Mine: 1',
    'Upgrade: x',
    'Proxy-Connection: y',
  ]);
  expect(answer).toContain('\nX-Mine: 1\n');
  expect(answer).toContain('authority: a\n');
  expect(answer.slice(answer.indexOf('\r\n\r\n'))).not.toMatch(
    /\n(host|connection|upgrade|proxy-connection):/i,
  );
});
