import { createHash } from 'node:crypto';
import { LIFE, MAX_BYTES, MAX_CHANGES } from '../changes.ts';
import { HEADER } from './layout.ts';

/** One atomic step that the engine runs. `KEYS` are those of a `Place`; writes also get the leases of a fence, and the log. */
export interface Script {
  readonly source: string;
  readonly sha: string;
  readonly isRead: boolean;
}

/**
 * Whether a write is reported, and whether the log is its last key. It is not if the store probably has no followers: while a slot of
 * a cluster moves, keys that are absent would let a script wait until all keys have moved.
 */
export const REPORTED = { not: '', withoutLog: '1', withLog: '2' } as const;

/**
 * Every write begins with the name and the token of a fence, both empty without one; whether it is reported (see `REPORTED`), and the
 * channel that wakes followers. If the store has followers, `record(key, value)` adds to the log, without a value for a deletion, and
 * `wake()` is called last. Replies `UNKNOWN`, and does nothing, if nobody has asked yet whether it has; and `FOLLOWED` if it has, but the
 * key of the log is not given. `lastId` is that of the place.
 */
const START = `
if ARGV[2] ~= '' then
  local lease = redis.call('HGET', KEYS[5], ARGV[1])
  if not lease or cjson.decode(lease).token ~= ARGV[2] then return redis.error_reply('FENCED the fence does not hold') end
end
local meta = KEYS[4]
local state = redis.call('HMGET', meta, 'log', 'id')
local lastId = state[2]
if not state[1] then return redis.status_reply('UNKNOWN') end
local record, wake
if state[1] ~= '0' and ARGV[3] ~= '${REPORTED.not}' then
  if ARGV[3] ~= '${REPORTED.withLog}' then return redis.status_reply('FOLLOWED') end
  local log, bytes, isOver = KEYS[#KEYS]
  local function begin()
    local time = redis.call('TIME')
    isOver = tonumber(state[1]) < tonumber(time[1]) * 1000000 + tonumber(time[2])
    bytes = 0
    if isOver then
      -- The followers learn from the missing number that changes are missing.
      redis.call('HSET', meta, 'log', '0')
      redis.call('HINCRBY', meta, 'changes', 1)
    elseif redis.call('EXISTS', log) == 1 then bytes = tonumber(redis.call('HGET', meta, 'log-bytes') or 0) end
  end
  local function trim()
    local length = redis.call('XLEN', log)
    while length > 1 and (length > ${MAX_CHANGES} or bytes > ${MAX_BYTES}) do
      local first = redis.call('XRANGE', log, '-', '+', 'COUNT', '1')[1]
      bytes = bytes - #(first[2][4] or '')
      redis.call('XDEL', log, first[1])
      length = length - 1
    end
  end
  function record(key, value)
    if not bytes then begin() end
    if isOver then return end
    local id = string.format('%.0f-0', redis.call('HINCRBY', meta, 'changes', 1))
    if value then redis.call('XADD', log, id, 'k', key, 'v', value) else redis.call('XADD', log, id, 'k', key) end
    bytes = bytes + #(value or '')
    trim()
  end
  function wake()
    if not bytes or isOver then return end
    redis.call('HSET', meta, 'log-bytes', string.format('%.0f', bytes))
    redis.call('PEXPIRE', log, '${LIFE}')
    -- Without a permission they find it later.
    redis.pcall('PUBLISH', ARGV[4], log)
  end
end
`;

/**
 * `begin(now, id, step)` takes one version for the whole script, `put(key, value)` writes, `finish()` is called last. Each new key
 * gets an id that is `step` above the last one of the place, and above `id`. Numbers are exact up to 2^53.
 */
const PUT = `${START}
local values, order, names = KEYS[1], KEYS[2], KEYS[3]
local header, last, step
local added = false
local function begin(now, id, distance)
  header = struct.pack('>I8I8', redis.call('HINCRBY', meta, 'version', 1), now)
  last = math.max(tonumber(lastId or 0), tonumber(id))
  step = tonumber(distance)
end
local function put(key, value)
  if redis.call('HSET', values, key, header .. value) == 1 then
    last = last + step
    added = true
    redis.call('ZADD', order, string.format('%.0f', last), key)
    redis.call('ZADD', names, 0, key)
  end
  if record then record(key, value) end
end
local function finish()
  if added then redis.call('HSET', meta, 'id', string.format('%.0f', last)) end
  if wake then wake() end
end
`;

/** Start, now, id, step, then keys and values alternately. */
const SET = script(`${PUT}
begin(ARGV[5], ARGV[6], ARGV[7])
for n = 8, #ARGV, 2 do put(ARGV[n], ARGV[n + 1]) end
finish()
return 1`);

