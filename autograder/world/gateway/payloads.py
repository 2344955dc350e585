"""The JSON shapes that a Discord library reads, with the fields that four libraries need.

The fields were found by deleting one key at a time, with discord.py 2.7.1, hikari 2.7.0, nextcord
3.2.0 and disnake 2.12.2. The shapes have every field that one of them needs, and those that make
the guild usable.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

DISCORD_EPOCH = 1_420_070_400_000  # ms; libraries read the time of creation out of every id
_serial = itertools.count()


def snowflake() -> str:
    """Return a new id in Discord's form: milliseconds since its epoch, then a serial number."""
    return str((int(time.time() * 1000) - DISCORD_EPOCH) << 22 | next(_serial) & 0x3FFFFF)


def now() -> str:
    return datetime.now(UTC).isoformat()


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

    def user(self) -> Json:
        return {
            "id": self.id,
            "username": self.name,
            "global_name": None if self.bot else self.name.capitalize(),
            "discriminator": "0000",
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
            "flags": 0,
        }

    def own_user(self) -> Json:
        """Return what a bot is told about itself; hikari needs the last two fields."""
        return {**self.user(), "verified": True, "email": None, "mfa_enabled": False}

    def member(self) -> Json:
        return {
            "nick": None,
            "avatar": None,
            "roles": [],
            "joined_at": FOUNDED,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }


def channel(name: str) -> Json:
    identity = CHANNELS[name]
    return {
        "id": identity,
        "type": 0,
        "guild_id": GUILD,
        "name": name,
        "position": list(CHANNELS).index(name),
        "permission_overwrites": [],
        "topic": None,
        "nsfw": False,
        "parent_id": None,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "flags": 0,
    }


def direct_channel(identity: str, person: Account) -> Json:
    return {
        "id": identity,
        "type": 1,
        "last_message_id": None,
        "recipients": [person.user()],
        "flags": 0,
    }


def guild(accounts: list[Account]) -> Json:
    """Return the data of GUILD_CREATE, with all members, so that no library asks for them later."""
    return {
        "id": GUILD,
        "name": "Unblocked",
        "unavailable": False,
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": PEOPLE["ada"],
        "region": "local",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "vanity_url_code": None,
        "max_presences": None,
        "max_members": 500,
        "max_video_channel_users": 25,
        "widget_enabled": False,
        "widget_channel_id": None,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [_everyone()],
        "joined_at": FOUNDED,
        "large": False,
        "member_count": len(accounts),
        "members": [{**account.member(), "user": account.user()} for account in accounts],
        "channels": [channel(name) for name in CHANNELS],
        "threads": [],
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _everyone() -> Json:
    return {
        "id": EVERYONE,
        "name": "@everyone",
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": 0,
        "permissions": ALL_PERMISSIONS,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def application(bot: Account) -> Json:
    return {
        "id": bot.id,
        "name": bot.name,
        "description": "",
        "icon": None,
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": Account(PEOPLE["ada"], "ada").user(),
        "team": None,
        "verify_key": "0" * 64,
        "summary": "",
        "flags": 0,
    }


def ready(bot: Account, session: str, resume_url: str, shard: list[int] | None) -> Json:
    return {
        "v": 10,
        "user": bot.own_user(),
        "guilds": [{"id": GUILD, "unavailable": True}],
        "private_channels": [],
        "session_id": session,
        "session_type": "normal",
        "resume_gateway_url": resume_url,
        "application": {"id": bot.id, "flags": 0},
        **({"shard": shard} if shard else {}),
    }


def message(author: Account, channel_id: str, content: str, **more: Any) -> Json:
    """Return a message in the form of REST; `more` replaces or adds fields (embeds, type, ...)."""
    return {
        "id": snowflake(),
        "channel_id": channel_id,
        "author": author.user(),
        "content": content,
        "timestamp": now(),
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "type": 0,
        "flags": 0,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "mention_channels": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "reactions": [],
        **more,
    }
