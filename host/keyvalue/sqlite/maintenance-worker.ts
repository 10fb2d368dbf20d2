import { parentPort, workerData } from 'node:worker_threads';
import { WasmcpError } from '../../error.ts';
import { checkSqlite, copySqlite, describeSqlite } from './maintenance.ts';
import type { Job, JobReply, JobResults } from './maintenance-thread.ts';
import { openSqlite } from './open.ts';

async function perform(job: Job): Promise<JobResults[keyof JobResults]> {
  if (job.task === 'check') return checkSqlite(job.path);
  if (job.task === 'describe') return describeSqlite(job.path);
  if (job.task === 'copy') {
    copySqlite(job.source, job.target, job.temporary);
    return undefined;
  }
  const { schema } = describeSqlite(job.path);
  await openSqlite(job.path).close();
  return schema;
}

function reply(message: JobReply): void {
  parentPort!.postMessage(message);
}

try {
  reply({ value: await perform(workerData as Job) });
} catch (error) {
  if (!(error instanceof WasmcpError)) throw error;
  reply({ code: error.code, message: error.message });
}
