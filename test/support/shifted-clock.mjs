/** For `node --import`: the clock of the process is ahead by CLOCK_SHIFT milliseconds. */
const shift = Number(process.env.CLOCK_SHIFT);
const { now } = Date;
Date.now = () => now() + shift;