/** Start, now, id, step, key, value, stripe, version; returns 1 if it was swapped. */
const SWAP = script(`${PUT}
local entry = redis.call('HGET', values, ARGV[8])
local version = redis.call('HGET', meta, ARGV[10]) or '0'
if entry then version = string.format('%.0f', (struct.unpack('>I8', entry))) end
if version ~= ARGV[11] then return 0 end
begin(ARGV[5], ARGV[6], ARGV[7])
put(ARGV[8], ARGV[9])
finish()
return 1`);

/**
 * Start, now, id, step, key, delta, min, max. Returns 1 and the sum; or 0 and the first bytes of what is stored if that is not a number
 * or the sum would be out of bounds. Counters have up to 20 digits, more than Lua's numbers: three parts of seven digits each.
 */
const INCREMENT = script(`${PUT}
local BASE = 10000000
local function carried(a, b, c)
  local carry = math.floor(c / BASE)
  c = c - carry * BASE
  b = b + carry
  carry = math.floor(b / BASE)
  return a + carry, b - carry * BASE, c
end
local function parts(text)
  local sign, digits = 1, text
  if string.sub(text, 1, 1) == '-' then sign, digits = -1, string.sub(text, 2) end
  digits = string.rep('0', 21 - #digits) .. digits
  return carried(sign * tonumber(string.sub(digits, 1, 7)), sign * tonumber(string.sub(digits, 8, 14)),
    sign * tonumber(string.sub(digits, 15, 21)))
end
local function isLess(a, b, c, d, e, f)
  if a ~= d then return a < d end
  if b ~= e then return b < e end
  return c < f
end
local function decimal(a, b, c)
  local sign = ''
  if a < 0 then
    sign = '-'
    a, b, c = carried(-a, -b, -c)
  end
  local digits = string.gsub(string.format('%.0f%07.0f%07.0f', a, b, c), '^0+', '')
  if digits == '' then return '0' end
  return sign .. digits
end
local entry = redis.call('HGET', values, ARGV[8])
local text = '0'
if entry then text = string.sub(entry, ${HEADER + 1}, ${HEADER + 22}) end
local digits = string.match(text, '^%-?([1-9]%d*)$')
if text ~= '0' and (not digits or #digits > 20) then return {0, text} end
local a, b, c = parts(text)
local d, e, f = parts(ARGV[9])
a, b, c = carried(a + d, b + e, c + f)
d, e, f = parts(ARGV[10])
local g, h, i = parts(ARGV[11])
if isLess(a, b, c, d, e, f) or isLess(g, h, i, a, b, c) then return {0, entry and text} end
begin(ARGV[5], ARGV[6], ARGV[7])
local sum = decimal(a, b, c)
put(ARGV[8], sum)
finish()
return {1, sum}`);

/** Start, then keys and stripes alternately. Runs when memory is full, too. */
const DELETE = script(
  `${START}
local version
for n = 5, #ARGV, 2 do
  if redis.call('HDEL', KEYS[1], ARGV[n]) == 1 then
    if not version then version = redis.call('HINCRBY', KEYS[4], 'version', 1) end
    redis.call('ZREM', KEYS[2], ARGV[n])
    redis.call('ZREM', KEYS[3], ARGV[n])
    redis.call('HSET', KEYS[4], ARGV[n + 1], version)
    if record then record(ARGV[n]) end
  end
end
if wake then wake() end
return 1`,
  'allow-oom',
);

/** key, stripe; returns the entry, or nothing and the version of the absent key. */
const READ = script(
  `
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if entry then return {entry} end
return {false, redis.call('HGET', KEYS[4], ARGV[2]) or '0'}`,
  'no-writes',
);

/** Maximum size, then keys and how often each is requested alternately; returns nothing if the values are larger. */
const GET_MANY = script(
  `
local size = 0
for n = 2, #ARGV, 2 do
  local length = redis.call('HSTRLEN', KEYS[1], ARGV[n])
  if length > 0 then size = size + (length - ${HEADER}) * tonumber(ARGV[n + 1]) end
end
if size > tonumber(ARGV[1]) then return false end
local entries = {}
for n = 2, #ARGV, 2 do entries[n / 2] = redis.call('HGET', KEYS[1], ARGV[n]) end
return entries`,
  'no-writes',
);

export const SCRIPTS: Readonly<Record<'set' | 'swap' | 'increment' | 'delete' | 'read' | 'getMany', Script>> =
  {
    set: SET,
    swap: SWAP,
    increment: INCREMENT,
    delete: DELETE,
    read: READ,
    getMany: GET_MANY,
  };

/** With the first line, the engine refuses a script that writes when memory is full, unless a flag allows it. */
export function script(body: string, flags = ''): Script {
  const source = `#!lua flags=${flags}\n${body}`;
  return {
    source,
    sha: createHash('sha1').update(source).digest('hex'),
    isRead: flags === 'no-writes',
  };
}
