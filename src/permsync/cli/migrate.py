"""
``permsync migrate``: brings the database to this program's schema and says where it stands.

Every start does the same; this command is for those who want it done before. It must not
know what a migration does.
"""

from permsync.app import open_database
from permsync.cli.running import AsJson, SettingsFile, console, print_json, read_settings, run
from permsync.store import migrate as migrations
from permsync.store import queue_schema


def migrate(settings: SettingsFile = None, as_json: AsJson = False) -> None:
    """Apply what is missing; safe to run beside other processes."""
    read = read_settings(settings, log_level="warning")

    async def whole() -> str:
        async with open_database(read) as database:
            revision = await migrations.migrate(database)
            await queue_schema.install(database)
            return revision

    revision = run(whole())
    if as_json:
        print_json({"revision": revision})
    else:
        console.print(f"the database is at revision {revision}")
