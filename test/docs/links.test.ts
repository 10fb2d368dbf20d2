import { existsSync, globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, DOCUMENTS, prose, ROOT } from './markdown.ts';

const LINK = /\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]: +(\S+)/gm;
/** Paths in this repository, which must exist. */
const PATH = /`((?:bin|docs|fixtures|host|scripts|src|test|deploy|\.github)\/[\w./-]*[\w/])`/g;

function linksOf(document: string): string[] {
  return [...prose(document, 'without').matchAll(LINK)].map(([, inline, reference]) => inline ?? reference!);
}

function problem(document: string, link: string): string | undefined {
  if (/^(https|mailto):/.test(link)) return URL.canParse(link) ? undefined : 'is not a URL';
  if (/^[a-z]+:/.test(link)) return 'is not https';
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : normalize(join(dirname(document), path));
  if (!existsSync(join(ROOT, target))) return `leads to ${target}, which does not exist`;
  if (anchor === undefined) return undefined;
  return anchorsOf(target).has(anchor) ? undefined : `leads to no heading of ${target}`;
}

test.each(DOCUMENTS)('the links of %s have targets', (document) => {
  const wrong = linksOf(document).flatMap((link) => {
    const found = problem(document, link);
    return found === undefined ? [] : [`${link} ${found}`];
  });
  expect(wrong).toEqual([]);
});

test.each(DOCUMENTS)('the paths in %s exist', (document) => {
  const named = [...prose(document, 'with').matchAll(PATH)].map(([, path]) => path!);
  const isThere = (path: string): boolean =>
    existsSync(join(ROOT, path)) || globSync([`${path}.ts`, `${path}.test.ts`], { cwd: ROOT }).length > 0;
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

test('the README links to every page of the manual', () => {
  const linked = new Set(linksOf('README.md').map((link) => link.split('#')[0]));
  const pages = DOCUMENTS.filter((document) => dirname(document) === 'docs');
  expect(pages.length).toBeGreaterThan(2);
  expect(pages.filter((page) => !linked.has(page))).toEqual([]);
});
