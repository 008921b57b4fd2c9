-- The schema of the sample production, in Prisma's style: quoted CamelCase, cuid keys, timestamps(3) without time zone.
-- psql variables: reader_password, app_password.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE ROLE stories_app LOGIN PASSWORD :'app_password';
CREATE ROLE stories_reader LOGIN PASSWORD :'reader_password' CONNECTION LIMIT 20;

CREATE TYPE "UserRole" AS ENUM ('LEARNER', 'TEACHER', 'INSTITUTION', 'VOLUNTEER', 'ADMIN');
CREATE TYPE "StoryStatus" AS ENUM ('DRAFT', 'REVIEW', 'PUBLISHED', 'ARCHIVED');
CREATE TYPE "OrderStatus" AS ENUM ('PENDING', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED');
CREATE TYPE "DonationStatus" AS ENUM ('PENDING', 'SUCCEEDED', 'REFUNDED', 'FAILED');

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."updatedAt" := now() AT TIME ZONE 'UTC';
  RETURN NEW;
END
$$;

CREATE TABLE "User" (
  id             text         NOT NULL,
  email          text         NOT NULL,
  name           text         NOT NULL,
  phone          text,
  "passwordHash" text,
  role           "UserRole"   NOT NULL DEFAULT 'LEARNER',
  profile        jsonb        NOT NULL DEFAULT '{}',
  interests      text[]       NOT NULL DEFAULT '{}',
  "invitedById"  text,
  "lastLoginIp"  inet,
  "dateOfBirth"  date,
  "createdAt"    timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt"    timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "User_pkey" PRIMARY KEY (id),
  CONSTRAINT "User_invitedById_fkey" FOREIGN KEY ("invitedById") REFERENCES "User" (id) ON UPDATE CASCADE ON DELETE SET NULL,
  CONSTRAINT "User_email_check" CHECK (position('@' in email) > 1),
  CONSTRAINT "User_name_check" CHECK (length(name) BETWEEN 1 AND 200)
);
COMMENT ON COLUMN "User".role IS 'LEARNER unless chosen otherwise at sign-up';
CREATE UNIQUE INDEX "User_email_key" ON "User" (email);
CREATE UNIQUE INDEX "User_email_lower_key" ON "User" (lower(email));
CREATE INDEX "User_role_idx" ON "User" (role);
CREATE INDEX "User_learner_createdAt_idx" ON "User" ("createdAt") WHERE role = 'LEARNER';
CREATE INDEX "User_invitedById_idx" ON "User" ("invitedById");

CREATE TABLE "Story" (
  id            text          NOT NULL,
  title         text          NOT NULL,
  slug          text          NOT NULL,
  content       text          NOT NULL,
  tags          text[]        NOT NULL DEFAULT '{}',
  status        "StoryStatus" NOT NULL DEFAULT 'DRAFT',
  "authorId"    text          NOT NULL,
  "publishedAt" timestamp(3),
  "createdAt"   timestamp(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt"   timestamp(3)  NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Story_pkey" PRIMARY KEY (id),
  CONSTRAINT "Story_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User" (id) ON UPDATE CASCADE ON DELETE RESTRICT,
  CONSTRAINT "Story_published_check" CHECK (status <> 'PUBLISHED' OR "publishedAt" IS NOT NULL)
);
CREATE UNIQUE INDEX "Story_slug_key" ON "Story" (slug);
CREATE INDEX "Story_authorId_idx" ON "Story" ("authorId");
CREATE INDEX "Story_status_publishedAt_idx" ON "Story" (status, "publishedAt" DESC, id);
CREATE INDEX "Story_tags_idx" ON "Story" USING gin (tags);

CREATE TABLE "UserStory" (
  "userId"    text         NOT NULL,
  "storyId"   text         NOT NULL,
  progress    integer      NOT NULL DEFAULT 0,
  rating      smallint,
  note        text,
  "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "UserStory_pkey" PRIMARY KEY ("userId", "storyId"),
  CONSTRAINT "UserStory_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT "UserStory_storyId_fkey" FOREIGN KEY ("storyId") REFERENCES "Story" (id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT "UserStory_progress_check" CHECK (progress BETWEEN 0 AND 100),
  CONSTRAINT "UserStory_rating_check" CHECK (rating BETWEEN 1 AND 5)
);
CREATE INDEX "UserStory_storyId_idx" ON "UserStory" ("storyId");

CREATE TABLE "Order" (
  id                bigint         GENERATED ALWAYS AS IDENTITY,
  "orderNumber"     text           NOT NULL,
  "userId"          text           NOT NULL,
  total             numeric(10, 2) NOT NULL,
  vat               numeric(10, 2) GENERATED ALWAYS AS (round(total * 19 / 119, 2)) STORED,
  status            "OrderStatus"  NOT NULL DEFAULT 'PENDING',
  "shippingName"    text           NOT NULL,
  "shippingAddress" text           NOT NULL,
  "contactEmail"    text           NOT NULL,
  items             jsonb          NOT NULL DEFAULT '[]',
  "createdAt"       timestamp(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt"       timestamp(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Order_pkey" PRIMARY KEY (id),
  CONSTRAINT "Order_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" (id) ON UPDATE CASCADE ON DELETE RESTRICT,
  CONSTRAINT "Order_total_check" CHECK (total >= 0),
  CONSTRAINT "Order_items_check" CHECK (jsonb_typeof(items) = 'array')
);
CREATE UNIQUE INDEX "Order_orderNumber_key" ON "Order" ("orderNumber");
CREATE INDEX "Order_userId_createdAt_idx" ON "Order" ("userId", "createdAt");

CREATE TABLE "Donation" (
  id            uuid             NOT NULL DEFAULT gen_random_uuid(),
  "userId"      text,
  "donorName"   text,
  "donorEmail"  text,
  amount        numeric(10, 2)   NOT NULL,
  currency      char(3)          NOT NULL DEFAULT 'EUR',
  status        "DonationStatus" NOT NULL DEFAULT 'PENDING',
  message       text,
  "receiptIban" text,
  "createdAt"   timestamp(3)     NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Donation_pkey" PRIMARY KEY (id),
  CONSTRAINT "Donation_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" (id) ON UPDATE CASCADE ON DELETE SET NULL,
  CONSTRAINT "Donation_amount_check" CHECK (amount > 0),
  CONSTRAINT "Donation_currency_check" CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE INDEX "Donation_userId_idx" ON "Donation" ("userId");
CREATE INDEX "Donation_createdAt_idx" ON "Donation" ("createdAt");

CREATE TRIGGER "User_updatedAt" BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER "Story_updatedAt" BEFORE UPDATE ON "Story" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER "UserStory_updatedAt" BEFORE UPDATE ON "UserStory" FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER "Order_updatedAt" BEFORE UPDATE ON "Order" FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- What the learners' page shows. It names the role, so a migration of the role has to deal with it.
CREATE VIEW "LearnerProgress" AS
  SELECT u.id, u.name, u.role, count(us."storyId") AS stories, round(avg(us.progress), 1) AS "averageProgress"
  FROM "User" u
  LEFT JOIN "UserStory" us ON us."userId" = u.id
  WHERE u.role = 'LEARNER'
  GROUP BY u.id, u.name, u.role;
COMMENT ON VIEW "LearnerProgress" IS 'Stories begun and average progress of every learner';

CREATE TABLE "_prisma_migrations" (
  id                  varchar(36)  NOT NULL PRIMARY KEY,
  checksum            varchar(64)  NOT NULL,
  finished_at         timestamptz,
  migration_name      varchar(255) NOT NULL,
  logs                text,
  rolled_back_at      timestamptz,
  started_at          timestamptz  NOT NULL DEFAULT now(),
  applied_steps_count integer      NOT NULL DEFAULT 0
);
INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
SELECT md5(name)::uuid::text, md5(name || 'a') || md5(name || 'b'), name, day, day + interval '2 seconds', 1
FROM (VALUES
  ('20230105101500_init', timestamptz '2023-01-05 10:15+00'),
  ('20230912084200_orders_and_donations', timestamptz '2023-09-12 08:42+00'),
  ('20250218143000_user_profile', timestamptz '2025-02-18 14:30+00')) AS applied (name, day);

GRANT USAGE ON SCHEMA public TO stories_app, stories_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO stories_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO stories_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO stories_reader;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO stories_reader;
