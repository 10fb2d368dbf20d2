import { LIFE, READ_BYTES, READ_CHANGES } from '../changes.ts';
import { type Script, script } from './scripts.ts';

/** Times are in microseconds, so that two followers never have the same. */
const NOW = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local function text(number) return string.format('%.0f', number) end
`;

/** Keys: followers, places. Argument: the follower. Returns the end of its life, and the number of places. */
const FOLLOW = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - ${2 * LIFE * 1000}))
local expires = text(now + ${LIFE * 1000})
redis.call('ZADD', KEYS[1], expires, ARGV[1])
return {expires, redis.call('SCARD', KEYS[2])}`;

/** Keys: followers, places. Argument: the tag of a place. Returns until when its log is written, 0 if it is not. */
const ADD_PLACE = `${NOW}
redis.call('SADD', KEYS[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], '+inf', text(now), 'BYSCORE', 'REV', 'LIMIT', '0', '1', 'WITHSCORES')
return text(tonumber(last[2] or 0))`;

/** Keys: followers, places. Argument: the follower. Returns whether others are left. */
const UNFOLLOW = `${NOW}
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('ZCOUNT', KEYS[1], text(now), '+inf')`;

/** Key: meta of a place. Argument: until when its log is written. Returns the number of the last change. */
const KEEP_LOG = `
local known = redis.call('HGET', KEYS[1], 'log')
if not known or tonumber(known) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'log', ARGV[1]) end
return redis.call('HGET', KEYS[1], 'changes') or '0'`;

/** Keys: meta and log of a place. Argument: when the last follower would have died; another one may have come. */
const END_LOG = `
if tonumber(redis.call('HGET', KEYS[1], 'log') or 0) <= tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'log', '0')
  redis.call('DEL', KEYS[2])
end
return 1`;

/** Keys: meta and log of a place. Argument: a number. Returns the number of the last change, then changes: number, key, value. */
const READ_LOG = `
local found = {redis.call('HGET', KEYS[1], 'changes') or '0'}
local bytes, id = 0, '(' .. ARGV[1] .. '-0'
for n = 1, ${READ_CHANGES} do
  local entry = redis.call('XRANGE', KEYS[2], id, '+', 'COUNT', '1')[1]
  if not entry or bytes >= ${READ_BYTES} then break end
  local value = entry[2][4]
  bytes = bytes + #(value or '')
  id = '(' .. entry[1]
  found[n + 1] = {string.match(entry[1], '%d+'), entry[2][2], value or false}
end
return found`;

type Name = 'follow' | 'addPlace' | 'unfollow' | 'keepLog' | 'endLog' | 'readLog';

export const CHANGE_SCRIPTS: Readonly<Record<Name, Script>> = {
  follow: script(FOLLOW, 'allow-oom'),
  addPlace: script(ADD_PLACE, 'allow-oom'),
  unfollow: script(UNFOLLOW, 'allow-oom'),
  keepLog: script(KEEP_LOG, 'allow-oom'),
  endLog: script(END_LOG, 'allow-oom'),
  readLog: script(READ_LOG, 'no-writes'),
};
