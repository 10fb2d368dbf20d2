import { workerData } from 'node:worker_threads';
import { connect } from './connection.ts';

/** Milliseconds to wait for readers and writers, which wait meanwhile: far less than their own limit. */
const PATIENCE = 500;

const connection = connect(workerData as string, PATIENCE);
try {
  connection.pragma('checkpoint_fullfsync = ON');
  connection.pragma('wal_checkpoint(TRUNCATE)');
} finally {
  connection.close();
}
