"""Every usage metric, defined once: the page's tooltips, `usage --describe` and the README's table are made from this.

Words that the definitions use:

- The window is half-open, [since, until). A message is in it when it was sent in it. Rows that have expired are not counted,
  messages without a readable time are in no window.
- A user is a user id within one system. A conversation is active when a message of a user or of the assistant was sent in the
  window, started when it began in it.
- The filter (system, tenant, user) applies to everything. `now` metrics speak of the snapshot as it is, whatever the window.
"""

from __future__ import annotations

from collections.abc import Mapping

from data_access.usage.metric import Metric

_METRICS = (
    Metric(
        "active_users",
        "Active users",
        "users",
        "Users who wrote at least one message in the window.",
        "distinct users of user messages",
    ),
    Metric(
        "daily_active_users",
        "Active users a day",
        "users",
        "Active users of a day, averaged over all days of the window, days without anybody included.",
        "sum of each day's active users ÷ days of the window",
        series="days",
    ),
    Metric(
        "weekly_active_users",
        "Active users, last 7 days",
        "users",
        "Users who wrote in the last 7 days of the window. None when the window is shorter.",
        "distinct users of user messages in the last 7 days",
        series="weeks",
    ),
    Metric(
        "monthly_active_users",
        "Active users, last 30 days",
        "users",
        "Users who wrote in the last 30 days of the window. None when the window is shorter.",
        "distinct users of user messages in the last 30 days",
        series="months",
    ),
    Metric(
        "stickiness",
        "Stickiness",
        "share",
        "How many of a month's users come on a usual day: over the last 30 days of the window, or all of a shorter one.",
        "mean of each day's active users ÷ active users of the same days",
    ),
    Metric(
        "new_users",
        "New users",
        "users",
        "Active users whose first message of all, as far as the snapshot and the filter know, is in the window.",
        "active users with their first user message in the window",
        series="days",
        adds=True,
    ),
    Metric(
        "returning_users",
        "Returning users",
        "users",
        "Active users who had written before the window.",
        "active users − new users",
    ),
    Metric(
        "conversations_started",
        "Conversations started",
        "conversations",
        "Conversations that began in the window, whenever they went on.",
        "conversations with since ≤ start < until",
        series="days",
        adds=True,
    ),
    Metric(
        "conversations_active",
        "Conversations active",
        "conversations",
        "Conversations with at least one message of a user or of the assistant in the window. The list of conversations also has"
        " those that only span the window: opened from this number, it is narrowed to the active ones.",
        "distinct conversations of user and assistant messages",
        series="days",
    ),
    Metric(
        "conversations_listed",
        "Conversations in the list",
        "conversations",
        "What the list of conversations shows for the same filter: the time from start to last activity overlaps the window, or"
        " no time is known. At least the active ones.",
        "conversations with start < until and last activity ≥ since",
    ),
    Metric(
        "messages",
        "Messages",
        "messages",
        "Messages of users and of the assistant; never those of the system or of tools.",
        "user messages + assistant messages",
        series="days",
        adds=True,
    ),
    Metric("user_messages", "Messages by users", "messages", "Messages that users wrote.", "role is user", series="days", adds=True),
    Metric(
        "assistant_messages",
        "Messages by the assistant",
        "messages",
        "Messages that the assistant wrote.",
        "role is assistant",
        series="days",
        adds=True,
    ),
    Metric("system_messages", "Messages by the system", "messages", "Prompts and notices.", "role is system", series="days", adds=True),
    Metric(
        "tool_messages",
        "Messages by tools",
        "messages",
        "Results of tools that are stored as messages of their own.",
        "role is tool",
        series="days",
        adds=True,
    ),
    Metric(
        "messages_per_conversation",
        "Messages a conversation",
        "messages",
        "How many of the window's messages an active conversation has, on average.",
        "messages ÷ conversations active",
    ),
    Metric(
        "length_median",
        "Conversation length, median",
        "messages",
        "Half of the active conversations have at most this many messages in the window.",
        "median of user and assistant messages by active conversation",
        series="lengths",
    ),
    Metric(
        "length_p95",
        "Conversation length, 95 %",
        "messages",
        "95 % of the active conversations have at most this many messages in the window.",
        "95th percentile of user and assistant messages by active conversation",
        series="lengths",
    ),
    Metric(
        "duration_median",
        "Conversation duration, median",
        "seconds",
        "Time between the first and the last message in the window, for half of the active conversations with several at most this.",
        "median of last − first message time by active conversation with two messages or more",
    ),
    Metric(
        "duration_p95",
        "Conversation duration, 95 %",
        "seconds",
        "Time between the first and the last message in the window, for 95 % of the active conversations with several at most this.",
        "95th percentile of last − first message time by active conversation with two messages or more",
    ),
    *(
        Metric(
            f"response_p{percent}",
            f"Response time, {percent} %",
            "seconds",
            f"{percent} % of the timed responses came within this time.",
            f"{percent}th percentile of assistant's time − user's time over timed responses",
            series="days" if percent in (50, 95) else None,
        )
        for percent in (50, 90, 95, 99)
    ),
    Metric(
        "responses_timed",
        "Responses timed",
        "turns",
        "Assistant messages directly behind a user's, with two times that can carry a response time: more than a millisecond apart.",
        "turns with a response time",
        adds=True,
    ),
    Metric(
        "responses_left_out",
        "Responses left out",
        "turns",
        "Assistant messages directly behind a user's whose times say nothing: the same time or the next millisecond (stored"
        " together, or in whole seconds), a time that runs backwards, no time of the question. They are in no percentile.",
        "turns − responses timed",
        adds=True,
    ),
    Metric(
        "tool_calls",
        "Tool calls",
        "calls",
        "Calls of tools in messages of the window.",
        "tool calls",
        series="tools",
        adds=True,
    ),
    Metric(
        "tool_calls_failed",
        "Tool calls failed",
        "calls",
        "Calls that ended in an error.",
        "tool calls with status error",
        series="tools",
        adds=True,
    ),
    Metric(
        "tool_calls_without_result",
        "Tool calls without a result",
        "calls",
        "Calls of which no result is stored: neither counted as failed nor as good.",
        "tool calls with status no_result",
        series="tools",
        adds=True,
    ),
    Metric(
        "tool_failure_rate",
        "Tool failure rate",
        "share",
        "Share of the calls that failed.",
        "tool calls failed ÷ tool calls",
        series="tools",
    ),
    Metric(
        "tool_seconds_median",
        "Tool time, median",
        "seconds",
        "Half of the calls whose time is stored took at most this.",
        "median of the stored times of calls",
        series="tools",
    ),
    Metric(
        "tokens",
        "Tokens",
        "tokens",
        "Tokens as the messages' metadata have them.",
        "sum of tokens",
        series="days",
        adds=True,
    ),
    Metric(
        "messages_with_tokens",
        "Messages with tokens",
        "messages",
        "Messages whose metadata say how many tokens they took: the tokens above speak of these only.",
        "messages with a token count",
        adds=True,
    ),
    Metric(
        "tokens_per_message",
        "Tokens a message",
        "tokens",
        "Average over the messages that say their tokens.",
        "tokens ÷ messages with tokens",
    ),
    Metric(
        "preferences_adoption",
        "Preferences adopted",
        "share",
        "Share of the window's active users that have preferences stored, in systems that keep preferences.",
        "active users with a record about preferences ÷ active users of the systems with such records",
    ),
    *(
        Metric(
            f"{kind}_{state}",
            f"{kind.capitalize()} {state}",
            "records",
            f"Entries of the users' {kind} that are {'not ' if state == 'open' else ''}done, as the snapshot has them.",
            f"sum of {state} entries of records about {kind}",
            of="now",
            series="records",
        )
        for kind in ("reminders", "todos")
        for state in ("open", "done")
    ),
    *(
        Metric(
            f"messages_expiring_{days}_days",
            f"Messages that expire in {days} days",
            "messages",
            f"Messages of any role whose time to live ends within {days} days from now.",
            f"messages with now < expiry < now + {days} days",
            of="now",
        )
        for days in (7, 30)
    ),
    Metric(
        "orphaned_messages",
        "Orphaned messages",
        "messages",
        "Messages whose conversation has no item of its own.",
        "messages without a session",
        of="now",
    ),
    Metric(
        "empty_sessions",
        "Sessions without messages",
        "sessions",
        "Conversations that have an item of their own and no message.",
        "sessions with 0 messages",
        of="now",
    ),
    Metric(
        "undated_messages",
        "Messages without a time",
        "messages",
        "Messages whose time is missing or cannot be read: they are in no window, so in none of its numbers.",
        "messages without a time",
        of="now",
    ),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _METRICS}
