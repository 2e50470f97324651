"""Adds to each activity who did it: a stream joined with a table, by user id.

Activities of users that are not known are left out.
"""

from __future__ import annotations

from streamapp import Topology, stream, table
from topologies.events import ACTIVITY, ENRICHED_ACTIVITY, USERS, Activity, EnrichedActivity, User

users = table(USERS, "users")


def with_user(activity: Activity, user: User) -> EnrichedActivity:
    """The activity and its user in one."""
    return EnrichedActivity(activity.user_id, user.name, user.country, user.segment, activity.action, activity.page)


topology = Topology("enrichment", stream(ACTIVITY).join(users, with_user).to(ENRICHED_ACTIVITY))
