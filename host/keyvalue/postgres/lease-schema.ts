/**
 * Leases, as functions: each call is one round trip and one transaction. `expires` is by the engine's clock. Names of channels end
 * at 63 bytes, so they contain digests of holders.
 */
export const LEASES_MIGRATION = `
  CREATE TABLE SCHEMA.holder (id text PRIMARY KEY, expires timestamptz NOT NULL);
  CREATE TABLE SCHEMA.lease (
    bucket bytea NOT NULL,
    name bytea NOT NULL,
    holder text NOT NULL,
    token bigint NOT NULL,
    wanted text,
    PRIMARY KEY (bucket, name)
  );
  CREATE INDEX lease_holder ON SCHEMA.lease (holder);

  CREATE FUNCTION SCHEMA.is_alive(h text) RETURNS boolean LANGUAGE plpgsql AS $body$
  BEGIN
    RETURN EXISTS (SELECT 1 FROM SCHEMA.holder WHERE id = h AND expires > clock_timestamp());
  END $body$;

  CREATE FUNCTION SCHEMA.stay_alive(h text, life integer) RETURNS void LANGUAGE plpgsql AS $body$
  BEGIN
    INSERT INTO SCHEMA.holder (id, expires) VALUES (h, clock_timestamp() + life * interval '1 millisecond')
    ON CONFLICT (id) DO UPDATE SET expires = excluded.expires;
  END $body$;

  CREATE FUNCTION SCHEMA.tell(h text, kind text, b bytea, n bytea, notifies boolean) RETURNS void LANGUAGE plpgsql AS $body$
  BEGIN
    IF notifies THEN
      PERFORM pg_notify('wasmcp-' || md5(h), kind || ' ' || encode(b, 'hex') || ' ' || encode(n, 'hex'));
    END IF;
  END $body$;

  CREATE FUNCTION SCHEMA.acquire_lease(h text, life integer, b bytea, n bytea, notifies boolean)
  RETURNS bigint LANGUAGE plpgsql AS $body$
  DECLARE
    found_lease SCHEMA.lease;
    new_token bigint;
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM SCHEMA.holder
        WHERE id = h AND expires > clock_timestamp() + life * interval '0.5 millisecond') THEN
      PERFORM SCHEMA.stay_alive(h, life);
    END IF;
    SELECT * INTO found_lease FROM SCHEMA.lease WHERE bucket = b AND name = n FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO SCHEMA.lease (bucket, name, holder, token) VALUES (b, n, h, nextval('SCHEMA.version'))
      ON CONFLICT (bucket, name) DO NOTHING RETURNING token INTO new_token;
      IF new_token IS NOT NULL THEN RETURN new_token; END IF;
      SELECT * INTO found_lease FROM SCHEMA.lease WHERE bucket = b AND name = n FOR UPDATE;
      IF NOT FOUND THEN RETURN NULL; END IF;
    END IF;
    IF found_lease.holder = h THEN RETURN found_lease.token; END IF;
    IF NOT SCHEMA.is_alive(found_lease.holder) THEN
      UPDATE SCHEMA.lease SET holder = h, token = nextval('SCHEMA.version'), wanted = NULL
      WHERE bucket = b AND name = n RETURNING token INTO new_token;
      RETURN new_token;
    END IF;
    IF found_lease.wanted IS NULL OR NOT SCHEMA.is_alive(found_lease.wanted) THEN
      UPDATE SCHEMA.lease SET wanted = h WHERE bucket = b AND name = n;
      PERFORM SCHEMA.tell(found_lease.holder, 'wanted', b, n, notifies);
    END IF;
    RETURN NULL;
  END $body$;

  CREATE FUNCTION SCHEMA.release_lease(h text, b bytea, n bytea, notifies boolean) RETURNS void LANGUAGE plpgsql AS $body$
  DECLARE
    found_lease SCHEMA.lease;
  BEGIN
    SELECT * INTO found_lease FROM SCHEMA.lease WHERE bucket = b AND name = n FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    IF found_lease.wanted = h THEN
      UPDATE SCHEMA.lease SET wanted = NULL WHERE bucket = b AND name = n;
      found_lease.wanted := NULL;
    END IF;
    IF found_lease.holder <> h THEN RETURN; END IF;
    IF found_lease.wanted IS NOT NULL AND SCHEMA.is_alive(found_lease.wanted) THEN
      UPDATE SCHEMA.lease SET holder = found_lease.wanted, token = nextval('SCHEMA.version'), wanted = NULL
      WHERE bucket = b AND name = n;
      PERFORM SCHEMA.tell(found_lease.wanted, 'given', b, n, notifies);
    ELSE
      DELETE FROM SCHEMA.lease WHERE bucket = b AND name = n;
    END IF;
  END $body$;

  CREATE FUNCTION SCHEMA.leave_leases(h text, notifies boolean) RETURNS void LANGUAGE plpgsql AS $body$
  BEGIN
    PERFORM SCHEMA.release_lease(h, bucket, name, notifies) FROM (
      SELECT bucket, name FROM SCHEMA.lease WHERE holder = h OR wanted = h ORDER BY bucket, name) AS mine;
    DELETE FROM SCHEMA.holder WHERE id = h;
  END $body$;

  CREATE FUNCTION SCHEMA.remove_dead(kept integer) RETURNS void LANGUAGE plpgsql AS $body$
  BEGIN
    IF EXISTS (SELECT 1 FROM SCHEMA.holder WHERE expires < clock_timestamp() - kept * interval '1 millisecond') THEN
      DELETE FROM SCHEMA.lease USING SCHEMA.holder
      WHERE holder.id = lease.holder AND expires < clock_timestamp() - kept * interval '1 millisecond';
      DELETE FROM SCHEMA.holder WHERE expires < clock_timestamp() - kept * interval '1 millisecond';
    END IF;
  END $body$;

  CREATE FUNCTION SCHEMA.renew_leases(h text, life integer, kept integer)
  RETURNS TABLE (wanted_bucket bytea, wanted_name bytea) LANGUAGE plpgsql AS $body$
  BEGIN
    PERFORM SCHEMA.stay_alive(h, life);
    PERFORM SCHEMA.remove_dead(kept);
    RETURN QUERY SELECT bucket, name FROM SCHEMA.lease WHERE holder = h AND wanted IS NOT NULL;
  END $body$;

  -- Fails unless the lease has this token; until the transaction ends, nobody else can take it.
  CREATE FUNCTION SCHEMA.require_lease(b bytea, n bytea, t bigint) RETURNS boolean LANGUAGE plpgsql AS $body$
  BEGIN
    PERFORM 1 FROM SCHEMA.lease WHERE bucket = b AND name = n AND token = t FOR SHARE;
    IF NOT FOUND THEN RAISE EXCEPTION 'the lease was lost' USING ERRCODE = 'WL001'; END IF;
    RETURN true;
  END $body$;`;
