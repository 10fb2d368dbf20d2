/** Whether the servers of `serving.ts` run their guests on the thread of the tests, without workers: `npm run test:thread`. */
export const thisThread: boolean = process.env.WASMCP_NODE_TEST_THREAD === 'this';
