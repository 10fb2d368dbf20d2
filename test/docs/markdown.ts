import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT: string = join(import.meta.dirname, '../..');

/** The README and the manual, as paths from the root of the repository. */
export const DOCUMENTS: readonly string[] = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT }).sort()];

/** A fenced block of code. */
export interface Block {
  readonly document: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  /** The first word after the fence; empty when there is none. */
  readonly language: string;
  /** The words after that one. */
  readonly words: readonly string[];
  readonly text: string;
  /** Only blank lines separate this block from the one before. */
  readonly follows: boolean;
}

export function read(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

/** An opening fence, the code, and the closing fence. */
const BLOCK = /^( *)(`{3,})([^\n`]*)\n((?:.*\n)*?)\1\2 *$/gm;

export function blocksOf(document: string): Block[] {
  const markdown = read(document);
  let end = -1;
  return [...markdown.matchAll(BLOCK)].map((match) => {
    const [whole, indent = '', , info = '', body = ''] = match;
    const follows = end >= 0 && markdown.slice(end, match.index).trim() === '';
    end = match.index + whole.length;
    const [language = '', ...words] = info.trim().split(/ +/);
    const line = markdown.slice(0, match.index).split('\n').length;
    const text = body.replaceAll(new RegExp(`^ {0,${indent.length}}`, 'gm'), '');
    return { document, line, language, words, text, follows };
  });
}

/** Markdown without code blocks, and with or without the code in backticks. */
export function prose(document: string, inline: 'with' | 'without'): string {
  const blank = (code: string): string => code.replaceAll(/[^\n]/g, ' ');
  const text = read(document).replaceAll(BLOCK, blank);
  return inline === 'with' ? text : text.replaceAll(/`[^`\n]*`/g, blank);
}

/** The anchors that GitHub generates for the headings. */
export function anchorsOf(document: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [...prose(document, 'with').matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  return new Set(anchors);
}
