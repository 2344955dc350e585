"""The JSON shapes that a Discord library reads, with the fields that four libraries need.

The fields were found by deleting one key at a time, with discord.py 2.7.1, hikari 2.7.0, nextcord
3.2.0 and disnake 2.12.2. The shapes have every field that one of them needs, and those that make
the guild usable.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

DISCORD_EPOCH = 1_420_070_400_000  # ms; libraries read the time of creation out of every id
_serial = itertools.count()


def snowflake() -> str:
    """Return a new id in Discord's form: milliseconds since its epoch, then a serial number."""
    return str((int(time.time() * 1000) - DISCORD_EPOCH) << 22 | next(_serial) & 0x3FFFFF)


def now() -> str:
    return datetime.now(UTC).isoformat()


def earliest(seconds: float) -> int:
    """Return the lowest id that can have been made in the last `seconds`."""
    return int((time.time() - seconds) * 1000) - DISCORD_EPOCH << 22


def later(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat()


# One guild, its channels, three people. The ids are fixed, so that two logs can be compared.
GUILD = "100000000000000000"
EVERYONE = GUILD  # Discord gives the @everyone role the guild's own id
CHANNELS = {
    "general": "200000000000000000",
    "games": "200000000000000001",
    "support": "200000000000000002",
}
PEOPLE = {
    "ada": "300000000000000000",
    "bo": "300000000000000001",
    "cy": "300000000000000002",
}
DIRECT = 400_000_000_000_000_000  # ids of direct-message channels count up from here
FOUNDED = "2026-01-01T00:00:00+00:00"
ALL_PERMISSIONS = str((1 << 50) - 1)


@dataclass(frozen=True)
class Account:
    """A person or a bot: what messages say about their author."""

    id: str
    name: str
    bot: bool = False
    avatar: str | None = None

    def user(self) -> Json:
        return {
            "id": self.id, "username": self.name,
            "global_name": None if self.bot else self.name.capitalize(), "discriminator": "0000",
            "avatar": self.avatar, "bot": self.bot, "public_flags": 0, "flags": 0,
            "primary_guild": None,
        }  # fmt: skip

    def own_user(self) -> Json:
        """Return what a bot is told about itself; hikari needs `email` and `mfa_enabled`."""
        own = {"verified": True, "email": None, "mfa_enabled": False, "locale": "en-US"}
        return {**self.user(), **own}


def member() -> Json:
    """Return a new member of the guild, without its user."""
    return {
        "nick": None, "avatar": None, "banner": None, "roles": [], "joined_at": FOUNDED,
        "premium_since": None, "communication_disabled_until": None, "deaf": False, "mute": False,
        "pending": False, "flags": 0,
    }  # fmt: skip


TEXT, DIRECT_MESSAGE, VOICE, CATEGORY, NEWS, STAGE = 0, 1, 2, 4, 5, 13
NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = THREADS = 10, 11, 12
FORUM, MEDIA = FORUMS = 15, 16


def channel(identity: str, name: str, position: int, kind: int = TEXT) -> Json:
    """Return a channel of the guild with the fields that its kind has."""
    shape: Json = {
        "id": identity, "type": kind, "guild_id": GUILD, "name": name, "position": position,
        "permission_overwrites": [], "parent_id": None, "flags": 0,
    }  # fmt: skip
    if kind != CATEGORY:
        shape |= {"topic": None, "nsfw": False, "rate_limit_per_user": 0, "last_message_id": None}
    if kind in (VOICE, STAGE):
        shape |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None, "video_quality_mode": 1}
    elif kind != CATEGORY:
        shape |= {"default_auto_archive_duration": 1440, "default_thread_rate_limit_per_user": 0}
    if kind in FORUMS:
        shape |= {"available_tags": [], "default_reaction_emoji": None}
        shape |= {"default_sort_order": None, "default_forum_layout": 0}
    return shape


def direct_channel(identity: str, person: Account) -> Json:
    return {
        "id": identity, "type": 1, "last_message_id": None, "recipients": [person.user()],
        "flags": 0,
    }  # fmt: skip


def guild() -> Json:
    """Return the guild as REST tells it, without its roles, emojis and stickers."""
    return {
        "id": GUILD, "name": "Unblocked", "icon": None, "splash": None, "discovery_splash": None,
        "home_header": None, "banner": None, "description": None, "owner_id": PEOPLE["ada"],
        "region": "local", "afk_channel_id": None, "afk_timeout": 300, "application_id": None,
        "system_channel_id": None, "system_channel_flags": 0, "rules_channel_id": None,
        "public_updates_channel_id": None, "safety_alerts_channel_id": None,
        "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
        "mfa_level": 0, "nsfw": False, "nsfw_level": 0, "premium_tier": 0,
        "premium_subscription_count": 0, "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US", "vanity_url_code": None, "max_presences": None,
        "max_members": 500, "max_video_channel_users": 25, "max_stage_video_channel_users": 50,
        "widget_enabled": False, "widget_channel_id": None, "features": [], "incidents_data": None,
    }  # fmt: skip


# What GUILD_CREATE tells of a guild, and REST does not.
ONLY_IN_EVENTS: Json = {
    "unavailable": False, "joined_at": FOUNDED, "large": False, "presences": [], "voice_states": [],
    "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
}  # fmt: skip


def role(identity: str, name: str, position: int = 0, permissions: str = "0") -> Json:
    return {
        "id": identity, "name": name, "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False, "icon": None, "unicode_emoji": None, "position": position,
        "permissions": permissions, "managed": False, "mentionable": False, "flags": 0,
    }  # fmt: skip


# An application that may ask for all privileged intents: presences, members, message content.
# disnake looks here before it asks for members.
PRIVILEGED = 1 << 12 | 1 << 14 | 1 << 18


def application(bot: Account) -> Json:
    return {
        "id": bot.id, "name": bot.name, "description": "", "icon": None, "type": None,
        "bot": bot.user(), "bot_public": False, "bot_require_code_grant": False,
        "owner": Account(PEOPLE["ada"], "ada").user(), "team": None, "verify_key": "0" * 64,
        "summary": "", "flags": PRIVILEGED, "flags_new": str(PRIVILEGED), "tags": [],
        "redirect_uris": [],
        "interactions_endpoint_url": None, "role_connections_verification_url": None,
        "event_webhooks_url": None, "approximate_guild_count": 1,
        "approximate_user_install_count": 0, "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0, "eligible_oauth2_scopes": [],
    }  # fmt: skip


def ready(bot: Account, session: str, resume_url: str, shard: list[int] | None) -> Json:
    return {
        "v": 10, "user": bot.own_user(), "guilds": [{"id": GUILD, "unavailable": True}],
        "private_channels": [], "session_id": session, "session_type": "normal",
        "resume_gateway_url": resume_url, "application": {"id": bot.id, "flags": PRIVILEGED},
        **({"shard": shard} if shard else {}),
    }  # fmt: skip


def message(author: Account, channel_id: str, content: str, **more: Any) -> Json:
    """Return a message in the form of REST; `more` replaces or adds fields (embeds, type, ...)."""
    return {
        "id": snowflake(), "channel_id": channel_id, "author": author.user(), "content": content,
        "timestamp": now(), "edited_timestamp": None, "tts": False, "pinned": False, "type": 0,
        "flags": 0, "mention_everyone": False, "mentions": [], "mention_roles": [],
        "mention_channels": [], "attachments": [], "embeds": [], "components": [], "reactions": [],
        **more,
    }  # fmt: skip
