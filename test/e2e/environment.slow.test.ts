import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixture, run, temporaryFolder } from '../support/command.ts';

const COMMAND = fixture('command');

function envFile(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'vars');
  writeFileSync(path, content);
  return path;
}

describe('--env-file', () => {
  test.each([
    ['a blank value', 'PROXY= \nAPI_TOKEN=abc123\n', { PROXY: '', API_TOKEN: 'abc123' }],
    ['an empty value before a quoted line', "A=\nB='x'", { A: '', B: 'x' }],
    ['a byte-order mark and CRLF', '\ufeffFIRST=1\r\nSECOND=2\r\n', { FIRST: '1', SECOND: '2' }],
    ['export', 'export\tA=1\nexport B=2', { A: '1', B: '2' }],
    ['comments', '# one\nA=1 # two\n  # three\nB="# four" # five\nC=# six', { A: '1', B: '# four', C: '' }],
    ['quotes', `A=' x '\nB="y"\nC=\`it's "z"\``, { A: ' x ', B: 'y', C: `it's "z"` }],
    ['blanks around the sign', ' A = 1 \nB=2 3', { A: '1', B: '2 3' }],
    [
      'a value over several lines',
      'KEY="-----BEGIN\nabc=\n#\n-----END"\nB=1',
      { KEY: '-----BEGIN\nabc=\n#\n-----END', B: '1' },
    ],
    ['a sign in a value', 'URL=https://h/?a=b', { URL: 'https://h/?a=b' }],
    ['the last of two', 'A=1\nA=2', { A: '2' }],
  ])('%s', async (_, content, variables) => {
    const args = ['run', '--store', 'memory:', '--env-file', envFile(content), COMMAND, 'env'];
    const { stdout, stderr, status } = await run(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const expected = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
    expect(stdout).toBe(expected.join(''));
  });

  test.each([
    ['no sign', 'A=1\n\njunk secret\nB=1', 'line 3: it is not NAME=VALUE'],
    ['a name with a blank', 'A B=secret', 'line 1: it is not NAME=VALUE'],
    ['no name', '=secret', 'line 1: it is not NAME=VALUE'],
    ['a quote that stays open', '\r\nA="secret\r\nB=1', 'line 2: its quote is not closed'],
    ['more behind a quote', `A='secret' more`, 'line 1: its quote is not closed, or something follows'],
    ['UTF-16', Buffer.from('\ufeffA=1', 'utf16le'), 'cannot be read: it is not UTF-8'],
  ])('%s: the start fails, and the message shows no value', async (_, content, problem) => {
    const file = envFile(content);
    const { stdout, stderr, status } = await run(['run', '--env-file', file, COMMAND, 'env']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.split('\n')).toHaveLength(2);
    expect(stderr).toContain(`error: --env-file ${file}`);
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain('secret');
  });
});

describe('variables of options', () => {
  const env = async (variables: Record<string, string>): Promise<{ stdout: string; stderr: string }> =>
    run(['run', '--store', 'memory:', COMMAND, 'env'], { env: variables });

  test('--env is WASMCP_NODE_GUEST_ENV', async () => {
    expect(await env({ WASMCP_NODE_GUEST_ENV: 'A=1,B=2' })).toMatchObject({
      stdout: 'A=1\nB=2\n',
      stderr: '',
    });
  });

  test('its former name works with a warning, unless the new one is set', async () => {
    const warning =
      'warning: WASMCP_NODE_ENV is now called WASMCP_NODE_GUEST_ENV; the next release will ignore it\n';
    expect(await env({ WASMCP_NODE_ENV: 'A=1' })).toMatchObject({ stdout: 'A=1\n', stderr: warning });
    expect((await env({ WASMCP_NODE_ENV: 'A=1', WASMCP_NODE_GUEST_ENV: 'A=2' })).stdout).toBe('A=2\n');
  });

  test('an unknown one is reported, with the most similar name', async () => {
    const { stderr } = await env({
      WASMCP_NODE_MAX_BODDY: '1',
      WASMCP_NODE_NONSENSE: '1',
      WASMCP_NODE_EMPTY_: '',
    });
    expect(stderr.split('\n').sort()).toEqual([
      '',
      'warning: WASMCP_NODE_MAX_BODDY is not the variable of an option; did you mean WASMCP_NODE_MAX_BODY?',
      'warning: WASMCP_NODE_NONSENSE is not the variable of an option',
    ]);
  });

  test('a switch that is neither on nor off is ignored, and reported', async () => {
    const { stderr } = await env({
      WASMCP_NODE_TRUST_PROXY: 'on',
      WASMCP_NODE_VERBOSE: 'false',
      WASMCP_NODE_INHERIT_ENV: '',
      WASMCP_NODE_NO_LOGGING_PREFIX: 'yes',
    });
    expect(stderr).toBe(
      'warning: WASMCP_NODE_TRUST_PROXY is neither on nor off, so it is ignored: write 1 or 0\n',
    );
  });

  test('the variables of all options are known to every command', async () => {
    expect((await env({ WASMCP_NODE_WORKERS: '2', WASMCP_NODE_WASI: 'cli' })).stderr).toBe('');
  });
});

test('a shell command line that is given to exec as one word', async () => {
  const { status, stderr } = await run(['exec', fixture('http-lab'), '--', 'node a.mjs && b']);
  expect(status).toBe(127);
  expect(stderr).toContain(
    "; it was given as one word; to run a command line in a shell, write -- sh -c '…'",
  );
  const plain = await run(['exec', fixture('http-lab'), '--', 'no-such-command']);
  expect(plain.stderr).toBe('error: the command no-such-command is not found\n');
});
