-- The snapshot in Amazon Athena (engine version 3), which reads Delta Lake tables by their location: columns, partitions and
-- files come from the tables themselves. Put your bucket and prefix in place of s3://team-bucket/dynascope, which is
-- snapshot.place in dynascope.toml. Trino and Spark read the same tables by the same locations.
--
-- The tables can hold rows whose time to live has passed; the views leave them out, as Dynascope does. Times are UTC, without
-- a zone. A sync commits one table after the other: for a moment they can be of two syncs. Athena runs one statement at a time.

CREATE DATABASE IF NOT EXISTS dynascope;

CREATE EXTERNAL TABLE dynascope.conversations
  LOCATION 's3://team-bucket/dynascope/conversations/'
  TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE dynascope.messages
  LOCATION 's3://team-bucket/dynascope/messages/'
  TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE dynascope.tool_calls
  LOCATION 's3://team-bucket/dynascope/tool_calls/'
  TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE dynascope.user_records
  LOCATION 's3://team-bucket/dynascope/user_records/'
  TBLPROPERTIES ('table_type' = 'DELTA');

CREATE OR REPLACE VIEW dynascope.conversations_now AS
SELECT
  "system", conversation_id, tenant_id, user_id, title, started_at, last_activity_at, message_count,
  user_messages, assistant_messages, first_user_message, last_assistant_message, tools, failed_tools,
  is_active, expires_at, "bytes", problems, has_session, item_table, item_key
FROM dynascope.conversations
WHERE expires_at IS NULL
  OR expires_at > CAST(now() AT TIME ZONE 'UTC' AS timestamp)
  OR expires_at <= CAST(now() AT TIME ZONE 'UTC' AS timestamp) - INTERVAL '5' YEAR;

CREATE OR REPLACE VIEW dynascope.messages_now AS
SELECT
  "system", conversation_id, tenant_id, user_id, "position", message_id, "role", content, arguments, sent_at,
  response_seconds, tokens, tool_calls, failed_tool_calls, expires_at, "bytes", problems, orphaned,
  item_table, item_key
FROM dynascope.messages
WHERE expires_at IS NULL
  OR expires_at > CAST(now() AT TIME ZONE 'UTC' AS timestamp)
  OR expires_at <= CAST(now() AT TIME ZONE 'UTC' AS timestamp) - INTERVAL '5' YEAR;

CREATE OR REPLACE VIEW dynascope.tool_calls_now AS
SELECT
  "system", conversation_id, tenant_id, user_id, "position", ordinal, sent_at, tool, status, arguments,
  seconds, expires_at
FROM dynascope.tool_calls
WHERE expires_at IS NULL
  OR expires_at > CAST(now() AT TIME ZONE 'UTC' AS timestamp)
  OR expires_at <= CAST(now() AT TIME ZONE 'UTC' AS timestamp) - INTERVAL '5' YEAR;

CREATE OR REPLACE VIEW dynascope.user_records_now AS
SELECT
  "system", user_id, tenant_id, kind, topic, updated_at, expires_at, "open", done, "bytes", item_table,
  item_key
FROM dynascope.user_records
WHERE expires_at IS NULL
  OR expires_at > CAST(now() AT TIME ZONE 'UTC' AS timestamp)
  OR expires_at <= CAST(now() AT TIME ZONE 'UTC' AS timestamp) - INTERVAL '5' YEAR;

-- Active users a day, by system
SELECT "system", date_trunc('day', sent_at) AS day, count(DISTINCT user_id) AS users
FROM dynascope.messages_now
WHERE "role" = 'user'
GROUP BY 1, 2
ORDER BY 1, 2;

-- Tools that fail
SELECT "system", tool, count(*) AS calls, count_if(status = 'error') AS failed
FROM dynascope.tool_calls_now
GROUP BY 1, 2
ORDER BY 4 DESC;
