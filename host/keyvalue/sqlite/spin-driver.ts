import type { SourceDriver } from '../driver.ts';

const FORM = /^spin:(.+)$/is;

/** `spin:PATH`: the key-value file of Spin, which can only be copied. */
export const SPIN: SourceDriver = {
  accepts: (url) => FORM.test(url),
  openSource: async (url) => (await import('./spin-source.ts')).openSpinSource(FORM.exec(url)![1]!),
};
