import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqlite } from '../../../../host/keyvalue/sqlite/open.ts';
import { networkFileSystem } from '../../../../host/keyvalue/sqlite/prepare-file.ts';
import { folder, path, setUp, useFile } from './open-files.ts';

setUp();

/** Runs code in a process of its own after loading `openSqlite`; returns its output. */
function child(code: string, ...wrapper: string[]): string {
  const module = new URL('../../../../host/keyvalue/sqlite/open.ts', import.meta.url).href;
  const script = `import { openSqlite, openMemory } from ${JSON.stringify(module)};
    openMemory().close();
    const path = ${JSON.stringify(path)};
    const attempt = (work) => { try { work(); return 'fine'; } catch (error) { return error.code; } };
    ${code}`;
  const [command, ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', script];
  return execFileSync(command!, args, { encoding: 'utf8', timeout: 60_000 }).trim();
}

test.skipIf(process.platform === 'win32')(
  'a file that is not writable is refused when it is opened',
  async () => {
    await openSqlite(path).close();
    // Root can write anywhere, so the child becomes nobody first.
    const drop = 'if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }';
    const open = 'console.log(attempt(() => openSqlite(path).close()));';
    chmodSync(folder, 0o777);
    chmodSync(path, 0o444);
    expect(child(drop + open)).toBe('store-unusable');
    chmodSync(path, 0o666);
    expect(child(drop + open)).toBe('fine');
    chmodSync(folder, 0o555);
    expect(child(drop + open)).toBe('store-unusable');
    useFile(join(folder, 'new', 'store.db'));
    expect(child(drop + open)).toBe('store-unusable');
    chmodSync(folder, 0o700);
    expect(existsSync(path)).toBe(false);
  },
);

const HOUSEKEEPING = new URL('../../../../host/keyvalue/sqlite/housekeeping.ts', import.meta.url).href;

const canMount = ((): boolean => {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!canMount)(
  'a full disk fails the write, keeps the data, and recovers when there is space',
  () => {
    const code = `
    import { execFileSync } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', ${JSON.stringify(folder)}]);
    const store = openSqlite(path);
    store.set('b', 'before', new Uint8Array(10));
    openSqlite(path + '.closed').close();
    const outcomes = [
      attempt(() => store.set('b', 'large', new Uint8Array(2_000_000))),
      String(store.exists('b', 'large')),
      attempt(() => { for (let n = 0; ; n++) store.set('b', String(n), new Uint8Array(20_000)); }),
      attempt(() => writeFileSync(path + '.rest', new Uint8Array(2_000_000))),
      String(store.get('b', 'before').length),
      attempt(() => openSqlite(path + '.closed')),
      attempt(() => openSqlite(path + '.new')),
    ];
    execFileSync('mount', ['-o', 'remount,size=8m', ${JSON.stringify(folder)}]);
    outcomes.push(attempt(() => store.set('b', 'after', new Uint8Array(20_000))));
    store.close();
    console.log(outcomes.join());`;
    expect(child(code, 'unshare', '-rm')).toBe(
      'store-full,false,store-full,ENOSPC,10,store-full,store-full,fine',
    );
  },
);

test.skipIf(!canMount)('entries can be deleted on a full disk, and then new ones be written', () => {
  const code = `
    import { execFileSync } from 'node:child_process';
    import { existsSync } from 'node:fs';
    import { startHousekeeping } from ${JSON.stringify(HOUSEKEEPING)};
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', ${JSON.stringify(folder)}]);
    const store = openSqlite(path);
    const { close } = startHousekeeping(path);
    const outcomes = [existsSync(path + '-reserve')];
    const keys = [];
    outcomes.push(attempt(() => { for (let n = 0; ; n++) { store.set('b', String(n), new Uint8Array(20_000)); keys.push(String(n)); } }));
    outcomes.push(attempt(() => { for (let n = 0; ; n++) { store.set('b', 'small' + n, new Uint8Array(1)); keys.push('small' + n); } }));
    outcomes.push(new Set(keys.map((key) => attempt(() => store.delete('b', key)))).size);
    outcomes.push(attempt(() => store.delete('b', keys[0])), existsSync(path + '-reserve'), store.list('b').keys.length);
    outcomes.push(attempt(() => { for (let n = 0; n < 100; n++) store.set('b', String(n), new Uint8Array(20_000)); }));
    await close();
    store.close();
    console.log(outcomes.join());`;
  expect(child(code, 'unshare', '-rm')).toBe('true,store-full,store-full,1,fine,false,0,fine');
});

test.skipIf(!canMount)(
  'a disk that was full has room for new entries as soon as others are deleted, through each connection',
  () => {
    const code = `
    import { execFileSync } from 'node:child_process';
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', ${JSON.stringify(folder)}]);
    const [deleting, writing] = [openSqlite(path), openSqlite(path)];
    const keys = [];
    const outcomes = [
      attempt(() => { for (let n = 0; ; n++) { deleting.set('b', String(n), new Uint8Array(100_000)); keys.push(String(n)); } }),
      // No reserve was kept, so there is not even room for this.
      attempt(() => writing.set('b', keys[0], new Uint8Array(100_000))),
    ];
    execFileSync('mount', ['-o', 'remount,size=28m', ${JSON.stringify(folder)}]);
    outcomes.push(
      attempt(() => { for (const key of keys) deleting.delete('b', key); }),
      attempt(() => { for (const key of keys.slice(1)) writing.set('b', 'again' + key, new Uint8Array(100_000)); }),
    );
    deleting.close();
    writing.close();
    console.log(outcomes.join());`;
    expect(child(code, 'unshare', '-rm')).toBe('store-full,store-full,fine,fine');
  },
);

test.skipIf(!canMount)(
  'a connection that found the disk full reports that it has room again, even if only others write',
  () => {
    const code = `
    import { execFileSync } from 'node:child_process';
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', ${JSON.stringify(folder)}]);
    const reports = [];
    const recovered = Promise.withResolvers();
    const full = (isFull) => { reports.push(isFull); if (!isFull) recovered.resolve(); };
    const store = openSqlite(path, { full });
    reports.push(attempt(() => store.set('b', 'large', new Uint8Array(2_000_000))));
    execFileSync('mount', ['-o', 'remount,size=8m', ${JSON.stringify(folder)}]);
    const alive = setInterval(() => {}, 1000);
    await recovered.promise;
    clearInterval(alive);
    store.close();
    console.log(reports.join());`;
    expect(child(code, 'unshare', '-rm')).toBe('true,store-full,false');
  },
);

test('recognizes network file systems by their type', () => {
  expect([0x6969, 0xfe534d42, 0x01021997].map(networkFileSystem)).toEqual(['NFS', 'SMB2', '9P']);
  expect([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630].map(networkFileSystem)).toEqual(
    Array(5).fill(undefined),
  );
});
