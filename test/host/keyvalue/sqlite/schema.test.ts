import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Connection, connect } from '../../../../host/keyvalue/sqlite/connection.ts';
import { migrate } from '../../../../host/keyvalue/sqlite/schema.ts';

const FIRST = 'CREATE TABLE notes (body TEXT); INSERT INTO notes VALUES (1)';
const SECOND = 'ALTER TABLE notes ADD COLUMN author TEXT; UPDATE notes SET author = 2';
let connection: Connection;

beforeEach(() => {
  connection = connect(':memory:', 0);
});

afterEach(() => {
  connection.close();
});

function version(): unknown {
  return connection.pragma('user_version', { simple: true });
}

test('an older schema is migrated with its rows, once', () => {
  migrate(connection, 'memory:', [FIRST]);
  expect(version()).toBe(1n);
  migrate(connection, 'memory:', [FIRST, SECOND]);
  migrate(connection, 'memory:', [FIRST, SECOND]);
  expect(version()).toBe(2n);
  expect(connection.prepare('SELECT * FROM notes').all()).toEqual([{ body: '1', author: '2' }]);
});

test('a failed migration leaves the previous schema', () => {
  migrate(connection, 'memory:', [FIRST]);
  const broken = 'ALTER TABLE notes ADD COLUMN author TEXT; UPDATE nowhere SET author = 2';
  expect(() => migrate(connection, 'memory:', [FIRST, broken])).toThrow(/no such table: nowhere/);
  expect(version()).toBe(1n);
  expect(connection.prepare('SELECT * FROM notes').all()).toEqual([{ body: '1' }]);
});
