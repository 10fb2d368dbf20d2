import { describe, expect, test } from 'vitest';
import { authProblems } from '../../../src/mcp/oauth/settings.ts';
import { create } from '../../support/serving.ts';

const KEY = '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n';
const GOOD = {
  WASMCP_AUTH_MODE: 'oauth',
  JWT_PUBLIC_KEY: KEY,
  JWT_ISSUER: 'https://a.example',
  JWT_AUDIENCE: 'b',
};

test.each([
  ['nothing', {}],
  ['public', { WASMCP_AUTH_MODE: 'Public' }],
  ['a public key', GOOD],
  ['a set of keys', { ...GOOD, JWT_PUBLIC_KEY: '', JWT_JWKS_URI: 'https://a.example/jwks' }],
  ['an issuer that is no URL', { ...GOOD, JWT_ISSUER: 'test' }],
])('no problem is reported: %s', (_, env) => {
  expect(authProblems(env)).toEqual([]);
});

test.each([
  ['no key', { ...GOOD, JWT_PUBLIC_KEY: '' }, /JWT_PUBLIC_KEY.*JWT_JWKS_URI/],
  ['two keys', { ...GOOD, JWT_JWKS_URI: 'https://a.example' }, /exclude each other/],
  ['a key that is a path', { ...GOOD, JWT_PUBLIC_KEY: '/etc/key.pem' }, /not PEM/],
  ['no issuer', { ...GOOD, JWT_ISSUER: '' }, /JWT_ISSUER is not set/],
  ['an issuer over http', { ...GOOD, JWT_ISSUER: 'http://a.example' }, /JWT_ISSUER must be https/],
  ['no audience', { ...GOOD, JWT_AUDIENCE: '' }, /JWT_AUDIENCE is not set/],
  ['a mode that is none', { ...GOOD, WASMCP_AUTH_MODE: 'oauth2' }, /"oauth2".*anyone/],
  [
    'tokens in public mode',
    { ...GOOD, WASMCP_AUTH_MODE: 'public' },
    /JWT_PUBLIC_KEY, JWT_ISSUER, JWT_AUDIENCE without/,
  ],
])('the problem is reported: %s', (_, env, problem) => {
  expect(authProblems(env)).toEqual([expect.stringMatching(problem)]);
});

describe('a server', () => {
  test('warns at the start about a missing key', async () => {
    const { server, log } = await create('notes-draft', { mcp: 'guide', env: { WASMCP_AUTH_MODE: 'oauth' } });
    await server.listen(0);
    expect(log.filter((line) => line.startsWith('warn auth: '))).toEqual([
      expect.stringContaining('every request will get 500'),
      expect.stringContaining('JWT_ISSUER is not set'),
      expect.stringContaining('JWT_AUDIENCE is not set'),
    ]);
  });

  test('does not warn with --mcp off', async () => {
    const { server, log } = await create('notes-draft', { mcp: 'off', env: { WASMCP_AUTH_MODE: 'oauth' } });
    await server.listen(0);
    expect(log.join()).not.toContain('auth');
  });
});
