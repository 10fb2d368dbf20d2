import { type Script, script } from './scripts.ts';

/**
 * The common part of these scripts. The first arguments are the holder, its life, the bucket and the prefix of channels. A lease is
 * JSON with its holder, its token and the holder that waits for it. Entries of the index begin with `h` for leases that a holder
 * has, `q` for those that it waits for, `w` for those of it that others want; then the holder, a zero byte and the name.
 *
 * A token is the time in microseconds, or one more than the last one if that is later, so that a token lost in a power cut is not
 * used again.
 */
const SHARED = `
local leases, index, holders, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local holder, life, bucket, channel = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now = math.floor(micros / 1000)
local function isAlive(id)
  local expires = id and redis.call('ZSCORE', holders, id)
  return expires and tonumber(expires) > now
end
local function live() redis.call('ZADD', holders, string.format('%.0f', now + tonumber(life)), holder) end
local function entry(kind, id, name) return kind .. id .. '\\0' .. name end
local function note(kind, id, name) redis.call('ZADD', index, 0, entry(kind, id, name)) end
local function forget(kind, id, name) redis.call('ZREM', index, entry(kind, id, name)) end
local function noted(kind, id)
  local first = kind .. id .. '\\0'
  local names = redis.call('ZRANGE', index, '[' .. first, '(' .. kind .. id .. '\\1', 'BYLEX')
  for n, found in ipairs(names) do names[n] = string.sub(found, #first + 1) end
  return names
end
local function tell(id, kind, name)
  redis.call('PUBLISH', channel .. id, cjson.encode({kind = kind, bucket = bucket, name = name}))
end
local function find(name)
  local lease = redis.call('HGET', leases, name)
  return lease and cjson.decode(lease)
end
local function stopWaiting(name, lease)
  if not lease.wanted then return end
  forget('q', lease.wanted, name)
  forget('w', lease.holder, name)
  lease.wanted = nil
end
local function remove(name, lease)
  stopWaiting(name, lease)
  forget('h', lease.holder, name)
  redis.call('HDEL', leases, name)
end
local function keep(name, lease) redis.call('HSET', leases, name, cjson.encode(lease)) end
local function take(name, id)
  local last = tonumber(redis.call('HGET', meta, 'token') or 0)
  local token = string.format('%.0f', math.max(last + 1, micros))
  redis.call('HSET', meta, 'token', token)
  keep(name, {holder = id, token = token})
  note('h', id, name)
  return token
end
local function release(name)
  local lease = find(name)
  if not lease then return end
  if lease.wanted == holder then
    stopWaiting(name, lease)
    keep(name, lease)
  end
  if lease.holder ~= holder then return end
  local next = lease.wanted
  remove(name, lease)
  if next ~= holder and isAlive(next) then
    take(name, next)
    tell(next, 'given', name)
  end
end
`;

/** Milliseconds after the death of a holder until its leases are removed, and how many of them at once. */
const KEPT = 60_000;
const REMOVED = 100;

/** Further argument: the name. Returns the token, or nothing if another live holder has it. */
const ACQUIRE = `
local name = ARGV[5]
local lease = find(name)
live()
if lease and lease.holder == holder then return lease.token end
if lease and isAlive(lease.holder) then
  if lease.wanted ~= holder and not isAlive(lease.wanted) then
    stopWaiting(name, lease)
    lease.wanted = holder
    keep(name, lease)
    note('q', holder, name)
    note('w', lease.holder, name)
    tell(lease.holder, 'wanted', name)
  end
  return false
end
if lease then remove(name, lease) end
return take(name, holder)`;

/** Returns the names of leases that others wait for. */
const RENEW = `
live()
local dead = redis.call('ZRANGE', holders, '-inf', string.format('%.0f', now - ${KEPT}), 'BYSCORE', 'LIMIT', '0', '1')[1]
if dead then
  local left = 0
  for _, kind in ipairs({'h', 'q'}) do
    for _, name in ipairs(noted(kind, dead)) do
      local lease = find(name)
      left = left + 1
      if left > ${REMOVED} then break end
      if kind == 'h' and lease and lease.holder == dead then remove(name, lease)
      elseif kind == 'q' and lease and lease.wanted == dead then
        stopWaiting(name, lease)
        keep(name, lease)
      else forget(kind, dead, name) end
    end
  end
  if left <= ${REMOVED} then redis.call('ZREM', holders, dead) end
end
return noted('w', holder)`;

/** Further arguments: names. */
const RELEASE = `
for n = 5, #ARGV do release(ARGV[n]) end
return 1`;

const LEAVE = `
for _, name in ipairs(noted('h', holder)) do release(name) end
for _, name in ipairs(noted('q', holder)) do release(name) end
redis.call('ZREM', holders, holder)
return 1`;

/** Returns the names of leases that others wait for, and of those that the holder has. */
const STATE = `return {noted('w', holder), noted('h', holder)}`;

export const LEASE_SCRIPTS: Readonly<Record<'acquire' | 'renew' | 'release' | 'leave' | 'state', Script>> = {
  acquire: script(`${SHARED}${ACQUIRE}`),
  renew: script(`${SHARED}${RENEW}`, 'allow-oom'),
  release: script(`${SHARED}${RELEASE}`, 'allow-oom'),
  leave: script(`${SHARED}${LEAVE}`, 'allow-oom'),
  state: script(`${SHARED}${STATE}`),
};

/** Whether a lease, as it is stored, has this token. */
export function hasToken(lease: string, token: bigint): boolean {
  return (JSON.parse(lease) as { token: string }).token === `${token}`;
}
