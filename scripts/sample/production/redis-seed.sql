-- Prints what the sample production keeps in Redis, as Redis' own protocol (psql -At … | redis-cli --pipe).
-- A row ends with \r and psql adds the \n. Needs the data of generate.sql.
\set ON_ERROR_STOP on
CREATE FUNCTION pg_temp.command(VARIADIC words text[]) RETURNS text LANGUAGE sql AS $$
  SELECT '*' || cardinality(words) || E'\r\n' || string_agg('$' || octet_length(word) || E'\r\n' || word, E'\r\n' ORDER BY n) || E'\r'
  FROM unnest(words) WITH ORDINALITY AS w (word, n)
$$;

-- sessions of one user in twenty
SELECT pg_temp.command('SET', 'session:' || md5('session' || id), jsonb_build_object('id', id, 'email', email, 'name', name,
  'role', role, 'ip', host("lastLoginIp"))::text, 'EX', '604800')
FROM "User" WHERE hashtext(id) % 20 = 0 ORDER BY id;

-- cached stories, in the shape the application caches them
SELECT pg_temp.command('SET', 'cache:story:' || s.id, jsonb_build_object('id', s.id, 'title', s.title, 'slug', s.slug,
  'content', s.content, 'tags', s.tags, 'publishedAt', s."publishedAt", 'authorId', s."authorId", 'author', u.name)::text, 'EX', '86400')
FROM "Story" s JOIN "User" u ON u.id = s."authorId" WHERE s.status = 'PUBLISHED' ORDER BY s.id LIMIT 200;

SELECT pg_temp.command('HSET', 'cache:user:' || id, 'name', name, 'email', email, 'phone', coalesce(phone, ''), 'role', role::text)
FROM "User" ORDER BY id LIMIT 500;

SELECT pg_temp.command('RPUSH', 'queue:emails', jsonb_build_object('to', email, 'subject', 'Your week on 1001 Stories',
  'body', format('Dear %s, a new story waits for you.', name))::text)
FROM "User" ORDER BY "createdAt" DESC, id LIMIT 50;

SELECT pg_temp.command('ZADD', 'leaderboard', count(*)::text, "userId")
FROM "UserStory" WHERE progress = 100 GROUP BY "userId" ORDER BY count(*) DESC, "userId" LIMIT 100;

SELECT pg_temp.command('SET', 'ratelimit:login:' || host("lastLoginIp"), (1 + abs(hashtext(id)) % 20)::text, 'EX', (600 + abs(hashtext(id)) % 3000)::text)
FROM "User" WHERE family("lastLoginIp") = 4 ORDER BY id LIMIT 100;
